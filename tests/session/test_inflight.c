/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * In-flight regions in the front-end's hand: vhost-user.rst, "Inflight I/O tracking". The rings are split ones, which
 * these tests read and write themselves.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"

/* A region that the back-end made, as the front-end keeps it. */
struct shared {
	struct vu_inflight wire;
	int fd;
	char *map;
};

static void shared_map(struct shared *shared)
{
	shared->map = mmap(NULL, shared->wire.mmap_offset + shared->wire.mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   shared->fd, 0);
	if (shared->map == MAP_FAILED)
		failure("mmap: %s", strerror(errno));
}

static void shared_get(struct session *s, struct shared *shared)
{
	shared->wire = (struct vu_inflight){ .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
	shared->fd = message_get_inflight(&s->vmm.connection, &shared->wire, sizeof(shared->wire));
	assert_true(shared->fd >= 0);
	shared_map(shared);
}

/* One of our own making. */
static void shared_make(struct shared *shared, uint16_t queue_size, uint64_t offset, uint64_t size)
{
	shared->wire = (struct vu_inflight){
		.num_queues = VMM_RINGS, .queue_size = queue_size, .mmap_size = size, .mmap_offset = offset
	};
	shared->fd = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (shared->fd < 0 || ftruncate(shared->fd, (off_t)(offset + size)) < 0)
		failure("memfd: %s", strerror(errno));
	shared_map(shared);
}

static void shared_free(struct shared *shared)
{
	munmap(shared->map, shared->wire.mmap_offset + shared->wire.mmap_size);
	close(shared->fd);
}

static uint64_t stride(uint16_t queue_size)
{
	return (16 + 16ull * queue_size + 63) / 64 * 64;
}

static struct vu_inflight_split *region(const struct shared *shared, unsigned queue)
{
	char *at = shared->map + shared->wire.mmap_offset + queue * stride(shared->wire.queue_size);

	return (struct vu_inflight_split *)at;
}

static unsigned n_inflight(const struct shared *shared, unsigned queue)
{
	const volatile struct vu_inflight_split *r = region(shared, queue);
	unsigned n = 0;

	for (unsigned i = 0; i < shared->wire.queue_size; i++)
		n += r->desc[i].inflight == 1;
	return n;
}

/* Connected, negotiated, memory: the rings come later. The matrix's ring format would be another region's. */
static void begin(struct session *s)
{
	session_prepare(s, VMM_FEATURES);
	/* What the message brought is closed by then. */
	assert_true(message_sync(&s->vmm.connection));
}

/* base as a front-end says it that does not know better: the used index. */
static void start_rings(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, ring_used_idx(&s->vmm.rings[i]));
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
}

static void start_shared(struct session *s, struct shared *shared)
{
	begin(s);
	shared_get(s, shared);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared->wire, shared->fd));
	start_rings(s);
}

/* The same front-end again, with memory and rings as they are, without a word of good-bye. */
static void reconnect(struct session *s, const struct shared *shared)
{
	vmm_disconnect(&s->vmm);
	begin(s);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared->wire, shared->fd));
	start_rings(s);
}

static void region_is_large_enough_and_zero(void **state)
{
	static const uint32_t payload[] = { 20, 24 };
	struct session *s = *state;

	begin(s);
	for (unsigned i = 0; i < 2; i++) {
		struct vu_inflight wire = { .num_queues = 2, .queue_size = 128 };
		int fd = message_get_inflight(&s->vmm.connection, &wire, payload[i]);
		off_t end = lseek(fd, 0, SEEK_END);
		char byte = 1;

		assert_true(fd >= 0);
		assert_int_equal(wire.num_queues, 2);
		assert_int_equal(wire.queue_size, 128);
		assert_int_equal(wire.mmap_size, 2 * stride(128));
		assert_true((uint64_t)end >= wire.mmap_offset + wire.mmap_size);
		for (off_t at = 0; at < end; at++) {
			assert_int_equal(pread(fd, &byte, 1, at), 1);
			assert_int_equal(byte, 0);
		}
		assert_int_equal(fcntl(fd, F_GET_SEALS) & (F_SEAL_SHRINK | F_SEAL_GROW), F_SEAL_SHRINK | F_SEAL_GROW);
		close(fd);
	}
}

