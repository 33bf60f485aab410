/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of a simulated line and its wires: what it brings to them, and what they make of it. */
#include "sim_fixture.h"

#include <errno.h>
#include <string.h>

#include "chip/sim_line.h"

#define LINE 3
#define LOW  CHIP_DRIVES_LOW
#define HIGH CHIP_DRIVES_HIGH
#define UP   CHIP_PULLS_UP

enum line_as {
	FREE,
	INPUT,
	PUSH_LOW,
	PUSH_HIGH,
	DRAIN_LOW,
	DRAIN_HIGH, /* lets go */
	SOURCE_LOW, /* lets go */
	SOURCE_HIGH,
};

static void line_make(struct sim_line *line, enum line_as as)
{
	static const struct chip_line_config configs[] = {
		[INPUT] = { .direction = CHIP_DIRECTION_IN },
		[PUSH_LOW] = { .direction = CHIP_DIRECTION_OUT, .value = 0 },
		[PUSH_HIGH] = { .direction = CHIP_DIRECTION_OUT, .value = 1 },
		[DRAIN_LOW] = { .direction = CHIP_DIRECTION_OUT, .value = 0, .settings.drive = CHIP_DRIVE_OPEN_DRAIN },
		[DRAIN_HIGH] = { .direction = CHIP_DIRECTION_OUT, .value = 1, .settings.drive = CHIP_DRIVE_OPEN_DRAIN },
		[SOURCE_LOW] = { .direction = CHIP_DIRECTION_OUT,
				 .value = 0,
				 .settings.drive = CHIP_DRIVE_OPEN_SOURCE },
		[SOURCE_HIGH] = { .direction = CHIP_DIRECTION_OUT,
				  .value = 1,
				  .settings.drive = CHIP_DRIVE_OPEN_SOURCE },
	};

	if (as != FREE)
		sim_line_configure(line, &configs[as], 1);
}

static const struct {
	enum line_as as;
	enum sim_outside outside;
	enum chip_pull pull;
	unsigned wired;
	unsigned drives;
	int level; /* -1: in conflict */
	int value; /* what the guest reads */
} table[] = {
	/* Nobody drives: one pull-up is enough, wherever it is. */
	{ FREE, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, 0, 0, 0, 0 },
	{ FREE, SIM_OUTSIDE_NONE, CHIP_PULL_UP, 0, UP, 1, 1 },
	{ FREE, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, UP, 0, 1, 1 },
	{ INPUT, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, UP, 0, 1, 1 },
	/* Driven beats pull. */
	{ INPUT, SIM_OUTSIDE_NONE, CHIP_PULL_UP, LOW, UP, 0, 0 },
	{ INPUT, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, HIGH, 0, 1, 1 },
	{ INPUT, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, LOW | UP, 0, 0, 0 },
	{ INPUT, SIM_OUTSIDE_LOW, CHIP_PULL_UP, UP, LOW | UP, 0, 0 },
	{ INPUT, SIM_OUTSIDE_HIGH, CHIP_PULL_DOWN, 0, HIGH, 1, 1 },
	/* Open drain: the pull, unless anybody drives low. */
	{ DRAIN_HIGH, SIM_OUTSIDE_NONE, CHIP_PULL_UP, 0, UP, 1, 1 },
	{ DRAIN_HIGH, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, UP, 0, 1, 1 },
	{ DRAIN_HIGH, SIM_OUTSIDE_NONE, CHIP_PULL_UP, LOW, UP, 0, 0 },
	{ DRAIN_LOW, SIM_OUTSIDE_NONE, CHIP_PULL_UP, UP, LOW | UP, 0, 0 },
	{ DRAIN_LOW, SIM_OUTSIDE_NONE, CHIP_PULL_UP, LOW, LOW | UP, 0, 0 },
	/* Open source: the other way round. */
	{ SOURCE_LOW, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, 0, 0, 0, 0 },
	{ SOURCE_LOW, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, HIGH, 0, 1, 1 },
	{ SOURCE_HIGH, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, HIGH, HIGH, 1, 1 },
	/* Two that agree. */
	{ PUSH_HIGH, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, HIGH, HIGH, 1, 1 },
	{ PUSH_LOW, SIM_OUTSIDE_NONE, CHIP_PULL_UP, LOW, LOW | UP, 0, 0 },
	/* And that do not: an output reads as it drives, all else low. */
	{ PUSH_HIGH, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, LOW, HIGH, -1, 1 },
	{ PUSH_LOW, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, HIGH, LOW, -1, 0 },
	{ DRAIN_LOW, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, HIGH, LOW, -1, 0 },
	{ SOURCE_HIGH, SIM_OUTSIDE_NONE, CHIP_PULL_DOWN, LOW, HIGH, -1, 1 },
	{ INPUT, SIM_OUTSIDE_HIGH, CHIP_PULL_DOWN, LOW, HIGH, -1, 0 },
	{ INPUT, SIM_OUTSIDE_NONE, CHIP_PULL_UP, LOW | HIGH, UP, -1, 0 },
	{ FREE, SIM_OUTSIDE_LOW, CHIP_PULL_UP, HIGH | UP, LOW | UP, -1, 0 },
};

