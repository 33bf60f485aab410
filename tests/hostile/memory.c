// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "memory.h"

#include "console.h"

enum {
	POOL_START = 16 << 20,
	POOL_END = 48 << 20,
	AREAS = 256,
	FILLING = 0xa5,
};

static struct area {
	volatile uint8_t *start;
	uint32_t bytes, sum;
	bool sealed;
} areas[AREAS];
static unsigned used;
static uintptr_t next = POOL_START;
static bool readable[AREAS];

void memory_fill(void *to, uint8_t value, uint32_t bytes)
{
	volatile uint8_t *at = to;

	while (bytes--)
		*at++ = value;
}

// The compiler's own calls: it has no library here.
void *memset(void *to, int value, __SIZE_TYPE__ bytes)
{
	memory_fill(to, (uint8_t)value, bytes);
	return to;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ bytes)
{
	volatile uint8_t *at = to;
	const uint8_t *source = from;

	while (bytes--)
		*at++ = *source++;
	return to;
}

void memory_reset(void)
{
	used = 0;
	next = POOL_START;
}

static uint32_t whole_pages(uint32_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

void *memory_new(uint32_t bytes)
{
	uint32_t pages = whole_pages(bytes);
	struct area *area = &areas[used];

	if (used == AREAS || next + pages + 2 * PAGE_BYTES > POOL_END) {
		say("note no memory left: this case takes too much\n");
		for (;;)
			__asm__ volatile("hlt");
	}
	memory_fill((void *)next, FILLING, pages + 2 * PAGE_BYTES);
	*area = (struct area){ .start = (uint8_t *)next + PAGE_BYTES, .bytes = bytes };
	readable[used++] = false;
	next += pages + PAGE_BYTES;
	return (void *)area->start;
}

void *memory_new_readable(uint32_t bytes)
{
	void *at = memory_new(bytes);

	readable[used - 1] = true;
	return at;
}

// Fletcher's, without its modulo: it is for comparing only.
static uint32_t sum_of(const struct area *area)
{
	uint32_t low = 1, high = 0;

	for (uint32_t i = 0; i < area->bytes; i++) {
		low += area->start[i];
		high += low;
	}
	return high << 16 ^ low;
}

void memory_seal(void)
{
	for (unsigned i = 0; i < used; i++) {
		areas[i].sum = sum_of(&areas[i]);
		areas[i].sealed = readable[i];
	}
}

static bool filled(const volatile uint8_t *from, const volatile uint8_t *to)
{
	for (; from < to; from++) {
		if (*from == FILLING)
			continue;
		say("note written outside of all buffers, at ");
		say_hex(address_of(from));
		say("\n");
		return false;
	}
	return true;
}

bool memory_intact(void)
{
	for (unsigned i = 0; i < used; i++) {
		const struct area *area = &areas[i];
		const volatile uint8_t *end = area->start + whole_pages(area->bytes) + PAGE_BYTES;

		if (!filled(area->start - PAGE_BYTES, area->start) || !filled(area->start + area->bytes, end))
			return false;
		if (area->sealed && sum_of(area) != area->sum) {
			say("note a buffer that is only to be read was written, at ");
			say_hex(address_of(area->start));
			say("\n");
			return false;
		}
	}
	return true;
}
