/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The device's IOTLB, for guests with a virtual IOMMU: I/O virtual addresses to front-end user addresses, and which
 * translations are being waited for. vhost-user.rst, "IOMMU support".
 *
 * A bounded cache: when it is full the oldest translation goes, and is asked for again when it is needed. It is not
 * part of the session: after a crash all is asked for anew, because an invalidation may have been lost with the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IOTLB_PAGE	 4096u
#define IOTLB_MAX	 4096 /* more than one chain and all rings need, see REACH_MAX in queue.c */
#define IOTLB_MISSES_MAX 16   /* more than waiters; the oldest is forgotten and asked for again */

enum iotlb_access {
	IOTLB_READ = 1,
	IOTLB_WRITE = 2,
};

/* Addresses from first to last, both included. */
struct iotlb_range {
	uint64_t first, last;
	uint64_t user;	/* of first */
	uint8_t perm;	/* enum iotlb_access, ored */
	uint8_t denied; /* asked for, and not given */
};

struct iotlb_miss {
	uint64_t addr;
	uint8_t perm;
	bool sent;
};

struct iotlb {
	size_t n;
	uint64_t age;
	struct iotlb_miss misses[IOTLB_MISSES_MAX]; /* the oldest first */
	size_t n_misses;
	/* Sorted, without overlap; age counts up. */
	struct {
		struct iotlb_range range;
		uint64_t age;
	} entries[IOTLB_MAX];
};

/* No translation, and nothing is waited for. */
void iotlb_clear(struct iotlb *iotlb);

/* A translation from the front-end, which replaces what it overlaps and answers the misses that it covers. */
void iotlb_update(struct iotlb *iotlb, const struct iotlb_range *range);
/* No translation from first to last: what reaches over either end keeps its rest. */
void iotlb_invalidate(struct iotlb *iotlb, uint64_t first, uint64_t last);

/*
 * Where addr lies in user addresses, and for how many bytes (*len is cut) the one translation holds. -EAGAIN: it is not
 * known yet, ask for it; -EACCES: the front-end does not allow it.
 */
int iotlb_find(const struct iotlb *iotlb, uint64_t addr, unsigned perm, uint64_t *user, size_t *len);

/* Notes that the page of addr is waited for. False when it already is: no second question. */
bool iotlb_miss(struct iotlb *iotlb, uint64_t addr, unsigned perm);
/* The first miss that was not sent, or NULL. */
struct iotlb_miss *iotlb_unsent(struct iotlb *iotlb);
