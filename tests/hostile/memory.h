// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Memory that the device is shown, between guards that it must not touch.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	RAM_END = 64 << 20,   // the guest's memory ends here (./host.py)
	HOLE_START = 0xa0000, // where a PC has no memory, but a frame buffer
	PAGE_BYTES = 4096,
};

// All of it is free again.
void memory_reset(void);

// Filled with 0xa5; lies in whole pages, with a page that nobody may write before and behind it. Never fails: there is more than
// a case needs.
void *memory_new(uint32_t bytes);

// The same, and the device may only read it: what is in it at memory_seal() has to stay.
void *memory_new_readable(uint32_t bytes);
void memory_seal(void);

// Whether the guards, and what was only to be read, are as they were; says which not.
bool memory_intact(void);

void memory_fill(void *to, uint8_t value, uint32_t bytes);

static inline uint64_t address_of(const volatile void *at)
{
	return (uintptr_t)at;
}
