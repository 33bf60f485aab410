// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Registers in memory, of each width.
#pragma once

#include <stdint.h>

static inline uint8_t read8(const volatile uint8_t *at)
{
	return *at;
}

static inline uint16_t read16(const volatile uint8_t *at)
{
	return *(const volatile uint16_t *)at;
}

static inline uint32_t read32(const volatile uint8_t *at)
{
	return *(const volatile uint32_t *)at;
}

static inline void write8(volatile uint8_t *at, uint8_t value)
{
	*at = value;
}

static inline void write16(volatile uint8_t *at, uint16_t value)
{
	*(volatile uint16_t *)at = value;
}

static inline void write32(volatile uint8_t *at, uint32_t value)
{
	*(volatile uint32_t *)at = value;
}

// Of 1, 2 or 4 bytes.
static inline uint32_t read_any(const volatile uint8_t *at, unsigned width)
{
	return width == 1 ? read8(at) : width == 2 ? read16(at) : read32(at);
}

static inline void write_any(volatile uint8_t *at, unsigned width, uint32_t value)
{
	if (width == 1)
		write8(at, (uint8_t)value);
	else if (width == 2)
		write16(at, (uint16_t)value);
	else
		write32(at, value);
}

// As two of 32 bits (VIRTIO 1.4, 4.1.3.1).
static inline void write64(volatile uint8_t *at, uint64_t value)
{
	write32(at, (uint32_t)value);
	write32(at + 4, (uint32_t)(value >> 32));
}
