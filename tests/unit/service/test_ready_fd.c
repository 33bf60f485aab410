/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --ready-fd: a newline and the end of the file, at the right moment. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/ready_fd.h"

static struct why why;

static void tells_and_closes(void **state)
{
	int fds[2];
	char text[8];

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(ready_fd_take(fds[1], &why), 0);
	assert_int_equal(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(fds[0], text, sizeof(text)), -1);
	assert_int_equal(errno, EAGAIN);
	ready_fd_tell(&fds[1]);
	assert_int_equal(fds[1], -1);
	assert_int_equal(read(fds[0], text, sizeof(text)), 1);
	assert_int_equal(text[0], '\n');
	assert_int_equal(read(fds[0], text, sizeof(text)), 0);
	ready_fd_tell(&fds[1]);
	close(fds[0]);
}

static void reader_that_is_gone(void **state)
{
	int fds[2], fd;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	fd = fds[1];
	ready_fd_tell(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
}

static void assert_refused(int fd, int error, const char *words)
{
	char expected[128];

	snprintf(expected, sizeof(expected), "fd %d %s", fd, words);
	assert_int_equal(ready_fd_take(fd, &why), error);
	assert_string_equal(why.text, expected);
}

static void what_is_refused(void **state)
{
	int fds[2];
	int path_fd = open("/tmp", O_PATH);

	assert_int_equal(pipe(fds), 0);
	for (int fd = 0; fd <= 2; fd++)
		assert_refused(fd, -EINVAL, "is for standard input, output or errors");
	assert_refused(fds[0], -EBADF, "is not open for writing");
	assert_refused(path_fd, -EBADF, "is not open for writing");
	assert_int_equal(fcntl(fds[0], F_GETFD), 0);
	close(fds[0]);
	close(fds[1]);
	close(path_fd);
	assert_refused(fds[1], -EBADF, "is not open");
	assert_refused(-1, -EBADF, "is not open");
	assert_refused(1 << 30, -EBADF, "is not open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_and_closes),
		cmocka_unit_test(reader_that_is_gone),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests_name("ready_fd", tests, NULL, NULL);
}
