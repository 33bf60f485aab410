/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* requestq: what each message does to a line, and what it answers (VirtIO GPIO, "requestq Operation"). */
#include "session.h"

#include <string.h>

#include "chain.h"

#define N_LINES	   8
#define NAMES_SIZE 56 /* "dummy0" to "dummy7" with their terminators */

static const struct gpio_answer ok = { GPIO_OK, 0, 2 }, err = { GPIO_ERR, 0, 2 };

#define assert_answer(answer, want)                                                                                    \
	do {                                                                                                           \
		struct gpio_answer got_ = (answer), want_ = (want);                                                    \
		assert_int_equal(got_.status, want_.status);                                                           \
		assert_int_equal(got_.value, want_.value);                                                             \
		assert_int_equal(got_.used_len, want_.used_len);                                                       \
	} while (0)

static void first_request(void **state)
{
	struct session *s = *state;

	assert_answer(gpio_request(&s->vmm, GPIO_GET_DIRECTION, 0, 0), ok);
}

static void unknown_types_are_errors(void **state)
{
	static const uint16_t types[] = { 0, 7, 8, 0x100, 0x102, 0x8000, 0xffff };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_answer(gpio_request(&s->vmm, types[i], 0, 1), err);
	assert_serving(s);
}

static void lines_beyond_the_last_are_errors(void **state)
{
	struct session *s = *state;

	for (uint16_t type = GPIO_GET_DIRECTION; type <= GPIO_SET_IRQ_TYPE; type++) {
		assert_answer(gpio_request(&s->vmm, type, N_LINES, 1), err);
		assert_answer(gpio_request(&s->vmm, type, 0x8000, 1), err);
		assert_answer(gpio_request(&s->vmm, type, 0xffff, 1), err);
	}
	assert_serving(s);
}

static void directions(void **state)
{
	static const uint32_t order[] = { GPIO_IN, GPIO_OUT, GPIO_NONE, GPIO_NONE, GPIO_OUT, GPIO_IN, GPIO_NONE };
	struct session *s = *state;

	for (uint16_t line = 0; line < N_LINES; line++)
		assert_int_equal(gpio_get_direction(&s->vmm, line), GPIO_NONE);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		assert_answer(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 2, order[i]), ok);
		assert_int_equal(gpio_get_direction(&s->vmm, 2), order[i]);
	}
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
}

static void directions_that_are_none_are_errors(void **state)
{
	static const uint32_t wrong[] = { 3, 4, 0x100, 0x101, 0x102, 0x10000, 0x80000001, 0xffffffff };
	struct session *s = *state;

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_answer(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 0, wrong[i]), err);
		assert_answer(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 1, wrong[i]), err);
		assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
		assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
		assert_int_equal(line_level(s, 0), 1);
	}
}

static void value_set_before_is_driven_from_the_start(void **state)
{
	struct session *s = *state;

	assert_answer(gpio_request(&s->vmm, GPIO_SET_VALUE, 0, 1), ok);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	assert_int_equal(line_level(s, 0), 0);
	assert_answer(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_OUT), ok);
	assert_int_equal(line_level(s, 0), 1);
}

static void value_of_an_input_is_kept_for_later(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	assert_answer(gpio_request(&s->vmm, GPIO_SET_VALUE, 0, 1), ok);
	assert_int_equal(line_level(s, 0), 0);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 0);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 0), 1);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 1);
}

static void value_of_an_output_changes_at_once(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_OUT), GPIO_OK);
	for (int i = 0; i < 6; i++) {
		assert_answer(gpio_request(&s->vmm, GPIO_SET_VALUE, 5, i & 1), ok);
		assert_int_equal(line_level(s, 5), i & 1);
		assert_answer(gpio_request(&s->vmm, GPIO_GET_VALUE, 5, 0), ((struct gpio_answer){ GPIO_OK, i & 1, 2 }));
	}
}

static void values_above_one_are_errors(void **state)
{
	static const uint32_t wrong[] = { 2, 0x100, 0x101, 0x10001, 0xffffffff };
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	for (int level = 0; level < 2; level++) {
		assert_int_equal(gpio_set_value(&s->vmm, 0, level), GPIO_OK);
		for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			assert_answer(gpio_request(&s->vmm, GPIO_SET_VALUE, 0, wrong[i]), err);
			assert_int_equal(line_level(s, 0), level);
		}
	}
}

static void output_without_a_value_drives_0(void **state)
{
	struct session *s = *state;

	line_drive(s, 0, 1);
	outside_pull(&s->outside, "guest0.0", 1);
	assert_int_equal(line_level(s, 0), 1);
	assert_answer(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_OUT), ok);
	assert_int_equal(line_level(s, 0), 0);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 0);
}

static void input_is_sensed(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_IN), GPIO_OK);
	for (int i = 0; i < 6; i++) {
		line_drive(s, 3, i & 1);
		assert_int_equal(gpio_get_value(&s->vmm, 3), i & 1);
	}
	/* By its name, too. */
	outside_set(&s->outside, "guest0.dummy3", 1);
	assert_int_equal(gpio_get_value(&s->vmm, 3), 1);
	assert_int_equal(outside_get(&s->outside, "guest0.dummy3"), 1);
	assert_int_equal(line_level(s, 2), 0);
}