static void no_region_for_what_can_not_be(void **state)
{
	static const uint16_t bad[][2] = { { 0, 128 }, { 9, 128 }, { 65535, 128 }, { 2, 0 }, { 2, 100 }, { 2, 65535 } };
	struct session *s = *state;
	unsigned fds;

	begin(s);
	fds = proc_fds(session_worker(s));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct vu_inflight wire = { .num_queues = bad[i][0], .queue_size = bad[i][1], .mmap_size = 7 };

		assert_int_equal(message_get_inflight(&s->vmm.connection, &wire, sizeof(wire)), -1);
		assert_int_equal(wire.mmap_size, 0);
	}
	assert_fds(session_worker(s), fds);
}

static void description_of_another_size_closes(void **state)
{
	static const uint32_t sizes[] = { 0, 19, 25 };
	const struct vu_inflight wire[2] = { { .num_queues = 2, .queue_size = 128 } };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		begin(s);
		assert_true(connection_send(&s->vmm.connection, VU_GET_INFLIGHT_FD, 0, wire, sizes[i], NULL, 0));
		assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
		vmm_disconnect(&s->vmm);
	}
}

static void bad_region_is_refused(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	const struct vu_inflight good = { .num_queues = 2, .queue_size = 256, .mmap_size = 8192 };
	struct vu_inflight bad[9];
	int fd = memfd_create("region", MFD_CLOEXEC), ends[2];
	unsigned fds;

	begin(s);
	fds = proc_fds(session_worker(s));
	assert_int_equal(ftruncate(fd, 12288), 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		bad[i] = good;
	bad[0].num_queues = 0;
	bad[1].queue_size = 0;
	bad[2].queue_size = 32769;
	bad[3].mmap_size = 0;
	bad[4].mmap_size = 12289;
	bad[5].mmap_offset = 4097;
	bad[6].mmap_offset = 4104;
	bad[7].mmap_offset = UINT64_MAX - 7;
	bad[8].mmap_size = UINT64_MAX;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(message_set_inflight(c, &bad[i], fd));
	close(fd);
	/* Nothing to map, or not to write. */
	assert_int_equal(pipe(ends), 0);
	assert_refused(message_set_inflight(c, &good, ends[0]));
	close(ends[0]);
	close(ends[1]);
	fd = eventfd(0, EFD_CLOEXEC);
	assert_refused(message_set_inflight(c, &good, fd));
	close(fd);
	fd = open(s->daemon.control, O_PATH | O_CLOEXEC);
	assert_refused(message_set_inflight(c, &good, fd));
	close(fd);
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	assert_refused(message_set_inflight(c, &good, fd));
	close(fd);
	/* Without an fd it is no such message. */
	assert_fds(session_worker(s), fds);
	start_rings(s);
	assert_serving(s);
	assert_closed(message_send(c, VU_SET_INFLIGHT_FD, &good, sizeof(good), NULL, 0));
}

static void region_tells_what_is_in_flight(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[3];

	start_shared(s, &shared);
	assert_serving(s);
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		assert_int_equal(region(&shared, i)->version, 1);
		assert_int_equal(region(&shared, i)->desc_num, VMM_RING_SIZE);
	}
	assert_int_equal(n_inflight(&shared, 0), 0);
	assert_int_equal(region(&shared, 0)->used_idx, ring_used_idx(&s->vmm.rings[0]));
	assert_int_equal(n_inflight(&shared, 1), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(region(&shared, 1)->desc[heads[i]].inflight, 1);
	assert_true(region(&shared, 1)->desc[heads[0]].counter < region(&shared, 1)->desc[heads[1]].counter);
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	ring_wait_calls(&s->vmm.rings[1], 1);
	assert_int_equal(n_inflight(&shared, 1), 2);
	assert_int_equal(region(&shared, 1)->used_idx, 1);
	assert_int_equal(region(&shared, 1)->last_batch_head, heads[1]);
	shared_free(&shared);
}

static void assert_held(struct session *s, const uint16_t *heads, unsigned first, unsigned end)
{
	assert_true(ring_silent(&s->vmm.rings[VMM_EVENTQ], SILENT_MS));
	for (unsigned i = first; i < end; i++) {
		assert_int_equal(gpio_set_irq_type(&s->vmm, (uint16_t)i, GPIO_IRQ_RISING), GPIO_OK);
		line_pulse(s, i);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_no_event(s);
}

/* Lines begin anew with a front-end, the buffers that it gave are held still. */
static void buffers_are_held_over_a_reconnect(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[4];

	start_shared(s, &shared);
	for (uint16_t i = 0; i < 4; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	reconnect(s, &shared);
	assert_serving(s);
	assert_int_equal(n_inflight(&shared, 1), 3);
	assert_held(s, heads, 1, 4);
	/* And the ring goes on. */
	heads[0] = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	assert_int_equal(vmm_ring_stop(&s->vmm, VMM_EVENTQ), 5);
	shared_free(&shared);
}

static void packed_begin(struct session *s, const struct vu_inflight *wire, int fd)
{
	session_prepare(s, VMM_FEATURES | FEATURE(VIRTIO_F_RING_PACKED));
	if (fd >= 0)
		assert_ok(message_set_inflight(&s->vmm.connection, wire, fd));
}

static void packed_start(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, ring_base(&s->vmm.rings[i]));
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
}

/* The same with packed rings; and their region is not believed when the rings are new ones. */
static void packed_rings_over_a_reconnect(void **state)
{
	struct vu_inflight wire = { .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
	struct session *s = *state;
	uint16_t heads[4];
	int fd;

	packed_begin(s, NULL, -1);
	fd = message_get_inflight(&s->vmm.connection, &wire, sizeof(wire));
	assert_true(fd >= 0);
	assert_ok(message_set_inflight(&s->vmm.connection, &wire, fd));
	packed_start(s);
	for (uint16_t i = 0; i < 4; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	vmm_disconnect(&s->vmm);
	packed_begin(s, &wire, fd);
	packed_start(s);
	assert_serving(s);
	assert_held(s, heads, 1, 4);
	heads[0] = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);

	gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	vmm_disconnect(&s->vmm);
	packed_begin(s, &wire, fd);
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 1);
	assert_no_event(s);
	assert_int_equal(daemon_logged(&s->daemon, "the in-flight region is not of this ring"), 2);
	close(fd);
}

static void another_daemon_takes_them_up(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[2];

	simulated_only("two daemons");
	start_shared(s, &shared);
	for (uint16_t i = 0; i < 2; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	outside_close(&s->outside);
	vmm_disconnect(&s->vmm);
	assert_int_equal(daemon_stop(&s->daemon), 0);
	daemon_start(&s->daemon, "s8");
	outside_open(&s->outside, s->daemon.control);
	begin(s);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared.wire, shared.fd));
	start_rings(s);
	assert_serving(s);
	assert_held(s, heads, 0, 2);
	shared_free(&shared);
}

/* As a back-end leaves it that died with a request in its hands, and with one returned that it did not yet tick off. */
static void region_of_a_back_end_that_died(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	struct vu_inflight_split *r;
	struct shared shared;
	struct split_used_elem elem;
	uint16_t done, taken[2];

	begin(s);
	shared_get(s, &shared);
	done = gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	taken[0] = gpio_send(&s->vmm, GPIO_SET_DIRECTION, 1, GPIO_IN);
	taken[1] = gpio_send(&s->vmm, GPIO_SET_DIRECTION, 1, GPIO_NONE);
	r = region(&shared, 0);
	r->version = 1;
	r->desc_num = VMM_RING_SIZE;
	r->desc[done] = (struct vu_inflight_desc){ .inflight = 1, .counter = 4 };
	r->last_batch_head = done;
	/* In the order of their counters, not of their heads. */
	r->desc[taken[0]] = (struct vu_inflight_desc){ .inflight = 1, .counter = 6 };
	r->desc[taken[1]] = (struct vu_inflight_desc){ .inflight = 1, .counter = 5 };
	elem = (struct split_used_elem){ .id = done, .len = 2 };
	memory_write(&s->vmm.memory, ring->used + 4, &elem, sizeof(elem));
	ring_set_used_idx(ring, 1);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared.wire, shared.fd));
	start_rings(s);
	assert_int_equal(ring_wait(ring).id, done);
	assert_int_equal(ring_wait(ring).id, taken[1]);
	assert_int_equal(ring_wait(ring).id, taken[0]);
	assert_true(ring_silent(ring, SILENT_MS));
	assert_int_equal(n_inflight(&shared, 0), 0);
	/* The last one was SET_DIRECTION(IN); the request that was done is not done again. */
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_IN);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	shared_free(&shared);
}

