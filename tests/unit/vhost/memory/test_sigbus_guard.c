/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of vhost/memory/sigbus_guard and vhost/memory/file_map: which SIGBUS is contained, what of, and which is not. */
#include "rows.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vhost/memory/file_map.h"
#include "vhost/memory/sigbus_guard.h"

#define PAGE 4096

static int file_make(off_t size)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	assert_return_code(ftruncate(fd, size), 0);
	return fd;
}

/* In each test: cmocka installs handlers of its own before it, and so do sanitizers. */
static void begin(void)
{
	signal(SIGBUS, SIG_DFL);
	assert_int_equal(sigbus_guard_install(), 0);
}

static void what_is_gone_is_zero(void **state)
{
	struct file_map lost = { 0 }, kept = { 0 };
	int fd = file_make(3 * PAGE), other = file_make(PAGE);
	volatile uint8_t *bytes;

	/* Neither end at a page. */
	begin();
	assert_int_equal(file_map_open(&lost, fd, 100, 2 * PAGE), 0);
	assert_int_equal(file_map_open(&kept, other, 0, PAGE), 0);
	bytes = lost.base;
	for (unsigned i = 0; i < 2 * PAGE; i++)
		bytes[i] = 7;
	assert_false(sigbus_guard_tripped());
	assert_return_code(ftruncate(fd, PAGE), 0);
	errno = 77;
	assert_int_equal(bytes[PAGE - 101], 7);
	assert_false(sigbus_guard_tripped());
	assert_int_equal(bytes[PAGE - 100], 0);
	assert_int_equal(errno, 77);
	assert_true(sigbus_guard_tripped());
	assert_true(file_map_has_lost(&lost));
	assert_false(file_map_has_lost(&kept));
	/* It is memory, and of this process alone. */
	bytes[2 * PAGE - 1] = 9;
	assert_int_equal(bytes[2 * PAGE - 1], 9);
	assert_int_equal(bytes[PAGE - 101], 7);
	file_map_close(&lost);
	sigbus_guard_clear();
	assert_false(sigbus_guard_tripped());
	/* Its guard may be another's now. */
	assert_int_equal(file_map_open(&lost, other, 0, PAGE), 0);
	assert_false(file_map_has_lost(&lost));
	file_map_close(&lost);
	file_map_close(&kept);
	file_map_close(&kept);
	close(fd);
	close(other);
}

static void first_and_last_byte(void **state)
{
	struct file_map map = { 0 };
	int fd = file_make(4 * PAGE);

	begin();
	assert_int_equal(file_map_open(&map, fd, PAGE, 3 * PAGE), 0);
	assert_return_code(ftruncate(fd, 0), 0);
	assert_int_equal(*(volatile uint8_t *)(map.base + 3 * PAGE - 1), 0);
	assert_int_equal(*(volatile uint8_t *)map.base, 0);
	file_map_close(&map);
	sigbus_guard_clear();
	close(fd);
}

/* How a process ends that touches this. */
static int end_of(volatile uint8_t *touched)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		alarm(30); /* in place of turning round and round */
		if (touched)
			*touched = 1;
		else
			kill(getpid(), SIGBUS);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void other_faults_end_the_process(void **state)
{
	struct file_map map = { 0 };
	int fd = file_make(2 * PAGE);
	uint8_t *bytes = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int guard;

	begin();
	assert_int_equal(file_map_open(&map, fd, 0, 2 * PAGE), 0);
	assert_return_code(ftruncate(fd, PAGE), 0);
	assert_int_equal(end_of(map.base + PAGE), 0);
	assert_int_equal(end_of(bytes + PAGE), SIGBUS);
	assert_int_equal(end_of(NULL), SIGBUS);
	/* Guarded, and not any more. */
	guard = sigbus_guard_add(bytes, 2 * PAGE, PAGE);
	assert_return_code(guard, 0);
	assert_int_equal(end_of(bytes + PAGE), 0);
	sigbus_guard_remove(guard);
	assert_int_equal(end_of(bytes + PAGE), SIGBUS);
	/* Only a part of it. */
	guard = sigbus_guard_add(bytes, PAGE, PAGE);
	assert_int_equal(end_of(bytes + PAGE), SIGBUS);
	sigbus_guard_remove(guard);
	file_map_close(&map);
	munmap(bytes, 2 * PAGE);
	close(fd);
}

static void no_more_guards_than_there_are(void **state)
{
	static uint8_t area[SIGBUS_GUARDS_MAX + 1];
	struct file_map map = { 0 };
	int fd = file_make(PAGE);

	for (int i = 0; i < SIGBUS_GUARDS_MAX; i++)
		assert_int_equal(sigbus_guard_add(&area[i], 1, 1), i);
	assert_int_equal(sigbus_guard_add(&area[SIGBUS_GUARDS_MAX], 1, 1), -ENOSPC);
	assert_int_equal(file_map_open(&map, fd, 0, PAGE), -ENOSPC);
	assert_null(map.start);
	sigbus_guard_remove(17);
	assert_int_equal(file_map_open(&map, fd, 0, PAGE), 0);
	assert_int_equal(map.guard, 17);
	file_map_close(&map);
	for (int i = SIGBUS_GUARDS_MAX; i-- > 0;)
		sigbus_guard_remove(i);
	assert_int_equal(sigbus_guard_add(area, 1, 1), 0);
	sigbus_guard_remove(0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_gone_is_zero),
		cmocka_unit_test(first_and_last_byte),
		cmocka_unit_test(other_faults_end_the_process),
		cmocka_unit_test(no_more_guards_than_there_are),
	};

	return cmocka_run_group_tests_name("vhost/memory/sigbus_guard", tests, NULL, NULL);
}
