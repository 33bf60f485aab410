/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Memory apart: slots that do not move, are zero, are used again, and are gone where they were forgotten. */
#include "rows.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/apart.h"

#define SIZE  1000
#define SLOTS 300 /* several chunks */

static uint8_t *slots[SLOTS];

static bool is_zero(const uint8_t *data)
{
	return data[0] == 0 && memcmp(data, data + 1, SIZE - 1) == 0;
}

static void fill(unsigned first, unsigned step)
{
	for (unsigned i = first; i < SLOTS; i += step) {
		slots[i] = apart_alloc(SIZE);
		assert_non_null(slots[i]);
		assert_int_equal((uintptr_t)slots[i] % 16, 0);
		assert_true(is_zero(slots[i]));
		memset(slots[i], (int)i | 1, SIZE);
	}
}

static void empty(unsigned first, unsigned step)
{
	for (unsigned i = first; i < SLOTS; i += step)
		apart_free(slots[i]);
}

static void slots_are_used_again(void **state)
{
	fill(0, 1);
	empty(0, 3);
	for (unsigned i = 1; i < SLOTS; i += 3)
		assert_int_equal(slots[i][SIZE - 1], (uint8_t)(i | 1));
	fill(0, 3);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_int_equal(slots[i][0], (uint8_t)(i | 1));
	empty(0, 1);
	apart_free(NULL);
}

static bool is_mapped(void *data)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	unsigned char there;

	return mincore((void *)((uintptr_t)data & ~(page - 1)), 1, &there) == 0 || errno != ENOMEM;
}

static bool none_is_mapped(void)
{
	apart_forget();
	for (unsigned i = 0; i < SLOTS; i++) {
		if (is_mapped(slots[i]))
			return false;
	}
	return true;
}

static void a_process_that_forgets_has_nothing(void **state)
{
	int status;
	pid_t pid;

	fill(0, 1);
	pid = fork();
	if (pid == 0)
		_exit(!none_is_mapped());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(is_mapped(slots[0]));
	empty(0, 1);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_false(is_mapped(slots[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_used_again),
		cmocka_unit_test(a_process_that_forgets_has_nothing),
	};

	return cmocka_run_group_tests_name("apart", tests, NULL, NULL);
}
