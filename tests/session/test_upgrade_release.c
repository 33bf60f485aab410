/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Upgrades from the program of the last release, and back to it: nobody notices. (last_release builds it.) */
#include "upgrade.h"

#include <signal.h>
#include <stdlib.h>

/* An interrupt that is armed, an output that is held. */
static void there_and_back(void **state)
{
	struct session *s = *state;

	if (getenv("NO_RELEASE"))
		skip_because("%s", getenv("NO_RELEASE"));
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	for (unsigned i = 0; i < 5; i++) {
		program_copy(getenv("LAST_RELEASE"));
		upgrade(s);
		assert_serving(s);
		program_copy(program_original);
		upgrade(s);
		assert_serving(s);
	}
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
	assert_int_equal(line_level(s, 1), 1);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "session ends"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("S-12", there_and_back, upgrade_setup, session_teardown),
	};

	return upgrade_run("upgrade_release", tests, sizeof(tests) / sizeof(tests[0]));
}
