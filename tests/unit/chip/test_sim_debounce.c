/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of chip/sim: debounce times, with the time told by the test (ld --wrap=clock_gettime, loop_timer_*). */
#include "sim_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "chip/sim_line.h"
#include "loop/timer.h"

#define LINE	  3
#define US	  1000ull
#define PERIOD_US 5000u

static struct {
	uint64_t now_ns;
	struct loop_timer *timer; /* that is set */
	uint64_t rings_ns;
	int sets, fail;
} clock_;

int __wrap_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer));
void __wrap_loop_timer_del(struct loop_timer *timer);

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	assert_int_equal(id, CLOCK_MONOTONIC);
	*now = (struct timespec){ .tv_sec = (time_t)(clock_.now_ns / 1000000000u),
				  .tv_nsec = (long)(clock_.now_ns % 1000000000u) };
	return 0;
}

int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer))
{
	assert_int_equal(interval_ns, 0);
	if (clock_.fail)
		return clock_.fail;
	timer->fn = fn;
	clock_.timer = timer;
	clock_.rings_ns = clock_.now_ns + first_ns;
	clock_.sets++;
	return 0;
}

void __wrap_loop_timer_del(struct loop_timer *timer)
{
	clock_.timer = NULL;
}

static void pass_us(uint64_t us)
{
	uint64_t end_ns = clock_.now_ns + us * US;

	while (clock_.timer && clock_.rings_ns <= end_ns) {
		struct loop_timer *timer = clock_.timer;

		clock_.timer = NULL;
		if (clock_.rings_ns > clock_.now_ns)
			clock_.now_ns = clock_.rings_ns;
		timer->fn(timer);
	}
	clock_.now_ns = end_ns;
}

static const struct chip_line_config input = { .direction = CHIP_DIRECTION_IN,
					       .edges = CHIP_EDGE_BOTH,
					       .settings = { .debounce_us = PERIOD_US } };

static int fixture_up(void **state)
{
	int ret;

	log_set_level(LOG_LEVEL_ERROR);
	memset(&clock_, 0, sizeof(clock_));
	clock_.now_ns = 1000000 * US;
	ret = sim_fixture_up(state);
	if (ret == 0)
		ret = chip_configure(((struct sim_fixture *)*state)->chip, LINE, &input);
	return ret;
}

static void drive(struct sim_fixture *fixture, bool level)
{
	assert_int_equal(chip_outside_drive(fixture->chip, LINE, level), 0);
}

static void expect(struct sim_fixture *fixture, int level, int edges)
{
	assert_int_equal(chip_get(fixture->chip, LINE), level);
	assert_int_equal(fixture->edges, edges);
}

static void long_pulse_passes(void **state)
{
	struct sim_fixture *fixture = *state;

	drive(fixture, true);
	assert_int_equal(chip_outside_level(fixture->chip, LINE), 1); /* the wire does not wait */
	assert_int_equal(fixture->changes, 1);
	expect(fixture, 0, 0);
	pass_us(PERIOD_US - 1);
	expect(fixture, 0, 0);
	pass_us(1);
	expect(fixture, 1, 1);
	assert_int_equal(fixture->last_edge, CHIP_EDGE_RISING);
	assert_true(fixture->last_level);
	assert_int_equal(fixture->last_offset, LINE);
	drive(fixture, false);
	pass_us(PERIOD_US);
	expect(fixture, 0, 2);
	assert_int_equal(fixture->last_edge, CHIP_EDGE_FALLING);
	pass_us(100 * PERIOD_US);
	expect(fixture, 0, 2);
	assert_null(clock_.timer); /* nothing polls */
}

static void short_pulse_is_swallowed(void **state)
{
	struct sim_fixture *fixture = *state;

	drive(fixture, true);
	pass_us(PERIOD_US - 1);
	drive(fixture, false);
	pass_us(10 * PERIOD_US);
	expect(fixture, 0, 0);
	assert_int_equal(fixture->changes, 2);
	assert_null(clock_.timer);
}

