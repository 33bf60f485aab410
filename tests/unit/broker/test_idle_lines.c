/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines of a worker that is gone, on a fake kernel: where the host's rules alone put them, and what of them stays held. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "broker/idle_lines.h"
#include "broker/line_broker.h"
#include "chip/chip_spec.h"
#include "unit/chip/fake_kernel.h"
#include "unit/lowest_fd.h"
#include "worker/session_layout.h"

#define REAL	  0
#define SIMULATED 1
/* What the fake kernel says of its lines. */
#define AN_INPUT  2
#define AN_OUTPUT 3

struct fixture {
	struct guest guest;
	struct guest_chip chips[2];
	struct line_rules rules;
	struct fd_store store;
	struct log_limit limit;
	int lowest;
};

static int setup(void **state)
{
	static struct fixture fixture;
	struct why why;

	fixture = (struct fixture){ .guest = { .name = "ivi", .n_chips = 2, .n_lines = 1 } };
	fixture.guest.chips = fixture.chips;
	fixture.guest.lines = &fixture.rules;
	kernel_boot();
	fixture.lowest = lowest_fd();
	assert_int_equal(chip_spec_path("/dev/null", &fixture.chips[REAL].spec), 0);
	assert_int_equal(chip_probe(&fixture.chips[REAL].spec, &fixture.chips[REAL].found, &why), 0);
	chip_spec_sim(8, &fixture.chips[SIMULATED].spec);
	fd_store_init(&fixture.store, 10, 1);
	memset(kernel.journal, 0, sizeof(kernel.journal));
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	fd_store_close(&fixture->store);
	fd_close(&fixture->chips[REAL].found.fd);
	kernel_halt();
	assert_int_equal(lowest_fd(), fixture->lowest);
	return 0;
}

/* The store has a request of the line, as a worker left it. */
static void hold_line(struct fixture *fixture)
{
	const struct chip_line_config config = { .direction = CHIP_DIRECTION_IN };
	int fd;

	assert_int_equal(line_broker_request(&fixture->guest, &fixture->store, 0, &config, &fd), 0);
	memset(kernel.journal, 0, sizeof(kernel.journal));
	memset(&kernel.config, 0, sizeof(kernel.config));
}

static bool is_held(const struct fixture *fixture)
{
	return fd_store_find(&fixture->store, session_layout_line_key(0)) >= 0;
}

static void enter(struct fixture *fixture)
{
	idle_lines_enter(&fixture->guest, &fixture->store, &fixture->limit);
}

