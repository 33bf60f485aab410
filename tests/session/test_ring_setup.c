/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Setting rings up: any order, early and late kicks, enable and disable. */
#include "session.h"

#include <unistd.h>

/* The messages that set up a ring, to be sent in any order. */
enum step { NUM, BASE, ADDR, KICK, CALL, ERR, ENABLE, STEPS };

static void send_step(struct session *s, unsigned index, enum step step)
{
	struct connection *c = &s->vmm.connection;
	struct ring *ring = &s->vmm.rings[index];
	struct vu_addr addr = vmm_ring_addr(&s->vmm, index);

	switch (step) {
	case NUM:
		assert_ok(message_send_state(c, VU_SET_VRING_NUM, index, ring->size));
		break;
	case BASE:
		assert_ok(message_send_state(c, VU_SET_VRING_BASE, index, ring_base(ring)));
		break;
	case ADDR:
		assert_ok(message_set_vring_addr(c, &addr));
		break;
	case KICK:
		assert_ok(message_send_vring_fd(c, VU_SET_VRING_KICK, index, ring->kick_fd));
		break;
	case CALL:
		assert_ok(message_send_vring_fd(c, VU_SET_VRING_CALL, index, ring->call_fd));
		break;
	case ERR:
		assert_ok(message_send_vring_fd(c, VU_SET_VRING_ERR, index, ring->err_fd));
		break;
	case ENABLE:
	case STEPS:
		assert_ok(message_send_state(c, VU_SET_VRING_ENABLE, index, 1));
		break;
	}
}

static void any_order(void **state)
{
	struct session *s = *state;
	uint64_t random = 0x9e3779b97f4a7c15ull;

	session_prepare(s, VMM_FEATURES);
	for (unsigned round = 0; round < 200; round++) {
		enum step order[STEPS];

		for (unsigned i = 0; i < STEPS; i++)
			order[i] = (enum step)i;
		for (unsigned i = STEPS - 1; i > 0; i--) {
			unsigned j;
			enum step swap;

			random = random * 6364136223846793005ull + 1442695040888963407ull;
			j = (unsigned)((random >> 33) % (i + 1));
			swap = order[i];
			order[i] = order[j];
			order[j] = swap;
		}
		for (unsigned i = 0; i < STEPS; i++)
			send_step(s, 0, order[i]);
		ring_kick(&s->vmm.rings[0]);
		assert_serving(s);
		vmm_ring_stop(&s->vmm, 0);
		assert_int_equal(s->vmm.base[0], ring_base(&s->vmm.rings[0]));
	}
}

static void addresses_before_memory(void **state)
{
	struct session *s = *state;
	struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);
	enum outcome outcome;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	assert_ok(message_send_state(&s->vmm.connection, VU_SET_VRING_NUM, 0, VMM_RING_SIZE));
	outcome = message_set_vring_addr(&s->vmm.connection, &addr);
	assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_REFUSED);
	vmm_send_memory(&s->vmm);
	if (outcome == OUTCOME_REFUSED)
		assert_ok(message_set_vring_addr(&s->vmm.connection, &addr));
	send_step(s, 0, BASE);
	send_step(s, 0, KICK);
	send_step(s, 0, ENABLE);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

static void unknown_addresses_are_refused(void **state)
{
	static const uint64_t unknown[] = { 0, 0x1000, MEMORY_DEFAULT_BASE, 0xfffffffffffff000ull };
	struct session *s = *state;

	session_prepare(s, VMM_FEATURES);
	send_step(s, 0, NUM);
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		for (unsigned part = 0; part < 3; part++) {
			struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);

			*(part == 0 ? &addr.desc : part == 1 ? &addr.avail : &addr.used) = unknown[i];
			assert_refused(message_set_vring_addr(&s->vmm.connection, &addr));
		}
	}
}

/*
 * A size or a place that no ring can have is what the driver said, and the front-end hands it on without asking what came of
 * it (QEMU). Then the ring is silent until it is set up anew, whatever else is said of it, and its error fd tells.
 */