static void who_drives_decides(void **state)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sim_line line = { .role = SIM_ROLE_NONE };
		enum chip_edge edge;

		line_make(&line, table[i].as);
		sim_line_outside(&line, table[i].outside, table[i].pull, 2, &edge);
		sim_line_wire(&line, (uint8_t)table[i].wired, 3, &edge);
		if (sim_line_drives(&line) != table[i].drives || sim_line_conflicts(&line) != (table[i].level < 0) ||
		    (table[i].level >= 0 && sim_line_level(&line) != table[i].level) ||
		    sim_line_value(&line) != table[i].value)
			fail_msg("row %zu: brings %u, level %d%s, reads %d", i, sim_line_drives(&line),
				 sim_line_level(&line), sim_line_conflicts(&line) ? " in conflict" : "",
				 sim_line_value(&line));
	}
}

/* Also of what is wired nothing is left out when the line is taken, given back, or driven by somebody else. */
static void wires_outlive_all_that_a_guest_does(void **state)
{
	struct sim_fixture *fixture = *state;
	const struct chip_line_config in = { .direction = CHIP_DIRECTION_IN };
	struct chip_wire_end end;

	chip_wire(fixture->chip, LINE, HIGH);
	assert_int_equal(chip_outside_level(fixture->chip, LINE), 1);
	assert_int_equal(chip_configure(fixture->chip, LINE, &in), 0);
	assert_int_equal(chip_get(fixture->chip, LINE), 1);
	chip_release(fixture->chip, LINE);
	assert_int_equal(chip_outside_level(fixture->chip, LINE), 1);
	sim_fixture_restart(fixture);
	assert_int_equal(chip_outside_level(fixture->chip, LINE), 1);
	chip_wire_end(fixture->chip, LINE, &end);
	assert_int_equal(end.drives, 0);
	assert_false(end.conflict);
	chip_wire(fixture->chip, LINE, 0);
	assert_int_equal(chip_outside_level(fixture->chip, LINE), 0);
}

static void edges_of_a_wire(void **state)
{
	struct sim_fixture *fixture = *state;
	const struct chip_line_config in = { .direction = CHIP_DIRECTION_IN, .edges = CHIP_EDGE_BOTH };

	assert_int_equal(chip_configure(fixture->chip, LINE, &in), 0);
	chip_wire(fixture->chip, LINE, HIGH);
	assert_int_equal(fixture->last_edge, CHIP_EDGE_RISING);
	assert_true(fixture->last_level);
	chip_wire(fixture->chip, LINE, HIGH | UP);
	assert_int_equal(fixture->edges, 1);
	/* A conflict is low, and what can be seen of it changed. */
	chip_wire(fixture->chip, LINE, HIGH | LOW);
	assert_int_equal(fixture->last_edge, CHIP_EDGE_FALLING);
	assert_int_equal(fixture->edges, 2);
	fixture->changes = 0;
	chip_wire(fixture->chip, LINE, LOW);
	assert_int_equal(fixture->edges, 2);
	assert_int_equal(fixture->changes, 1);
}

static void conflicts_are_counted(void **state)
{
	struct sim_fixture *fixture = *state;
	const struct chip_line_config out = { .direction = CHIP_DIRECTION_OUT, .value = 1 };
	struct chip_wire_end end;

	chip_wire(fixture->chip, LINE, LOW);
	assert_int_equal(chip_configure(fixture->chip, LINE, &out), 0);
	assert_int_equal(chip_outside_level(fixture->chip, LINE), -ENOTUNIQ);
	chip_wire_end(fixture->chip, LINE, &end);
	assert_true(end.conflict);
	assert_int_equal(end.conflicts, 1);
	chip_wire(fixture->chip, LINE, LOW | UP); /* the same one */
	assert_int_equal(chip_set(fixture->chip, LINE, 0), 0);
	assert_int_equal(chip_outside_level(fixture->chip, LINE), 0);
	assert_int_equal(chip_set(fixture->chip, LINE, 1), 0);
	chip_release(fixture->chip, LINE);
	chip_wire_end(fixture->chip, LINE, &end);
	assert_false(end.conflict);
	assert_int_equal(end.conflicts, 2);
	((struct sim_line *)fixture->memory)[LINE].conflicts = UINT16_MAX;
	assert_int_equal(chip_configure(fixture->chip, LINE, &out), 0);
	chip_wire_end(fixture->chip, LINE, &end);
	assert_int_equal(end.conflicts, UINT16_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_drives_decides),
		cmocka_unit_test_setup_teardown(wires_outlive_all_that_a_guest_does, sim_fixture_up, sim_fixture_down),
		cmocka_unit_test_setup_teardown(edges_of_a_wire, sim_fixture_up, sim_fixture_down),
		cmocka_unit_test_setup_teardown(conflicts_are_counted, sim_fixture_up, sim_fixture_down),
	};

	return cmocka_run_group_tests_name("sim_wires", tests, NULL, NULL);
}
