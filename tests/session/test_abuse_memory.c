/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Front-ends that take memory away under the device, or change it while it is read: the worst that happens is the end of
 * their own session, and the same process serves the next one.
 */
#include "abuse.h"
#include "chain.h"
#include "policy.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RINGS	  0 /* the region that the rings lie in */
#define BUFFERS	  1
#define SIGBUS_IN "SIGBUS in "

#define LOG_SIZE ((MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE) / 4096 / 8)

/* A daemon, a front-end that has both rings running, and what there was before it. */
static struct abuse begin(struct session *s, uint64_t more_features)
{
	struct abuse before = abuse_before(s);

	vmm_start_with(&s->vmm, session_socket(s), VMM_FEATURES | more_features);
	assert_serving(s);
	return before;
}

static void take_away(struct session *s, unsigned region)
{
	assert_return_code(ftruncate(s->vmm.memory.regions[region].fd, 0), 0);
}

static void give_back(struct session *s, unsigned region)
{
	const struct memory_region *r = &s->vmm.memory.regions[region];

	assert_return_code(ftruncate(r->fd, (off_t)(r->wire.size + r->wire.mmap_offset)), 0);
}

/* The session ends, with one line that names what was lost. */
static void assert_session_lost(struct session *s, const char *what)
{
	assert_true(connection_ends(&s->vmm.connection, ABUSE_LIMIT_MS));
	assert_int_equal(daemon_logged(&s->daemon, SIGBUS_IN), 1);
	assert_int_equal(daemon_logged(&s->daemon, what), 1);
}

static void lose_rings(struct session *s, uint64_t features, unsigned queue)
{
	struct abuse before = begin(s, features);

	take_away(s, RINGS);
	ring_kick(&s->vmm.rings[queue]);
	assert_session_lost(s, SIGBUS_IN "guest memory at 0x40000000");
	abuse_then_served(s, &before);
}

static void rings_lose_their_file(void **state)
{
	lose_rings(*state, 0, VMM_REQUESTQ);
}

static void packed_rings_lose_their_file(void **state)
{
	lose_rings(*state, FEATURE(VIRTIO_F_RING_PACKED), VMM_EVENTQ);
}

/*
 * A request in memory that stays, and behind it one whose memory is gone: that one is not answered, and from then on
 * nothing is the driver's any more. A packed ring returns the first at once, a split one at the end of the turn.
 */
static void lose_request(struct session *s, uint64_t features)
{
	struct abuse before = begin(s, features);
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t addr = memory_alloc(&s->vmm.memory, RINGS, 64, 8);
	const struct gpio_wire_request request = { .type = GPIO_GET_DIRECTION };
	const struct ring_part parts[] = { { addr, 8, false }, { addr + 8, 2, true } };
	unsigned n_used = ring_is_packed(ring) ? 1 : 0;
	struct ring_used used;

	memory_write(&s->vmm.memory, addr, &request, sizeof(request));
	ring_add(ring, parts, 2, RING_DIRECT);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	take_away(s, BUFFERS);
	ring_kick(ring);
	assert_session_lost(s, SIGBUS_IN "guest memory at 0x41000000");
	for (unsigned i = 0; i < n_used; i++)
		assert_true(ring_reap(ring, &used));
	assert_false(ring_has_used(ring));
	abuse_then_served(s, &before);
}

static void request_loses_its_file(void **state)
{
	lose_request(*state, 0);
}

static void packed_request_loses_its_file(void **state)
{
	lose_request(*state, FEATURE(VIRTIO_F_RING_PACKED));
}

/*
 * Half of a request is there, the other half is zeroes of our own making: a line that was set would go down. It holds
 * its level over the end of the session.
 */
static void half_a_request_is_not_executed(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s, 0);
	const struct memory_region *region = &s->vmm.memory.regions[BUFFERS];
	struct gpio_wire_request request = { .type = GPIO_SET_VALUE, .gpio = 2, .value = 1 };
	uint64_t page, addr;

	assert_int_equal(gpio_set_value(&s->vmm, 2, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 2), 1);
	page = memory_alloc(&s->vmm.memory, BUFFERS, 2 * 4096, 4096) + 4096;
	/* The mapping begins at a page of the file. */
	assert_int_equal((page - region->wire.guest_addr + region->wire.mmap_offset) % 4096, 0);
	addr = page - 4;
	memory_write(&s->vmm.memory, addr, &request, sizeof(request));
	const struct ring_part parts[] = { { addr, 8, false }, { page - 64, 2, true } };

	ring_add(&s->vmm.rings[0], parts, 2, RING_DIRECT);
	ring_publish(&s->vmm.rings[0]);
	assert_return_code(ftruncate(region->fd, (off_t)(page - region->wire.guest_addr + region->wire.mmap_offset)),
			   0);
	ring_kick(&s->vmm.rings[0]);
	assert_session_lost(s, SIGBUS_IN);
	assert_int_equal(line_level(s, 2), 1);
	abuse_then_served(s, &before);
}

