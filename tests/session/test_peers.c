/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What real peers send, message by message: QEMU 7.2, QEMU 10 and User-Mode Linux in front, Linux' gpio-virtio behind.
 * The orders are those that were measured (QEMU) and read (virtio_uml.c of Linux 6.1).
 */
#include "session.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"

#define NAMES_SIZE 56

static enum outcome send_state(struct session *s, uint32_t id, uint32_t index, uint32_t num)
{
	return message_send_state(&s->vmm.connection, id, index, num);
}

static enum outcome send_fd(struct session *s, uint32_t id, uint32_t index, int fd)
{
	return message_send_vring_fd(&s->vmm.connection, id, index, fd);
}

/* A message that QEMU marks with need_reply. */
static void send_acked(struct session *s, uint32_t id, const void *payload, uint32_t size, const int *fds, size_t n_fds)
{
	struct connection *c = &s->vmm.connection;

	assert_true(connection_send(c, id, VU_NEED_REPLY, payload, size, fds, n_fds));
	assert_ok(connection_receive_ack(c, id));
}

/* gpio-virtio's probe and gpiolib's: names, then the direction of each line, one at a time. */
static void linux_probes(struct session *s)
{
	uint8_t names[NAMES_SIZE + 1];

	s->vmm.layout = RING_INDIRECT;
	assert_int_equal(gpio_get_names(&s->vmm, 0, NAMES_SIZE, names), NAMES_SIZE + 1);
	assert_int_equal(names[0], GPIO_OK);
	for (uint16_t i = 0; i < 8; i++)
		assert_int_equal(gpio_get_direction(&s->vmm, i), GPIO_NONE);
}

/* gpiod_direction_output() of an input, gpiod_free(). */
static void linux_uses_an_output(struct session *s)
{
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 1), 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_NONE), GPIO_OK);
}

/* request_irq() with IRQF_NO_AUTOEN, enable, three interrupts, free_irq(). */
static void linux_uses_an_interrupt(struct session *s)
{
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < 3; i++) {
		line_pulse(s, 0);
		assert_event(s, head, GPIO_EVENT_VALID);
		head = gpio_unmask(&s->vmm, 0);
	}
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_INVALID);
}

/* vhost_user_backend_init() and vhost_dev_init() of 7.2 and later. */
static void qemu_connects(struct session *s)
{
	struct connection *c = &s->vmm.connection;
	int channel[2];

	vmm_connect(&s->vmm, session_socket(s));
	c->mode = CONNECTION_ASYNC;
	assert_int_equal(message_get_u64(c, VU_GET_FEATURES), VMM_OFFERED);
	assert_int_equal(message_get_u64(c, VU_GET_PROTOCOL_FEATURES), VMM_PROTOCOL_OFFERED);
	/* All that is offered, also what it never uses: in-band notifications, in-flight regions, the device's state. */
	message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_OFFERED);
	assert_int_equal(message_get_u64(c, VU_GET_QUEUE_NUM), 2);
	assert_in_range(message_get_u64(c, VU_GET_MAX_MEM_SLOTS), 8, 1024);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	send_acked(s, VU_SET_BACKEND_REQ_FD, NULL, 0, &channel[1], 1);
	close(channel[0]);
	close(channel[1]);
	message_send(c, VU_SET_OWNER, NULL, 0, NULL, 0);
	assert_int_equal(message_get_u64(c, VU_GET_FEATURES), VMM_OFFERED);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		int masked = eventfd(0, EFD_CLOEXEC);

		send_fd(s, VU_SET_VRING_CALL, i, masked);
		send_fd(s, VU_SET_VRING_ERR, i, s->vmm.rings[i].err_fd);
		close(masked);
	}
}

static void qemu_sets_features(struct session *s, uint64_t features)
{
	struct connection *c = &s->vmm.connection;

	message_send_u64(c, VU_SET_FEATURES, features);
	if (message_get_u64(c, VU_GET_STATUS) != 8)
		message_send_u64(c, VU_SET_STATUS, 8);
	s->vmm.features = features;
	for (unsigned i = 0; i < VMM_RINGS; i++)
		s->vmm.rings[i].event_idx = features & FEATURE(VIRTIO_F_EVENT_IDX);
}

