/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * File descriptors that are not what they should be, or more than there should be: no hang, no spin, none is left, and
 * the same process serves the next front-end.
 */
#include "abuse.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const uint64_t one = 1;

static struct abuse begin(struct session *s)
{
	struct abuse before = abuse_before(s);

	session_prepare(s, VMM_FEATURES);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, 0);
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
	assert_serving(s);
	return before;
}

static enum outcome set_fd(struct session *s, uint32_t id, int fd)
{
	return message_send_vring_fd(&s->vmm.connection, id, VMM_REQUESTQ, fd);
}

/* The worker answers, on the socket and on the ring. */
static void assert_lives(struct session *s)
{
	assert_true(message_sync(&s->vmm.connection));
	assert_int_equal(set_fd(s, VU_SET_VRING_KICK, s->vmm.rings[0].kick_fd), OUTCOME_OK);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

/* As many kicks as fit a pipe: they are taken at leisure, requests are answered meanwhile. */
static void kicks_without_end(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);
	char kicks[4096] = { 1 };
	int ends[2], left = 0, full = 0;

	assert_return_code(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	while (write(ends[1], kicks, sizeof(kicks)) > 0)
		;
	assert_return_code(ioctl(ends[0], FIONREAD, &full), 0);
	assert_ok(set_fd(s, VU_SET_VRING_KICK, ends[0]));
	for (unsigned i = 0; i < 20; i++)
		assert_serving(s);
	sleep_ms(400);
	assert_return_code(ioctl(ends[0], FIONREAD, &left), 0);
	print_message("of %d bytes of kicks %d were taken\n", full, full - left);
	assert_true(left > full / 2);
	assert_serving(s);
	close(ends[0]);
	close(ends[1]);
	assert_lives(s);
	abuse_then_served(s, &before);
}

/* Readable whatever is read from it. */
static void kick_fds_that_are_always_readable(void **state)
{
	const struct itimerspec always = { { 0, 1 }, { 0, 1 } };
	struct session *s = *state;
	struct abuse before = begin(s);
	int fds[2] = { open("/dev/urandom", O_RDONLY | O_CLOEXEC), timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) };

	timerfd_settime(fds[1], 0, &always, NULL);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t sleeps;

		assert_true(fds[i] >= 0);
		/* It may be refused, too: then that is that. */
		if (set_fd(s, VU_SET_VRING_KICK, fds[i]) != OUTCOME_OK)
			continue;
		assert_serving(s);
		sleep_ms(50);
		/* Who spins does not sleep. */
		sleeps = proc_status(before.worker, "voluntary_ctxt_switches");
		sleep_ms(300);
		assert_true(proc_status(before.worker, "voluntary_ctxt_switches") > sleeps + 10);
		assert_serving(s);
		close(fds[i]);
	}
	assert_lives(s);
	abuse_then_served(s, &before);
}

/* An fd to be written to, full, and from now on one that waits: O_NONBLOCK is the front-end's to take away. */
static void make_blocking(int fd)
{
	assert_return_code(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

static int full_eventfd(void)
{
	const uint64_t full = 0xfffffffffffffffeull;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	return fd;
}

/* other is to be kept open: without a reader nobody waits. */
static int full_pipe(int *other)
{
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(ends[1], &one, sizeof(one)) > 0)
		;
	*other = ends[0];
	return ends[1];
}

static int full_socket(int *other)
{
	int ends[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	while (send(ends[1], &one, 1, 0) > 0)
		;
	*other = ends[0];
	return ends[1];
}

static void call_fds_that_block(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);

	for (unsigned i = 0; i < 3; i++) {
		int other = -1, fd = i == 0 ? full_eventfd() : i == 1 ? full_pipe(&other) : full_socket(&other);

		assert_ok(set_fd(s, VU_SET_VRING_CALL, fd));
		for (unsigned j = 0; j < 5; j++) {
			make_blocking(fd);
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
			ring_kick(&s->vmm.rings[0]);
			assert_true(message_sync(&s->vmm.connection));
			ring_wait(&s->vmm.rings[0]);
		}
		close(fd);
		if (other >= 0)
			close(other);
	}
	assert_lives(s);
	abuse_then_served(s, &before);
}

/* The abuser is gone before the worker finds out: nobody will ever read the call. */
static void call_fd_that_blocks_after_the_end(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);
	int fd = full_eventfd();

	assert_ok(set_fd(s, VU_SET_VRING_CALL, fd));
	make_blocking(fd);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(&s->vmm.rings[0]);
	ring_wait(&s->vmm.rings[0]); /* the call is what follows */
	close(fd);
	abuse_then_served(s, &before);
}

