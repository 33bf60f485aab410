/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A bundle: what goes in comes out, in order, and lives as long as the bundle does. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scm.h"
#include "process/fd_bundle.h"

#define MANY (2 * SCM_FDS_MAX + 5)

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Files that can be told apart. */
static void files_make(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fds[i] = memfd_create("carried", 0);
		assert_true(fds[i] >= 0);
		assert_int_equal(ftruncate(fds[i], (off_t)i + 1), 0);
	}
}

static void files_close(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void check_files(const int *fds, size_t n, size_t first)
{
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		assert_int_equal(fstat(fds[i], &st), 0);
		assert_int_equal(st.st_size, first + i + 1);
		assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
	}
}

static void carries(void **state)
{
	static const size_t counts[] = { 1, 2, SCM_FDS_MAX, SCM_FDS_MAX + 1, SCM_FDS_MAX + 2, MANY };
	unsigned before = open_fds();

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		size_t n = counts[i];
		int in[MANY], out[MANY], bundle;

		files_make(in, n);
		bundle = fd_bundle_make(in, n);
		assert_true(bundle >= 0);
		assert_int_equal(fcntl(bundle, F_GETFD), FD_CLOEXEC);
		files_close(in, n);
		assert_int_equal(open_fds(), before + 1);
		assert_int_equal(fd_bundle_take(bundle, out, 1), 0);
		assert_int_equal(fd_bundle_take(bundle, out + 1, n - 1), 0);
		check_files(out, n, 0);
		files_close(out, n);
		/* Empty, for whoever has it, too. */
		assert_int_equal(fd_bundle_take(bundle, out, 1), -ENODATA);
		close(bundle);
		assert_int_equal(open_fds(), before);
	}
}

/* The same file twice is two fds. */
static void twice_the_same(void **state)
{
	int in[2], out[2], bundle;

	files_make(in, 1);
	in[1] = in[0];
	bundle = fd_bundle_make(in, 2);
	assert_int_equal(fd_bundle_take(bundle, out, 1), 0);
	assert_int_equal(fd_bundle_take(bundle, out + 1, 1), 0);
	assert_int_not_equal(out[0], out[1]);
	files_close(out, 2);
	files_close(in, 1);
	close(bundle);
}

static void too_few_and_too_many(void **state)
{
	unsigned before = open_fds();
	int in[MANY], out[MANY + 1], bundle;

	files_make(in, MANY);
	bundle = fd_bundle_make(in, MANY);
	assert_int_equal(fd_bundle_take(bundle, out, 1), 0);
	assert_int_equal(fd_bundle_take(bundle, out + 1, MANY), -ENODATA);
	close(out[0]);
	close(bundle);
	bundle = fd_bundle_make(in, 5);
	assert_int_equal(fd_bundle_take(bundle, out, 1), 0);
	assert_int_equal(fd_bundle_take(bundle, out + 1, 3), -EMFILE);
	close(out[0]);
	close(bundle);
	files_close(in, MANY);
	assert_int_equal(open_fds(), before);
}

/* Whether the other end of this pipe is closed everywhere. */
static bool is_closed(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 0;
}

static void ends(void **state)
{
	for (int drain = 0; drain <= 1; drain++) {
		int fds[2], bundle, other;

		assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
		bundle = fd_bundle_make(&fds[1], 1);
		close(fds[1]);
		assert_false(is_closed(fds[0]));
		other = dup(bundle);
		if (drain)
			fd_bundle_drain(bundle);
		else
			close(other);
		close(bundle);
		assert_true(is_closed(fds[0]));
		close(fds[0]);
		if (drain)
			close(other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries),
		cmocka_unit_test(twice_the_same),
		cmocka_unit_test(too_few_and_too_many),
		cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
