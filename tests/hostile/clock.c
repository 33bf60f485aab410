// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "clock.h"

#include "machine.h"

#include <stdint.h>

enum {
	COUNTER_0 = 0x40,
	CONTROL = 0x43,
	LATCH_0 = 0x00,
	RATE_GENERATOR_0 = 0x34, // both bytes, mode 2
	TICKS_A_MS = 1193,
};

static uint16_t last;
static uint32_t ticks, ms;

static uint16_t counter(void)
{
	uint8_t low;

	port_write8(CONTROL, LATCH_0);
	low = port_read8(COUNTER_0);
	return (uint16_t)(low | port_read8(COUNTER_0) << 8);
}

void clock_start(void)
{
	port_write8(CONTROL, RATE_GENERATOR_0);
	port_write8(COUNTER_0, 0);
	port_write8(COUNTER_0, 0);
	last = counter();
}

unsigned clock_ms(void)
{
	uint16_t now = counter();

	ticks += (uint16_t)(last - now); // it counts down
	last = now;
	ms += ticks / TICKS_A_MS;
	ticks %= TICKS_A_MS;
	return ms;
}

void clock_wait(unsigned duration)
{
	unsigned start = clock_ms();

	while (clock_ms() - start < duration)
		;
}
