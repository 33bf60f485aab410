/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Guest memory: the regions that the front-end shared, and copies in and out of them.
 *
 * Buffers are named by guest-physical addresses and copied at use (memory_read, memory_write); rings by front-end user
 * addresses and resolved ahead over their whole length (memory_resolve), again after every change of the table.
 * With an IOTLB both are I/O virtual addresses, which are translated to user addresses first.
 * vhost-user.rst, "Memory access", "SET_MEM_TABLE", "ADD_MEM_REG", "REM_MEM_REG".
 */
#pragma once

#include "vhost/memory/dirty_log.h"
#include "vhost/memory/file_map.h"
#include "vhost/memory/iotlb.h"
#include "vhost/state/session.h"
#include "vhost/vhost.h"

/* A front-end user address: what ring addresses are given in. With an IOTLB, an I/O virtual one. */
struct user_addr {
	uint64_t value;
};

struct memory {
	struct session_region *slots; /* SESSION_SLOTS_MAX, in the session */
	struct file_map *maps;	      /* the caller's, SESSION_SLOTS_MAX; all zero at first */
	struct dirty_log *dirty_log;  /* where writes are marked, or NULL */
	struct iotlb *iotlb;	      /* or NULL: addresses are not translated */
	struct {
		uint64_t addr;
		unsigned perm; /* 0: none */
	} missed;	       /* the last translation that was not there */
	uint32_t n_spans;      /* looked up so far: what a chain cost; wraps around */
	unsigned n_slots_end;  /* slots at and behind this are free */
	unsigned last;	       /* the slot that the last copy hit */
};

/* Both outlive it. maps is all zero, and stays so but for the maps that there are. */
void memory_init(struct memory *memory, struct session_region *slots, struct file_map *maps);
/* Unmaps all. The slots stay as they are. */
void memory_deinit(struct memory *memory);
/* Unmaps all and frees the slots. */
void memory_clear(struct memory *memory);

/*
 * Maps the region into a free slot, which is returned; the fd stays the caller's. -EINVAL: empty, wraps around,
 * overlaps another region, or does not lie in its file; -ENOSPC: no slot; another -errno: it cannot be mapped.
 */
int memory_add(struct memory *memory, const struct vhost_user_region *region, int fd);
/* Maps what an earlier process had in this slot. -errno. */
int memory_restore(struct memory *memory, unsigned slot, int fd);
/* The slot of the region with these addresses and size. -ENOENT. */
int memory_find(const struct memory *memory, const struct vhost_user_region *region);
/* Unmaps the region with these addresses and size and frees its slot, which is returned. -ENOENT. */
int memory_remove(struct memory *memory, const struct vhost_user_region *region);
bool memory_is_empty(const struct memory *memory);

/*
 * 0 or -errno; what comes before the address that fails was copied. -EFAULT: it is not there (any
 * more: see sigbus_guard.h); -EACCES: the IOTLB does
 * not allow it; -EAGAIN: its translation is not known (memory->missed).
 */
int memory_read(struct memory *memory, struct guest_addr addr, void *data, size_t len);
/* Marks the pages in the dirty log, too. */
int memory_write(struct memory *memory, struct guest_addr addr, const void *data, size_t len);
/* Whether len bytes can be reached so: as memory_read(), without a copy. */
int memory_check(struct memory *memory, struct guest_addr addr, size_t len, enum iotlb_access access);

/*
 * len bytes at addr, all in one region, in one piece and aligned (a power of two), or NULL. Valid until the table or
 * the translation changes. memory->missed tells when it is a translation that is missing.
 */
void *memory_resolve(struct memory *memory, struct user_addr addr, size_t len, size_t align, unsigned access);
/* The guest-physical address of a byte that was resolved. */
uint64_t memory_guest_addr(const struct memory *memory, const void *resolved);
/* Where a byte that was resolved lies, for whoever maps the same memory; all zero when it lies nowhere. */
struct session_location memory_location(const struct memory *memory, const void *resolved);
/* Whether these user addresses all lie in one region. */
bool memory_has_user(const struct memory *memory, struct user_addr addr, uint64_t len);
