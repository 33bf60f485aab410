/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The pool: what is in it lies together and is zero; what is not comes from the C library. */
#include "rows.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

static bool is_zero(const uint8_t *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* Valgrind and the sanitizers find what is not freed. */
static void without_one_it_is_the_heap(void **state)
{
	uint8_t *data = pool_alloc(100, 10);

	assert_true(is_zero(data, 1000));
	pool_free(data);
	pool_free(NULL);
}

static void what_is_in_it_lies_together(void **state)
{
	uint8_t *heap = pool_alloc(1, 10), *first, *second;

	pool_begin();
	first = pool_alloc(3, 7);
	second = pool_alloc(1, 100);
	assert_int_equal((uintptr_t)first % 16, 0);
	assert_int_equal(second - first, 32);
	assert_true(is_zero(first, 132));
	memset(first, 0xff, 132);
	pool_free(first);
	assert_ptr_equal(pool_alloc(1, 1), second + 112);
	pool_free(heap);
}

static void what_does_not_fit_is_the_heaps(void **state)
{
	size_t mega = 1024ul * 1024;
	uint8_t *first = pool_alloc(1, 1), *large = pool_alloc(4, mega), *second = pool_alloc(1, 1);

	assert_int_equal(second - first, 16);
	assert_true(large + 4 * mega <= first || large > second);
	assert_true(is_zero(large, 4 * mega));
	pool_free(large);
	assert_null(pool_alloc(SIZE_MAX / 2, 4));
	for (unsigned i = 0; i < 100; i++) {
		uint8_t *data = pool_alloc(1, 64ul * 1024);

		assert_true(is_zero(data, 64ul * 1024));
		memset(data, 0xff, 64ul * 1024);
		pool_free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_one_it_is_the_heap),
		cmocka_unit_test(what_is_in_it_lies_together),
		cmocka_unit_test(what_does_not_fit_is_the_heaps),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
