// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "probe.h"

#include "clock.h"
#include "memory.h"

volatile uint8_t *probe_make(struct piece pieces[2])
{
	volatile uint8_t *response = memory_new(2);

	pieces[0] = (struct piece){ address_of(gpio_request_new(GET_DIRECTION, PROBE_LINE, 0)),
				    sizeof(struct gpio_request), 0 };
	pieces[1] = (struct piece){ address_of(response), 2, DESC_WRITE };
	return response;
}

volatile uint8_t *probe_write(struct ring *ring)
{
	struct piece pieces[2];
	volatile uint8_t *response = probe_make(pieces);

	ring_write(ring, pieces, 2);
	return response;
}

struct piece probe_table(const struct piece pieces[2], bool packed)
{
	struct split_descriptor *table = memory_new_readable(2 * sizeof(*table));

	// Of a packed ring's, the flags are where those of the other have their next one.
	for (uint16_t i = 0; i < 2; i++) {
		uint16_t flags = (uint16_t)(pieces[i].flags | (i == 0 ? DESC_NEXT : 0)), next = i == 0 ? 1 : 0;

		table[i] = (struct split_descriptor){ pieces[i].address, pieces[i].length, packed ? i : flags,
						      packed ? pieces[i].flags : next };
	}
	return (struct piece){ address_of(table), 2 * sizeof(*table), DESC_INDIRECT };
}

bool probe_ok(struct device *device)
{
	return gpio_ok(device, GET_DIRECTION, PROBE_LINE, 0, DIRECTION_NONE);
}

bool probe_interrupted(unsigned ms)
{
	unsigned start = clock_ms();

	while (!(bus->interrupts() & INTERRUPT_USED)) {
		if (clock_ms() - start >= ms)
			return false;
	}
	return true;
}
