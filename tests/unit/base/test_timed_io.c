/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of base/timed_io: calls that would wait for ever come back, others are as they are. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/timed_io.h"

static const uint64_t one = 1;

/* So many calls are interrupted before they begin, as emulators have it. */
static unsigned n_interrupted;

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	if (n_interrupted == 0)
		return __real_write(fd, data, len);
	n_interrupted--;
	errno = EINTR;
	return -1;
}

static int setup(void **state)
{
	return timed_io_init();
}

static void make_blocking(int fd)
{
	assert_return_code(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

static int full_eventfd(void)
{
	const uint64_t full = 0xfffffffffffffffeull;
	int fd = eventfd(0, EFD_CLOEXEC);

	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	return fd;
}

static void calls_are_as_ever(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t n = 0;

	assert_int_equal(timed_read(fd, &n, sizeof(n)), -EAGAIN);
	assert_int_equal(timed_write(fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(timed_write(fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(timed_read(fd, &n, sizeof(n)), sizeof(n));
	assert_int_equal(n, 2);
	close(fd);
	assert_int_equal(timed_read(fd, &n, sizeof(n)), -EBADF);
}

static void call_that_had_not_begun_is_made(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t n = 0;

	n_interrupted = 1;
	assert_int_equal(timed_write(fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(timed_read(fd, &n, sizeof(n)), sizeof(n));
	assert_int_equal(n, 1);
	/* Once only: it may be another reason. */
	n_interrupted = 2;
	assert_int_equal(timed_write(fd, &one, sizeof(one)), -EAGAIN);
	assert_int_equal(timed_read(fd, &n, sizeof(n)), -EAGAIN);
	close(fd);
}

static void full_eventfd_comes_back(void **state)
{
	int fd = full_eventfd();

	/* Twice: the timer of the first call may have run out, or not. */
	for (unsigned i = 0; i < 2; i++) {
		make_blocking(fd);
		assert_int_equal(timed_write(fd, &one, sizeof(one)), -EAGAIN);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	}
	close(fd);
}

static void empty_fds_come_back(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC), ends[2];
	uint64_t n;

	assert_int_equal(timed_read(fd, &n, sizeof(n)), -EAGAIN);
	close(fd);
	assert_return_code(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(timed_read(ends[0], &n, sizeof(n)), -EAGAIN);
	close(ends[0]);
	close(ends[1]);
}

/* Such a call is not restarted after a signal. */
static void socket_with_a_time_limit_comes_back(void **state)
{
	const struct timeval long_time = { .tv_sec = 1000 };
	uint64_t n;
	int ends[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_return_code(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof(long_time)), 0);
	assert_int_equal(timed_read(ends[0], &n, sizeof(n)), -EAGAIN);
	close(ends[0]);
	close(ends[1]);
}

/* A peer that is always faster: what sets the flag has no effect. */
static bool flag_stays = true;

int __real_fd_set_nonblock(int fd);
int __wrap_fd_set_nonblock(int fd);

int __wrap_fd_set_nonblock(int fd)
{
	return flag_stays ? __real_fd_set_nonblock(fd) : 0;
}

/* Setting the flag again does not help: it is gone before the call, were it restarted, looks at it. */
static void flag_that_never_stays_comes_back(void **state)
{
	int full = full_eventfd(), ends[2];
	uint64_t n;

	assert_return_code(pipe2(ends, O_CLOEXEC), 0);
	flag_stays = false;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(timed_write(full, &one, sizeof(one)), -EAGAIN);
		assert_int_equal(timed_read(ends[0], &n, sizeof(n)), -EAGAIN);
	}
	flag_stays = true;
	close(full);
	close(ends[0]);
	close(ends[1]);
}

/* The timer of an earlier call ran out, and its signal went to somebody else. */
static void alarm_that_was_eaten_is_missed(void **state)
{
	const struct timespec wait = { .tv_sec = 10 };
	sigset_t set;
	char byte;
	int ends[2];
	pid_t pid;

	assert_return_code(pipe2(ends, O_CLOEXEC), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_int_equal(timed_write(ends[1], "", 1), 1);
	assert_int_equal(timed_read(ends[0], &byte, 1), 1);
	assert_int_equal(sigtimedwait(&set, NULL, &wait), SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	usleep(2 * TIMED_IO_MS * 1000);
	pid = fork();
	if (pid == 0) {
		/* Else a failure would be a test that does not end. */
		sleep(5);
		_exit(write(ends[1], "", 1) != 1);
	}
	assert_int_equal(timed_read(ends[0], &byte, 1), -EAGAIN);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_as_ever),
		cmocka_unit_test(call_that_had_not_begun_is_made),
		cmocka_unit_test(full_eventfd_comes_back),
		cmocka_unit_test(empty_fds_come_back),
		cmocka_unit_test(socket_with_a_time_limit_comes_back),
		cmocka_unit_test(flag_that_never_stays_comes_back),
		cmocka_unit_test(alarm_that_was_eaten_is_missed),
	};

	return cmocka_run_group_tests_name("base/timed_io", tests, setup, NULL);
}
