/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Who comes after a lost connection is another machine, the same one after a reset, or tells lies: then nothing of the
 * last session is left, the log says why, and the new one works.
 */
#include "reconnect.h"

#include <string.h>

/* One line armed and one that has fired, and an output. */
static uint16_t prepare(struct session *s)
{
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	line_pulse(s, 1);
	gpio_event_wait(&s->vmm);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_OUT), GPIO_OK);
	return head;
}

/* Nothing is armed, nothing is driven; and the rings work, when they are new ones. */
static void assert_fresh(struct session *s)
{
	uint16_t head;

	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_NONE);
	line_pulse(s, 0);
	assert_no_event(s);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_no_event(s);
}

/* It has the same contents at the same addresses, even. */
static void another_machine(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	for (unsigned i = 0; i < s->vmm.memory.n_regions; i++)
		memory_rehome(&s->vmm.memory, i, s->vmm.memory.regions[i].wire.mmap_offset);
	come_again(s);
	rings_again(s);
	assert_serving(s);
	assert_other(s, "different memory");
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_NONE);
}

static void another_machine_from_the_start(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, 0);
	vmm_start(&s->vmm, session_socket(s));
	assert_fresh(s);
	assert_other(s, "different memory");
}

static void ring_at_another_place(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	ring_move(&s->vmm.rings[VMM_REQUESTQ]);
	come_again(s);
	rings_again(s);
	assert_serving(s);
	assert_other(s, "queue0: different memory");
}

/* The file is the same, the guest sees it elsewhere: what is held names addresses that are others now. */
static void memory_at_another_address(void **state)
{
	struct session *s = *state;
	struct vu_region regions[MEMORY_REGIONS_MAX];
	int fds[MEMORY_REGIONS_MAX];

	prepare(s);
	cut(s);
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, s->vmm.features, VMM_PROTOCOL_FEATURES);
	memory_table(&s->vmm.memory, regions, fds);
	for (unsigned i = 0; i < s->vmm.memory.n_regions; i++)
		regions[i].guest_addr += 0x100000000ull;
	assert_ok(message_set_mem_table(&s->vmm.connection, regions, s->vmm.memory.n_regions, fds,
					s->vmm.memory.n_regions));
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, used_base(&s->vmm.rings[i]));
		vmm_ring_enable(&s->vmm, i, true);
	}
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	daemon_wait_logged(&s->daemon, "not the previous front-end, dropping the saved session", 1);
	assert_other(s, "queue0: different memory");
}

static void guest_was_reset(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	come_again(s);
	vmm_restart(&s->vmm);
	assert_fresh(s);
	assert_other(s, "queue0: different indices");
}

/* And its driver has come as far as the one before. */
static void reset_guest_at_the_same_index(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint16_t used;

	if (ring_is_packed(ring))
		skip_because("a packed ring has no index to read");
	prepare(s);
	cut(s);
	used = ring_used_idx(ring);
	come_again(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_reset(&s->vmm.rings[i]);
	ring_set_used_idx(ring, used);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 0);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(ring);
	daemon_wait_logged(&s->daemon, "not the previous front-end, dropping the saved session", 1);
	assert_other(s, "queue0: different indices");
}

/* As the first one, but the base is that of a ring that was set up anew. */
static void base_of_a_new_ring(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	come_again(s);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, ring_first_base(&s->vmm.rings[VMM_REQUESTQ]));
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	daemon_wait_logged(&s->daemon, "not the previous front-end, dropping the saved session", 1);
	assert_other(s, "queue0: different base");
}

/* A driver that has used no request yet cannot be told from the next one. */
static void nothing_moved(void **state)
{
	struct session *s = *state;

	gpio_unmask(&s->vmm, 0);
	cut(s);
	come_again(s);
	rings_again(s);
	assert_serving(s);
	assert_other(s, "no ring proves that it is the same");
}

static void other_features(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	session_prepare(s, VMM_FEATURES & ~FEATURE(VIRTIO_GPIO_F_IRQ));
	rings_again(s);
	assert_serving(s);
	assert_other(s, "different features");
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_NONE);
}

static void other_size(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	come_again(s);
	s->vmm.rings[VMM_REQUESTQ].size /= 2;
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, used_base(&s->vmm.rings[VMM_REQUESTQ]));
	s->vmm.rings[VMM_REQUESTQ].size *= 2;
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	daemon_wait_logged(&s->daemon, "not the previous front-end, dropping the saved session", 1);
	assert_other(s, "different size or format");
}

