/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Guest memory: the regions that the front-end shared, and copies in and out of them.
 *
 * Buffers are named by guest-physical addresses and copied at use (memory_read, memory_write); rings by front-end user
 * addresses and resolved ahead over their whole length (memory_resolve), again after every change of the table.
 * vhost-user.rst, "Memory access", "SET_MEM_TABLE", "ADD_MEM_REG", "REM_MEM_REG".
 */
#pragma once

#include "vhost/session.h"
#include "vhost/vhost.h"

/* A front-end user address: what ring addresses are given in. */
struct user_addr {
	uint64_t value;
};

struct memory_map {
	void *start; /* owned mapping, NULL when the slot is free */
	size_t len;
	uint8_t *base; /* where the region begins in it */
};

struct memory {
	struct session_region *slots; /* SESSION_SLOTS_MAX, in the session */
	struct memory_map maps[SESSION_SLOTS_MAX];
	unsigned n_slots_end; /* slots at and behind this are free */
	unsigned last;	      /* the slot that the last copy hit */
};

void memory_init(struct memory *memory, struct session_region *slots);
/* Unmaps all. The slots stay as they are. */
void memory_deinit(struct memory *memory);
/* Unmaps all and frees the slots. */
void memory_clear(struct memory *memory);

/*
 * Maps the region into a free slot, which is returned; the fd stays the caller's. -EINVAL: empty, wraps around,
 * overlaps another region, or does not lie in its file; -ENOSPC: no slot; another -errno: it can not be mapped.
 */
int memory_add(struct memory *memory, const struct vhost_user_region *region, int fd);
/* Maps what an earlier process had in this slot. -errno. */
int memory_restore(struct memory *memory, unsigned slot, int fd);
/* Unmaps the region with these addresses and size and frees its slot, which is returned. -ENOENT. */
int memory_remove(struct memory *memory, const struct vhost_user_region *region);
bool memory_is_empty(const struct memory *memory);

/* 0 or -EFAULT; what comes before the address that is not there was copied. */
int memory_read(struct memory *memory, struct guest_addr addr, void *data, size_t len);
int memory_write(struct memory *memory, struct guest_addr addr, const void *data, size_t len);

/* len bytes at addr, all in one region and aligned (a power of two), or NULL. Valid until the table changes. */
void *memory_resolve(struct memory *memory, struct user_addr addr, size_t len, size_t align);