static void qemu_adds_memory(struct session *s)
{
	struct vu_region regions[VU_REGIONS_MAX];
	int fds[VU_REGIONS_MAX];

	memory_table(&s->vmm.memory, regions, fds);
	for (unsigned i = 0; i < s->vmm.memory.n_regions; i++) {
		struct vu_mem_reg reg = { .region = regions[i] };

		send_acked(s, VU_ADD_MEM_REG, &reg, sizeof(reg), &fds[i], 1);
	}
}

/* NUM, BASE, ADDR, KICK; the kick eventfd comes signalled. */
static void qemu_starts_ring(struct session *s, unsigned index, uint32_t base)
{
	struct vu_addr addr = vmm_ring_addr(&s->vmm, index);

	send_state(s, VU_SET_VRING_NUM, index, s->vmm.rings[index].size);
	send_state(s, VU_SET_VRING_BASE, index, base);
	message_set_vring_addr(&s->vmm.connection, &addr);
	ring_kick(&s->vmm.rings[index]);
	send_fd(s, VU_SET_VRING_KICK, index, s->vmm.rings[index].kick_fd);
}

static void qemu_calls(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++)
		send_fd(s, VU_SET_VRING_CALL, i, s->vmm.rings[i].call_fd);
}

static void qemu_72_starts(struct session *s, uint64_t features, uint32_t base)
{
	qemu_calls(s);
	qemu_sets_features(s, features);
	if (base == 0)
		qemu_adds_memory(s);
	/* Ring 1 has no driver: QEMU 7.2 never offers F_IRQ. */
	qemu_starts_ring(s, 0, base);
	qemu_calls(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		send_state(s, VU_SET_VRING_ENABLE, i, 1);
}

static void qemu_72(void **state)
{
	static const uint8_t want[8] = { 8, 0, 0, 0, NAMES_SIZE, 0, 0, 0 };
	const uint64_t features = VMM_FEATURES & ~FEATURE(VIRTIO_GPIO_F_IRQ);
	struct session *s = *state;
	uint8_t config[8];
	uint32_t base;

	qemu_connects(s);
	assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, config), 0);
	assert_memory_equal(config, want, 8);
	qemu_72_starts(s, features, 0);
	linux_probes(s);
	linux_uses_an_output(s);
	/* A pause: only the ring that was started is stopped, nothing is disabled. */
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_OK);
	base = vmm_ring_stop(&s->vmm, 0);
	qemu_calls(s);
	assert_int_equal(base, s->vmm.rings[0].used_idx);
	qemu_72_starts(s, features, base);
	assert_int_equal(gpio_get_direction(&s->vmm, 2), GPIO_IN);
	/* A reset: the same messages, base 0; the memory is not sent again. */
	vmm_ring_stop(&s->vmm, 0);
	qemu_calls(s);
	ring_reset(&s->vmm.rings[0]);
	qemu_calls(s);
	qemu_sets_features(s, features);
	qemu_starts_ring(s, 0, 0);
	qemu_calls(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		send_state(s, VU_SET_VRING_ENABLE, i, 1);
	linux_probes(s);
	linux_uses_an_output(s);
}

/* Its chardev reconnects; the ring goes on at the used index, whatever the old back-end had taken. */
static void qemu_72_reconnects(void **state)
{
	const uint64_t features = VMM_FEATURES & ~FEATURE(VIRTIO_GPIO_F_IRQ);
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	qemu_connects(s);
	qemu_72_starts(s, features, 0);
	linux_probes(s);
	for (unsigned i = 0; i < 3; i++) {
		for (uint16_t j = 0; j < 5; j++)
			gpio_send(&s->vmm, GPIO_SET_DIRECTION, j, GPIO_IN);
		vmm_disconnect(&s->vmm);
		qemu_connects(s);
		qemu_calls(s);
		qemu_sets_features(s, features);
		qemu_adds_memory(s);
		qemu_starts_ring(s, 0, ring_used_idx(ring));
		for (unsigned j = 0; j < VMM_RINGS; j++)
			send_state(s, VU_SET_VRING_ENABLE, j, 1);
		for (unsigned j = 0; j < 5; j++)
			assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
		linux_uses_an_output(s);
	}
}

