/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the session's check, and of taking up sessions that make no sense. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/loop.h"
#include "vhost/message/message.h"
#include "vhost/state/session.h"

#define QUEUES 2

static struct session *session;
static struct loop loop;
static unsigned resets, drops;

static int setup(void **state)
{
	session = calloc(1, vhost_session_size(QUEUES));
	resets = drops = 0;
	log_set_level(LOG_LEVEL_ERROR);
	return session ? loop_init(&loop) : -1;
}

static int teardown(void **state)
{
	loop_deinit(&loop);
	free(session);
	return 0;
}

static void a_cleared_session_is_valid(void **state)
{
	assert_false(session_check(session, QUEUES));
	session_clear(session, QUEUES);
	assert_true(session_check(session, QUEUES));
	assert_false(session_check(session, QUEUES + 1));
}

/* As the supervisor makes it. What stood there is gone, in-flight regions too, and a new session takes one page. */
static void a_new_session_gives_memory_back(void **state)
{
	size_t size = vhost_session_size(QUEUES), page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("session", MFD_CLOEXEC);
	struct session *shared;
	struct stat st;

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(shared != MAP_FAILED);
	memset(shared, 0xff, size);
	shared->progress = 5;
	session_make(shared, QUEUES);
	assert_int_equal(shared->progress, 5);
	assert_int_equal(fstat(fd, &st), 0);
	assert_in_range(st.st_blocks * 512, 1, 2 * page); /* the second: its end, if that is no whole page */
	assert_true(session_check(shared, QUEUES));
	assert_int_equal(shared->reconnect.state, SESSION_RECONNECT_NONE);
	assert_int_equal(*(const uint8_t *)session_inflight(shared, QUEUES - 1), 0);
	assert_int_equal(((const uint8_t *)shared)[size - 1], 0);
	munmap(shared, size);
	close(fd);
}

/* What a front-end that comes back needs stays, in any kind of memory. */
static void clearing_leaves_what_is_saved(void **state)
{
	size_t size = vhost_session_size(QUEUES);
	struct session *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (unsigned i = 0; i < 2; i++) {
		struct session *of = i ? shared : session;

		memset(of, 0xff, sizeof(*of));
		memset(session_inflight(of, 0), 0xff, 1);
		session_clear(of, QUEUES);
		assert_int_equal(of->reconnect.state, 0xff);
		assert_int_equal(*(const uint8_t *)session_inflight(of, 0), 0xff);
		assert_int_equal(of->tx.len, 0);
		assert_int_equal(of->inflight.mmap_size, 0);
		assert_int_equal(of->regions[SESSION_SLOTS_MAX - 1].size, 0);
	}
	munmap(shared, size);
}

static void fields_out_of_range_are_found(void **state)
{
#define BAD(field, value)                                                                                              \
	do {                                                                                                           \
		session_clear(session, QUEUES);                                                                        \
		session->field = value;                                                                                \
		assert_false(session_check(session, QUEUES));                                                          \
	} while (0)
	BAD(magic, 1);
	BAD(rx.have, sizeof(session->rx.header) + sizeof(session->rx.payload) + 1);
	BAD(rings[1].layout.size, 3);
	BAD(rings[0].layout.size, 2 * VRING_SIZE_MAX);
	BAD(rings[0].ran.size, 65537);
	BAD(rings[0].has_run, 1); /* with a size of 0 */
	BAD(rings[1].kick, SESSION_KICK_INBAND + 1);
	BAD(rings[1].enabled, 2);
	BAD(rings[1].packed, 2);
}

/* What a front-end left is dropped for itself; the session of the one that is there stays. */
static void saved_reconnects_out_of_range_are_found(void **state)
{
	session_clear(session, QUEUES);
	session->reconnect.rings[1].ran.size = 3;
	assert_true(session_reconnect_check(session, QUEUES)); /* there is none */
	session->reconnect.state = SESSION_RECONNECT_AWAITED;
	assert_true(session_check(session, QUEUES));
	assert_false(session_reconnect_check(session, QUEUES));
	session->reconnect.features = VIRTIO_F_RING_PACKED;
	assert_false(session_reconnect_check(session, QUEUES));
	session->reconnect.rings[1].packed = 1;
	assert_true(session_reconnect_check(session, QUEUES));
	session->reconnect.rings[0].has_run = 1; /* with a size of 0 */
	assert_false(session_reconnect_check(session, QUEUES));
	session->reconnect.rings[0].has_run = 0;
	session->reconnect.state = SESSION_RECONNECT_AWAITED + 1;
	assert_false(session_reconnect_check(session, QUEUES));
}

