/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of chip/sim: what the host forces on a line, all but the debounce time. */
#include "sim_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "chip/sim_line.h"

#define LINE 3

static void configure(struct sim_fixture *fixture, enum chip_direction direction, uint8_t value,
		      struct chip_line_settings settings)
{
	const struct chip_line_config config = { direction, value, CHIP_EDGE_BOTH, settings };

	assert_int_equal(chip_configure(fixture->chip, LINE, &config), 0);
}

static int wire(struct sim_fixture *fixture)
{
	return chip_outside_level(fixture->chip, LINE);
}

static int get(struct sim_fixture *fixture)
{
	return chip_get(fixture->chip, LINE);
}

/* One row says all: what a board would show, told by hand and not by the code under test. */
enum { Z = 2 }; /* nobody drives */

static const struct {
	enum chip_drive drive;
	int high, low; /* what the guest's side puts on the wire, told to drive it high or low */
} drives[] = {
	{ CHIP_DRIVE_PUSH_PULL, 1, 0 },
	{ CHIP_DRIVE_OPEN_DRAIN, Z, 0 },
	{ CHIP_DRIVE_OPEN_SOURCE, 1, Z },
};

static const struct {
	enum chip_bias bias;
	int pull; /* Z: as it was */
} biases[] = {
	{ CHIP_BIAS_AS_IS, Z },
	{ CHIP_BIAS_DISABLED, Z },
	{ CHIP_BIAS_PULL_UP, 1 },
	{ CHIP_BIAS_PULL_DOWN, 0 },
};

static void check_combination(struct sim_fixture *fixture, int active_low, size_t drive, size_t bias, int pull,
			      int outside)
{
	struct chip_line_settings settings = { .active_low = active_low,
					       .bias = biases[bias].bias,
					       .drive = drives[drive].drive };
	int undriven;

	chip_release(fixture->chip, LINE);
	chip_outside_pull(fixture->chip, LINE, pull ? CHIP_PULL_UP : CHIP_PULL_DOWN);
	if (outside != Z)
		chip_outside_drive(fixture->chip, LINE, outside);
	if (biases[bias].pull != Z)
		pull = biases[bias].pull;
	undriven = outside == Z ? pull : outside;

	configure(fixture, CHIP_DIRECTION_IN, 0, settings);
	assert_int_equal(wire(fixture), undriven);
	assert_int_equal(get(fixture), undriven ^ active_low);
	for (int value = 0; value < 2; value++) {
		int driven = value ^ active_low ? drives[drive].high : drives[drive].low;

		if (value == 0)
			configure(fixture, CHIP_DIRECTION_OUT, 0, settings);
		else
			assert_int_equal(chip_set(fixture->chip, LINE, 1), 0);
		assert_int_equal(wire(fixture), driven == Z ? undriven : driven);
		assert_int_equal(get(fixture), wire(fixture) ^ active_low);
		/* A push-pull output throws the outside off the wire for good. */
		if (drives[drive].drive == CHIP_DRIVE_PUSH_PULL)
			undriven = pull;
	}
	configure(fixture, CHIP_DIRECTION_IN, 0, settings);
	assert_int_equal(wire(fixture), undriven);
}

static void every_combination(void **state)
{
	struct sim_fixture *fixture = *state;

	for (size_t drive = 0; drive < ARRAY_SIZE(drives); drive++) {
		for (size_t bias = 0; bias < ARRAY_SIZE(biases); bias++) {
			for (int i = 0; i < 2 * 2 * 3; i++)
				check_combination(fixture, i & 1, drive, bias, i >> 1 & 1, i / 4);
		}
	}
}

/* Released, the line is that of the wire again. */
static void nothing_stays_behind(void **state)
{
	struct sim_fixture *fixture = *state;
	const struct sim_line *line = &((const struct sim_line *)fixture->memory)[LINE];

	configure(fixture, CHIP_DIRECTION_OUT, 1,
		  (struct chip_line_settings){ .active_low = true,
					       .bias = CHIP_BIAS_PULL_UP,
					       .drive = CHIP_DRIVE_OPEN_DRAIN,
					       .debounce_us = 7 });
	chip_release(fixture->chip, LINE);
	assert_memory_equal(line, (&(struct sim_line){ .pull = CHIP_PULL_UP }), sizeof(*line));
	assert_int_equal(get(fixture), 1);
}

static void edges_are_logical(void **state)
{
	struct sim_fixture *fixture = *state;
	struct chip_line_config config = { CHIP_DIRECTION_IN, 0, CHIP_EDGE_RISING, { .active_low = true } };

	chip_outside_drive(fixture->chip, LINE, true);
	chip_configure(fixture->chip, LINE, &config);
	chip_outside_drive(fixture->chip, LINE, false);
	assert_int_equal(fixture->edges, 1);
	assert_int_equal(fixture->last_edge, CHIP_EDGE_RISING);
	assert_true(fixture->last_level);
	chip_outside_drive(fixture->chip, LINE, true);
	assert_int_equal(fixture->edges, 1);
	config.edges = CHIP_EDGE_FALLING;
	chip_configure(fixture->chip, LINE, &config);
	chip_outside_drive(fixture->chip, LINE, false);
	chip_outside_drive(fixture->chip, LINE, true);
	assert_int_equal(fixture->edges, 2);
	assert_int_equal(fixture->last_edge, CHIP_EDGE_FALLING);
	assert_false(fixture->last_level);
}

