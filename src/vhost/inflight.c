/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The in-flight region of a split ring. See inflight.h for the order of stores. */
#include "vhost/inflight.h"

#include <stdlib.h>
#include <string.h>

void inflight_reset(struct inflight *inflight, uint16_t size, uint16_t used_idx)
{
	memset(inflight->desc, 0, size * sizeof(inflight->desc[0]));
	inflight->features = 0;
	inflight->version = 1;
	inflight->desc_num = size;
	inflight->last_batch_head = 0;
	inflight->used_idx = used_idx;
}

bool inflight_has(const struct inflight *inflight, uint16_t head)
{
	return inflight->desc[head].inflight == 1;
}

bool inflight_take(struct inflight *inflight, uint16_t head, uint64_t counter)
{
	if (inflight_has(inflight, head))
		return false;
	inflight->desc[head].counter = counter;
	inflight_store_barrier();
	inflight->desc[head].inflight = 1;
	inflight_store_barrier();
	return true;
}

void inflight_batch_add(struct inflight *inflight, uint16_t head)
{
	inflight->desc[head].next = inflight->last_batch_head;
	inflight_store_barrier();
	inflight->last_batch_head = head;
	inflight_store_barrier();
}

void inflight_batch_commit(struct inflight *inflight, uint16_t size, uint16_t used_idx)
{
	uint16_t n = used_idx - inflight->used_idx;
	uint16_t head = inflight->last_batch_head;

	for (uint16_t i = 0; i < n && head < size; i++) {
		inflight->desc[head].inflight = 0;
		head = inflight->desc[head].next;
	}
	inflight_store_barrier();
	inflight->used_idx = used_idx;
}

/* GNU qsort_r, which musl has too: by the counter of the heads' entries. */
static int taken_compare(const void *a, const void *b, void *ctx)
{
	const struct inflight *inflight = ctx;
	uint64_t x = inflight->desc[*(const uint16_t *)a].counter;
	uint64_t y = inflight->desc[*(const uint16_t *)b].counter;

	return x < y ? -1 : x > y;
}

uint16_t inflight_collect(struct inflight *inflight, uint16_t size, uint16_t *heads)
{
	uint16_t n = 0;

	for (uint16_t head = 0; head < size; head++) {
		if (inflight_has(inflight, head))
			heads[n++] = head;
	}
	qsort_r(heads, n, sizeof(*heads), taken_compare, inflight);
	return n;
}
