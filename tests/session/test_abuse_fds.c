/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * File descriptors that are not what they should be: no hang, no spin, none is left, and the same process serves the
 * next front-end.
 */
#include "abuse.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Every kind of fd that there is, in every place that takes one. */
enum { KIND_FIFO_END, KIND_OTHER_FIFO_END, KIND_DGRAM, KIND_LISTENING, KIND_UNCONNECTED, KIND_CONNECTION, KINDS_MADE };

static const char *const paths[] = {
	"/",	     "/dev/null",      "/dev/zero",	  "/dev/full",	      "/dev/urandom",
	"/dev/ptmx", "/proc/self/mem", "/proc/self/maps", "/proc/self/mounts"
};

static int made_fd(const struct session *s, unsigned kind)
{
	int ends[2] = { -1, -1 }, fd;

	switch (kind) {
	case KIND_FIFO_END:
	case KIND_OTHER_FIFO_END:
		assert_return_code(pipe2(ends, O_CLOEXEC), 0);
		close(ends[kind == KIND_FIFO_END]);
		return ends[kind != KIND_FIFO_END];
	case KIND_DGRAM:
		assert_return_code(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
		close(ends[1]);
		return ends[0];
	case KIND_LISTENING:
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		listen(fd, 1);
		return fd;
	case KIND_UNCONNECTED:
		return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	default:
		return dup(s->vmm.connection.fd);
	}
}

static int system_fd(unsigned kind)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	switch (kind) {
	case 0:
		return epoll_create1(EPOLL_CLOEXEC);
	case 1:
		return inotify_init1(IN_CLOEXEC);
	case 2:
		return signalfd(-1, &set, SFD_CLOEXEC);
	case 3:
		return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	case 4:
		return eventfd(5, EFD_CLOEXEC | EFD_SEMAPHORE);
	case 5:
		return (int)syscall(SYS_pidfd_open, getpid(), 0);
	case 6:
		return memfd_create("empty", MFD_CLOEXEC);
	default:
		return open("/tmp", O_PATH | O_CLOEXEC);
	}
}

#define SYSTEM_FDS 8
#define FD_KINDS   (KINDS_MADE + SYSTEM_FDS + sizeof(paths) / sizeof(paths[0]))

