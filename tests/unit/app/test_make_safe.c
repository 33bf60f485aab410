/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --make-safe, on a fake kernel: which lines are taken, how, and what becomes of those that cannot be had. */
#include "unit/guest/resolve_fixture.h"

#include <errno.h>

#include "app/make_safe.h"
#include "base/log.h"

static unsigned make(const char *word)
{
	fixture.params.any_holder = true;
	assert_int_equal(RESOLVE(word), 0);
	return make_safe(&fixture.resolved.guests);
}

static void lines_with_a_state_are_taken(void **state)
{
	assert_int_equal(make("lines=@0{0:1,on-disconnect=hold:2,on-disconnect=output-high,active-low:"
			      "3,on-disconnect=release}"),
			 0);
	assert_string_equal(kernel.offsets, "2");
	assert_string_equal(kernel.request.consumer, "vhost-device-gpio:guest0");
	assert_int_equal(kernel.request.config.flags, GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW);
	assert_int_equal(kernel.request.config.attrs[0].attr.values, 1);
	assert_int_equal(make("lines=@0{1,on-disconnect=output-low}"), 0);
	assert_int_equal(kernel.request.config.attrs[0].attr.values & 1, 0);
	assert_int_equal(make("lines=@0{3,on-disconnect=input,bias=pull-up}"), 0);
	assert_int_equal(kernel.request.config.flags, GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_BIAS_PULL_UP);
}

static void safe_makes_inputs(void **state)
{
	fixture.params.safe = true;
	assert_int_equal(make("lines=@0"), 0);
	assert_string_equal(kernel.offsets, "0123");
	assert_int_equal(kernel.request.config.flags, GPIO_V2_LINE_FLAG_INPUT);
}

/* One that somebody holds keeps none of the others from their state. */
static void one_that_can_not_be_had(void **state)
{
	kernel.fail_line = 2;
	kernel.fail_errno = EBUSY;
	assert_int_equal(make("lines=@0{0,on-disconnect=input:1,on-disconnect=input}@1{2,on-disconnect=input}"), 1);
	assert_string_equal(kernel.offsets, "02");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RESOLVE_TEST(lines_with_a_state_are_taken),
		RESOLVE_TEST(safe_makes_inputs),
		RESOLVE_TEST(one_that_can_not_be_had),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("make safe", tests, NULL, NULL);
}