static uint64_t value_asked_for(void)
{
	assert_true(kernel.config.flags & GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(kernel.config.num_attrs, 1);
	assert_int_equal(kernel.config.attrs[0].attr.id, GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES);
	return kernel.config.attrs[0].attr.values;
}

/* Rules, what the line is by then, and what is asked for. "": nothing. */
static const struct {
	struct line_rules rules;
	bool held;
	const char *journal;
	uint64_t flags;
	unsigned value;
	bool stays;
} ends[] = {
	/* In use: by the fd, in one step. */
	{ { .on_disconnect = LINE_IDLE_INPUT, .offset = AN_OUTPUT }, true, "C", GPIO_V2_LINE_FLAG_INPUT, 0, true },
	{ { .on_disconnect = LINE_IDLE_OUTPUT_LOW, .offset = AN_INPUT }, true, "C", GPIO_V2_LINE_FLAG_OUTPUT, 0, true },
	{ { .on_disconnect = LINE_IDLE_OUTPUT_HIGH, .offset = AN_OUTPUT },
	  true,
	  "C",
	  GPIO_V2_LINE_FLAG_OUTPUT,
	  1,
	  true },
	{ { .on_disconnect = LINE_IDLE_OUTPUT_HIGH, .offset = AN_INPUT, .settings = { .active_low = true } },
	  true,
	  "C",
	  GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_ACTIVE_LOW,
	  1,
	  true },
	{ { .on_disconnect = LINE_IDLE_RELEASED, .offset = AN_OUTPUT }, true, "", 0, 0, false },
	/* Held: as it is, but for what no guest can have made. */
	{ { .on_disconnect = LINE_IDLE_HOLD, .offset = AN_OUTPUT }, true, "I", 0, 0, true },
	{ { .on_disconnect = LINE_IDLE_HOLD, .offset = AN_INPUT }, true, "IC", GPIO_V2_LINE_FLAG_INPUT, 0, true },
	{ { .on_disconnect = LINE_IDLE_HOLD, .offset = AN_OUTPUT, .no_output = true }, true, "I", 0, 0, false },
	{ { .on_disconnect = LINE_IDLE_HOLD, .offset = AN_OUTPUT, .no_output = true, .init = LINE_IDLE_OUTPUT_HIGH },
	  true,
	  "IC",
	  GPIO_V2_LINE_FLAG_OUTPUT,
	  1,
	  true },
	{ { .on_disconnect = LINE_IDLE_HOLD, .offset = AN_OUTPUT, .no_value = true },
	  true,
	  "IC",
	  GPIO_V2_LINE_FLAG_OUTPUT,
	  0,
	  true },
	{ { .on_disconnect = LINE_IDLE_HOLD, .offset = AN_INPUT, .no_input = true }, true, "I", 0, 0, false },
	/* Not in use: taken for that. */
	{ { .on_disconnect = LINE_IDLE_OUTPUT_HIGH, .offset = AN_INPUT },
	  false,
	  "R",
	  GPIO_V2_LINE_FLAG_OUTPUT,
	  1,
	  true },
	{ { .on_disconnect = LINE_IDLE_INPUT, .offset = AN_INPUT }, false, "R", GPIO_V2_LINE_FLAG_INPUT, 0, true },
	{ { .on_disconnect = LINE_IDLE_RELEASED, .offset = AN_OUTPUT }, false, "", 0, 0, false },
	{ { .on_disconnect = LINE_IDLE_HOLD, .offset = AN_OUTPUT }, false, "", 0, 0, false },
	/* There is nothing outside of the worker. */
	{ { .on_disconnect = LINE_IDLE_OUTPUT_HIGH, .chip = SIMULATED }, false, "", 0, 0, false },
};

static void the_rules_decide(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		fixture->rules = ends[i].rules;
		memset(kernel.journal, 0, sizeof(kernel.journal));
		memset(&kernel.config, 0, sizeof(kernel.config));
		if (ends[i].held)
			hold_line(fixture);
		enter(fixture);
		if (strcmp(kernel.journal, ends[i].journal) != 0 || kernel.config.flags != ends[i].flags ||
		    is_held(fixture) != ends[i].stays)
			fail_msg("row %zu: \"%s\", flags %llu, %s", i, kernel.journal,
				 (unsigned long long)kernel.config.flags, is_held(fixture) ? "held" : "not held");
		if (ends[i].flags & GPIO_V2_LINE_FLAG_OUTPUT)
			assert_int_equal(value_asked_for(), ends[i].value);
		fd_store_remove(&fixture->store, session_layout_line_key(0));
	}
}

/* The worker's own end and this one make no difference to each other. */
static void twice_is_once(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules = (struct line_rules){ .on_disconnect = LINE_IDLE_OUTPUT_HIGH, .offset = AN_OUTPUT };
	enter(fixture);
	enter(fixture);
	assert_string_equal(kernel.journal, "RC");
	assert_int_equal(value_asked_for(), 1);
	assert_true(is_held(fixture));
}

static void a_refusal_releases(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules = (struct line_rules){ .on_disconnect = LINE_IDLE_INPUT, .offset = AN_OUTPUT };
	hold_line(fixture);
	kernel.fail_number = GPIO_V2_LINE_SET_CONFIG_IOCTL;
	kernel.fail_errno = EIO;
	kernel.fail_line = AN_OUTPUT + 1;
	enter(fixture);
	assert_false(is_held(fixture));
}

/* The chip came back while nobody was there to take its lines anew. */
static void an_old_request_gives_way(void **state)
{
	struct fixture *fixture = *state;

	fixture->rules = (struct line_rules){ .on_disconnect = LINE_IDLE_OUTPUT_HIGH, .offset = AN_OUTPUT };
	hold_line(fixture);
	kernel.fail_number = GPIO_V2_LINE_SET_CONFIG_IOCTL;
	kernel.fail_errno = ENODEV;
	enter(fixture);
	assert_string_equal(kernel.journal, "R");
	assert_int_equal(value_asked_for(), 1);
	assert_true(is_held(fixture));
}

/* Nothing is asked of what may take its time to answer. */
static void what_is_no_request_is_none(void **state)
{
	struct fixture *fixture = *state;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	fixture->rules = (struct line_rules){ .on_disconnect = LINE_IDLE_OUTPUT_HIGH, .offset = AN_OUTPUT };
	assert_int_equal(fd_store_put(&fixture->store, session_layout_line_key(0), fd), 0);
	enter(fixture);
	assert_string_equal(kernel.journal, "R");
	assert_true(is_held(fixture));
}

#define LINES_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("G-97", the_rules_decide, setup, teardown),
		LINES_TEST(twice_is_once),
		LINES_TEST(a_refusal_releases),
		LINES_TEST(an_old_request_gives_way),
		LINES_TEST(what_is_no_request_is_none),
	};

	return cmocka_run_group_tests_name("idle_lines", tests, NULL, NULL);
}