static void value_of_an_inactive_line_is_an_error(void **state)
{
	struct session *s = *state;

	line_drive(s, 0, 1);
	assert_answer(gpio_request(&s->vmm, GPIO_GET_VALUE, 0, 0), err);
}

static void output_comes_back_with_its_last_value(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	if (outside_wants_real())
		line_drive(s, 0,
			   1); /* a line of gpio-sim that is no output any more keeps its level until it is pulled */
	line_drive(s, 0, 0);
	assert_int_equal(line_level(s, 0), 0);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 0), 1);
}

static void none_discards_everything(void **state)
{
	struct session *s = *state;
	uint16_t head;

	/* Value and direction. */
	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_NONE), GPIO_OK);
	assert_int_equal(line_level(s, 0), 0);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 0), 0);
	/* Held event buffer, interrupt type. */
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	head = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_NONE), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_INVALID);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_NONE), GPIO_OK);
	/* Latched edge. */
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 2);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_NONE), GPIO_OK);
	head = gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);
	assert_no_event(s);
	line_pulse(s, 2);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void none_then_in_at_once(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	for (unsigned i = 0; i < 50; i++) {
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

		gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_NONE);
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
		ring_notify(ring);
		assert_answer(gpio_answer_of(&s->vmm, ring_wait(ring)), ok);
		assert_answer(gpio_answer_of(&s->vmm, ring_wait(ring)), ok);
		assert_event(s, head, GPIO_EVENT_INVALID);
	}
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_IN);
}

static void requests_of_a_line_keep_their_order(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint16_t heads[64];

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	for (unsigned i = 0; i < 64; i += 2) {
		heads[i] = gpio_send(&s->vmm, GPIO_SET_VALUE, 0, i / 2 % 2);
		heads[i + 1] = gpio_send(&s->vmm, GPIO_GET_VALUE, 0, 0);
	}
	ring_notify(ring);
	for (unsigned i = 0; i < 64; i++) {
		struct ring_used used = ring_wait(ring);
		struct gpio_answer want = { GPIO_OK, i % 2 ? i / 2 % 2 : 0, 2 };

		assert_int_equal(used.id, heads[i]);
		assert_answer(gpio_answer_of(&s->vmm, used), want);
	}
}

static void full_ring_in_one_kick(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	bool seen[VMM_RING_SIZE] = { false };
	unsigned n = session_buffers(s, VMM_RING_SIZE);

	s->vmm.layout = RING_INDIRECT;
	for (unsigned i = 0; i < n; i++)
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, i % N_LINES, GPIO_IN);
	assert_int_equal(ring->n_free, 0);
	ring_notify(ring);
	for (unsigned i = 0; i < n; i++) {
		struct ring_used used = ring_wait(ring);

		assert_false(seen[used.id]);
		seen[used.id] = true;
		assert_answer(gpio_answer_of(&s->vmm, used), ok);
	}
	assert_int_equal(ring->n_free, VMM_RING_SIZE);
}

static void unused_fields_are_ignored(void **state)
{
	struct session *s = *state;
	uint8_t names[NAMES_SIZE + 1], same[NAMES_SIZE + 1];

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	line_drive(s, 0, 1);
	assert_answer(gpio_request(&s->vmm, GPIO_GET_VALUE, 0, 0xffffffff), ((struct gpio_answer){ GPIO_OK, 1, 2 }));
	assert_answer(gpio_request(&s->vmm, GPIO_GET_DIRECTION, 0, 0xffffffff),
		      ((struct gpio_answer){ GPIO_OK, GPIO_IN, 2 }));
	gpio_get_names(&s->vmm, 0, NAMES_SIZE, names);
	gpio_get_names(&s->vmm, 0xffff, NAMES_SIZE, same);
	assert_memory_equal(names, same, sizeof(names));
}

static void names_are_a_block_of_strings(void **state)
{
	struct session *s = *state;
	uint8_t names[NAMES_SIZE + 1];
	const char *at = (const char *)names + 1;

	assert_int_equal(gpio_get_names(&s->vmm, 0, NAMES_SIZE, names), NAMES_SIZE + 1);
	assert_int_equal(names[0], GPIO_OK);
	assert_int_equal(names[NAMES_SIZE], 0);
	for (unsigned i = 0; i < N_LINES; i++) {
		char want[8] = { 'd', 'u', 'm', 'm', 'y', (char)('0' + i), '\0' };

		assert_string_equal(at, want);
		at += strlen(at) + 1;
	}
	assert_ptr_equal(at, names + NAMES_SIZE + 1);
}

static void names_into_a_larger_buffer(void **state)
{
	struct session *s = *state;
	uint8_t names[NAMES_SIZE + 101];

	assert_int_equal(gpio_get_names(&s->vmm, 0, NAMES_SIZE + 100, names), NAMES_SIZE + 1);
	assert_int_equal(names[0], GPIO_OK);
	assert_int_equal(names[NAMES_SIZE + 1], GPIO_UNTOUCHED);
}

