/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the lines' state as bytes: what is saved is what is loaded, and nothing else is. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpio/line_transfer.h"
#include "lines_fixture.h"

#define SIZE (8 + 4 * FAKE_LINES)

/* An output, an input with a latched interrupt, a level interrupt without a direction, a remembered value. */
static void make_some(struct fixture *fixture)
{
	assert_int_equal(ask(fixture, SET_VALUE, 0, 1), OK(0));
	assert_int_equal(ask(fixture, SET_DIR, 0, OUT), OK(0));
	assert_int_equal(ask(fixture, SET_DIR, 1, IN), OK(0));
	assert_int_equal(ask(fixture, SET_IRQ, 1, IRQ_TYPE_EDGE_RISING), OK(0));
	pulse(fixture, 1);
	assert_int_equal(ask(fixture, SET_IRQ, 2, IRQ_TYPE_LEVEL_HIGH), OK(0));
	assert_int_equal(ask(fixture, SET_VALUE, 3, 1), OK(0));
}

static void the_format_is_this(void **state)
{
	static const uint8_t want[SIZE] = { 'v', 'g', 'l', 's', 1, 0, 8, 0, 1, 1, 0, 0, 2, 0, 1, 1, 0, 0, 4, 0, 0, 1 };
	struct fixture *fixture = *state;
	uint8_t data[SIZE];

	make_some(fixture);
	assert_int_equal(line_transfer_size(&fixture->lines), SIZE);
	line_transfer_save(&fixture->lines, data);
	assert_memory_equal(data, want, SIZE);
}

static void another_process_goes_on(void **state)
{
	struct fixture *fixture = *state, *other;
	uint8_t data[SIZE], again[SIZE];
	void *ctx;

	make_some(fixture);
	line_transfer_save(&fixture->lines, data);
	assert_int_equal(fixture_up(&ctx), 0);
	other = ctx;
	fake_chip_journal(&other->fake);
	assert_int_equal(line_transfer_load(&other->lines, data, SIZE), 0);
	assert_journal(other, "0:out1 1:in+r 2:in+rf ");
	line_transfer_save(&other->lines, again);
	assert_memory_equal(data, again, SIZE);
	assert_int_equal(ask(other, GET_DIR, 0, 0), OK(OUT));
	assert_int_equal(ask(other, GET_DIR, 1, 0), OK(IN));
	/* The edge that waited at the source is told here, once. */
	assert_int_equal(give(other, 1), IRQ_FIRE);
	assert_int_equal(give(other, 1), IRQ_NOTHING);
	/* A level is looked at where it is. */
	assert_int_equal(give(other, 2), IRQ_NOTHING);
	wire(other, 2, true);
	assert_int_equal(irqs(other), 1);
	fixture_down(&ctx);
}

static void what_was_there_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	uint8_t none[SIZE];

	line_transfer_save(&fixture->lines, none);
	make_some(fixture);
	fake_chip_journal(&fixture->fake);
	assert_int_equal(line_transfer_load(&fixture->lines, none, SIZE), 0);
	assert_journal(fixture, "0:release 1:release 2:release ");
	for (unsigned i = 0; i < FAKE_LINES; i++)
		assert_int_equal(ask(fixture, GET_DIR, i, 0), OK(NONE));
	assert_int_equal(ask(fixture, SET_DIR, 3, OUT), OK(0));
	assert_journal(fixture, "3:out0 ");
}

static void nonsense_changes_nothing(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} bad[] = {
		{ 0, 'V' },
		{ 4, 2 },
		{ 5, 1 },
		{ 6, 7 },
		{ 6, 9 },
		{ 7, 1 },
		/* direction 3; value 2; type 5 and 255; latched 2; an interrupt on an output */
		{ 8, 3 },
		{ 9, 2 },
		{ 14, 5 },
		{ 14, 255 },
		{ 15, 2 },
		{ 10, 1 },
		{ 36, 9 },
	};
	struct fixture *fixture = *state;
	uint8_t data[SIZE], before[SIZE], after[SIZE];

	make_some(fixture);
	line_transfer_save(&fixture->lines, before);
	fake_chip_journal(&fixture->fake);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(data, before, SIZE);
		data[bad[i].at] = bad[i].value;
		assert_int_equal(line_transfer_load(&fixture->lines, data, SIZE), -EINVAL);
	}
	for (size_t len = 0; len < SIZE; len++)
		assert_int_equal(line_transfer_load(&fixture->lines, before, len), -EINVAL);
	line_transfer_save(&fixture->lines, after);
	assert_memory_equal(before, after, SIZE);
	assert_journal(fixture, "");
}

static void what_the_chip_refuses_is_taken_back(void **state)
{
	struct fixture *fixture = *state;
	uint8_t data[SIZE], before[SIZE], after[SIZE];

	make_some(fixture);
	line_transfer_save(&fixture->lines, data);
	/* Now: 1 is an output, 2 nothing. */
	assert_int_equal(ask(fixture, SET_IRQ, 2, IRQ_TYPE_NONE), OK(0));
	assert_int_equal(ask(fixture, SET_DIR, 0, NONE), OK(0));
	line_transfer_save(&fixture->lines, before);
	/* The first line is given back, the third cannot be had. */
	data[8] = NONE;
	data[9] = 0;
	data[12] = NONE;
	data[14] = data[15] = 0;
	fake_chip_journal(&fixture->fake);
	fixture->fake.fail_configure = -EBUSY;
	assert_int_equal(line_transfer_load(&fixture->lines, data, SIZE), -EBUSY);
	assert_journal(fixture, "1:release 2:in+rf 1:in+r ");
	line_transfer_save(&fixture->lines, after);
	assert_memory_equal(before, after, SIZE);
}

static void any_bytes(void **state)
{
	struct fixture *fixture = *state;
	uint8_t data[SIZE];

	srand(1);
	line_transfer_save(&fixture->lines, data);
	for (unsigned round = 0; round < 2000; round++) {
		for (unsigned i = 8; i < SIZE; i++)
			data[i] = rand() % 6;
		if (line_transfer_load(&fixture->lines, data, SIZE) == 0)
			assert_int_equal(ask(fixture, GET_DIR, 0, 0) >> 8, GPIO_STATUS_OK);
	}
}

#define CASE(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("V-96", the_format_is_this),
		CASE("V-96 S-07", another_process_goes_on),
		CASE("V-96", what_was_there_is_replaced),
		CASE("V-96", nonsense_changes_nothing),
		CASE("V-96", what_the_chip_refuses_is_taken_back),
		CASE("V-96", any_bytes),
	};

	return cmocka_run_group_tests_name("line_transfer", tests, NULL, NULL);
}
