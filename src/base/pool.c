/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Memory for what a process makes at its start and keeps to its end. */
#include "base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define POOL_SIZE  (512ul * 1024) /* of addresses: a page that nobody writes to is none */
#define POOL_ALIGN 16u

static struct {
	uint8_t *start; /* NULL: there is none */
	size_t used;
} pool;

void pool_begin(void)
{
	void *start = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start != MAP_FAILED)
		pool.start = start;
}

void *pool_alloc(size_t n, size_t size)
{
	size_t left = POOL_SIZE - pool.used, len;
	void *data;

	if (__builtin_mul_overflow(n, size, &len))
		return NULL;
	if (!pool.start || len > left || left - len < POOL_ALIGN)
		return calloc(n, size);
	data = pool.start + pool.used;
	pool.used += (len + POOL_ALIGN - 1) & ~(size_t)(POOL_ALIGN - 1);
	return data;
}

void pool_free(void *data)
{
	uint8_t *at = data;

	if (!pool.start || at < pool.start || at >= pool.start + POOL_SIZE)
		free(data);
}
