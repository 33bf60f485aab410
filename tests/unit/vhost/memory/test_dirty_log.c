/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of the dirty log: which bits, which logs are refused. */
#include "rows.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhost/memory/dirty_log.h"

#define LOG_SIZE  16u /* bytes: 128 pages */
#define FILE_SIZE (3 * 4096u)

static struct session_log state;
static struct loop loop;
static struct dirty_log dirty;
static uint8_t *file;
static int fd;

static int setup(void **ctx)
{
	memset(&state, 0, sizeof(state));
	if (loop_init(&loop) < 0)
		return -1;
	dirty_log_init(&dirty, &state, &loop, "test");
	dirty.on = true;
	fd = memfd_create("log", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, FILE_SIZE) < 0)
		return -1;
	file = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return file == MAP_FAILED ? -1 : 0;
}

static int teardown(void **ctx)
{
	dirty_log_deinit(&dirty);
	loop_deinit(&loop);
	munmap(file, FILE_SIZE);
	close(fd);
	return 0;
}

static void assert_bits(unsigned offset, const uint8_t *want)
{
	uint8_t all[FILE_SIZE] = { 0 };

	memcpy(all + offset, want, LOG_SIZE);
	assert_memory_equal(file, all, FILE_SIZE);
	memset(file, 0, FILE_SIZE);
}

static void exactly_the_pages_written(void **ctx)
{
	assert_int_equal(dirty_log_set(&dirty, fd, 4096, LOG_SIZE), 0);
	dirty_log_mark(&dirty, 0, 1);
	assert_bits(4096, (uint8_t[LOG_SIZE]){ 0x01 });
	dirty_log_mark(&dirty, 9 * 4096 + 4095, 1);
	assert_bits(4096, (uint8_t[LOG_SIZE]){ 0, 0x02 });
	dirty_log_mark(&dirty, 9 * 4096 + 4095, 2);
	assert_bits(4096, (uint8_t[LOG_SIZE]){ 0, 0x06 });
	dirty_log_mark(&dirty, 6 * 4096, 4 * 4096);
	assert_bits(4096, (uint8_t[LOG_SIZE]){ 0xc0, 0x03 });
	dirty_log_mark(&dirty, 5 * 4096, 0);
	assert_bits(4096, (uint8_t[LOG_SIZE]){ 0 });
	/* what others set stays */
	file[4096] = 0x81;
	dirty_log_mark(&dirty, 2 * 4096, 1);
	assert_bits(4096, (uint8_t[LOG_SIZE]){ 0x85 });
}

static void nothing_while_it_is_off(void **ctx)
{
	dirty_log_mark(&dirty, 0, 1);
	assert_int_equal(dirty_log_set(&dirty, fd, 0, LOG_SIZE), 0);
	dirty.on = false;
	dirty_log_mark(&dirty, 0, 1);
	assert_bits(0, (uint8_t[LOG_SIZE]){ 0 });
	assert_false(dirty.reported);
}

static void pages_beyond_it_are_left_out(void **ctx)
{
	uint8_t all[LOG_SIZE];

	/* at an offset that no mapping may begin at */
	assert_int_equal(dirty_log_set(&dirty, fd, 4095, LOG_SIZE), 0);
	dirty_log_mark(&dirty, 127 * 4096, 4096);
	assert_false(dirty.reported);
	assert_bits(4095, (uint8_t[LOG_SIZE]){ [15] = 0x80 });
	dirty_log_mark(&dirty, 126 * 4096, 4 * 4096);
	assert_true(dirty.reported);
	assert_bits(4095, (uint8_t[LOG_SIZE]){ [15] = 0xc0 });
	dirty_log_mark(&dirty, 128 * 4096, 1);
	dirty_log_mark(&dirty, UINT64_MAX, 1);
	dirty_log_mark(&dirty, UINT64_MAX, 4096);
	dirty_log_mark(&dirty, 0, SIZE_MAX);
	memset(all, 0xff, sizeof(all));
	assert_bits(4095, all);
}

static void bad_logs_are_refused(void **ctx)
{
	int pipes[2];

	assert_int_equal(dirty_log_set(&dirty, fd, 0, LOG_SIZE), 0);
	assert_int_equal(dirty_log_set(&dirty, fd, 0, 0), -EINVAL);
	assert_int_equal(dirty_log_set(&dirty, fd, 0, FILE_SIZE + 1), -EINVAL);
	assert_int_equal(dirty_log_set(&dirty, fd, FILE_SIZE, 1), -EINVAL);
	assert_int_equal(dirty_log_set(&dirty, fd, 1, FILE_SIZE), -EINVAL);
	assert_int_equal(dirty_log_set(&dirty, fd, UINT64_MAX, 2), -EINVAL);
	assert_int_equal(dirty_log_set(&dirty, fd, 0, UINT64_MAX), -EINVAL);
	assert_return_code(ftruncate(fd, (1ll << 37) + 1), 0);
	assert_int_equal(dirty_log_set(&dirty, fd, 0, (1ull << 37) + 1), -EINVAL);
	assert_return_code(ftruncate(fd, FILE_SIZE), 0);
	assert_return_code(pipe(pipes), 0);
	assert_int_equal(dirty_log_set(&dirty, pipes[0], 0, 1), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	/* the one before is still there */
	dirty_log_mark(&dirty, 0, 1);
	assert_bits(0, (uint8_t[LOG_SIZE]){ 0x01 });
}

static void the_front_end_is_told_once_a_turn(void **ctx)
{
	int call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t n;

	assert_int_equal(dirty_log_set(&dirty, fd, 0, LOG_SIZE), 0);
	dirty_log_set_call(&dirty, dup(call));
	dirty_log_mark(&dirty, 0, 1);
	dirty_log_mark(&dirty, 4096, 1);
	assert_int_equal(read(call, &n, sizeof(n)), -1);
	loop_turn(&loop, 0);
	assert_int_equal(read(call, &n, sizeof(n)), sizeof(n));
	assert_int_equal(n, 1);
	/* no change */
	dirty_log_mark(&dirty, 0, 1);
	loop_turn(&loop, 0);
	assert_int_equal(read(call, &n, sizeof(n)), -1);
	close(call);
}

static void a_successor_has_it_again(void **ctx)
{
	assert_int_equal(dirty_log_set(&dirty, fd, 100, LOG_SIZE), 0);
	dirty_log_deinit(&dirty);
	dirty_log_init(&dirty, &state, &loop, "test");
	dirty.on = true;
	assert_int_equal(dirty_log_restore(&dirty, fd), 0);
	dirty_log_mark(&dirty, 0, 1);
	assert_bits(100, (uint8_t[LOG_SIZE]){ 0x01 });
	assert_return_code(ftruncate(fd, 100), 0);
	dirty_log_deinit(&dirty);
	assert_int_equal(dirty_log_restore(&dirty, fd), -EINVAL);
	assert_return_code(ftruncate(fd, FILE_SIZE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("V-88", exactly_the_pages_written, setup, teardown),
		ROW_TEST_FIXTURE("V-89", nothing_while_it_is_off, setup, teardown),
		ROW_TEST_FIXTURE("V-88", pages_beyond_it_are_left_out, setup, teardown),
		ROW_TEST_FIXTURE("V-88", bad_logs_are_refused, setup, teardown),
		ROW_TEST_FIXTURE("V-90", the_front_end_is_told_once_a_turn, setup, teardown),
		ROW_TEST_FIXTURE("V-88", a_successor_has_it_again, setup, teardown),
	};

	return cmocka_run_group_tests_name("vhost/memory/dirty_log", tests, NULL, NULL);
}