static void qemu_10_starts(struct session *s, const uint32_t base[VMM_RINGS], bool memory)
{
	qemu_sets_features(s, VMM_FEATURES);
	if (memory)
		qemu_adds_memory(s);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		qemu_starts_ring(s, i, base[i]);
		send_fd(s, VU_SET_VRING_CALL, i, s->vmm.rings[i].call_fd);
	}
	for (unsigned i = 0; i < VMM_RINGS; i++)
		send_acked(s, VU_SET_VRING_ENABLE, &(struct vu_state){ i, 1 }, sizeof(struct vu_state), NULL, 0);
	qemu_calls(s);
}

static void qemu_10_stops(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++)
		send_acked(s, VU_SET_VRING_ENABLE, &(struct vu_state){ i, 0 }, sizeof(struct vu_state), NULL, 0);
	vmm_stop(&s->vmm);
}

static void qemu_10(void **state)
{
	static const uint32_t zero[VMM_RINGS] = { 0 };
	static const uint8_t other[8] = { 1 };
	struct session *s = *state;
	struct message config = { .payload = { 0, 0, 0, 0, 8 } };
	uint8_t data[8];
	uint16_t head;

	qemu_connects(s);
	assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, data), 0);
	qemu_10_starts(s, zero, true);
	linux_probes(s);
	linux_uses_an_output(s);
	linux_uses_an_interrupt(s);
	assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, data), 0);
	/* A guest that writes its config space. */
	memcpy(config.payload + 12, other, 8);
	assert_true(connection_send(&s->vmm.connection, VU_SET_CONFIG, VU_NEED_REPLY, config.payload, 20, NULL, 0));
	assert_refused(connection_receive_ack(&s->vmm.connection, VU_SET_CONFIG));
	/* A pause. */
	head = gpio_arm(&s->vmm, 3, GPIO_IRQ_FALLING);
	qemu_10_stops(s);
	qemu_10_starts(s, s->vmm.base, false);
	line_pulse(s, 3);
	assert_event(s, head, GPIO_EVENT_VALID);
	/* A reset. */
	gpio_arm(&s->vmm, 4, GPIO_IRQ_RISING);
	qemu_10_stops(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_reset(&s->vmm.rings[i]);
	qemu_10_starts(s, zero, false);
	linux_probes(s);
	linux_uses_an_interrupt(s);
}

static int setup_qemu_mmio(void **state)
{
	return session_setup_with(state, "s8", 1024);
}

/* User-Mode Linux */

#define UML_PROTOCOL                                                                                                   \
	(FEATURE(VU_PROTOCOL_MQ) | FEATURE(VU_PROTOCOL_REPLY_ACK) | FEATURE(VU_PROTOCOL_BACKEND_REQ) |                 \
	 FEATURE(VU_PROTOCOL_CONFIG))

struct uml {
	struct session *session;
	int call[VMM_RINGS]; /* our ends of the call sockets */
};

/* One region whose three addresses are the same two: physical memory at 0, mapped where it is. */
static void uml_memory(struct session *s)
{
	vmm_deinit(&s->vmm);
	s->vmm = (struct vmm){ .connection.fd = -1 };
	memory_add(&s->vmm.memory, 0x100000, 0x60100000, 0x1000000, 0x100000);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_init(&s->vmm.rings[i], &s->vmm.memory, VMM_RING_SIZE);
}

static void uml_connects(struct session *s)
{
	struct connection *c = &s->vmm.connection;
	const uint64_t protocol = UML_PROTOCOL;
	int channel[2];

	vmm_connect(&s->vmm, session_socket(s));
	c->mode = CONNECTION_SYNC;
	assert_true(connection_send(c, VU_SET_OWNER, 0, NULL, 0, NULL, 0));
	assert_int_equal(message_get_u64(c, VU_GET_FEATURES), VMM_OFFERED);
	assert_int_equal(message_get_u64(c, VU_GET_PROTOCOL_FEATURES) & UML_PROTOCOL, UML_PROTOCOL);
	assert_true(connection_send(c, VU_SET_PROTOCOL_FEATURES, VU_NEED_REPLY, &protocol, 8, NULL, 0));
	assert_ok(connection_receive_ack(c, VU_SET_PROTOCOL_FEATURES));
	c->mode = CONNECTION_ACK;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	assert_ok(message_send(c, VU_SET_BACKEND_REQ_FD, NULL, 0, &channel[1], 1));
	close(channel[0]);
	close(channel[1]);
	assert_int_equal(message_get_u64(c, VU_GET_QUEUE_NUM), 2);
}

