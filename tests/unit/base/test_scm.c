/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of base/fd and base/scm: no fd may leak, whatever the peer sends. */
#include "rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"

static int pair[2];

static int pair_open(void **state)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int pair_close(void **state)
{
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	return 0;
}

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void close_and_steal(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC), taken;

	taken = fd_steal(&fd);
	assert_true(taken >= 0);
	assert_int_equal(fd, -1);
	errno = ENOTDIR;
	fd_close(&fd);
	fd_close(&taken);
	assert_int_equal(taken, -1);
	assert_int_equal(errno, ENOTDIR);
	fd_close(&taken);
}

static void nonblock(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	uint64_t count;

	assert_int_equal(fd_set_nonblock(fd), 0);
	assert_int_equal(fd_set_nonblock(fd), 0);
	assert_int_equal(read(fd, &count, sizeof(count)), -1);
	assert_int_equal(errno, EAGAIN);
	fd_close(&fd);
	assert_int_equal(fd_set_nonblock(-1), -EBADF);
}

static void bytes_and_fds_arrive(void **state)
{
	int fd = eventfd(5, EFD_CLOEXEC | EFD_NONBLOCK), got[2];
	uint64_t count = 0;
	char text[8] = "";
	size_t n_got;

	assert_int_equal(scm_send(pair[0], "hello", 6, &fd, 1, 0), 6);
	assert_int_equal(scm_recv(pair[1], text, sizeof(text), got, 2, &n_got, 0), 6);
	assert_string_equal(text, "hello");
	assert_int_equal(n_got, 1);
	assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(got[0], &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 5);
	fd_close(&got[0]);
	fd_close(&fd);

	assert_int_equal(scm_send(pair[0], "x", 1, NULL, 0, 0), 1);
	assert_int_equal(scm_recv(pair[1], text, sizeof(text), got, 2, &n_got, 0), 1);
	assert_int_equal(n_got, 0);
}

