/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of base/fd_kind. Files of a file system that does not answer: tests/session/test_abuse_files.c. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd_kind.h"

static void assert_kind(int fd, enum fd_kind kind)
{
	assert_true(fd >= 0);
	assert_int_equal(fd_kind(fd), kind);
	close(fd);
}

static void what_has_no_type(void **state)
{
	assert_kind(eventfd(0, EFD_CLOEXEC), FD_KIND_ANONYMOUS);
	assert_kind(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), FD_KIND_ANONYMOUS);
	assert_kind(epoll_create1(EPOLL_CLOEXEC), FD_KIND_ANONYMOUS);
	assert_int_equal(fd_kind(-1), FD_KIND_OTHER);
}

static void pipes(void **state)
{
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	assert_kind(ends[0], FD_KIND_PIPE);
	assert_kind(ends[1], FD_KIND_PIPE);
}

static void sockets(void **state)
{
	static const int others[] = { SOCK_SEQPACKET, SOCK_DGRAM };
	const struct sockaddr_un nowhere = { .sun_family = AF_UNIX };
	int ends[2], listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	assert_true(fd_same_socket(ends[0], ends[0]));
	assert_false(fd_same_socket(ends[0], ends[1]));
	assert_false(fd_same_socket(ends[0], -1));
	assert_kind(ends[0], FD_KIND_SOCKET);
	/* Its other end is gone. */
	assert_kind(ends[1], FD_KIND_SOCKET);
	for (unsigned i = 0; i < 2; i++) {
		assert_return_code(socketpair(AF_UNIX, others[i] | SOCK_CLOEXEC, 0, ends), errno);
		assert_kind(ends[0], FD_KIND_OTHER);
		assert_kind(ends[1], FD_KIND_OTHER);
	}
	/* An abstract name of the kernel's choice. */
	assert_return_code(bind(listening, (const struct sockaddr *)&nowhere, sizeof(sa_family_t)), errno);
	assert_return_code(listen(listening, 1), errno);
	assert_kind(listening, FD_KIND_OTHER);
	assert_kind(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), FD_KIND_OTHER);
}

/* It may linger. */
static void sockets_of_a_network(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(bind(listening, (const struct sockaddr *)&addr, len), errno);
	assert_return_code(listen(listening, 1), errno);
	assert_return_code(getsockname(listening, (struct sockaddr *)&addr, &len), errno);
	assert_return_code(connect(connected, (const struct sockaddr *)&addr, len), errno);
	assert_kind(connected, FD_KIND_OTHER);
	assert_kind(listening, FD_KIND_OTHER);
}

static void files(void **state)
{
	char path[] = "/tmp/vgpio-kind-XXXXXX";
	int fd = mkstemp(path);
	struct stat st;

	assert_kind(memfd_create("memory", MFD_CLOEXEC), FD_KIND_MEMORY);
	assert_kind(memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING), FD_KIND_MEMORY);
	unlink(path);
	assert_return_code(fstat(fd, &st), errno);
	if (major(st.st_dev) != 0)
		assert_kind(fd, FD_KIND_DISK);
	else /* tmpfs, or the like of overlayfs */
		assert_kind(fd, fcntl(fd, F_GET_SEALS) >= 0 ? FD_KIND_MEMORY : FD_KIND_OTHER);
	assert_kind(open("/proc/self/maps", O_RDONLY | O_CLOEXEC), FD_KIND_OTHER);
	assert_kind(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), FD_KIND_OTHER);
	assert_kind(open("/dev/null", O_RDWR | O_CLOEXEC), FD_KIND_OTHER);
}

/* As fstat() says, for what nobody has to be asked for. */
static void regular_files(void **state)
{
	int fds[] = { memfd_create("file", MFD_CLOEXEC), open("/proc/self/exe", O_RDONLY | O_CLOEXEC) };
	struct fd_file file;
	struct stat st;
	int ends[2];

	assert_return_code(ftruncate(fds[0], 12345), errno);
	for (unsigned i = 0; i < 2; i++) {
		assert_return_code(fstat(fds[i], &st), errno);
		assert_true(fd_file(fds[i], &file));
		assert_int_equal(file.size, st.st_size);
		assert_int_equal(file.dev, st.st_dev);
		assert_int_equal(file.ino, st.st_ino);
		close(fds[i]);
	}
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	assert_false(fd_file(ends[0], &file));
	assert_false(fd_file(-1, &file));
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regular_files), cmocka_unit_test(what_has_no_type),	 cmocka_unit_test(pipes),
		cmocka_unit_test(sockets),	 cmocka_unit_test(sockets_of_a_network), cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("fd_kind", tests, NULL, NULL);
}
