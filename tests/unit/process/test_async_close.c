/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Closing what lasts: nobody waits for it, also when no fd is left. */
#include "rows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/async_close.h"
#include "unit/lowest_fd.h"

/* A TCP socket whose last close() waits for its other end. */
static int lingering_socket(int *other)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	const struct linger linger = { 1, 300 };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static const char bytes[65536];

	assert_return_code(bind(listener, (struct sockaddr *)&addr, len), errno);
	assert_return_code(listen(listener, 1), errno);
	assert_return_code(getsockname(listener, (struct sockaddr *)&addr, &len), errno);
	assert_return_code(connect(fd, (struct sockaddr *)&addr, len), errno);
	*other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(*other >= 0);
	close(listener);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), errno);
	return fd;
}

static void assert_nobody_waits(rlim_t fds)
{
	struct rlimit limit, few;
	int other, fd = lingering_socket(&other);

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = (struct rlimit){ fds ? fds : (rlim_t)lowest_fd(), limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	/* It ends who waits all the same. */
	alarm(60);
	async_close_all(&fd, 1);
	alarm(0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(fd, -1);
	close(other);
	assert_true(wait(NULL) > 0);
}

static void nobody_waits(void **state)
{
	assert_nobody_waits(64);
}

static void no_fd_is_left(void **state)
{
	assert_nobody_waits(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits),
		cmocka_unit_test(no_fd_is_left),
	};

	return cmocka_run_group_tests_name("async_close", tests, NULL, NULL);
}
