// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The PC below this guest: ports, and the order of memory accesses. There is no kernel: addresses are physical ones, and no
// interrupt comes.
#pragma once

#include <stdint.h>

static inline void port_write8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void port_write32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_read8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t port_read32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

// What was written before is seen by the device before what is written after; also a barrier for the compiler.
static inline void memory_order(void)
{
	__asm__ volatile("lock; addl $0, (%%esp)" : : : "memory", "cc");
}
