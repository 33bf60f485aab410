/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The device's IOTLB: sorted ranges. */
#include "vhost/memory/iotlb.h"

#include <errno.h>
#include <string.h>

void iotlb_clear(struct iotlb *iotlb)
{
	if (iotlb->age == 0 && iotlb->n_misses == 0)
		return; /* it never had any, and its page was never written to */
	iotlb->n = iotlb->n_misses = 0;
	iotlb->age = 0;
}

/* The first entry that ends at addr or behind it. */
static size_t entry_from(const struct iotlb *iotlb, uint64_t addr)
{
	size_t low = 0, high = iotlb->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (iotlb->entries[middle].range.last < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void entries_remove(struct iotlb *iotlb, size_t at, size_t n)
{
	memmove(&iotlb->entries[at], &iotlb->entries[at + n], (iotlb->n - at - n) * sizeof(iotlb->entries[0]));
	iotlb->n -= n;
}

static void evict_oldest(struct iotlb *iotlb)
{
	size_t oldest = 0;

	for (size_t i = 1; i < iotlb->n; i++) {
		if (iotlb->entries[i].age < iotlb->entries[oldest].age)
			oldest = i;
	}
	entries_remove(iotlb, oldest, 1);
}

/* The range overlaps no entry. */
static void insert(struct iotlb *iotlb, const struct iotlb_range *range, uint64_t age)
{
	size_t at;

	if (iotlb->n == IOTLB_MAX)
		evict_oldest(iotlb);
	at = entry_from(iotlb, range->first);
	memmove(&iotlb->entries[at + 1], &iotlb->entries[at], (iotlb->n - at) * sizeof(iotlb->entries[0]));
	iotlb->entries[at].range = *range;
	iotlb->entries[at].age = age;
	iotlb->n++;
}

void iotlb_invalidate(struct iotlb *iotlb, uint64_t first, uint64_t last)
{
	size_t at = entry_from(iotlb, first), end = at;
	struct iotlb_range head, tail;
	uint64_t age_head, age_tail;

	while (end < iotlb->n && iotlb->entries[end].range.first <= last)
		end++;
	if (end == at)
		return;
	head = iotlb->entries[at].range;
	age_head = iotlb->entries[at].age;
	tail = iotlb->entries[end - 1].range;
	age_tail = iotlb->entries[end - 1].age;
	entries_remove(iotlb, at, end - at);
	if (head.first < first) {
		head.last = first - 1;
		insert(iotlb, &head, age_head);
	}
	if (tail.last > last) {
		tail.user += last + 1 - tail.first;
		tail.first = last + 1;
		insert(iotlb, &tail, age_tail);
	}
}

static bool miss_is_answered(const struct iotlb_miss *miss, const struct iotlb_range *range, unsigned perm)
{
	return miss->addr >= range->first && miss->addr <= range->last && !(miss->perm & ~perm);
}

static size_t misses_remove(struct iotlb *iotlb, const struct iotlb_range *range, unsigned perm)
{
	size_t kept = 0, removed;

	for (size_t i = 0; i < iotlb->n_misses; i++) {
		if (!miss_is_answered(&iotlb->misses[i], range, perm))
			iotlb->misses[kept++] = iotlb->misses[i];
	}
	removed = iotlb->n_misses - kept;
	iotlb->n_misses = kept;
	return removed;
}

/*
 * A translation answers the questions that it satisfies. When it satisfies none it is the answer to one for more than
 * the front-end allows: what is denied then.
 */
static unsigned answer_misses(struct iotlb *iotlb, const struct iotlb_range *range)
{
	unsigned denied = 0;

	if (misses_remove(iotlb, range, range->perm) > 0)
		return 0;
	for (size_t i = 0; i < iotlb->n_misses; i++) {
		if (miss_is_answered(&iotlb->misses[i], range, IOTLB_READ | IOTLB_WRITE))
			denied |= iotlb->misses[i].perm & ~range->perm;
	}
	misses_remove(iotlb, range, IOTLB_READ | IOTLB_WRITE);
	return denied;
}

void iotlb_update(struct iotlb *iotlb, const struct iotlb_range *range)
{
	struct iotlb_range made = *range;

	made.denied |= answer_misses(iotlb, range);
	iotlb_invalidate(iotlb, range->first, range->last);
	insert(iotlb, &made, iotlb->age++);
}

int iotlb_find(const struct iotlb *iotlb, uint64_t addr, unsigned perm, uint64_t *user, size_t *len)
{
	size_t at = entry_from(iotlb, addr);
	const struct iotlb_range *range;

	if (at == iotlb->n || iotlb->entries[at].range.first > addr)
		return -EAGAIN;
	range = &iotlb->entries[at].range;
	if (range->denied & perm)
		return -EACCES;
	if (perm & ~range->perm)
		return -EAGAIN;
	*user = range->user + (addr - range->first);
	if (*len > 0 && *len - 1 > range->last - addr)
		*len = range->last - addr + 1;
	return 0;
}

static bool same_page(uint64_t a, uint64_t b)
{
	return a / IOTLB_PAGE == b / IOTLB_PAGE;
}

bool iotlb_miss(struct iotlb *iotlb, uint64_t addr, unsigned perm)
{
	for (size_t i = 0; i < iotlb->n_misses; i++) {
		if (same_page(iotlb->misses[i].addr, addr) && iotlb->misses[i].perm == perm)
			return false;
	}
	if (iotlb->n_misses == IOTLB_MISSES_MAX) {
		iotlb->n_misses--;
		memmove(&iotlb->misses[0], &iotlb->misses[1], iotlb->n_misses * sizeof(iotlb->misses[0]));
	}
	iotlb->misses[iotlb->n_misses++] = (struct iotlb_miss){ .addr = addr, .perm = perm };
	return true;
}

struct iotlb_miss *iotlb_unsent(struct iotlb *iotlb)
{
	for (size_t i = 0; i < iotlb->n_misses; i++) {
		if (!iotlb->misses[i].sent)
			return &iotlb->misses[i];
	}
	return NULL;
}