static void error_fd_that_blocks(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);
	int fd = full_eventfd();

	assert_ok(set_fd(s, VU_SET_VRING_ERR, fd));
	make_blocking(fd);
	ring_skew_avail(&s->vmm.rings[0], 1000);
	ring_kick(&s->vmm.rings[0]);
	assert_true(message_sync(&s->vmm.connection));
	close(fd);
	abuse_then_served(s, &before);
}

/* The kick is gone between the look whether there is one and the read. */
struct thief {
	int fd;
	atomic_bool over;
};

static void *steal_kicks(void *ctx)
{
	struct thief *thief = ctx;
	const int flags = fcntl(thief->fd, F_GETFL) & ~O_NONBLOCK;
	uint64_t n;

	while (!atomic_load(&thief->over)) {
		fcntl(thief->fd, F_SETFL, flags);
		if (write(thief->fd, &one, sizeof(one)) != sizeof(one))
			break;
		fcntl(thief->fd, F_SETFL, flags | O_NONBLOCK);
		if (read(thief->fd, &n, sizeof(n)) < 0)
			continue;
	}
	fcntl(thief->fd, F_SETFL, flags);
	return NULL;
}

static void kicks_that_are_stolen(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);

	for (unsigned i = 0; i < 20; i++) {
		struct thief thief = { .fd = eventfd(0, EFD_CLOEXEC) };
		pthread_t thread;

		assert_ok(set_fd(s, VU_SET_VRING_KICK, thief.fd));
		assert_int_equal(pthread_create(&thread, NULL, steal_kicks, &thief), 0);
		sleep_ms(10);
		atomic_store(&thief.over, true);
		pthread_join(thread, NULL);
		assert_true(message_sync(&s->vmm.connection));
		close(thief.fd);
	}
	assert_lives(s);
	abuse_then_served(s, &before);
}

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
	struct abuse before = begin(s);
	int fds[2] = { memfd_create("file", MFD_CLOEXEC), open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	for (unsigned i = 0; i < 2; i++) {
		for (unsigned j = 0; j < 3; j++)
			assert_refused(set_fd(s, ids[j], fds[i]));
		assert_refused(message_send(&s->vmm.connection, VU_SET_LOG_FD, NULL, 0, &fds[i], 1));
		close(fds[i]);
	}
	assert_serving(s);
	abuse_then_served(s, &before);
}

/* More fds than any message may bring, up to what Linux carries, with messages that want none, one, or many. */
static void floods_of_fds(void **state)
{
	static const unsigned counts[] = { 2, 8, 9, 28, 63, 64, 65, 100, 128, 252, 253 };
	static const uint32_t ids[] = { VU_GET_FEATURES,  VU_SET_OWNER,		 VU_SET_VRING_KICK,
					VU_SET_MEM_TABLE, VU_SET_BACKEND_REQ_FD, 9999 };
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	struct vu_mem_table table = { .n_regions = 8 };
	int fds[253];

	for (unsigned i = 0; i < 253; i++)
		fds[i] = s->vmm.rings[0].kick_fd;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (unsigned j = 0; j < sizeof(ids) / sizeof(ids[0]); j++) {
			uint32_t size = ids[j] == VU_SET_MEM_TABLE    ? sizeof(table)
					: ids[j] == VU_SET_VRING_KICK ? 8
								      : 0;

			session_prepare(s, VMM_FEATURES);
			connection_send(&s->vmm.connection, ids[j], 0, &table, size, fds, counts[i]);
			vmm_disconnect(&s->vmm);
		}
	}
	abuse_then_served(s, &before);
}

/* With every byte of a message one more. */
static void fds_with_every_byte(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	const struct vu_header header = { .id = VU_SET_VRING_NUM, .flags = 1, .size = 8 };

	for (unsigned from = 0; from < sizeof(header); from++) {
		session_prepare(s, VMM_FEATURES);
		for (unsigned i = 0; i < sizeof(header); i++) {
			const char *byte = (const char *)&header + i;
			int fd = s->vmm.rings[0].kick_fd;

			if (!connection_send_bytes(&s->vmm.connection, byte, 1, &fd, i >= from))
				break;
		}
		vmm_disconnect(&s->vmm);
	}
	abuse_then_served(s, &before);
}

/* Sockets in sockets in sockets: how deep they may be on their way is for Linux to say. */
static int nested_socket(unsigned depth, int *other)
{
	struct connection carrier;
	int inner = eventfd(0, EFD_CLOEXEC), ends[2];

	*other = -1;
	for (unsigned i = 0; i < depth; i++) {
		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		connection_adopt(&carrier, ends[1]);
		connection_send_bytes(&carrier, "x", 1, &inner, 1);
		close(inner);
		/* The last one's other end stays open, or what is under way in it is thrown away. */
		if (*other >= 0)
			close(*other);
		*other = ends[1];
		inner = ends[0];
	}
	return inner;
}