/* An edge, and not a kick, is what finds out. */
static void held_buffer_loses_its_file(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s, 0);

	gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
	gpio_arm(&s->vmm, 1, GPIO_IRQ_BOTH);
	take_away(s, BUFFERS);
	line_pulse(s, 0);
	assert_session_lost(s, SIGBUS_IN);
	assert_false(ring_has_used(&s->vmm.rings[VMM_EVENTQ]));
	abuse_then_served(s, &before);
}

/* A message is what finds out: the ring is looked at when it starts. */
static void ring_starts_without_its_file(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);

	session_prepare(s, VMM_FEATURES);
	vmm_ring_setup(&s->vmm, 0, 0);
	ring_kick(&s->vmm.rings[0]);
	take_away(s, RINGS);
	connection_send(&s->vmm.connection, VU_SET_VRING_ENABLE, 0, &(struct vu_state){ 0, 1 }, sizeof(struct vu_state),
			NULL, 0);
	assert_session_lost(s, SIGBUS_IN);
	abuse_then_served(s, &before);
}

/* Again and again, as long as the session is: the log says it a few times, the process stays. */
static void files_that_come_and_go(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);

	for (unsigned i = 0; i < 50; i++) {
		session_reconnect_with(s, VMM_FEATURES | (i % 2 ? FEATURE(VIRTIO_F_RING_PACKED) : 0));
		assert_serving(s);
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		take_away(s, i % 3 == 0 ? BUFFERS : RINGS);
		ring_kick(&s->vmm.rings[0]);
		if (i % 4 != 0)
			assert_true(connection_ends(&s->vmm.connection, ABUSE_LIMIT_MS));
		give_back(s, i % 3 == 0 ? BUFFERS : RINGS);
		vmm_disconnect(&s->vmm);
	}
	abuse_then_served(s, &before);
	assert_true(daemon_logged(&s->daemon, SIGBUS_IN) <= 10);
}

static void inflight_region_loses_its_file(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	struct vu_inflight wire = { .mmap_size = 65536, .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
	int fd = memfd_create("inflight", MFD_CLOEXEC);

	assert_return_code(ftruncate(fd, 65536), 0);
	session_prepare(s, VMM_FEATURES);
	assert_ok(message_set_inflight(&s->vmm.connection, &wire, fd));
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, 0);
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
	assert_serving(s);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	assert_return_code(ftruncate(fd, 0), 0);
	ring_kick(&s->vmm.rings[0]);
	assert_session_lost(s, SIGBUS_IN "the in-flight region");
	assert_false(ring_has_used(&s->vmm.rings[0]));
	close(fd);
	abuse_then_served(s, &before);
}

/* What is found lost when a session ends is that session's: a front-end that comes in the same turn has nothing to do with it. */
static void next_front_end_comes_in_the_same_turn(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	struct vu_inflight wire = { .mmap_size = 65536, .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
	int fd = memfd_create("inflight", MFD_CLOEXEC);

	assert_return_code(ftruncate(fd, 65536), 0);
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	vmm_send_memory(&s->vmm);
	assert_ok(message_set_inflight(&s->vmm.connection, &wire, fd));
	vmm_restart(&s->vmm);
	assert_serving(s);
	session_settle(s);
	kill(before.worker, SIGSTOP);
	assert_return_code(ftruncate(fd, 0), 0);
	vmm_disconnect(&s->vmm);
	vmm_connect(&s->vmm, session_socket(s));
	kill(before.worker, SIGCONT);
	assert_true(message_sync(&s->vmm.connection));
	assert_true(message_sync(&s->vmm.connection));
	close(fd);
	abuse_then_served(s, &before);
}

static void dirty_log_loses_its_file(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s, 0);
	struct vu_log log = { .size = LOG_SIZE };
	int fd = memfd_create("log", MFD_CLOEXEC);

	assert_return_code(ftruncate(fd, LOG_SIZE), 0);
	assert_ok(message_set_log_base(&s->vmm.connection, &log, fd));
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features | FEATURE(VHOST_F_LOG_ALL)));
	assert_serving(s);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	assert_return_code(ftruncate(fd, 0), 0);
	ring_kick(&s->vmm.rings[0]);
	assert_session_lost(s, SIGBUS_IN "the dirty log");
	close(fd);
	abuse_then_served(s, &before);
}