/* The pull is set when the line is taken, and the outside may change it: not undone by the next configuration. */
static void bias_pulls_once(void **state)
{
	struct sim_fixture *fixture = *state;
	const struct chip_line_settings up = { .bias = CHIP_BIAS_PULL_UP }, down = { .bias = CHIP_BIAS_PULL_DOWN };

	configure(fixture, CHIP_DIRECTION_IN, 0, up);
	assert_int_equal(wire(fixture), 1);
	assert_int_equal(fixture->changes, 1);
	assert_int_equal(fixture->edges, 0);
	chip_outside_pull(fixture->chip, LINE, CHIP_PULL_DOWN);
	assert_int_equal(fixture->changes, 2);
	configure(fixture, CHIP_DIRECTION_IN, 0, up);
	sim_fixture_restart(fixture);
	configure(fixture, CHIP_DIRECTION_IN, 0, up);
	assert_int_equal(wire(fixture), 0);
	assert_int_equal(fixture->changes, 2);
	chip_release(fixture->chip, LINE);
	configure(fixture, CHIP_DIRECTION_IN, 0, up);
	assert_int_equal(wire(fixture), 1);
	configure(fixture, CHIP_DIRECTION_IN, 0, down);
	assert_int_equal(wire(fixture), 0);
	assert_int_equal(fixture->changes, 4);
	/* An output that drives is told by who made it one. */
	configure(fixture, CHIP_DIRECTION_OUT, 1, up);
	assert_int_equal(fixture->changes, 4);
	assert_int_equal(fixture->edges, 1);
}

/* A clock that the outside stretches: it may hold the wire while the guest does. */
static void open_drain_is_shared(void **state)
{
	struct sim_fixture *fixture = *state;

	configure(fixture, CHIP_DIRECTION_OUT, 0,
		  (struct chip_line_settings){ .bias = CHIP_BIAS_PULL_UP, .drive = CHIP_DRIVE_OPEN_DRAIN });
	assert_int_equal(wire(fixture), 0);
	assert_int_equal(chip_outside_drive(fixture->chip, LINE, false), 0);
	assert_int_equal(chip_set(fixture->chip, LINE, 1), 0);
	assert_int_equal(get(fixture), 0);
	fixture->changes = 0;
	assert_int_equal(chip_outside_pull(fixture->chip, LINE, CHIP_PULL_UP), 0);
	assert_int_equal(get(fixture), 1);
	assert_int_equal(fixture->changes, 1);
	assert_int_equal(chip_outside_drive(fixture->chip, LINE, false), 0);
	assert_int_equal(fixture->changes, 2);
	/* The guest's low wins over the outside's high, and is no change. */
	assert_int_equal(chip_set(fixture->chip, LINE, 0), 0);
	assert_int_equal(chip_outside_drive(fixture->chip, LINE, true), 0);
	assert_int_equal(wire(fixture), 0);
	assert_int_equal(fixture->changes, 2);
	sim_fixture_restart(fixture);
	assert_int_equal(chip_set(fixture->chip, LINE, 1), 0);
	assert_int_equal(wire(fixture), 1);
	configure(fixture, CHIP_DIRECTION_OUT, 1, (struct chip_line_settings){ .bias = CHIP_BIAS_PULL_UP });
	assert_int_equal(chip_outside_drive(fixture->chip, LINE, false), -EBUSY);
	assert_int_equal(fixture->edges, 0);
}

/* Each setting that a broken process may have written, and that no configuration has. */
static void damaged_settings(void **state)
{
	struct sim_fixture *fixture = *state;
	struct sim_line *line = &((struct sim_line *)fixture->memory)[LINE];
	const struct sim_line damaged[] = {
		{ .role = SIM_ROLE_OUT, .value = 1, .active_low = 2 },
		{ .role = SIM_ROLE_OUT, .value = 1, .bias = CHIP_BIAS_PULL_DOWN + 1 },
		{ .role = SIM_ROLE_OUT, .value = 1, .drive = CHIP_DRIVE_OPEN_SOURCE + 1 },
		{ .role = SIM_ROLE_OUT, .value = 1, .settled = 2 },
		{ .role = SIM_ROLE_OUT, .value = 1, .pull = CHIP_PULL_UP + 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		*line = damaged[i];
		sim_fixture_restart(fixture);
		assert_memory_equal(line, (&(struct sim_line){ .role = SIM_ROLE_NONE }), sizeof(*line));
	}
}

#define SIM_TEST(fn) cmocka_unit_test_setup_teardown(fn, sim_fixture_up, sim_fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_TEST(every_combination), SIM_TEST(nothing_stays_behind), SIM_TEST(edges_are_logical),
		SIM_TEST(bias_pulls_once),   SIM_TEST(open_drain_is_shared), SIM_TEST(damaged_settings),
	};

	return cmocka_run_group_tests_name("chip/sim settings", tests, NULL, NULL);
}
