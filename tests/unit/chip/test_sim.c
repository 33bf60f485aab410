/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of chip/sim: who decides the level, what is reported, and that the state outlives the chip object. */
#include "sim_fixture.h"

#include <errno.h>
#include <string.h>

static void set_up_line(struct sim_fixture *fixture, enum chip_direction direction, uint8_t value, enum chip_edge edges)
{
	struct chip_line_config config = { .direction = direction, .value = value, .edges = edges };

	assert_int_equal(chip_configure(fixture->chip, 3, &config), 0);
}

static void what_is_found(void **state)
{
	struct sim_fixture *fixture = *state;
	struct chip_line_info info;

	assert_int_equal(fixture->found.fd, -1);
	assert_int_equal(fixture->found.n_lines, SIM_LINES);
	assert_int_equal(chip_n_lines(fixture->chip), SIM_LINES);
	assert_true(chip_is_simulated(fixture->chip, 3));
	assert_int_equal(chip_line_info(fixture->chip, 7, &info), 0);
	assert_string_equal(info.name, "dummy7");
	assert_string_equal(info.consumer, "");
	assert_false(info.used);
	set_up_line(fixture, CHIP_DIRECTION_OUT, 1, CHIP_EDGE_NONE);
	assert_int_equal(chip_line_info(fixture->chip, 3, &info), 0);
	assert_true(info.used);
	assert_string_equal(info.consumer, "vhost-device-gpio:test");
	assert_int_equal(info.direction, CHIP_DIRECTION_OUT);
	chip_release(fixture->chip, 3);
	chip_release(fixture->chip, 3);
	chip_line_info(fixture->chip, 3, &info);
	assert_false(info.used);
}

static void level_of_an_input(void **state)
{
	struct sim_fixture *fixture = *state;

	set_up_line(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_NONE);
	assert_int_equal(chip_get(fixture->chip, 3), 0);
	assert_int_equal(chip_outside_pull(fixture->chip, 3, CHIP_PULL_UP), 0);
	assert_int_equal(chip_get(fixture->chip, 3), 1);
	assert_int_equal(chip_outside_drive(fixture->chip, 3, false), 0);
	assert_int_equal(chip_get(fixture->chip, 3), 0);
	assert_int_equal(chip_outside_pull(fixture->chip, 3, CHIP_PULL_UP), 0);
	assert_int_equal(chip_get(fixture->chip, 3), 1);
	assert_int_equal(chip_set(fixture->chip, 3, 0), -EPERM);
	assert_int_equal(chip_get(fixture->chip, 3), 1);
	assert_int_equal(chip_get(fixture->chip, 2), 0);
	assert_int_equal(fixture->edges, 0);
	assert_int_equal(fixture->changes, 3);
}

static void output_is_the_guests(void **state)
{
	struct sim_fixture *fixture = *state;

	chip_outside_drive(fixture->chip, 3, true);
	set_up_line(fixture, CHIP_DIRECTION_OUT, 0, CHIP_EDGE_NONE);
	set_up_line(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_BOTH);
	assert_int_equal(chip_get(fixture->chip, 3), 0); /* the outside's drive of before was dropped */
	fixture->changes = 0;
	set_up_line(fixture, CHIP_DIRECTION_OUT, 1, CHIP_EDGE_NONE);
	assert_int_equal(chip_outside_level(fixture->chip, 3), 1);
	assert_int_equal(chip_outside_drive(fixture->chip, 3, false), -EBUSY);
	assert_int_equal(chip_outside_level(fixture->chip, 3), 1);
	assert_int_equal(chip_set(fixture->chip, 3, 0), 0);
	assert_int_equal(chip_get(fixture->chip, 3), 0);
	assert_int_equal(chip_outside_pull(fixture->chip, 3, CHIP_PULL_UP), 0);
	assert_int_equal(chip_get(fixture->chip, 3), 0);
	/* Back to the outside: its pull counts. */
	set_up_line(fixture, CHIP_DIRECTION_IN, 0, CHIP_EDGE_BOTH);
	assert_int_equal(chip_get(fixture->chip, 3), 1);
	assert_int_equal(fixture->edges, 0);
	assert_int_equal(fixture->changes, 0);
}