/* Every area of both rings, and what the chains refer to. */
static void garbage(void **state)
{
	struct session *s = *state;

	for (unsigned seed = 1; seed <= session_rounds(30, 5); seed++) {
		unsigned random = seed;

		if (seed > 1) {
			assert_int_equal(session_teardown(state), 0);
			assert_int_equal(session_setup_started(state), 0);
			s = *state;
		}
		prepare(s);
		cut(s);
		for (unsigned i = 0; i < 2; i++) {
			struct ring *ring = &s->vmm.rings[i];
			const uint64_t areas[] = { ring->desc, ring->avail, ring->used };
			/* One of them stays, in turn; not all that a packed ring is known by. */
			unsigned stays = ring_is_packed(ring) && seed % 4 == 2 ? 3 : seed % 4;

			for (unsigned j = 0; j < 3; j++) {
				uint8_t *at = memory_at(&s->vmm.memory, areas[j], 512);

				for (unsigned k = 0; k < 512 && j != stays; k++) {
					random = random * 1103515245 + 12345;
					at[k] = (uint8_t)(random >> 16);
				}
			}
		}
		come_again(s);
		for (unsigned i = 0; i < VMM_RINGS; i++) {
			vmm_ring_setup(&s->vmm, i, used_base(&s->vmm.rings[i]));
			vmm_ring_enable(&s->vmm, i, true);
			ring_kick(&s->vmm.rings[i]);
		}
		daemon_wait_logged(&s->daemon, "not the previous front-end, dropping the saved session", 1);
		assert_int_equal(daemon_logged(&s->daemon, "front-end reconnected"), 0);
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_QUEUE_NUM), 2);
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		session_reconnect(s);
		assert_fresh(s);
	}
}

/* The indices are right, and what is held is not what was taken. */
static void held_chain_is_another(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_EVENTQ];
	uint16_t head;

	if (ring_is_packed(ring))
		skip_because("of a packed ring, what is held was copied");
	head = prepare(s);
	cut(s);
	come_again(s);
	/* A loop. */
	ring_desc_set(ring, head, 0, 2, 1, head);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_setup(&s->vmm, i, used_base(&s->vmm.rings[i]));
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	assert_serving(s);
	assert_other(s, "queue1: a chain in flight is invalid");
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_NONE);
}

/* The first ring is the one of before, the other is not: it alone begins anew. */
static void the_other_ring_is_new(void **state)
{
	struct session *s = *state;
	uint16_t head;

	prepare(s);
	cut(s);
	come_again(s);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, used_base(&s->vmm.rings[VMM_REQUESTQ]));
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_OUT);
	ring_reset(&s->vmm.rings[VMM_EVENTQ]);
	vmm_ring_setup(&s->vmm, VMM_EVENTQ, ring_first_base(&s->vmm.rings[VMM_EVENTQ]));
	vmm_ring_enable(&s->vmm, VMM_EVENTQ, true);
	ring_kick(&s->vmm.rings[VMM_EVENTQ]);
	line_pulse(s, 0);
	assert_no_event(s);
	head = gpio_unmask(&s->vmm, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_int_equal(daemon_logged(&s->daemon, "not the previous front-end's ring"), 1);
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_OUT);
}

/* It says itself that the device is to be new. */
static void reset_on_the_next_connection(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	come_again(s);
	assert_ok(message_send(&s->vmm.connection, VU_RESET_DEVICE, NULL, 0, NULL, 0));
	rings_again(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_NONE);
	assert_int_equal(daemon_logged(&s->daemon, "front-end reconnected"), 0);
}

/* The edge that was latched for the guest that left is not the next one's. */
static void edge_for_another(void **state)
{
	struct session *s = *state;

	prepare(s);
	cut(s);
	line_pulse(s, 0);
	line_pulse(s, 1);
	come_again(s);
	vmm_restart(&s->vmm);
	assert_fresh(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	gpio_unmask(&s->vmm, 1);
	assert_no_event(s);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("S-08", another_machine),
		STARTED("S-08", another_machine_from_the_start),
		STARTED("S-08", ring_at_another_place),
		STARTED("S-08", memory_at_another_address),
		STARTED("S-08 G-91", guest_was_reset),
		STARTED("S-08", reset_guest_at_the_same_index),
		STARTED("S-08", base_of_a_new_ring),
		STARTED("S-08", nothing_moved),
		STARTED("S-08", other_features),
		STARTED("S-08", other_size),
		STARTED("S-08", garbage),
		STARTED("S-08", held_chain_is_another),
		STARTED("S-08", the_other_ring_is_new),
		STARTED("S-08 V-94", reset_on_the_next_connection),
		ROW_TEST_FIXTURE("S-08", edge_for_another, setup_hold, session_teardown),
	};

	return session_run("reconnect_other", tests, sizeof(tests) / sizeof(tests[0]));
}
