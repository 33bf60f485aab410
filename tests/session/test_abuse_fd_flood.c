/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * More file descriptors than there should be, with messages, in sockets, of connections, or than the process may have:
 * none is left, and the same process serves the next front-end.
 */
#include "abuse.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

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
		connection_send(&s->vmm.connection, VU_SET_VRING_CALL, 0, &(uint64_t){ 1 }, sizeof(uint64_t), &fd, 1);
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
		FRESH("V-05", floods_of_fds),
		FRESH("V-05", fds_with_every_byte),
		FRESH("V-05", sockets_in_sockets),
		FRESH("V-05", no_fds_left),
		FRESH("V-13", connections_that_come_and_go),
	};

	return session_run("abuse_fd_flood", tests, sizeof(tests) / sizeof(tests[0]));
}
