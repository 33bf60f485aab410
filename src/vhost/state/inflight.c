/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The in-flight region of a split ring. See inflight.h for the order of stores. */
#include "vhost/state/inflight.h"

#include <string.h>

#include "base/barrier.h"

#define VERSION 1

void inflight_copy(void *to, const void *from, size_t len)
{
	const size_t head = sizeof(struct inflight_head);

	memset(to, 0, head);
	compiler_barrier();
	memcpy((char *)to + head, (const char *)from + head, len - head);
	compiler_barrier();
	memcpy(to, from, head);
}

void inflight_head_clear(void *region)
{
	memset(region, 0, sizeof(struct inflight_head));
}

uint16_t inflight_head_size(const void *region)
{
	const volatile struct inflight_head *head = region;

	return head->version == VERSION ? head->desc_num : 0;
}

void inflight_reset(struct inflight *inflight, uint16_t size, uint16_t used_idx)
{
	memset(inflight->desc, 0, size * sizeof(inflight->desc[0]));
	inflight->features = 0;
	inflight->version = VERSION;
	inflight->desc_num = size;
	inflight->last_batch_head = 0;
	inflight->used_idx = used_idx;
}

bool inflight_take(struct inflight *inflight, uint16_t head, uint64_t counter)
{
	if (inflight_has(inflight, head))
		return false;
	inflight->desc[head].counter = counter;
	compiler_barrier();
	inflight->desc[head].inflight = 1;
	compiler_barrier();
	return true;
}

void inflight_batch_add(struct inflight *inflight, uint16_t head)
{
	inflight->desc[head].next = inflight->last_batch_head;
	compiler_barrier();
	inflight->last_batch_head = head;
	compiler_barrier();
}

void inflight_batch_commit(struct inflight *inflight, uint16_t size, uint16_t used_idx)
{
	uint16_t n = used_idx - inflight->used_idx;
	uint16_t head = *(volatile uint16_t *)&inflight->last_batch_head;

	/* Bounded, and each link read once: the region may be in the front-end's hand. */
	for (uint16_t i = 0; i < n && head < size; i++) {
		inflight->desc[head].inflight = 0;
		head = *(volatile uint16_t *)&inflight->desc[head].next;
	}
	compiler_barrier();
	inflight->used_idx = used_idx;
}

static bool taken_before(uint16_t a, uint16_t b, uint64_t (*counter)(const void *region, uint16_t head),
			 const void *region)
{
	uint64_t x = counter(region, a), y = counter(region, b);

	return x != y ? x < y : a < b;
}

/* Heapsort: which places it looks at depends on n only. */
void inflight_sort(uint16_t *heads, size_t n, uint64_t (*counter)(const void *region, uint16_t head),
		   const void *region)
{
	for (size_t start = n / 2, end = n; end > 1;) {
		uint16_t head;
		size_t at;

		if (start > 0) {
			head = heads[--start];
		} else {
			head = heads[--end];
			heads[end] = heads[0];
		}
		at = start;
		for (size_t child = 2 * at + 1; child < end; child = 2 * at + 1) {
			if (child + 1 < end && taken_before(heads[child], heads[child + 1], counter, region))
				child++;
			if (!taken_before(head, heads[child], counter, region))
				break;
			heads[at] = heads[child];
			at = child;
		}
		heads[at] = head;
	}
}

static uint64_t taken_counter(const void *region, uint16_t head)
{
	return *(const volatile uint64_t *)&((const struct inflight *)region)->desc[head].counter;
}

uint16_t inflight_collect(struct inflight *inflight, uint16_t size, uint16_t *heads)
{
	uint16_t n = 0;

	for (uint16_t head = 0; head < size; head++) {
		if (inflight_has(inflight, head))
			heads[n++] = head;
	}
	inflight_sort(heads, n, taken_counter, inflight);
	return n;
}
