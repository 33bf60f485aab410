/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Inherited sockets: which kind they are, and what is none. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "service/inherited_fd.h"

static struct why why;

/* An address of the kernel's choice: abstract, nothing to clean up. */
static int unix_socket(int type, bool bound, bool listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	assert_true(fd > 2);
	if (bound)
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void listening_socket(void **state)
{
	int fd = unix_socket(SOCK_STREAM, true, true);
	enum inherited_fd_kind kind = INHERITED_FD_CONNECTED;

	assert_int_equal(inherited_fd_take(fd, &kind, &why), 0);
	assert_int_equal(kind, INHERITED_FD_LISTENING);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(accept(fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

static void connected_socket(void **state)
{
	enum inherited_fd_kind kind;
	int fds[2];

	for (int peer_gone = 0; peer_gone < 2; peer_gone++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		if (peer_gone)
			close(fds[0]);
		kind = INHERITED_FD_LISTENING;
		assert_int_equal(inherited_fd_take(fds[1], &kind, &why), 0);
		assert_int_equal(kind, INHERITED_FD_CONNECTED);
		assert_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
		close(fds[1]);
		if (!peer_gone)
			close(fds[0]);
	}
}

static void assert_refused(int fd, int error, const char *words)
{
	enum inherited_fd_kind kind;
	char expected[128];

	snprintf(expected, sizeof(expected), "fd %d%s", fd, words);
	assert_int_equal(inherited_fd_take(fd, &kind, &why), error);
	assert_string_equal(why.text, expected);
}

/* What is refused is as it was. */
static void assert_refused_and_close(int fd, int error, const char *words)
{
	int flags = fcntl(fd, F_GETFL);

	assert_refused(fd, error, words);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(fd, F_GETFL), flags);
	close(fd);
}

static void what_is_no_socket_of_ours(void **state)
{
	int pipe_fds[2], fd;

	assert_int_equal(pipe(pipe_fds), 0);
	assert_refused_and_close(pipe_fds[0], -ENOTSOCK, ": not a socket");
	assert_refused_and_close(pipe_fds[1], -ENOTSOCK, ": not a socket");
	assert_refused_and_close(open("/tmp", O_PATH), -ENOTSOCK, ": not a socket");
	assert_refused_and_close(unix_socket(SOCK_DGRAM, true, false), -EPROTOTYPE,
				 ": a datagram socket, not a stream socket");
	assert_refused_and_close(unix_socket(SOCK_SEQPACKET, true, true), -EPROTOTYPE,
				 ": a sequenced-packet socket, not a stream socket");
	assert_refused_and_close(unix_socket(SOCK_STREAM, false, false), -ENOTCONN,
				 ": a socket that neither listens nor is connected");
	assert_refused_and_close(unix_socket(SOCK_STREAM, true, false), -ENOTCONN,
				 ": a socket that neither listens nor is connected");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd > 2);
	assert_int_equal(listen(fd, 1), 0);
	assert_refused_and_close(fd, -EAFNOSUPPORT, ": not a Unix socket");
}

static void what_is_no_fd_for_sockets(void **state)
{
	int fd = unix_socket(SOCK_STREAM, true, true);

	close(fd);
	assert_refused(fd, -EBADF, " is not open");
	assert_refused(-1, -EBADF, " is not open");
	assert_refused(1 << 30, -EBADF, " is not open");
}

/* Even when it is a good socket. */
static void standard_fds_are_for_stdio(void **state)
{
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int fd = unix_socket(SOCK_STREAM, true, true);

	dup2(fd, STDIN_FILENO);
	for (int i = 0; i <= 2; i++)
		assert_refused(i, -EINVAL, " is for standard input, output or errors");
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listening_socket),	      cmocka_unit_test(connected_socket),
		cmocka_unit_test(what_is_no_socket_of_ours),  cmocka_unit_test(what_is_no_fd_for_sockets),
		cmocka_unit_test(standard_fds_are_for_stdio),
	};

	return cmocka_run_group_tests_name("given_fd", tests, NULL, NULL);
}
