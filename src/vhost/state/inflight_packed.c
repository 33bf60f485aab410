/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The in-flight region of a packed ring. Each step is one store: after any of them a successor may take over. */
#include "vhost/state/inflight_packed.h"

#include <string.h>

#include "base/barrier.h"

void inflight_packed_reset(struct inflight_packed *region, uint16_t size, uint16_t used_idx, bool used_wrap)
{
	memset(region->desc, 0, size * sizeof(region->desc[0]));
	for (uint16_t i = 0; i < size; i++)
		region->desc[i].next = i + 1; /* the last one's is no entry */
	region->features = 0;
	region->version = 1;
	region->desc_num = size;
	region->free_head = region->old_free_head = 0;
	region->used = (union inflight_packed_used){
		.idx = used_idx, .old_idx = used_idx, .wrap_counter = used_wrap, .old_wrap_counter = used_wrap
	};
	compiler_barrier();
}

void inflight_packed_begin(const struct inflight_packed *region, struct inflight_packed_chain *chain)
{
	*chain = (struct inflight_packed_chain){ .next_free = region->old_free_head };
}

bool inflight_packed_add(struct inflight_packed *region, uint16_t size, struct inflight_packed_chain *chain,
			 const struct inflight_packed_desc *desc)
{
	uint16_t at = chain->next_free;
	struct inflight_packed_desc *entry;

	if (at >= size || chain->num == size || region->desc[at].inflight)
		return false;
	entry = &region->desc[at];
	entry->addr = desc->addr;
	entry->len = desc->len;
	entry->flags = desc->flags;
	entry->id = desc->id;
	if (chain->num == 0)
		chain->head = at;
	chain->last = at;
	chain->num++;
	chain->id = desc->id;
	chain->next_free = entry->next;
	return true;
}

void inflight_packed_take(struct inflight_packed *region, const struct inflight_packed_chain *chain, uint64_t counter)
{
	struct inflight_packed_desc *head = &region->desc[chain->head];

	head->last = chain->last;
	head->num = chain->num;
	head->counter = counter;
	head->inflight = 1;
	compiler_barrier();
	region->free_head = chain->next_free;
	compiler_barrier();
	region->old_free_head = chain->next_free;
	compiler_barrier();
}

bool inflight_packed_get(const struct inflight_packed *region, uint16_t size, uint16_t head,
			 struct inflight_packed_chain *chain)
{
	const volatile struct inflight_packed_desc *entry;

	if (head >= size || region->desc[head].inflight != 1)
		return false;
	entry = &region->desc[head];
	*chain = (struct inflight_packed_chain){ .head = head, .last = entry->last, .num = entry->num };
	if (chain->last >= size || chain->num == 0 || chain->num > size)
		return false;
	chain->id = region->desc[chain->last].id;
	return true;
}

static void used_store(struct inflight_packed *region, union inflight_packed_used used)
{
	*(volatile uint64_t *)&region->used.word = used.word;
	compiler_barrier();
}

void inflight_packed_return(struct inflight_packed *region, const struct inflight_packed_chain *chain,
			    uint16_t used_idx, bool used_wrap)
{
	union inflight_packed_used used = region->used;

	region->desc[chain->last].next = region->free_head;
	compiler_barrier();
	region->free_head = chain->head;
	compiler_barrier();
	used.idx = used_idx;
	used.wrap_counter = used_wrap;
	used_store(region, used);
}

/* The new state becomes the old one. */
static void commit(struct inflight_packed *region)
{
	union inflight_packed_used used = region->used;

	region->old_free_head = region->free_head;
	compiler_barrier();
	used.old_idx = used.idx;
	used.old_wrap_counter = used.wrap_counter;
	used_store(region, used);
}

void inflight_packed_returned(struct inflight_packed *region, const struct inflight_packed_chain *chain)
{
	region->desc[chain->head].inflight = 0;
	compiler_barrier();
	commit(region);
}

bool inflight_packed_is_returning(const struct inflight_packed *region)
{
	return region->used.idx != region->used.old_idx || region->used.wrap_counter != region->used.old_wrap_counter;
}

void inflight_packed_recover(struct inflight_packed *region, uint16_t size, bool published)
{
	union inflight_packed_used used;
	uint16_t at;

	if (inflight_packed_is_returning(region) && published)
		commit(region);
	region->free_head = region->old_free_head;
	compiler_barrier();
	used = region->used;
	used.idx = used.old_idx;
	used.wrap_counter = used.old_wrap_counter;
	used_store(region, used);
	/* Bounded: a list that is damaged may run in a circle. */
	at = *(volatile uint16_t *)&region->old_free_head;
	for (uint32_t i = 0; i < size && at < size; i++) {
		region->desc[at].inflight = 0;
		at = *(volatile uint16_t *)&region->desc[at].next;
	}
	compiler_barrier();
}

static uint64_t taken_counter(const void *region, uint16_t head)
{
	return *(const volatile uint64_t *)&((const struct inflight_packed *)region)->desc[head].counter;
}

uint16_t inflight_packed_collect(const struct inflight_packed *region, uint16_t size, uint16_t *heads,
				 uint32_t *n_descs)
{
	struct inflight_packed_chain chain;
	uint16_t n = 0;

	*n_descs = 0;
	for (uint16_t head = 0; head < size; head++) {
		if (!inflight_packed_get(region, size, head, &chain))
			continue;
		heads[n++] = head;
		*n_descs += chain.num;
	}
	inflight_sort(heads, n, taken_counter, region);
	return n;
}