static void edges_as_asked_for(void **state)
{
	static const struct {
		enum chip_edge asked;
		int seen;
	} cases[] = { { CHIP_EDGE_NONE, 0 }, { CHIP_EDGE_RISING, 1 }, { CHIP_EDGE_FALLING, 1 }, { CHIP_EDGE_BOTH, 2 } };
	struct sim_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture->edges = fixture->changes = 0;
		set_up_line(fixture, CHIP_DIRECTION_IN, 0, cases[i].asked);
		chip_outside_drive(fixture->chip, 3, true);
		if (cases[i].asked & CHIP_EDGE_RISING) {
			assert_int_equal(fixture->last_edge, CHIP_EDGE_RISING);
			assert_true(fixture->last_level);
			assert_int_equal(fixture->last_offset, 3);
		}
		chip_outside_drive(fixture->chip, 3, true);
		chip_outside_pull(fixture->chip, 3, CHIP_PULL_DOWN);
		if (cases[i].asked & CHIP_EDGE_FALLING) {
			assert_int_equal(fixture->last_edge, CHIP_EDGE_FALLING);
			assert_false(fixture->last_level);
		}
		assert_int_equal(fixture->edges, cases[i].seen);
		assert_int_equal(fixture->changes, 2);
	}
	chip_release(fixture->chip, 3);
	fixture->edges = fixture->changes = 0;
	chip_outside_drive(fixture->chip, 3, true);
	assert_int_equal(fixture->edges, 0);
	assert_int_equal(fixture->changes, 1);
}

static void successor_finds_all(void **state)
{
	struct sim_fixture *fixture = *state;
	struct chip_line_config in = { .direction = CHIP_DIRECTION_IN, .edges = CHIP_EDGE_RISING };

	set_up_line(fixture, CHIP_DIRECTION_OUT, 1, CHIP_EDGE_NONE);
	chip_outside_drive(fixture->chip, 4, true);
	chip_outside_pull(fixture->chip, 5, CHIP_PULL_UP);
	chip_configure(fixture->chip, 5, &in);
	fixture->changes = 0;
	sim_fixture_restart(fixture);
	assert_int_equal(chip_outside_level(fixture->chip, 3), 1);
	assert_int_equal(chip_outside_level(fixture->chip, 4), 1);
	assert_int_equal(chip_outside_level(fixture->chip, 5), 1);
	set_up_line(fixture, CHIP_DIRECTION_OUT, 1, CHIP_EDGE_NONE);
	assert_int_equal(chip_adopt(fixture->chip, 5, &in, -1), 0);
	assert_int_equal(fixture->edges, 0);
	assert_int_equal(fixture->changes, 0);
	chip_outside_drive(fixture->chip, 5, false);
	chip_outside_drive(fixture->chip, 5, true);
	assert_int_equal(fixture->edges, 1);
}

static void damaged_memory(void **state)
{
	struct sim_fixture *fixture = *state;

	for (unsigned byte = 1; byte < 256; byte += 2) {
		memset(fixture->memory, (int)byte, fixture->found.state_size);
		sim_fixture_restart(fixture);
		for (unsigned i = 0; i < SIM_LINES; i++) {
			struct chip_line_info info;

			chip_line_info(fixture->chip, i, &info);
			assert_int_equal(info.used, byte == 1);
			assert_int_equal(chip_get(fixture->chip, i), 0);
			chip_release(fixture->chip, i);
			assert_int_equal(chip_outside_drive(fixture->chip, i, true), 0);
			/* Of 1 every byte is good: its wires drive it low. */
			assert_int_equal(chip_get(fixture->chip, i), byte != 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_found, sim_fixture_up, sim_fixture_down),
		ROW_TEST_FIXTURE("G-30", level_of_an_input, sim_fixture_up, sim_fixture_down),
		ROW_TEST_FIXTURE("G-27 G-30", output_is_the_guests, sim_fixture_up, sim_fixture_down),
		ROW_TEST_FIXTURE("G-53", edges_as_asked_for, sim_fixture_up, sim_fixture_down),
		cmocka_unit_test_setup_teardown(successor_finds_all, sim_fixture_up, sim_fixture_down),
		cmocka_unit_test_setup_teardown(damaged_memory, sim_fixture_up, sim_fixture_down),
	};

	return cmocka_run_group_tests_name("chip/sim", tests, NULL, NULL);
}