/* Stable means from the last bounce on. */
static void bouncing_is_one_edge(void **state)
{
	struct sim_fixture *fixture = *state;

	for (int i = 0; i < 51; i++) {
		drive(fixture, i % 2 == 0);
		pass_us(PERIOD_US / 2);
	}
	expect(fixture, 0, 0);
	pass_us(PERIOD_US / 2 - 1);
	expect(fixture, 0, 0);
	pass_us(1);
	expect(fixture, 1, 1);
}

/* The same with another mean of changing the level, and upside down. */
static void pulled_and_active_low(void **state)
{
	struct sim_fixture *fixture = *state;
	struct chip_line_config config = input;

	chip_release(fixture->chip, LINE);
	config.settings.active_low = true;
	config.edges = CHIP_EDGE_FALLING;
	chip_configure(fixture->chip, LINE, &config);
	expect(fixture, 1, 0);
	chip_outside_pull(fixture->chip, LINE, CHIP_PULL_UP);
	expect(fixture, 1, 0);
	pass_us(PERIOD_US);
	expect(fixture, 0, 1);
	assert_int_equal(fixture->last_edge, CHIP_EDGE_FALLING);
	assert_false(fixture->last_level);
	chip_outside_pull(fixture->chip, LINE, CHIP_PULL_DOWN);
	pass_us(PERIOD_US);
	expect(fixture, 1, 1); /* nobody asked for that edge */
}

/* One timer for all lines: each has its own time. */
static void each_line_its_time(void **state)
{
	struct sim_fixture *fixture = *state;
	struct chip_line_config longer = input, shorter = input;

	longer.settings.debounce_us = 3 * PERIOD_US;
	shorter.settings.debounce_us = PERIOD_US / 5;
	chip_configure(fixture->chip, 0, &longer);
	chip_configure(fixture->chip, 7, &shorter);
	chip_outside_drive(fixture->chip, 0, true);
	drive(fixture, true);
	chip_outside_drive(fixture->chip, 7, true);
	pass_us(PERIOD_US / 5);
	assert_int_equal(fixture->edges, 1);
	assert_int_equal(fixture->last_offset, 7);
	pass_us(PERIOD_US - PERIOD_US / 5);
	assert_int_equal(fixture->edges, 2);
	assert_int_equal(fixture->last_offset, LINE);
	pass_us(2 * PERIOD_US - 1);
	assert_int_equal(fixture->edges, 2);
	pass_us(1);
	assert_int_equal(fixture->edges, 3);
	assert_int_equal(fixture->last_offset, 0);
}

/* Other edges, another period: the change goes on waiting. No debounce time any more: the level is there at once. */
static void reconfigured_while_it_waits(void **state)
{
	struct sim_fixture *fixture = *state;
	struct chip_line_config config = input;

	drive(fixture, true);
	pass_us(PERIOD_US / 2);
	config.edges = CHIP_EDGE_RISING;
	chip_configure(fixture->chip, LINE, &config);
	expect(fixture, 0, 0);
	pass_us(PERIOD_US / 2);
	expect(fixture, 1, 1);

	drive(fixture, false);
	pass_us(PERIOD_US / 4);
	config.edges = CHIP_EDGE_BOTH;
	config.settings.debounce_us = PERIOD_US / 2;
	chip_configure(fixture->chip, LINE, &config);
	pass_us(PERIOD_US / 4 - 1);
	expect(fixture, 1, 1);
	pass_us(1);
	expect(fixture, 0, 2);

	drive(fixture, true);
	config.settings.debounce_us = 0;
	chip_configure(fixture->chip, LINE, &config);
	expect(fixture, 1, 2);
	pass_us(10 * PERIOD_US);
	expect(fixture, 1, 2);
}

