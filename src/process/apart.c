/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Memory apart from the heap: chunks of slots of one size. */
#include "process/apart.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_SIZE (64ul * 1024)
#define SLOTS_MAX  64u /* bits of used */
#define ALIGN	   16u

struct chunk {
	struct chunk *next;
	size_t slot_size;
	uint64_t used; /* a bit a slot */
	_Alignas(ALIGN) uint8_t slots[];
};

static struct chunk *chunks;

static unsigned slots_of(const struct chunk *chunk)
{
	size_t n = (CHUNK_SIZE - sizeof(*chunk)) / chunk->slot_size;

	return n < SLOTS_MAX ? (unsigned)n : SLOTS_MAX;
}

static uint8_t *slot_at(struct chunk *chunk, unsigned i)
{
	return chunk->slots + i * chunk->slot_size;
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk = mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (chunk == MAP_FAILED)
		return NULL;
	chunk->slot_size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	chunk->next = chunks;
	chunks = chunk;
	return chunk;
}

void *apart_alloc(size_t size)
{
	struct chunk *chunk = chunks;
	unsigned slot = 0;

	assert(size <= CHUNK_SIZE - sizeof(*chunk) && (!chunk || size <= chunk->slot_size));
	while (chunk && chunk->used == (slots_of(chunk) < SLOTS_MAX ? (1ull << slots_of(chunk)) - 1 : ~0ull))
		chunk = chunk->next;
	if (!chunk)
		chunk = chunk_new(size);
	if (!chunk)
		return NULL;
	while (chunk->used & 1ull << slot)
		slot++;
	chunk->used |= 1ull << slot;
	return memset(slot_at(chunk, slot), 0, size);
}

void apart_free(void *data)
{
	uint8_t *at = data;
	struct chunk **link = &chunks;
	struct chunk *chunk;

	if (!data)
		return;
	while (at < (*link)->slots || at >= (uint8_t *)*link + CHUNK_SIZE)
		link = &(*link)->next;
	chunk = *link;
	chunk->used &= ~(1ull << ((size_t)(at - chunk->slots) / chunk->slot_size));
	if (chunk->used == 0) {
		*link = chunk->next;
		munmap(chunk, CHUNK_SIZE);
	}
}

void apart_forget(void)
{
	struct chunk *next;

	for (struct chunk *chunk = chunks; chunk; chunk = next) {
		next = chunk->next;
		munmap(chunk, CHUNK_SIZE);
	}
	/* chunks stays as it is: nobody uses it again, and its page is the supervisor's, too. */
}
