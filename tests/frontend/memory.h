/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The guest's memory: memfd regions with three addresses each: the guest's, the front-end's (user address) and where
 * this process really has it mapped. All three differ, so that a back-end that mixes them up fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define MEMORY_REGIONS_MAX VU_REGIONS_MAX

struct memory_region {
	struct vu_region wire;
	int fd;		/* owned */
	uint8_t *map;	/* of wire.size bytes from wire.mmap_offset */
	uint64_t taken; /* by memory_alloc() */
};

struct memory {
	struct memory_region regions[MEMORY_REGIONS_MAX];
	unsigned n_regions;
};

/* Two adjacent regions of MEMORY_DEFAULT_SIZE; the second lies elsewhere in its file and in the user addresses. */
#define MEMORY_DEFAULT_BASE 0x40000000ull
#define MEMORY_DEFAULT_SIZE 0x1000000ull
void memory_init_default(struct memory *memory);

/* Adds a region of its own memfd, size + mmap_offset long. Returns its number. */
unsigned memory_add(struct memory *memory, uint64_t guest_addr, uint64_t user_addr, uint64_t size,
		    uint64_t mmap_offset);
void memory_deinit(struct memory *memory);

/* Moves a region, contents included, to another file at another offset; its addresses stay. */
void memory_rehome(struct memory *memory, unsigned region, uint64_t mmap_offset);
/* The wire form of all regions, as SET_MEM_TABLE wants it. */
void memory_table(const struct memory *memory, struct vu_region *regions, int *fds);

/* Zeroed guest memory that nothing else uses; never given back. */
uint64_t memory_alloc(struct memory *memory, unsigned region, uint64_t size, uint64_t align);

/* Our pointer to it; a failure when the range is not in one region. */
void *memory_at(const struct memory *memory, uint64_t guest_addr, uint64_t len);
uint64_t memory_user_addr(const struct memory *memory, uint64_t guest_addr);
/* Copies that may cross region borders. */
void memory_read(const struct memory *memory, uint64_t guest_addr, void *data, uint64_t len);
void memory_write(const struct memory *memory, uint64_t guest_addr, const void *data, uint64_t len);

/* A sum over every byte of a range, to see whether anybody wrote there. */
uint64_t memory_sum(const struct memory *memory, uint64_t guest_addr, uint64_t len);