/* The guest was reset, its front-end gives back a region of before: no head of it may be returned. */
static void region_of_another_run_is_not_believed(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t head;

	start_shared(s, &shared);
	for (uint16_t i = 0; i < 3; i++)
		gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_int_equal(n_inflight(&shared, 1), 3);
	assert_serving(s);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_reset(&s->vmm.rings[i]);
	reconnect(s, &shared);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(gpio_set_irq_type(&s->vmm, i, GPIO_IRQ_RISING), GPIO_OK);
	for (unsigned i = 0; i < 3; i++)
		line_pulse(s, i);
	assert_no_event(s);
	assert_int_equal(n_inflight(&shared, 1), 0);
	head = gpio_unmask(&s->vmm, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	shared_free(&shared);
}

/* The guest is reset, its front-end stays, and with it the region: what was in flight is not. */
static void reset_forgets_the_region(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	struct shared shared;
	uint16_t heads[3], old[3];

	start_shared(s, &shared);
	for (uint16_t i = 0; i < 3; i++)
		old[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_int_equal(n_inflight(&shared, 1), 3);
	vmm_stop(&s->vmm);
	ring_reset(&s->vmm.rings[VMM_REQUESTQ]);
	ring_reset(eventq);
	/* As many as were in flight, and others. */
	s->vmm.layout = RING_INDIRECT;
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_event_send(&s->vmm, i);
	assert_int_not_equal(heads[2], old[2]);
	start_rings(s);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(gpio_set_irq_type(&s->vmm, i, GPIO_IRQ_RISING), GPIO_OK);
		line_pulse(s, i);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_true(ring_silent(eventq, SILENT_MS));
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "in-flight region is not of this ring"), 0);
	shared_free(&shared);
}