static void not_an_input_while_it_waits(void **state)
{
	struct sim_fixture *fixture = *state;
	const struct chip_line_config output = { .direction = CHIP_DIRECTION_OUT,
						 .settings = { .debounce_us = PERIOD_US } };

	drive(fixture, true);
	chip_configure(fixture->chip, LINE, &output);
	expect(fixture, 0, 0);
	pass_us(10 * PERIOD_US);
	assert_int_equal(chip_set(fixture->chip, LINE, 1), 0);
	expect(fixture, 1, 0);
	/* Taken anew, the present level is the settled one. */
	chip_outside_pull(fixture->chip, LINE, CHIP_PULL_UP);
	chip_configure(fixture->chip, LINE, &input);
	expect(fixture, 1, 0);
	drive(fixture, false);
	chip_release(fixture->chip, LINE);
	expect(fixture, 0, 0);
	pass_us(10 * PERIOD_US);
	expect(fixture, 0, 0);
}

/* The bias that comes with the line is there before the line is looked at: no edge. */
static void bias_is_settled_at_once(void **state)
{
	struct sim_fixture *fixture = *state;
	struct chip_line_config config = input;

	chip_release(fixture->chip, LINE);
	config.settings.bias = CHIP_BIAS_PULL_UP;
	chip_configure(fixture->chip, LINE, &config);
	expect(fixture, 1, 0);
	config.settings.bias = CHIP_BIAS_PULL_DOWN; /* while it is an input: a change as any other */
	chip_configure(fixture->chip, LINE, &config);
	pass_us(PERIOD_US - 1);
	expect(fixture, 1, 0);
	pass_us(1);
	expect(fixture, 0, 1);
}

/* A worker dies: the change is neither lost nor reported twice, and waits no longer than it had to. */
static void successor_waits_on(void **state)
{
	struct sim_fixture *fixture = *state;

	drive(fixture, true);
	pass_us(PERIOD_US / 2);
	sim_fixture_restart(fixture);
	chip_configure(fixture->chip, LINE, &input);
	expect(fixture, 0, 0);
	pass_us(PERIOD_US / 2 - 1);
	expect(fixture, 0, 0);
	pass_us(1);
	expect(fixture, 1, 1);
	sim_fixture_restart(fixture);
	chip_configure(fixture->chip, LINE, &input);
	pass_us(10 * PERIOD_US);
	expect(fixture, 1, 1);
	assert_null(clock_.timer);

	/* It was over while there was no worker: told in the first turn, not before its user is ready. */
	drive(fixture, false);
	clock_.timer = NULL;
	pass_us(10 * PERIOD_US);
	sim_fixture_restart(fixture);
	chip_configure(fixture->chip, LINE, &input);
	expect(fixture, 1, 1);
	pass_us(0);
	expect(fixture, 0, 2);
}

/* A time from the future would never be over. */
static void damaged_time(void **state)
{
	struct sim_fixture *fixture = *state;

	drive(fixture, true);
	((struct sim_line *)fixture->memory)[LINE].changed_ns = clock_.now_ns + 3600000000 * US;
	sim_fixture_restart(fixture);
	pass_us(PERIOD_US);
	expect(fixture, 1, 1);
}

/* Out of fds: an edge too many, or too early, is better than one that never comes. */
static void without_a_timer(void **state)
{
	struct sim_fixture *fixture = *state;

	clock_.fail = -EMFILE;
	drive(fixture, true);
	expect(fixture, 1, 1);
	clock_.fail = 0;
	drive(fixture, false);
	expect(fixture, 1, 1);
	pass_us(PERIOD_US);
	expect(fixture, 0, 2);
}

#define DEBOUNCE_TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, sim_fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DEBOUNCE_TEST(long_pulse_passes),
		DEBOUNCE_TEST(short_pulse_is_swallowed),
		DEBOUNCE_TEST(bouncing_is_one_edge),
		DEBOUNCE_TEST(pulled_and_active_low),
		DEBOUNCE_TEST(each_line_its_time),
		DEBOUNCE_TEST(reconfigured_while_it_waits),
		DEBOUNCE_TEST(not_an_input_while_it_waits),
		DEBOUNCE_TEST(bias_is_settled_at_once),
		DEBOUNCE_TEST(successor_waits_on),
		DEBOUNCE_TEST(damaged_time),
		DEBOUNCE_TEST(without_a_timer),
	};

	return cmocka_run_group_tests_name("chip/sim debounce", tests, NULL, NULL);
}