static void unfit_rings_are_silent(void **state)
{
	static const struct {
		uint32_t size;
		uint64_t desc, avail, used; /* behind where they are */
	} unfit[] = { { .size = 0 },
		      { .size = 32769 },
		      { VMM_RING_SIZE, .desc = 8 },
		      { VMM_RING_SIZE, .avail = 1 },
		      { VMM_RING_SIZE, .used = 1 },
		      { VMM_RING_SIZE, .desc = 1ull << 40 },
		      { VMM_RING_SIZE, .avail = 1ull << 40 },
		      { VMM_RING_SIZE, .used = 1ull << 40 } };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	struct ring *ring = &s->vmm.rings[0];

	session_prepare(s, VMM_FEATURES);
	for (unsigned i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
		struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);
		const enum connection_mode mode = c->mode;
		const uint32_t base = ring_base(ring);
		uint64_t errors;

		addr.desc += unfit[i].desc;
		addr.avail += unfit[i].avail;
		addr.used += unfit[i].used;
		c->mode = CONNECTION_SYNC;
		send_step(s, 0, ERR);
		assert_ok(message_send_state(c, VU_SET_VRING_NUM, 0, unfit[i].size));
		send_step(s, 0, BASE);
		assert_ok(message_set_vring_addr(c, &addr));
		send_step(s, 0, KICK);
		send_step(s, 0, CALL);
		send_step(s, 0, ENABLE);
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
		ring_kick(ring);
		assert_true(ring_silent(ring, SILENT_MS));
		assert_true(wait_readable(ring->err_fd, WAIT_MS));
		assert_int_equal(read(ring->err_fd, &errors, sizeof(errors)), sizeof(errors));
		c->mode = mode;
		vmm_ring_stop(&s->vmm, 0);
		vmm_ring_setup(&s->vmm, 0, base);
		vmm_ring_enable(&s->vmm, 0, true);
		ring_kick(ring);
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
		vmm_ring_stop(&s->vmm, 0);
	}
}

static void log_address_is_ignored(void **state)
{
	struct session *s = *state;
	struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);

	session_prepare(s, VMM_FEATURES);
	addr.log = ~0ull;
	send_step(s, 0, NUM);
	assert_ok(message_set_vring_addr(&s->vmm.connection, &addr));
	send_step(s, 0, KICK);
	send_step(s, 0, ENABLE);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