static void sockets_in_sockets(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);

	for (unsigned depth = 0; depth < 8; depth++) {
		int other, fd = nested_socket(depth, &other);

		session_prepare(s, VMM_FEATURES);
		connection_send(&s->vmm.connection, VU_SET_VRING_CALL, 0, &one, sizeof(one), &fd, 1);
		connection_send(&s->vmm.connection, VU_SET_BACKEND_REQ_FD, 0, NULL, 0, &fd, 1);
		connection_send(&s->vmm.connection, VU_GET_FEATURES, 0, NULL, 0, NULL, 0);
		assert_true(wait_readable(s->vmm.connection.fd, ABUSE_LIMIT_MS)); /* an answer, or the end */
		vmm_disconnect(&s->vmm);
		/* Before the connection is taken: it goes to the supervisor with what is in it. */
		kill(before.worker, SIGSTOP);
		connection_open(&s->vmm.connection, session_socket(s));
		connection_send(&s->vmm.connection, VU_SET_BACKEND_REQ_FD, 0, NULL, 0, &fd, 1);
		/* And the connection in itself. */
		connection_send(&s->vmm.connection, VU_SET_BACKEND_REQ_FD, 0, NULL, 0, &s->vmm.connection.fd, 1);
		kill(before.worker, SIGCONT);
		close(fd);
		if (other >= 0)
			close(other);
		assert_true(connection_ends(&s->vmm.connection, ABUSE_LIMIT_MS));
		vmm_disconnect(&s->vmm);
	}
	abuse_then_served(s, &before);
}

/* The limit with which a process can have that many fds more. */
static rlim_t limit_for(pid_t pid, unsigned spare)
{
	unsigned fd = 0, n_free = 0;
	char path[64];

	for (;; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%u", (int)pid, fd);
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (n_free++ == spare)
			return fd;
	}
}

/* The worker has no fd left: for what is sent, for the connection itself. It does not spin, and serves when it can. */
static void no_fds_left(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	struct rlimit limit, few;

	assert_return_code(prlimit(before.worker, RLIMIT_NOFILE, NULL, &limit), 0);
	for (unsigned spare = 0; spare < 6; spare++) {
		few = (struct rlimit){ limit_for(before.worker, spare), limit.rlim_max };
		assert_return_code(prlimit(before.worker, RLIMIT_NOFILE, &few, NULL), 0);
		connection_open(&s->vmm.connection, session_socket(s));
		connection_send(&s->vmm.connection, VU_SET_VRING_KICK, 0, &(uint64_t){ 0 }, 8, &s->vmm.rings[0].kick_fd,
				1);
		connection_send(&s->vmm.connection, VU_SET_VRING_CALL, 0, &(uint64_t){ 0 }, 8, &s->vmm.rings[0].call_fd,
				1);
		connection_send(&s->vmm.connection, VU_SET_VRING_ERR, 0, &(uint64_t){ 0 }, 8, &s->vmm.rings[0].err_fd,
				1);
		sleep_ms(50);
		vmm_disconnect(&s->vmm);
		assert_return_code(prlimit(before.worker, RLIMIT_NOFILE, &limit, NULL), 0);
	}
	assert_true(daemon_logged(&s->daemon, "accept") < 20);
	abuse_then_served(s, &before);
}

static unsigned connections_wanted(void)
{
	const char *word = getenv("ABUSE_CONNECTIONS");

	return word ? (unsigned)atoi(word) : 10000;
}

/* Who connects and says nothing, or half a word, ten thousand times. */
static void connections_that_come_and_go(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	const unsigned n = connections_wanted();

	for (unsigned i = 0; i < n; i++) {
		struct connection c;

		connection_open(&c, session_socket(s));
		if (i % 4 == 1)
			connection_send_bytes(&c, "half", 4, NULL, 0);
		if (i % 4 == 2)
			connection_send_bytes(&c, "\1\0\0\0", 4, &s->vmm.rings[0].kick_fd, 1);
		connection_close(&c);
	}
	abuse_then_served(s, &before);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-67 R-28", kicks_without_end),
		FRESH("V-67", kick_fds_that_are_always_readable),
		FRESH("V-68", call_fds_that_block),
		FRESH("V-68", call_fd_that_blocks_after_the_end),
		FRESH("V-71", error_fd_that_blocks),
		FRESH("V-67", kicks_that_are_stolen),
		FRESH("V-12", other_end_of_the_connection),
		FRESH("V-67 V-68", fds_of_every_wrong_kind),
		FRESH("V-67 V-68", files_are_no_notifications),
		FRESH("V-05", floods_of_fds),
		FRESH("V-05", fds_with_every_byte),
		FRESH("V-05", sockets_in_sockets),
		FRESH("V-05", no_fds_left),
		FRESH("V-13", connections_that_come_and_go),
	};

	return session_run("abuse_fds", tests, sizeof(tests) / sizeof(tests[0]));
}