/* A file of huge pages of which there are none: the mapping can be made, the first access cannot. */
static void huge_pages_that_are_not_there(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	const uint64_t size = 64ull << 21;
	struct vu_region region = { .guest_addr = 0, .size = size, .user_addr = 0x10000000000 };
	struct vu_inflight wire = { .mmap_size = 65536, .num_queues = 1, .queue_size = VMM_RING_SIZE };
	int fd = memfd_create("guest-huge", MFD_CLOEXEC | MFD_HUGETLB);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		skip_because("no huge pages on this kernel");
	/* In-flight regions come and go: none of their mappings stays. */
	for (unsigned i = 0; i < 5; i++) {
		vmm_connect(&s->vmm, session_socket(s));
		vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
		assert_ok(message_set_mem_table(&s->vmm.connection, &region, 1, &fd, 1));
		for (unsigned j = 0; j < 3; j++)
			message_set_inflight(&s->vmm.connection, &wire, fd);
		vmm_ring_enable(&s->vmm, 0, true);
		assert_ok(message_send_state(&s->vmm.connection, VU_SET_VRING_NUM, 0, VMM_RING_SIZE));
		assert_ok(message_set_vring_addr(&s->vmm.connection,
						 &(struct vu_addr){ .index = 0,
								    .desc = region.user_addr + 0x3000,
								    .used = region.user_addr + 0x700000,
								    .avail = region.user_addr + 0x400000 }));
		connection_send(&s->vmm.connection, VU_SET_VRING_KICK, 0, &(uint64_t){ 0 }, 8, &s->vmm.rings[0].kick_fd,
				1);
		ring_kick(&s->vmm.rings[0]);
		assert_true(connection_ends(&s->vmm.connection, ABUSE_LIMIT_MS));
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
	}
	close(fd);
	abuse_then_served(s, &before);
}

/* The state goes to, or comes from, a file that is not there: that transfer fails, and no more. */
static void state_file_that_shrinks(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s, 0);
	int fd = memfd_create("state", MFD_CLOEXEC);

	vmm_stop(&s->vmm);
	assert_int_equal(message_set_device_state_fd(&s->vmm.connection, 0, 0, fd) & 0xff, 0);
	assert_return_code(ftruncate(fd, 0), 0);
	message_get_u64(&s->vmm.connection, VU_CHECK_DEVICE_STATE);
	assert_return_code(ftruncate(fd, 16), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	message_set_device_state_fd(&s->vmm.connection, 1, 0, fd);
	assert_return_code(ftruncate(fd, 0), 0);
	assert_int_not_equal(message_get_u64(&s->vmm.connection, VU_CHECK_DEVICE_STATE), 0);
	close(fd);
	abuse_then_served(s, &before);
}

/* The worker dies, and its successor finds files that are shorter than the session says: dropped, and served. */
static void successor_finds_no_memory(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s, 0);

	s->workers_may_die = true;
	take_away(s, RINGS);
	daemon_kill_worker(&s->daemon, 0);
	before.worker = daemon_wait_worker(&s->daemon, 0, before.worker);
	assert_true(connection_ends(&s->vmm.connection, ABUSE_LIMIT_MS));
	assert_int_equal(daemon_logged(&s->daemon, "cannot restore the saved session"), 1);
	abuse_then_served(s, &before);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

static int setup_holding(void **state)
{
	policy_start(state, "lines=@A{0:1:2,on-disconnect=hold:3:4:5:6:7}", NULL, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-35", rings_lose_their_file),
		FRESH("V-35", packed_rings_lose_their_file),
		FRESH("V-35 R-17", request_loses_its_file),
		FRESH("V-35 R-17", packed_request_loses_its_file),
		ROW_TEST_FIXTURE("V-35", half_a_request_is_not_executed, setup_holding, session_teardown),
		FRESH("V-35", held_buffer_loses_its_file),
		FRESH("V-35", ring_starts_without_its_file),
		FRESH("V-35", files_that_come_and_go),
		FRESH("V-35", inflight_region_loses_its_file),
		FRESH("V-35", next_front_end_comes_in_the_same_turn),
		FRESH("V-35", dirty_log_loses_its_file),
		FRESH("V-35", huge_pages_that_are_not_there),
		FRESH("V-96", state_file_that_shrinks),
		FRESH("V-35 S-08", successor_finds_no_memory),
	};

	return session_run("abuse_memory", tests, sizeof(tests) / sizeof(tests[0]));
}