static void kick_of_a_ring_that_is_not_set_up(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		send_step(s, i, KICK);
		send_step(s, i, ENABLE);
		ring_kick(&s->vmm.rings[i]);
	}
	session_settle(s);
	vmm_send_memory(&s->vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_kick(&s->vmm.rings[i]);
	session_settle(s);
	vmm_ring_setup(&s->vmm, 0, 0);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

static void starts_at_the_first_kick(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	session_prepare(s, VMM_FEATURES);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	vmm_ring_setup(&s->vmm, 0, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	assert_true(ring_silent(ring, SILENT_MS));
	assert_int_equal(ring_calls(ring), 0);
	ring_kick(ring);
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
}

static void kick_before_the_messages(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	fds_only(s);
	session_prepare(s, VMM_FEATURES);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	ring_kick(ring);
	vmm_ring_setup(&s->vmm, 0, 0);
	assert_true(ring_silent(ring, SILENT_MS));
	vmm_ring_enable(&s->vmm, 0, true);
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
}

static void kick_before_enable(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	session_prepare(s, VMM_FEATURES);
	vmm_ring_setup(&s->vmm, 0, 0);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	ring_kick(ring);
	assert_true(ring_silent(ring, SILENT_MS));
	vmm_ring_enable(&s->vmm, 0, true);
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
}

static void enable_is_0_or_1(void **state)
{
	static const uint32_t wrong[] = { 2, 3, 0x100, 0xffffffff };
	struct session *s = *state;

	for (unsigned i = 0; i < 4; i++)
		assert_refused(message_send_state(&s->vmm.connection, VU_SET_VRING_ENABLE, 0, wrong[i]));
	assert_serving(s);
}

static void without_bit_30_rings_are_enabled(void **state)
{
	struct session *s = *state;

	/* vmm_start_with() sends no ENABLE then. With the bit: kick_before_enable(). */
	vmm_start_with(&s->vmm, session_socket(s), VMM_FEATURES & ~FEATURE(VHOST_USER_F_PROTOCOL_FEATURES));
	assert_serving(s);
	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_drive(s, 0, 1);
	assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
}

static void enable_of_a_ring_without_addresses(void **state)
{
	struct session *s = *state;

	session_prepare(s, VMM_FEATURES);
	send_step(s, 1, CALL);
	send_step(s, 1, ERR);
	send_step(s, 1, ENABLE);
	vmm_ring_setup(&s->vmm, 0, 0);
	send_step(s, 0, ENABLE);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 0);
	assert_serving(s);
}

static void disabled_ring_does_nothing(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	uint64_t calls;

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	ring_wait_calls(ring, 1);
	calls = ring_calls(ring);
	vmm_ring_enable(&s->vmm, 0, false);
	gpio_send(&s->vmm, GPIO_SET_VALUE, 0, 1);
	ring_kick(ring);
	assert_true(ring_silent(ring, SILENT_MS));
	assert_int_equal(line_level(s, 0), 0);
	assert_int_equal(ring_calls(ring), calls);
	vmm_ring_enable(&s->vmm, 0, true);
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
	assert_int_equal(line_level(s, 0), 1);
}

static void acknowledged_means_done(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	for (unsigned i = 0; i < 300; i++) {
		uint16_t idx;

		for (unsigned j = 0; j < 50; j++)
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		ring_kick(ring);
		vmm_ring_enable(&s->vmm, 0, false);
		idx = ring_used_idx(ring);
		usleep(300);
		assert_int_equal(ring_used_idx(ring), idx);
		vmm_ring_enable(&s->vmm, 0, true);
		for (unsigned j = 0; j < 50; j++)
			assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
	}
}

static void size_of_a_running_ring_stays(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	assert_refused(message_send_state(c, VU_SET_VRING_NUM, 0, VMM_RING_SIZE / 2));
	assert_ok(message_send_state(c, VU_SET_VRING_NUM, 0, VMM_RING_SIZE));
	assert_serving(s);
}

/* A ring of another size is another ring: what was in flight is not looked for in it. */
static void another_size_after_a_stop(void **state)
{
	struct session *s = *state;
	uint16_t head;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	vmm_stop(&s->vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		s->vmm.rings[i].size = VMM_RING_SIZE / 4;
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 0);
	assert_no_event(s);
	head = gpio_unmask(&s->vmm, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
}

/* Packed rings have any size: it was right when it came, and is not when the ring starts as a split one. */
static void size_of_the_other_format(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	struct ring *ring = &s->vmm.rings[0];

	fds_only(s);
	session_prepare(s, VMM_FEATURES);
	ring_set_packed(ring, false); /* whatever the matrix says */
	assert_ok(message_send_u64(c, VU_SET_FEATURES, s->vmm.features | FEATURE(VIRTIO_F_RING_PACKED)));
	assert_ok(message_send_state(c, VU_SET_VRING_NUM, 0, 100));
	for (enum step step = BASE; step < STEPS; step++)
		send_step(s, 0, step);
	assert_ok(message_send_u64(c, VU_SET_FEATURES, s->vmm.features & ~FEATURE(VIRTIO_F_RING_PACKED)));
	ring_kick(ring);
	assert_true(wait_readable(ring->err_fd, WAIT_MS));
	vmm_ring_stop(&s->vmm, 0);
	for (enum step step = NUM; step < STEPS; step++)
		send_step(s, 0, step);
	ring_kick(ring);
	assert_serving(s);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-50", any_order),
		FRESH("V-51", addresses_before_memory),
		FRESH("V-51", unknown_addresses_are_refused),
		FRESH("X-36 V-71", unfit_rings_are_silent),
		FRESH("V-52", log_address_is_ignored),
		FRESH("R-41", kick_of_a_ring_that_is_not_set_up),
		FRESH("V-62 F-18", starts_at_the_first_kick),
		FRESH("V-63 X-25", kick_before_the_messages),
		FRESH("V-63 V-73", kick_before_enable),
		STARTED("V-72", enable_is_0_or_1),
		FRESH("V-73", without_bit_30_rings_are_enabled),
		FRESH("V-77 X-28", enable_of_a_ring_without_addresses),
		STARTED("V-75", disabled_ring_does_nothing),
		STARTED("V-25", acknowledged_means_done),
		STARTED("V-50", size_of_a_running_ring_stays),
		STARTED("V-50 G-91", another_size_after_a_stop),
		FRESH("V-50", size_of_the_other_format),
	};

	return session_run("ring_setup", tests, sizeof(tests) / sizeof(tests[0]));
}