static void names_into_a_smaller_buffer(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_request(s, GPIO_GET_LINE_NAMES, 0, 0);

	for (uint32_t room = 2; room <= NAMES_SIZE; room += NAMES_SIZE - 2) {
		uint64_t space = chain_space(s, room);
		struct ring_part parts[] = { { request, 8, false }, { space, room, true } };
		uint32_t len = chain_send(s, VMM_REQUESTQ, parts, 2, RING_DIRECT);

		assert_int_equal(chain_byte(s, space, 0), GPIO_ERR);
		assert_in_range(len, 1, room);
		assert_true(chain_untouched(s, space, len, room));
		for (uint32_t i = 1; i < len; i++)
			assert_int_equal(chain_byte(s, space, i), 0);
	}
}

static void response_space_of_any_size(void **state)
{
	static const uint32_t rooms[] = { 0, 1, 2, 3, 64 };
	struct session *s = *state;
	uint64_t request = chain_request(s, GPIO_GET_VALUE, 0xffff, 0);

	for (unsigned i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		uint64_t space = chain_space(s, rooms[i]);
		struct ring_part parts[] = { { request, 8, false }, { space, rooms[i], true } };
		uint32_t want = rooms[i] < 2 ? rooms[i] : 2;

		assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 2, RING_DIRECT), want);
		if (want > 0)
			assert_int_equal(chain_byte(s, space, 0), GPIO_ERR);
		if (want > 1)
			assert_int_equal(chain_byte(s, space, 1), 0);
		assert_true(chain_untouched(s, space, want, rooms[i]));
	}
}

static void request_of_any_size(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_request(s, GPIO_SET_DIRECTION, 0, GPIO_IN);

	for (uint32_t len = 0; len <= 16; len++) {
		uint64_t space = chain_space(s, 2);
		struct ring_part parts[] = { { request, len, false }, { space, 2, true } };

		assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 2, RING_DIRECT), 2);
		assert_int_equal(chain_byte(s, space, 0), len < 8 ? GPIO_ERR : GPIO_OK);
		assert_int_equal(chain_byte(s, space, 1), 0);
		assert_true(chain_untouched(s, space, 2, 2));
		assert_int_equal(gpio_get_direction(&s->vmm, 0), len < 8 ? GPIO_NONE : GPIO_IN);
	}
}

static void requests_are_fast_while_armed(void **state)
{
	struct session *s = *state;
	unsigned n_slow = 0;

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	for (uint16_t i = 0; i < N_LINES; i++)
		gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t start = clock_ns();

		assert_int_equal(gpio_get_value(&s->vmm, 0), 0);
		n_slow += clock_ns() - start > 200 * 1000000ull;
	}
	/* A busy machine may delay one or the other. */
	assert_in_range(n_slow, 0, 10);
}

static void both_kinds_of_layout(void **state)
{
	struct session *s = *state;

	for (int layout = RING_DIRECT; layout <= RING_MIXED; layout++) {
		s->vmm.layout = (enum ring_layout)layout;
		assert_answer(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN), ok);
		assert_answer(gpio_request(&s->vmm, GPIO_GET_DIRECTION, 0, 0),
			      ((struct gpio_answer){ GPIO_OK, GPIO_IN, 2 }));
		assert_answer(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_NONE), ok);
	}
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("G-10", first_request),
		STARTED("G-10 R-30 R-31", both_kinds_of_layout),
		STARTED("G-11 G-12 G-17 X-03", unknown_types_are_errors),
		STARTED("G-11 G-18", lines_beyond_the_last_are_errors),
		STARTED("G-11 G-13 G-14", response_space_of_any_size),
		STARTED("G-15 G-16", request_of_any_size),
		STARTED("G-05 G-12 G-19 X-03", names_are_a_block_of_strings),
		STARTED("G-12 G-14", names_into_a_larger_buffer),
		STARTED("G-11 G-21 R-21", names_into_a_smaller_buffer),
		STARTED("G-22 G-23 G-34 X-02 X-13", directions),
		STARTED("G-24", directions_that_are_none_are_errors),
		STARTED("G-25", value_set_before_is_driven_from_the_start),
		STARTED("G-26 X-11", value_of_an_input_is_kept_for_later),
		STARTED("G-27 G-30", value_of_an_output_changes_at_once),
		STARTED("G-28", values_above_one_are_errors),
		STARTED("G-29", output_without_a_value_drives_0),
		STARTED("G-30", input_is_sensed),
		STARTED("G-31", value_of_an_inactive_line_is_an_error),
		STARTED("G-32", output_comes_back_with_its_last_value),
		STARTED("G-33", none_discards_everything),
		STARTED("G-35", none_then_in_at_once),
		STARTED("G-36 G-37", requests_of_a_line_keep_their_order),
		STARTED("G-38 X-05", full_ring_in_one_kick),
		STARTED("G-19 G-40", unused_fields_are_ignored),
		STARTED("G-41 X-04", requests_are_fast_while_armed),
	};

	return session_run("requests", tests, sizeof(tests) / sizeof(tests[0]));
}
