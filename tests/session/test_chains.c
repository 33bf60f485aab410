/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chains: every layout that a driver may use, and wrong buffers (VirtIO, "Message Framing"). */
#include "session.h"

#include "chain.h"

#define NAMES_SIZE 56

static void request_in_pieces(void **state)
{
	static const uint32_t pieces[][9] = {
		{ 8 }, { 2, 2, 4 }, { 1, 1, 1, 1, 1, 1, 1, 1 }, { 7, 1 }, { 1, 7 }, { 3, 0, 5 }, { 0, 8, 0 }, { 4, 12 },
	};
	struct session *s = *state;
	uint64_t request = chain_set_in(s);

	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (int layout = RING_DIRECT; layout <= RING_MIXED; layout++) {
			struct ring_part parts[10];
			uint64_t space = chain_space(s, 2), at = request;
			unsigned n = 0;

			for (; n < 9 && (pieces[i][n] || (n < 8 && pieces[i][n + 1])); n++) {
				parts[n] = (struct ring_part){ at, pieces[i][n], false };
				at += pieces[i][n];
			}
			parts[n++] = (struct ring_part){ space, 2, true };
			assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, n, (enum ring_layout)layout), 2);
			assert_int_equal(chain_byte(s, space, 0), GPIO_OK);
			assert_true(chain_untouched(s, space, 2, 2));
			assert_was_executed(s);
		}
	}
}

static void response_in_pieces(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_set_in(s);

	for (int layout = RING_DIRECT; layout <= RING_MIXED; layout++) {
		uint64_t a = chain_space(s, 1), b = chain_space(s, 4);
		const struct ring_part parts[] = {
			{ request, 8, false }, { a, 0, true }, { a, 1, true }, { b, 0, true }, { b, 4, true }
		};

		assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 5, (enum ring_layout)layout), 2);
		assert_int_equal(chain_byte(s, a, 0), GPIO_OK);
		assert_true(chain_untouched(s, a, 1, 1));
		assert_int_equal(chain_byte(s, b, 0), 0);
		assert_true(chain_untouched(s, b, 1, 4));
		assert_was_executed(s);
	}
}

static void names_in_pieces(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_request(s, GPIO_GET_LINE_NAMES, 0, 0);
	struct ring_part parts[5] = { { request, 8, false } };
	uint64_t spaces[4];
	char block[64];

	for (unsigned i = 0; i < 4; i++) {
		spaces[i] = chain_space(s, 16);
		parts[1 + i] = (struct ring_part){ spaces[i], 16, true };
	}
	assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 5, RING_DIRECT), 1 + NAMES_SIZE);
	for (unsigned i = 0; i < 4; i++)
		memory_read(&s->vmm.memory, spaces[i], block + 16 * i, 16);
	assert_int_equal(block[0], GPIO_OK);
	for (unsigned i = 0; i < 8; i++) {
		char want[8] = { 'd', 'u', 'm', 'm', 'y', (char)('0' + i), '\0' };

		assert_string_equal(block + 1 + 7 * i, want);
	}
	assert_true(chain_untouched(s, spaces[3], 57 - 48, 16));
}

static void long_chain(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_set_in(s), space = chain_space(s, 2);
	struct ring_part parts[VMM_RING_SIZE];

	for (unsigned i = 0; i < 64; i++)
		parts[i] = (struct ring_part){ request + i, 1, false };
	parts[64] = (struct ring_part){ space, 1, true };
	parts[65] = (struct ring_part){ space + 1, 1, true };
	assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 66, RING_DIRECT), 2);
	assert_int_equal(chain_byte(s, space, 0), GPIO_OK);
	assert_was_executed(s);
	/* As long as the ring: refused or not, it comes back. */
	for (unsigned i = 0; i < VMM_RING_SIZE - 1; i++)
		parts[i] = (struct ring_part){ request, 1, false };
	parts[VMM_RING_SIZE - 1] = (struct ring_part){ space, 2, true };
	assert_in_range(chain_send(s, VMM_REQUESTQ, parts, VMM_RING_SIZE, RING_DIRECT), 0, 2);
	assert_serving(s);
}

static void writable_before_readable(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_set_in(s), space = chain_space(s, 2);
	const struct ring_part parts[] = { { space, 2, true }, { request, 8, false } };

	for (int layout = RING_DIRECT; layout <= RING_MIXED; layout++) {
		assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 2, (enum ring_layout)layout), 0);
		assert_true(chain_untouched(s, space, 0, 2));
		assert_was_not_executed(s);
	}
}

static void nothing_writable(void **state)
{
	struct session *s = *state;
	const struct ring_part parts[] = { { chain_set_in(s), 8, false } };

	for (int layout = RING_DIRECT; layout <= RING_INDIRECT; layout++)
		assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 1, (enum ring_layout)layout), 0);
	/* What cannot be answered is not done. */
	assert_was_not_executed(s);
}

static void nothing_readable(void **state)
{
	struct session *s = *state;
	uint64_t space = chain_space(s, 2);
	const struct ring_part parts[] = { { space, 2, true } };

	assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 1, RING_DIRECT), 2);
	assert_int_equal(chain_byte(s, space, 0), GPIO_ERR);
	assert_int_equal(chain_byte(s, space, 1), 0);
	assert_true(chain_untouched(s, space, 2, 2));
}