/* Another version, another size: not a region that we know, and so a fresh one. */
static void region_of_another_kind_is_made_anew(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 3; i++) {
		struct shared shared;
		struct vu_inflight_split *r;

		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		ring_reset(&s->vmm.rings[0]);
		ring_reset(&s->vmm.rings[1]);
		begin(s);
		shared_get(s, &shared);
		r = region(&shared, 0);
		r->version = i == 0 ? 2 : 1;
		r->desc_num = i == 1 ? VMM_RING_SIZE / 2 : i == 2 ? 65535 : VMM_RING_SIZE;
		r->desc[3].inflight = 1;
		assert_ok(message_set_inflight(&s->vmm.connection, &shared.wire, shared.fd));
		start_rings(s);
		assert_serving(s);
		assert_int_equal(region(&shared, 0)->version, 1);
		assert_int_equal(region(&shared, 0)->desc_num, VMM_RING_SIZE);
		assert_int_equal(n_inflight(&shared, 0), 0);
		shared_free(&shared);
	}
}

static void hostile_region(struct session *s, unsigned kind, const struct shared *shared)
{
	for (unsigned queue = 0; queue < VMM_RINGS; queue++) {
		struct vu_inflight_split *r = region(shared, queue);

		if (kind >= 5) {
			for (uint64_t i = 0; i < stride(VMM_RING_SIZE); i++)
				((uint8_t *)r)[i] = (uint8_t)rand();
		}
		r->version = 1;
		r->desc_num = VMM_RING_SIZE;
		if (kind != 6)
			r->used_idx = ring_used_idx(&s->vmm.rings[queue]);
		for (unsigned i = 0; i < VMM_RING_SIZE && kind < 5; i++)
			r->desc[i] = (struct vu_inflight_desc){ .inflight = kind != 4,
								.next = kind == 0 ? 0xffff : 5, /* 1: a loop */
								.counter = kind == 2 ? UINT64_MAX : 7 };
		if (kind <= 1)
			r->used_idx -= 200;
		if (kind == 0)
			r->last_batch_head = 0xffff;
	}
}