static void sizes_go_with_the_format(void **state)
{
	session_clear(session, QUEUES);
	session->features = VIRTIO_F_RING_PACKED;
	session->rings[0].layout.size = 5;
	assert_true(session_check(session, QUEUES));
	session->rings[0].ran.size = 7; /* it ran as a split ring */
	assert_false(session_check(session, QUEUES));
	session->rings[0].packed = 1;
	assert_true(session_check(session, QUEUES));
	session->features = 0;
	assert_false(session_check(session, QUEUES));
}

static void config_read(void *ctx, void *config)
{
}

static void reset(void *ctx)
{
	resets++;
}

static void queue_ready(void *ctx, unsigned index, struct vhost_queue *queue)
{
}

static int put(void *ctx, uint32_t key, int fd)
{
	return 0;
}

static void drop(void *ctx, uint32_t key)
{
	drops++;
}

static int take_nothing(void *ctx, uint32_t key)
{
	return -1;
}

static int take_a_socket(void *ctx, uint32_t key)
{
	int fds[2];

	if (key != VHOST_FD_CONNECTION << 16 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return -1;
	close(fds[1]);
	return fds[0];
}

static const struct vhost_ops ops = {
	.n_queues = QUEUES,
	.config_read = config_read,
	.reset = reset,
	.queue_ready = queue_ready,
};

static void attach(int (*take)(void *ctx, uint32_t key))
{
	const struct vhost_fd_store fd_store = { NULL, put, drop, take };
	struct vhost_device *device;

	assert_int_equal(vhost_device_create(&device, &loop, &ops, NULL, session, &fd_store, "test"), 0);
	assert_false(vhost_device_is_connected(device));
	assert_true(session_check(session, QUEUES));
	vhost_device_free(device);
}

static void a_session_without_its_fds_is_dropped(void **state)
{
	session_clear(session, QUEUES);
	session->connected = 1;
	attach(take_nothing);
	assert_int_equal(resets, 1);
	assert_true(drops > 0);

	session_clear(session, QUEUES);
	session->connected = 1;
	session->regions[3].size = 4096;
	attach(take_a_socket);

	session_clear(session, QUEUES);
	session->connected = 1;
	session->rings[1].kick = SESSION_KICK_FD;
	attach(take_a_socket);
}

static int peer;

static int take_a_connected_socket(void *ctx, uint32_t key)
{
	int fds[2];

	if (key != VHOST_FD_CONNECTION << 16 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return -1;
	peer = fds[1];
	return fds[0];
}

static void session_with_message(uint32_t request, uint32_t size, uint32_t have)
{
	session_clear(session, QUEUES);
	session->connected = 1;
	session->rx.header = (struct vhost_user_header){ request, VHOST_USER_VERSION, size };
	session->rx.have = have;
}

/* It had a file that could not be kept: that is not the message's doing, which an fd that is missing may be else. */
static void a_bound_session_is_dropped(void **state)
{
	for (unsigned bound = 0; bound < 2; bound++) {
		const struct vhost_fd_store fd_store = { NULL, put, drop, take_a_connected_socket };
		struct vhost_device *device;

		session_with_message(VHOST_USER_GET_FEATURES, 0, 12);
		session->regions[3].size = 4096;
		session->bound = bound;
		assert_int_equal(vhost_device_create(&device, &loop, &ops, NULL, session, &fd_store, "test"), 0);
		assert_int_equal(vhost_device_is_connected(device), !bound);
		vhost_device_free(device);
		close(peer);
	}
}

static int copy;

static int take_and_copy(void *ctx, uint32_t key)
{
	int fd = take_a_connected_socket(ctx, key);

	if (fd >= 0)
		copy = dup(fd);
	return fd;
}

/* Whoever kept the connection finds nothing in it, and nothing can be sent any more. */
static void nothing_is_left_in_the_connection(void **state)
{
	const struct vhost_fd_store fd_store = { NULL, put, drop, take_and_copy };
	struct vhost_device *device;
	char byte;

	session_clear(session, QUEUES);
	session->connected = 1;
	assert_int_equal(vhost_device_create(&device, &loop, &ops, NULL, session, &fd_store, "test"), 0);
	assert_int_equal(send(peer, "x", 1, 0), 1);
	vhost_device_disconnect(device);
	assert_int_equal(recv(copy, &byte, 1, MSG_DONTWAIT), 0);
	assert_int_equal(send(peer, "x", 1, MSG_NOSIGNAL), -1);
	vhost_device_free(device);
	close(copy);
	close(peer);
}

/* Nor in what a message brought and nobody took. */
static void nothing_is_left_in_what_nobody_took(void **state)
{
	const struct vhost_fd_store fd_store = { NULL, put, drop, take_nothing };
	struct session_rx rx = { .n_fds = 1 };
	struct message_fds fds = { .n = 1 };
	int ends[2];
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(send(ends[1], "x", 1, 0), 1);
	fds.fd[0] = dup(ends[0]);
	message_done(&rx, &fds, &fd_store);
	assert_int_equal(fds.n, 0);
	assert_int_equal(recv(ends[0], &byte, 1, MSG_DONTWAIT), 0);
	close(ends[0]);
	close(ends[1]);
}

/* The worker died with a message in its hands: it is done, and answered, by the successor. */
static void a_whole_message_is_answered(void **state)
{
	const struct vhost_fd_store fd_store = { NULL, put, drop, take_a_connected_socket };
	struct vhost_device *device;
	struct {
		struct vhost_user_header header;
		uint64_t value;
	} reply;

	session_with_message(VHOST_USER_GET_FEATURES, 0, 12);
	assert_int_equal(vhost_device_create(&device, &loop, &ops, NULL, session, &fd_store, "test"), 0);
	assert_true(vhost_device_is_connected(device));
	assert_int_equal(recv(peer, &reply, sizeof(reply), MSG_DONTWAIT), 20);
	assert_int_equal(reply.header.request, VHOST_USER_GET_FEATURES);
	assert_int_equal(recv(peer, &reply, sizeof(reply), MSG_DONTWAIT), -1);
	assert_int_equal(session->rx.have, 0);
	vhost_device_free(device);
	close(peer);
}

static void a_message_that_can_not_be_is_dropped(void **state)
{
	static const struct {
		uint32_t request, size, have;
	} bad[] = {
		{ VHOST_USER_GET_FEATURES, UINT32_MAX, 12 },
		{ VHOST_USER_SET_FEATURES, 8, 21 },
		{ VHOST_USER_SET_FEATURES, 9, 12 },
		{ 4711, 0, 12 },
		/* its fds are lost */
		{ VHOST_USER_SET_BACKEND_REQ_FD, 0, 12 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		session_with_message(bad[i].request, bad[i].size, bad[i].have);
		attach(take_a_socket);
	}
}

static void garbage_is_dropped(void **state)
{
	srand(1);
	for (int round = 0; round < 200; round++) {
		uint8_t *bytes = (uint8_t *)session;

		for (size_t i = 0; i < sizeof(*session); i++)
			bytes[i] = rand();
		/* half of the time so that it is not dropped for its first bytes */
		if (round % 2) {
			session->magic = SESSION_MAGIC;
			session->n_queues = QUEUES;
			session->rx.have = 0;
			memset(session->rings, round / 2 % 2, sizeof(session->rings));
		}
		attach(take_a_socket);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_session_gives_memory_back, setup, teardown),
		cmocka_unit_test_setup_teardown(clearing_leaves_what_is_saved, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cleared_session_is_valid, setup, teardown),
		ROW_TEST_FIXTURE("S-08", fields_out_of_range_are_found, setup, teardown),
		ROW_TEST_FIXTURE("S-08", saved_reconnects_out_of_range_are_found, setup, teardown),
		ROW_TEST_FIXTURE("S-08", sizes_go_with_the_format, setup, teardown),
		ROW_TEST_FIXTURE("S-08", a_session_without_its_fds_is_dropped, setup, teardown),
		ROW_TEST_FIXTURE("S-10", a_bound_session_is_dropped, setup, teardown),
		ROW_TEST_FIXTURE("S-10", nothing_is_left_in_the_connection, setup, teardown),
		ROW_TEST_FIXTURE("S-10", nothing_is_left_in_what_nobody_took, setup, teardown),
		ROW_TEST_FIXTURE("S-10", a_whole_message_is_answered, setup, teardown),
		ROW_TEST_FIXTURE("S-08", a_message_that_can_not_be_is_dropped, setup, teardown),
		ROW_TEST_FIXTURE("S-08", garbage_is_dropped, setup, teardown),
	};

	return cmocka_run_group_tests_name("vhost/state/session", tests, NULL, NULL);
}