static void buffers_outside_of_guest_memory(void **state)
{
	static const uint64_t outside[] = {
		0,
		0x10,
		MEMORY_DEFAULT_BASE - 8,
		MEMORY_DEFAULT_BASE - 4,
		MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE - 1,
		MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE,
		0x7f1200000000ull, /* a user address */
		0xfffffffffffffff0ull,
		0xfffffffffffffffcull,
	};
	struct session *s = *state;
	uint64_t request = chain_set_in(s);

	for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		uint64_t space = chain_space(s, 2);
		const struct ring_part bad_request[] = { { outside[i], 8, false }, { space, 2, true } };
		const struct ring_part bad_response[] = { { request, 8, false }, { outside[i], 2, true } };

		assert_int_equal(chain_send(s, VMM_REQUESTQ, bad_request, 2, RING_DIRECT), 2);
		assert_int_equal(chain_byte(s, space, 0), GPIO_ERR);
		assert_int_equal(chain_byte(s, space, 1), 0);
		assert_true(chain_untouched(s, space, 2, 2));
		assert_int_equal(chain_send(s, VMM_REQUESTQ, bad_response, 2, RING_DIRECT), 0);
		/* What cannot be answered is not done. */
		assert_was_not_executed(s);
	}
}

static void response_half_outside_of_guest_memory(void **state)
{
	struct session *s = *state;
	uint64_t space = chain_space(s, 1);
	const struct ring_part parts[] = { { chain_set_in(s), 8, false },
					   { space, 1, true },
					   { MEMORY_DEFAULT_BASE - 1, 1, true } };

	assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 3, RING_DIRECT), 1);
	assert_int_equal(chain_byte(s, space, 0), GPIO_ERR);
	assert_was_not_executed(s);
}

static void buffers_across_a_region_border(void **state)
{
	const uint64_t border = MEMORY_DEFAULT_BASE + MEMORY_DEFAULT_SIZE;
	struct gpio_wire_request request = { .type = GPIO_SET_DIRECTION, .gpio = 0, .value = GPIO_IN };
	struct session *s = *state;
	uint8_t saved[16], response[2];

	/* The slots of ring 0 begin at the border: use them only when no other request is under way. */
	for (uint64_t before = 1; before < 8; before++) {
		uint64_t space = chain_space(s, 2);
		const struct ring_part parts[] = { { border - before, 8, false }, { space, 2, true } };

		memory_read(&s->vmm.memory, border - 8, saved, 16);
		memory_write(&s->vmm.memory, border - before, &request, 8);
		assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 2, RING_DIRECT), 2);
		memory_write(&s->vmm.memory, border - 8, saved, 16);
		assert_int_equal(chain_byte(s, space, 0), GPIO_OK);
		assert_was_executed(s);
	}
	{
		const struct ring_part parts[] = { { chain_set_in(s), 8, false }, { border - 1, 2, true } };

		memory_write(&s->vmm.memory, border - 1, (uint8_t[]){ 0xaa, 0xaa }, 2);
		assert_int_equal(chain_send(s, VMM_REQUESTQ, parts, 2, RING_DIRECT), 2);
		memory_read(&s->vmm.memory, border - 1, response, 2);
		assert_int_equal(response[0], GPIO_OK);
		assert_int_equal(response[1], 0);
	}
}

static void only_used_ring_and_response_are_written(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t request = chain_set_in(s), space = chain_space(s, 2), desc, avail, bytes;
	const struct ring_part parts[] = { { request, 8, false }, { space, 2, true } };
	uint16_t head = ring_add(ring, parts, 2, RING_DIRECT);
	/* In a packed ring the first descriptor becomes the used one. */
	uint64_t untouched = ring->desc + (ring_is_packed(ring) ? 16 : 0), n_bytes = 16ull * ring->size - 16;
	uint64_t n_avail = ring_is_packed(ring) ? 4 : 4 + 2ull * ring->size;

	ring_publish(ring);
	desc = memory_sum(&s->vmm.memory, untouched, n_bytes);
	avail = memory_sum(&s->vmm.memory, ring->avail, n_avail);
	bytes = memory_sum(&s->vmm.memory, request, 64);
	ring_notify(ring);
	while (!ring_has_used(ring))
		sleep_ms(1);
	assert_int_equal(memory_sum(&s->vmm.memory, untouched, n_bytes), desc);
	assert_int_equal(memory_sum(&s->vmm.memory, ring->avail, n_avail), avail);
	assert_int_equal(memory_sum(&s->vmm.memory, request, 64), bytes);
	assert_int_equal(ring_wait(ring).id, head);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("R-10 R-12 G-15 R-31", request_in_pieces),
		STARTED("R-11 R-12", response_in_pieces),
		STARTED("R-11 G-12", names_in_pieces),
		STARTED("R-13", long_chain),
		STARTED("R-14", writable_before_readable),
		STARTED("R-15", nothing_writable),
		STARTED("R-16", nothing_readable),
		STARTED("R-17 R-21", buffers_outside_of_guest_memory),
		STARTED("R-17 R-21", response_half_outside_of_guest_memory),
		STARTED("R-18", buffers_across_a_region_border),
		STARTED("R-19 P-11", only_used_ring_and_response_are_written),
	};

	return session_run("chains", tests, sizeof(tests) / sizeof(tests[0]));
}