static int any_fd(const struct session *s, unsigned kind)
{
	if (kind < KINDS_MADE)
		return made_fd(s, kind);
	if (kind < KINDS_MADE + SYSTEM_FDS)
		return system_fd(kind - KINDS_MADE);
	kind -= KINDS_MADE + SYSTEM_FDS;
	return open(paths[kind], (kind < 1 ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static void send_everywhere(struct session *s, int fd)
{
	static const uint32_t rings[] = { VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR };
	const struct vu_region region = { .guest_addr = 1ull << 40, .size = 4096, .user_addr = 1ull << 40 };
	const struct vu_inflight inflight = { .mmap_size = 4096, .num_queues = 1, .queue_size = 16 };
	const struct vu_log log = { .size = 4096 };
	struct connection *c = &s->vmm.connection;
	uint64_t index = 1;

	for (unsigned i = 0; i < 3; i++)
		connection_send(c, rings[i], 0, &index, sizeof(index), &fd, 1);
	connection_send(c, VU_SET_LOG_FD, 0, NULL, 0, &fd, 1);
	connection_send(c, VU_SET_BACKEND_REQ_FD, 0, NULL, 0, &fd, 1);
	connection_send(c, VU_ADD_MEM_REG, 0, &region, sizeof(region), &fd, 1);
	connection_send(c, VU_SET_INFLIGHT_FD, 0, &inflight, sizeof(inflight), &fd, 1);
	connection_send(c, VU_SET_LOG_BASE, 0, &log, sizeof(log), &fd, 1);
	connection_send(c, VU_SET_DEVICE_STATE_FD, 0, &(uint32_t[2]){ 1, 0 }, 8, &fd, 1);
	connection_send(c, VU_CHECK_DEVICE_STATE, 0, NULL, 0, NULL, 0);
}

/* One message, and all of them, for a refusal may end the connection. */
static void send_one(struct session *s, int fd, unsigned message)
{
	static const uint32_t ids[] = { VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR };
	struct connection *c = &s->vmm.connection;

	if (message < 3) {
		connection_send(c, ids[message], 0, &(uint64_t){ 0 }, sizeof(uint64_t), &fd, 1);
	} else if (message == 3) {
		connection_send(c, VU_SET_DEVICE_STATE_FD, 0, &(uint32_t[2]){ 1, 0 }, 8, &fd, 1);
		connection_send(c, VU_CHECK_DEVICE_STATE, 0, NULL, 0, NULL, 0);
	} else {
		send_everywhere(s, fd);
	}
}

static void wrong_fd(struct session *s, unsigned kind, unsigned message)
{
	int fd;

	session_prepare(s, VMM_FEATURES);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_setup(&s->vmm, i, 0);
	if (message != 3)
		for (unsigned i = 0; i < VMM_RINGS; i++)
			vmm_ring_enable(&s->vmm, i, true);
	fd = any_fd(s, kind);
	if (fd >= 0) {
		send_one(s, fd, message);
		close(fd);
	}
	/* Else the next one might come before the worker has looked. */
	if (kind == KIND_CONNECTION)
		assert_true(wait_readable(s->vmm.connection.fd, ABUSE_LIMIT_MS));
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_kick(&s->vmm.rings[i]);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(&s->vmm.rings[0]);
	vmm_disconnect(&s->vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_reset(&s->vmm.rings[i]);
}

/* Whoever keeps the front-end's end of its connection would never see it end. */
static void other_end_of_the_connection(void **state)
{
	static const uint32_t ids[] = { VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR, VU_SET_LOG_FD,
					VU_SET_BACKEND_REQ_FD };
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	struct connection *c = &s->vmm.connection;
	const uint64_t index = 0;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		session_prepare(s, VMM_FEATURES);
		connection_send(c, ids[i], 0, &index, i < 3 ? sizeof(index) : 0, &c->fd, 1);
		assert_true(connection_ends(c, ABUSE_LIMIT_MS));
		vmm_disconnect(&s->vmm);
	}
	/* And with a message that never ends. */
	session_prepare(s, VMM_FEATURES);
	connection_send_bytes(c, "\12\0", 2, &c->fd, 1);
	assert_true(connection_ends(c, ABUSE_LIMIT_MS));
	abuse_then_served(s, &before);
}

static void fds_of_every_wrong_kind(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);

	for (unsigned kind = 0; kind < FD_KINDS; kind++)
		for (unsigned message = 0; message < 5; message++)
			wrong_fd(s, kind, message);
	abuse_then_served(s, &before);
}

/* As call fd, too, a file is none: who writes there may wait for whoever is behind its file system. */
static void files_are_no_notifications(void **state)
{
	static const uint32_t ids[] = { VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR };
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	int fds[2] = { memfd_create("file", MFD_CLOEXEC), open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	vmm_start(&s->vmm, session_socket(s));
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned j = 0; j < 3; j++)
			assert_refused(message_send_vring_fd(&s->vmm.connection, ids[j], VMM_REQUESTQ, fds[i]));
		assert_refused(message_send(&s->vmm.connection, VU_SET_LOG_FD, NULL, 0, &fds[i], 1));
		close(fds[i]);
	}
	assert_serving(s);
	abuse_then_served(s, &before);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-12", other_end_of_the_connection),
		FRESH("V-67 V-68", fds_of_every_wrong_kind),
		FRESH("V-67 V-68", files_are_no_notifications),
	};

	return session_run("abuse_fds", tests, sizeof(tests) / sizeof(tests[0]));
}
