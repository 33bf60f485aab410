// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Chains in the event ring that no driver may give, and an event ring that is invalid: interrupts come by the others, and requests
// are answered.
#include "case.h"
#include "console.h"
#include "machine.h"
#include "memory.h"
#include "probe.h"

#include <stddef.h>

enum { LINE = 3 };

// A buffer for an interrupt of the line.
static volatile uint8_t *buffer_make(struct piece pieces[2])
{
	uint16_t *request = memory_new_readable(sizeof(*request));
	volatile uint8_t *status = memory_new(1);

	*request = LINE;
	pieces[0] = (struct piece){ address_of(request), sizeof(*request), 0 };
	pieces[1] = (struct piece){ address_of(status), 1, DESC_WRITE };
	return status;
}

enum fault {
	LINE_BEHIND_MEMORY,
	LINE_AT_LAST_ADDRESS,
	STATUS_FIRST,
	STATUS_TO_BE_READ,
	TOO_LONG,
	TABLE_OF_NO_LENGTH,
	TABLE_AND_NEXT,
	TABLE_IN_TABLE,
};

// Returns how many pieces it is.
static unsigned spoil(enum fault fault, struct piece pieces[2], bool packed)
{
	struct piece good[2] = { pieces[0], pieces[1] };

	switch (fault) {
	case LINE_BEHIND_MEMORY:
		pieces[0].address = RAM_END;
		return 2;
	case LINE_AT_LAST_ADDRESS:
		pieces[0].address = UINT64_MAX;
		return 2;
	case STATUS_FIRST:
		pieces[0] = good[1];
		pieces[1] = good[0];
		return 2;
	case STATUS_TO_BE_READ:
		pieces[1].flags = 0;
		return 2;
	case TOO_LONG:
		pieces[1].length = UINT32_MAX;
		return 2;
	case TABLE_OF_NO_LENGTH:
		pieces[0] = probe_table(good, packed);
		pieces[0].length = 0;
		return 1;
	case TABLE_AND_NEXT:
		pieces[0] = probe_table(good, packed);
		return 2;
	case TABLE_IN_TABLE:
		pieces[0] = probe_table(good, packed);
		pieces[0] = probe_table(pieces, packed);
		return 1;
	}
	return 2;
}

// It comes back at once, as no interrupt; those of other lines come.
static enum outcome spoiled(struct device *device)
{
	const enum fault *fault = device->with;
	struct piece pieces[2];
	volatile uint8_t *status = buffer_make(pieces);
	unsigned count = spoil(*fault, pieces, device->event.packed);
	struct taken taken;

	events_arm(device);
	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0) || !gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_BOTH, 0))
		return fail("no interrupt type");
	ring_send(&device->event, pieces, count);
	if (!ring_take(&device->event, &taken, ANSWER_MS))
		return fail("it did not come back");
	if (taken.length > 1 || *status == IRQ_STATUS_VALID || taken.length != (*status == IRQ_STATUS_INVALID))
		return fail("an interrupt that was none, or another length");
	return events_go_on(device, PASS);
}

// A good one in an indirect table.
static enum outcome in_table(struct device *device)
{
	struct piece pieces[2], table;
	volatile uint8_t *status = buffer_make(pieces);
	struct taken taken;

	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0) || !gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_BOTH, 0))
		return fail("no interrupt type");
	table = probe_table(pieces, device->event.packed);
	ring_send(&device->event, &table, 1);
	host_do("rest");
	memory_seal();
	host_do("set 3 1");
	host_do("set 3 0");
	return ring_take(&device->event, &taken, ANSWER_MS) && taken.length == 1 && *status == IRQ_STATUS_VALID
		       ? PASS
		       : fail("no interrupt");
}

// The ring is invalid: no interrupt comes any more, and requests are answered.
static enum outcome silent(struct device *device)
{
	struct taken taken;

	ring_kick(&device->event);
	if (requests_go_on(device, PASS) != PASS)
		return FAIL;
	host_do("rest");
	host_do("set 2 1");
	host_do("set 2 0");
	if (ring_take(&device->event, &taken, SILENT_MS))
		return fail("an interrupt from a broken ring");
	return requests_go_on(device, REJECT);
}

static enum outcome index_jumps(struct device *device)
{
	events_arm(device);
	host_do("rest");
	device->event.available->index = (uint16_t)(device->event.next + RING_SIZE + 1);
	return silent(device);
}

static enum outcome head_out_of_range(struct device *device)
{
	struct ring *ring = &device->event;

	events_arm(device);
	host_do("rest");
	ring->available->heads[ring->next % ring->size] = RING_SIZE;
	memory_order();
	ring->available->index = (uint16_t)(ring->next + 1);
	return silent(device);
}

static enum outcome endless_list(struct device *device)
{
	struct ring *ring = &device->event;

	events_arm(device);
	host_do("rest");
	for (uint16_t i = 0; i < ring->size; i++) {
		bool next_lap = i < ring->next;

		ring->descriptors[i].flags = (uint16_t)(DESC_NEXT | (next_lap ? DESC_USED : DESC_AVAIL));
	}
	return silent(device);
}

#define SPOILED(fault_)                                                                                                \
	.run = spoiled, .flags = BOTH, .more = 1ull << F_GPIO_IRQ, .with = &(const enum fault)                         \
	{                                                                                                              \
		fault_                                                                                                 \
	}
#define IRQ(run_, flags_) .run = run_, .flags = flags_, .more = 1ull << F_GPIO_IRQ

const struct hostile_case event_chain_cases[] = {
	{ "Q0266", "2.7.5", "the line of an event buffer behind the memory", SPOILED(LINE_BEHIND_MEMORY) },
	{ "Q0267", "2.7.5", "the line of an event buffer at the last address", SPOILED(LINE_AT_LAST_ADDRESS) },
	{ "Q0268", "2.7.4.2", "the status of an event buffer before the line", SPOILED(STATUS_FIRST) },
	{ "Q0269", "2.7.5", "the status of an event buffer is to be read", SPOILED(STATUS_TO_BE_READ) },
	{ "Q0270", "2.7.5", "an event buffer of more than 4 GiB", SPOILED(TOO_LONG) },
	{ "Q0271", "2.7.5.3", "an event buffer in an indirect table of no length", SPOILED(TABLE_OF_NO_LENGTH) },
	{ "Q0272", "2.7.5.3", "an event buffer in an indirect table, and more", SPOILED(TABLE_AND_NEXT) },
	{ "Q0273", "2.7.5.3", "an event buffer in an indirect table in one", SPOILED(TABLE_IN_TABLE) },
	{ "Q0274", "2.7.5.3", "an event buffer in an indirect table", IRQ(in_table, BOTH) },
	{ "Q0275", "2.7.6", "the event ring's available index jumps", IRQ(index_jumps, SPLIT) },
	{ "Q0276", "2.7.6", "a head behind the event ring's last descriptor", IRQ(head_out_of_range, SPLIT) },
	{ "Q0277", "2.8.6", "a list that is longer than the event ring", IRQ(endless_list, PACKED) },
	{ .id = NULL },
};