static void end_and_errors(void **state)
{
	char byte;
	size_t n_got = 9;

	assert_int_equal(scm_recv(pair[1], &byte, 1, NULL, 0, &n_got, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(n_got, 0);
	fd_close(&pair[0]);
	assert_int_equal(scm_recv(pair[1], &byte, 1, NULL, 0, &n_got, 0), 0);
	/* No SIGPIPE. */
	assert_int_equal(scm_send(pair[1], "x", 1, NULL, 0, 0), -EPIPE);
	assert_int_equal(scm_send(pair[1], "x", 1, NULL, SCM_FDS_MAX + 1, 0), -EINVAL);
}

/* Sends n fds as a peer that does not keep to our limit would. */
static void send_many(size_t n)
{
	static union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (size_t i = 0; i < n; i++)
		memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &pair[0], sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
}

static void too_many_fds_are_all_closed(void **state)
{
	static const size_t sent[] = { 3, 64, 65, 66, 253 };
	int before = open_fds(), got[2];
	size_t n_got = 9;
	char byte;

	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		send_many(sent[i]);
		assert_int_equal(scm_recv(pair[1], &byte, 1, got, 2, &n_got, 0), -EMFILE);
		assert_int_equal(n_got, 0);
		assert_int_equal(open_fds(), before);
	}
}

static void as_many_as_allowed(void **state)
{
	int before = open_fds(), got[SCM_FDS_MAX];
	size_t n_got;
	char byte;

	send_many(SCM_FDS_MAX);
	assert_int_equal(scm_recv(pair[1], &byte, 1, got, SCM_FDS_MAX, &n_got, 0), 1);
	assert_int_equal(n_got, SCM_FDS_MAX);
	for (size_t i = 0; i < n_got; i++)
		fd_close(&got[i]);
	assert_int_equal(open_fds(), before);
}

/* The kernel cuts the fds off that this process has no room for. */
static void limit_of_open_files(void **state)
{
	struct rlimit limit, tight;
	int before = open_fds(), got[4];
	int highest = dup(pair[0]);
	size_t n_got = 9;
	ssize_t ret;
	char byte;

	send_many(4);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = (struct rlimit){ .rlim_cur = (rlim_t)highest + 3, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	ret = scm_recv(pair[1], &byte, 1, got, 4, &n_got, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	close(highest);
	assert_int_equal(ret, -EMFILE);
	assert_int_equal(n_got, 0);
	assert_int_equal(open_fds(), before);
}

/* By name: the abstract one that Linux gives a socket that is bound to none. */
/* What was in it is gone, nothing more comes, and the other direction is as it was. */
static void shut_sockets_are_empty(void **state)
{
	int ends[2], inner[2], event = eventfd(0, EFD_CLOEXEC);
	size_t n_fds;
	char byte;
	int fd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pipe2(inner, O_CLOEXEC), 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(scm_send(ends[1], "x", 1, &inner[1], 1, 0), 1);
	close(inner[1]);
	scm_shut(ends[0]);
	/* Nobody has the pipe's other end any more. */
	assert_int_equal(read(inner[0], &byte, 1), 0);
	close(inner[0]);
	assert_int_equal(scm_recv(ends[0], &byte, 1, &fd, 1, &n_fds, MSG_DONTWAIT), 0);
	assert_int_equal(scm_send(ends[1], "x", 1, &event, 1, 0), -EPIPE);
	assert_int_equal(scm_send(ends[0], "y", 1, NULL, 0, 0), 1);
	assert_int_equal(scm_recv(ends[1], &byte, 1, &fd, 1, &n_fds, 0), 1);
	assert_int_equal(byte, 'y');
	close(ends[0]);
	close(ends[1]);
	close(event);
}

static void shut_leaves_the_rest_alone(void **state)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "z", 1), 1);
	scm_shut(ends[0]);
	scm_shut(-1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
}

static void other_end_of_a_connection(void **state)
{
	const struct sockaddr_un unnamed = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), accepted, client, other, event;
	struct sockaddr_un name = { 0 };
	socklen_t len = sizeof(name);

	assert_return_code(bind(listener, (const struct sockaddr *)&unnamed, sizeof(sa_family_t)), 0);
	assert_return_code(listen(listener, 2), 0);
	assert_return_code(getsockname(listener, (struct sockaddr *)&name, &len), 0);
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(connect(client, (struct sockaddr *)&name, len), 0);
	accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_return_code(accepted, 0);
	other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	event = eventfd(0, EFD_CLOEXEC);
	assert_true(scm_is_other_end(client, accepted));
	assert_false(scm_is_other_end(accepted, accepted));
	assert_false(scm_is_other_end(listener, accepted));
	assert_false(scm_is_other_end(other, accepted));
	assert_false(scm_is_other_end(event, accepted));
	assert_false(scm_is_other_end(pair[0], accepted));
	/* Without a name nothing is known. */
	assert_false(scm_is_other_end(pair[1], pair[0]));
	close(listener);
	close(client);
	close(accepted);
	close(other);
	close(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shut_sockets_are_empty),
		cmocka_unit_test(shut_leaves_the_rest_alone),
		cmocka_unit_test(close_and_steal),
		cmocka_unit_test(nonblock),
		cmocka_unit_test_setup_teardown(bytes_and_fds_arrive, pair_open, pair_close),
		cmocka_unit_test_setup_teardown(end_and_errors, pair_open, pair_close),
		cmocka_unit_test_setup_teardown(too_many_fds_are_all_closed, pair_open, pair_close),
		cmocka_unit_test_setup_teardown(as_many_as_allowed, pair_open, pair_close),
		cmocka_unit_test_setup_teardown(limit_of_open_files, pair_open, pair_close),
		cmocka_unit_test_setup_teardown(other_end_of_a_connection, pair_open, pair_close),
	};

	return cmocka_run_group_tests_name("base/fd, base/scm", tests, NULL, NULL);
}