/* Whatever stands there: the worker lives, answers messages, and serves the next one well. */
static void hostile_regions(void **state)
{
	struct session *s = *state;
	struct shared shared;

	srand(1);
	start_shared(s, &shared);
	for (unsigned i = 0; i < 60; i++) {
		assert_serving(s);
		gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
		vmm_disconnect(&s->vmm);
		hostile_region(s, i % 7, &shared);
		reconnect(s, &shared);
		for (unsigned j = 0; j < 5; j++) {
			gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
			ring_kick(&s->vmm.rings[0]);
			hostile_region(s, (i + j) % 7, &shared);
		}
		assert_true(message_sync(&s->vmm.connection));
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		ring_reset(&s->vmm.rings[0]);
		ring_reset(&s->vmm.rings[1]);
		memset(shared.map, 0, shared.wire.mmap_size);
		reconnect(s, &shared);
	}
	shared_free(&shared);
}

/* In the middle of things: what is held is in the new region, too, and the next. */
static void region_comes_while_rings_run(void **state)
{
	struct session *s = *state;
	struct shared first, second;
	uint16_t heads[3];

	begin(s);
	start_rings(s);
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	shared_get(s, &first);
	assert_ok(message_set_inflight(&s->vmm.connection, &first.wire, first.fd));
	assert_int_equal(n_inflight(&first, 1), 3);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	shared_get(s, &second);
	assert_ok(message_set_inflight(&s->vmm.connection, &second.wire, second.fd));
	assert_int_equal(n_inflight(&second, 1), 2);
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	vmm_stop(&s->vmm);
	vmm_resume(&s->vmm);
	line_pulse(s, 2);
	assert_event(s, heads[2], GPIO_EVENT_VALID);
	assert_no_event(s);
	assert_serving(s);
	shared_free(&first);
	shared_free(&second);
}

/* A region for smaller rings is of no use, one in the midst of a file and for more queues is. */
static void regions_of_other_shapes(void **state)
{
	struct session *s = *state;
	struct shared small, offset;

	shared_make(&small, 64, 0, 2 * stride(64));
	shared_make(&offset, VMM_RING_SIZE, 4096 + 64, 4 * stride(VMM_RING_SIZE));
	offset.wire.num_queues = 4;
	begin(s);
	assert_ok(message_set_inflight(&s->vmm.connection, &small.wire, small.fd));
	start_rings(s);
	assert_serving(s);
	assert_int_equal(region(&small, 0)->version, 0);
	assert_ok(message_set_inflight(&s->vmm.connection, &offset.wire, offset.fd));
	gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);
	assert_int_equal(n_inflight(&offset, 1), 1);
	for (uint64_t i = 0; i < 4096 + 64; i++)
		assert_int_equal(offset.map[i], 0);
	shared_free(&small);
	shared_free(&offset);
}

