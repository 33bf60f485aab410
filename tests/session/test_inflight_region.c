/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Which in-flight regions the device gives and takes, and when: their size, their shape, what stands in them.
 * vhost-user.rst, "Inflight I/O tracking". The rings are split ones.
 */
#include "inflight.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static void region_is_large_enough_and_zero(void **state)
{
	static const uint32_t payload[] = { 20, 24 };
	struct session *s = *state;

	shared_prepare(s);
	for (unsigned i = 0; i < 2; i++) {
		struct vu_inflight wire = { .num_queues = 2, .queue_size = 128 };
		int fd = message_get_inflight(&s->vmm.connection, &wire, payload[i]);
		off_t end = lseek(fd, 0, SEEK_END);
		char byte = 1;

		assert_true(fd >= 0);
		assert_int_equal(wire.num_queues, 2);
		assert_int_equal(wire.queue_size, 128);
		assert_int_equal(wire.mmap_size, 2 * shared_stride(128));
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

	shared_prepare(s);
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
		shared_prepare(s);
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

	shared_prepare(s);
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
	shared_start_rings(s);
	assert_serving(s);
	assert_closed(message_send(c, VU_SET_INFLIGHT_FD, &good, sizeof(good), NULL, 0));
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
		shared_prepare(s);
		shared_get(s, &shared);
		r = shared_queue(&shared, 0);
		r->version = i == 0 ? 2 : 1;
		r->desc_num = i == 1 ? VMM_RING_SIZE / 2 : i == 2 ? 65535 : VMM_RING_SIZE;
		r->desc[3].inflight = 1;
		assert_ok(message_set_inflight(&s->vmm.connection, &shared.wire, shared.fd));
		shared_start_rings(s);
		assert_serving(s);
		assert_int_equal(shared_queue(&shared, 0)->version, 1);
		assert_int_equal(shared_queue(&shared, 0)->desc_num, VMM_RING_SIZE);
		assert_int_equal(shared_inflight(&shared, 0), 0);
		shared_free(&shared);
	}
}

static void hostile_region(struct session *s, unsigned kind, const struct shared *shared)
{
	for (unsigned queue = 0; queue < VMM_RINGS; queue++) {
		struct vu_inflight_split *r = shared_queue(shared, queue);

		if (kind >= 5) {
			for (uint64_t i = 0; i < shared_stride(VMM_RING_SIZE); i++)
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
	shared_start(s, &shared);
	for (unsigned i = 0; i < 60; i++) {
		assert_serving(s);
		gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
		vmm_disconnect(&s->vmm);
		hostile_region(s, i % 7, &shared);
		shared_reconnect(s, &shared);
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
		shared_reconnect(s, &shared);
	}
	shared_free(&shared);
}

/* In the middle of things: what is held is in the new region, too, and the next. */
static void region_comes_while_rings_run(void **state)
{
	struct session *s = *state;
	struct shared first, second;
	uint16_t heads[3];

	shared_prepare(s);
	shared_start_rings(s);
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	shared_get(s, &first);
	assert_ok(message_set_inflight(&s->vmm.connection, &first.wire, first.fd));
	assert_int_equal(shared_inflight(&first, 1), 3);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	shared_get(s, &second);
	assert_ok(message_set_inflight(&s->vmm.connection, &second.wire, second.fd));
	assert_int_equal(shared_inflight(&second, 1), 2);
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

	shared_make(&small, 64, 0, 2 * shared_stride(64));
	shared_make(&offset, VMM_RING_SIZE, 4096 + 64, 4 * shared_stride(VMM_RING_SIZE));
	offset.wire.num_queues = 4;
	shared_prepare(s);
	assert_ok(message_set_inflight(&s->vmm.connection, &small.wire, small.fd));
	shared_start_rings(s);
	assert_serving(s);
	assert_int_equal(shared_queue(&small, 0)->version, 0);
	assert_ok(message_set_inflight(&s->vmm.connection, &offset.wire, offset.fd));
	gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);
	assert_int_equal(shared_inflight(&offset, 1), 1);
	for (uint64_t i = 0; i < 4096 + 64; i++)
		assert_int_equal(offset.map[i], 0);
	shared_free(&small);
	shared_free(&offset);
}

static void disconnect_gives_the_region_back(void **state)
{
	struct session *s = *state;
	unsigned fds, kept, maps;

	shared_prepare(s);
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
		shared_start(s, &shared);
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
		FRESH("V-86 S-08", region_of_another_kind_is_made_anew),
		FRESH("V-86 S-08", hostile_regions),
		FRESH("V-86", region_comes_while_rings_run),
		FRESH("V-86", regions_of_other_shapes),
		FRESH("V-12", disconnect_gives_the_region_back),
	};

	return session_run("inflight_region", tests, sizeof(tests) / sizeof(tests[0]));
}