/* virtio_uml reads from offset 0 always, as far as it needs to. */
static void uml_reads_config(struct session *s)
{
	static const uint8_t want[8] = { 8, 0, 0, 0, NAMES_SIZE, 0, 0, 0 };
	uint8_t config[8];

	for (uint32_t size = 1; size <= 8; size++) {
		assert_int_equal(message_get_config(&s->vmm.connection, 0, size, config), 0);
		assert_memory_equal(config, want, size);
	}
}

static void uml_starts(struct session *s, struct uml *uml)
{
	struct connection *c = &s->vmm.connection;
	struct vu_mem_table table = { .n_regions = 1 };
	int fds[VU_REGIONS_MAX];

	assert_ok(message_send_u64(c, VU_SET_FEATURES, VMM_FEATURES));
	s->vmm.features = VMM_FEATURES;
	uml_reads_config(s);
	memory_table(&s->vmm.memory, table.regions, fds);
	/* Linux 6.1 always sends room for two regions. */
	assert_ok(message_send(c, VU_SET_MEM_TABLE, &table, 72, fds, 1));
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		struct vu_addr addr = vmm_ring_addr(&s->vmm, i);
		int ends[2];

		s->vmm.rings[i].event_idx = true;
		addr.log = ~0ull;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		assert_ok(send_fd(s, VU_SET_VRING_CALL, i, ends[1]));
		close(ends[1]);
		uml->call[i] = ends[0];
		assert_ok(send_state(s, VU_SET_VRING_NUM, i, VMM_RING_SIZE));
		assert_ok(send_state(s, VU_SET_VRING_BASE, i, 0));
		assert_ok(message_set_vring_addr(c, &addr));
	}
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		assert_ok(send_fd(s, VU_SET_VRING_KICK, i, s->vmm.rings[i].kick_fd));
		assert_ok(send_state(s, VU_SET_VRING_ENABLE, i, 1));
	}
}

/* vu_del_vqs(): the rings' memory is free from here on. */
static void uml_unbinds(struct session *s, struct uml *uml)
{
	for (unsigned i = VMM_RINGS; i-- > 0;)
		assert_ok(send_state(s, VU_SET_VRING_ENABLE, i, 0));
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		close(uml->call[i]);
}

static void user_mode_linux(void **state)
{
	struct session *s = *state;

	uml_memory(s);
	uml_connects(s);
	for (unsigned i = 0; i < 3; i++) {
		struct uml uml;
		uint64_t calls[2] = { 0 }, sum;

		uml_starts(s, &uml);
		linux_probes(s);
		linux_uses_an_output(s);
		linux_uses_an_interrupt(s);
		assert_int_equal(read(uml.call[1], calls, 16) % 8, 0);
		assert_int_equal(calls[0], 1);
		gpio_arm(&s->vmm, 5, GPIO_IRQ_BOTH);
		uml_unbinds(s, &uml);
		sum = memory_sum(&s->vmm.memory, 0x100000, 0x100000);
		line_pulse(s, 5);
		session_settle(s);
		assert_int_equal(memory_sum(&s->vmm.memory, 0x100000, 0x100000), sum);
		/* Bound again: other rings, where the page allocator puts them. */
		for (unsigned j = 0; j < VMM_RINGS; j++) {
			ring_move(&s->vmm.rings[j]);
			ring_reset(&s->vmm.rings[j]);
		}
	}
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("X-20 X-21 X-23 X-24 X-25 X-28 X-01 V-43 V-79", qemu_72),
		FRESH("X-34 V-14", qemu_72_reconnects),
		FRESH("X-22 X-27 X-31 X-01 X-07 X-11 X-13 X-35 V-43 V-69 PF-12", qemu_10),
		ROW_TEST_FIXTURE("X-26 X-22", qemu_10, setup_qemu_mmio, session_teardown),
		FRESH("X-40 X-41 X-42 X-43 X-44 X-45 X-46 X-48 V-50 V-68 V-78", user_mode_linux),
	};

	return session_run("peers", tests, sizeof(tests) / sizeof(tests[0]));
}