static void successor_keeps_the_region(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[3];

	s->workers_may_die = true;
	start_shared(s, &shared);
	for (uint16_t i = 0; i < 3; i++) {
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
		session_take_over(s);
		assert_serving(s);
		assert_int_equal(n_inflight(&shared, 1), i + 1u);
	}
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	assert_int_equal(n_inflight(&shared, 1), 2);
	/* And a reconnect after it. */
	reconnect(s, &shared);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 2);
	assert_event(s, heads[2], GPIO_EVENT_VALID);
	assert_no_event(s);
	shared_free(&shared);
}

static void killed_at_any_point_each_head_is_used_once(void **state)
{
	struct session *s = *state;
	struct shared shared;

	s->workers_may_die = true;
	start_shared(s, &shared);
	s->vmm.layout = RING_INDIRECT;
	for (unsigned round = 0; round < 4; round++) {
		struct ring *ring = &s->vmm.rings[0];
		bool seen[VMM_RING_SIZE] = { false };
		pid_t worker = daemon_wait_worker(&s->daemon, 0, 0);

		for (unsigned i = 0; i < VMM_RING_SIZE; i++)
			gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)(i % 8), i % 3);
		ring_kick(ring);
		usleep(70 * round);
		assert_int_equal(kill(worker, SIGKILL), 0);
		for (unsigned i = 0; i < VMM_RING_SIZE; i++) {
			struct ring_used used = ring_wait(ring);

			assert_in_range(used.id, 0, VMM_RING_SIZE - 1);
			assert_false(seen[used.id]);
			seen[used.id] = true;
			assert_int_equal(gpio_answer_of(&s->vmm, used).status, GPIO_OK);
		}
		assert_true(ring_silent(ring, 5));
	}
	s->daemon.workers[0] = daemon_worker(&s->daemon, 0);
	shared_free(&shared);
}

static void disconnect_gives_the_region_back(void **state)
{
	struct session *s = *state;
	unsigned fds, kept, maps;

	begin(s);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	kept = proc_fds(s->daemon.pid);
	fds = proc_fds(session_worker(s));
	maps = proc_maps(session_worker(s), "inflight");
	assert_int_equal(maps, 0);
	for (unsigned i = 0; i < 10; i++) {
		struct shared shared;

		ring_reset(&s->vmm.rings[0]);
		ring_reset(&s->vmm.rings[1]);
		start_shared(s, &shared);
		assert_int_equal(proc_maps(session_worker(s), "inflight"), 1);
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		shared_free(&shared);
	}
	assert_fds(session_worker(s), fds);
	assert_fds(s->daemon.pid, kept);
	assert_int_equal(proc_maps(session_worker(s), "inflight"), 0);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-85 PF-12", region_is_large_enough_and_zero),
		FRESH("V-85", no_region_for_what_can_not_be),
		FRESH("V-85 V-09", description_of_another_size_closes),
		FRESH("V-86", bad_region_is_refused),
		FRESH("V-86", region_tells_what_is_in_flight),
		FRESH("V-86 V-87 PF-12 S-02", buffers_are_held_over_a_reconnect),
		FRESH("V-86 V-87 S-02", packed_rings_over_a_reconnect),
		FRESH("V-86 V-87 S-02", another_daemon_takes_them_up),
		FRESH("V-86 V-87", region_of_a_back_end_that_died),
		FRESH("V-86 S-08 X-12", region_of_another_run_is_not_believed),
		FRESH("V-86 S-08", reset_forgets_the_region),
		FRESH("V-86 S-08", region_of_another_kind_is_made_anew),
		FRESH("V-86 S-08", hostile_regions),
		FRESH("V-86", region_comes_while_rings_run),
		FRESH("V-86", regions_of_other_shapes),
		FRESH("V-86 S-02", successor_keeps_the_region),
		FRESH("V-86 S-01", killed_at_any_point_each_head_is_used_once),
		FRESH("V-12", disconnect_gives_the_region_back),
	};

	return session_run("inflight", tests, sizeof(tests) / sizeof(tests[0]));
}
