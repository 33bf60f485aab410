// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Chains of descriptors (VIRTIO 1.4, 2.7.4, 2.7.5, 2.8.6 to 2.8.8) that no driver may give, or that few give, in either format:
// what is wrong with one is told by its recipe. Behind each comes a good chain, in the same turn of the device where both fit.
#include "case.h"
#include "memory.h"
#include "mmio.h"
#include "pci.h"
#include "probe.h"

#include <stddef.h>

enum {
	PARTS = 4,
	TABLE_ENTRIES = 1200,
	ENTRY_BYTES = 16,
	LAPIC = 0xfee00000,
	FIRMWARE = 0xfffffff0,
};

#define LAST_PAGE (UINT64_MAX - PAGE_BYTES + 1)

// Where a part of a chain lies.
enum place {
	NO_PART,
	AT_ADDRESS,
	AT_REQUEST,
	AT_RESPONSE,
	AT_TABLE, // of indirect descriptors
	AT_REGISTERS,
	// From here on: the rings themselves. Those that follow have the same order.
	AT_DESCRIPTORS,
	AT_DRIVER_AREA,
	AT_DEVICE_AREA,
	AT_EVENT_DESCRIPTORS,
	AT_EVENT_DRIVER_AREA,
	AT_EVENT_DEVICE_AREA,
};

struct part {
	enum place place;
	uint64_t offset; // from there
	uint32_t length;
	uint16_t flags;
	uint16_t times; // as often, each behind the one before; 0 is once
};

// What is to come of it: what is returned, what is in the response then, and the direction of the line.
enum want {
	OBEYED,
	OBEYED_ELSEWHERE, // the response is in another place
	REFUSED,
	REFUSED_ELSEWHERE,
	CUT,   // refused; there is room for the status only
	EMPTY, // malformed: nothing is written
};

static const struct result {
	uint32_t length;
	uint8_t status, value, direction;
} results[] = {
	[OBEYED] = { 2, STATUS_OK, 0, DIRECTION_OUT },
	[OBEYED_ELSEWHERE] = { 2, NOT_WRITTEN, NOT_WRITTEN, DIRECTION_OUT },
	[REFUSED] = { 2, STATUS_ERR, 0, DIRECTION_NONE },
	[REFUSED_ELSEWHERE] = { 2, NOT_WRITTEN, NOT_WRITTEN, DIRECTION_NONE },
	[CUT] = { 1, STATUS_ERR, NOT_WRITTEN, DIRECTION_NONE },
	[EMPTY] = { 0, NOT_WRITTEN, NOT_WRITTEN, DIRECTION_NONE },
};

struct recipe {
	enum want split, packed;
	struct part parts[PARTS]; // the chain's
	struct part table[PARTS]; // the indirect ones
	uint64_t table_at;	  // an address, or from here on in memory of our own if it is less than a page
	bool foreign;		  // the table has the layout of the other format
};

// The memory of a chain.
struct buffers {
	struct gpio_request *request;
	volatile uint8_t *response;
	uint64_t table;
};

static uint64_t ring_address(const struct device *device, enum place place)
{
	struct queue_place own = ring_place(&device->request), other = ring_place(&device->event);
	const uint64_t areas[] = { own.descriptors,   own.driver,   own.device,
				   other.descriptors, other.driver, other.device };

	return areas[place - AT_DESCRIPTORS];
}

static uint64_t part_address(const struct device *device, const struct buffers *buffers, const struct part *part)
{
	switch (part->place) {
	case AT_REQUEST:
		return address_of(buffers->request) + part->offset;
	case AT_RESPONSE:
		return address_of(buffers->response) + part->offset;
	case AT_TABLE:
		return buffers->table + part->offset;
	case AT_REGISTERS:
		return (mmio_registers ? address_of(mmio_registers) : pci_common.address) + part->offset;
	case AT_ADDRESS:
	case NO_PART:
		return part->offset;
	default:
		return ring_address(device, part->place) + part->offset;
	}
}

static bool has(const struct recipe *recipe, enum place from, uint16_t flags)
{
	for (unsigned i = 0; i < 2 * PARTS; i++) {
		const struct part *part = i < PARTS ? &recipe->parts[i] : &recipe->table[i - PARTS];

		if (part->flags & flags && (part->place == from || (from == AT_DESCRIPTORS && part->place >= from)))
			return true;
	}
	return false;
}

// The request also lies where it is to be read from.
static void request_put(const struct recipe *recipe, const struct gpio_request *request)
{
	const struct part *part = &recipe->parts[0];
	volatile uint8_t *to = (volatile uint8_t *)(uintptr_t)part->offset;

	if (part->place != AT_ADDRESS || part->flags || part->offset + sizeof(*request) > RAM_END)
		return;
	for (unsigned i = 0; i < sizeof(*request); i++)
		to[i] = ((const uint8_t *)request)[i];
}

static void buffers_make(const struct recipe *recipe, struct buffers *buffers)
{
	const struct gpio_request request = { SET_DIRECTION, PROBE_LINE, DIRECTION_OUT };

	buffers->request = has(recipe, AT_REQUEST, DESC_WRITE) ? memory_new(sizeof(request))
							       : memory_new_readable(sizeof(request));
	*buffers->request = request;
	buffers->response = memory_new(2);
	buffers->table = recipe->table_at;
	if (recipe->table_at < PAGE_BYTES)
		buffers->table += address_of(memory_new_readable(TABLE_ENTRIES * ENTRY_BYTES + PAGE_BYTES));
	request_put(recipe, &request);
}

static void entry_write(uint64_t table, bool packed, uint16_t at, const struct piece *piece, bool last)
{
	struct split_descriptor *split = (struct split_descriptor *)(uintptr_t)table + at;
	struct packed_descriptor entry = { piece->address, piece->length, at, piece->flags };

	if (table + ENTRY_BYTES * (at + 1u) > RAM_END)
		return;
	if (packed)
		*(struct packed_descriptor *)split = entry;
	else
		*split = (struct split_descriptor){ piece->address, piece->length,
						    (uint16_t)(piece->flags | (last ? 0 : DESC_NEXT)),
						    last ? 0 : (uint16_t)(at + 1) };
}

static unsigned pieces_of(const struct device *device, const struct buffers *buffers, const struct part *parts,
			  struct piece *pieces)
{
	unsigned count = 0;

	for (unsigned i = 0; i < PARTS && parts[i].place != NO_PART; i++) {
		for (unsigned n = 0; n == 0 || n < parts[i].times; n++)
			pieces[count++] =
				(struct piece){ part_address(device, buffers, &parts[i]) + n * parts[i].length,
						parts[i].length, parts[i].flags };
	}
	return count;
}

static void table_fill(const struct device *device, const struct buffers *buffers, const struct recipe *recipe)
{
	static struct piece pieces[TABLE_ENTRIES];
	unsigned count = pieces_of(device, buffers, recipe->table, pieces);

	for (unsigned i = 0; i < count; i++)
		entry_write(buffers->table, device->request.packed != recipe->foreign, (uint16_t)i, &pieces[i],
			    i + 1 == count);
}

static enum outcome compare(const struct result *want, const struct taken *taken, const volatile uint8_t *response,
			    const volatile uint8_t *direction)
{
	if (taken->length != want->length)
		return fail("it came back with another length");
	if (response[0] != want->status || response[1] != want->value)
		return fail("another response");
	if (direction[0] != STATUS_OK)
		return fail("the request behind it was refused");
	return direction[1] == want->direction ? PASS : fail("the line has another direction");
}

// The chain of the recipe, and a good request behind it: in one turn of the device where both fit into the ring. What it must
// not write is sealed then.
static bool send(struct device *device, const struct recipe *recipe, const struct buffers *buffers,
		 volatile uint8_t **direction, struct taken *taken)
{
	struct ring *ring = &device->request;
	struct piece pieces[RING_SIZE];
	unsigned count = pieces_of(device, buffers, recipe->parts, pieces);
	bool together = count + 2 <= RING_SIZE;
	uint16_t id = ring_write(ring, pieces, count);
	struct taken second;

	ring_expose(ring);
	if (!together) {
		ring_kick(ring);
		if (!ring_take(ring, taken, ANSWER_MS))
			return false;
	}
	*direction = probe_write(ring);
	ring_expose(ring);
	if (together && !has(recipe, AT_DESCRIPTORS, DESC_WRITE))
		memory_seal();
	ring_kick(ring);
	if (together && !ring_take(ring, taken, ANSWER_MS))
		return false;
	return taken->id == id && ring_take(ring, &second, ANSWER_MS) && second.length == 2;
}

static enum outcome chain(struct device *device)
{
	const struct recipe *recipe = device->with;
	const struct result *want = &results[device->request.packed ? recipe->packed : recipe->split];
	struct buffers buffers;
	volatile uint8_t *direction;
	struct taken taken;

	buffers_make(recipe, &buffers);
	table_fill(device, &buffers, recipe);
	if (!send(device, recipe, &buffers, &direction, &taken))
		return fail("the chain, or the request behind it, did not come back");
	return compare(want, &taken, buffers.response, direction);
}

#define FROM(address_, length_)                                                                                        \
	{                                                                                                              \
		AT_ADDRESS, address_, length_, 0, 0                                                                    \
	}
#define INTO(address_, length_)                                                                                        \
	{                                                                                                              \
		AT_ADDRESS, address_, length_, DESC_WRITE, 0                                                           \
	}
#define FROM_AT(place_, offset_, length_)                                                                              \
	{                                                                                                              \
		place_, offset_, length_, 0, 0                                                                         \
	}
#define INTO_AT(place_, offset_, length_)                                                                              \
	{                                                                                                              \
		place_, offset_, length_, DESC_WRITE, 0                                                                \
	}
#define REQUEST	 FROM_AT(AT_REQUEST, 0, 8)
#define RESPONSE INTO_AT(AT_RESPONSE, 0, 2)
#define NOTHING(times_)                                                                                                \
	{                                                                                                              \
		AT_REQUEST, 8, 0, 0, times_                                                                            \
	}
#define TABLE_OF(bytes_)                                                                                               \
	{                                                                                                              \
		AT_TABLE, 0, bytes_, DESC_INDIRECT, 0                                                                  \
	}
#define TABLE(entries_) TABLE_OF((entries_)*ENTRY_BYTES)

#define CHAINS(split_, packed_, ...)                                                                                   \
	.run = chain, .flags = BOTH, .with = &(const struct recipe)                                                    \
	{                                                                                                              \
		split_, packed_, { __VA_ARGS__ }, .foreign = false                                                     \
	}
#define CHAIN(want_, ...) CHAINS(want_, want_, __VA_ARGS__)

#define PIECES(...)                                                                                                    \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
// A chain with a table, which lies there.
#define TABLES(split_, packed_, parts_, at_, foreign_, ...)                                                            \
	.run = chain, .flags = BOTH, .with = &(const struct recipe)                                                    \
	{                                                                                                              \
		split_, packed_, parts_, { __VA_ARGS__ }, at_, foreign_                                                \
	}
#define INDIRECT(want_, bytes_, at_) TABLES(want_, want_, PIECES(TABLE_OF(bytes_)), at_, false, REQUEST, RESPONSE)

const struct hostile_case chain_cases[] = {
	{ "Q0100", "2.7.5", "the request at address 0", CHAIN(OBEYED, FROM(0, 8), RESPONSE) },
	{ "Q0101", "2.7.5", "the response at address 0", CHAIN(OBEYED_ELSEWHERE, REQUEST, INTO(0, 2)) },
	{ "Q0102", "2.7.5", "the request behind the memory", CHAIN(REFUSED, FROM(RAM_END, 8), RESPONSE) },
	{ "Q0103", "2.7.5", "the response behind the memory", CHAIN(EMPTY, REQUEST, INTO(RAM_END, 2)) },
	{ "Q0104", "2.7.5", "the request across the end of memory", CHAIN(REFUSED, FROM(RAM_END - 4, 8), RESPONSE) },
	{ "Q0105", "2.7.5", "the response across the end of memory", CHAIN(EMPTY, REQUEST, INTO(RAM_END - 1, 2)) },
	{ "Q0106", "2.7.5", "the request in the firmware", CHAIN(REFUSED, FROM(FIRMWARE, 8), RESPONSE) },
	{ "Q0107", "2.7.5", "the response in the firmware", CHAIN(EMPTY, REQUEST, INTO(FIRMWARE, 2)) },
	{ "Q0108", "2.7.5", "the request in the device's registers",
	  CHAIN(REFUSED, FROM_AT(AT_REGISTERS, 0, 8), RESPONSE) },
	{ "Q0109", "2.7.5", "the response in the device's registers",
	  CHAIN(EMPTY, REQUEST, INTO_AT(AT_REGISTERS, COMMON_STATUS, 2)) },
	{ "Q0110", "2.7.5", "the request in the local APIC", CHAIN(REFUSED, FROM(LAPIC, 8), RESPONSE) },
	{ "Q0111", "2.7.5", "the response in the local APIC", CHAIN(EMPTY, REQUEST, INTO(LAPIC, 2)) },
	{ "Q0112", "2.7.5", "the request at the last address", CHAIN(REFUSED, FROM(UINT64_MAX, 8), RESPONSE) },
	{ "Q0113", "2.7.5", "the response at the last address", CHAIN(EMPTY, REQUEST, INTO(UINT64_MAX, 2)) },
	{ "Q0114", "2.7.5", "the request across the last address",
	  CHAIN(REFUSED, FROM(LAST_PAGE, 2 * PAGE_BYTES), RESPONSE) },
	{ "Q0115", "2.7.5", "the response across the last address",
	  CHAIN(EMPTY, REQUEST, INTO(LAST_PAGE, 2 * PAGE_BYTES)) },
	{ "Q0116", "2.7.5", "the second byte of the response behind the memory",
	  CHAIN(CUT, REQUEST, INTO_AT(AT_RESPONSE, 0, 1), INTO(RAM_END, 1)) },
	{ "Q0117", "2.7.5", "a piece across the last address before the response",
	  CHAIN(EMPTY, REQUEST, INTO(LAST_PAGE, 2 * PAGE_BYTES), RESPONSE) },
	{ "Q0118", "2.7.5", "the last page, and behind it the first",
	  CHAIN(EMPTY, REQUEST, INTO(LAST_PAGE, PAGE_BYTES), INTO(0, 2)) },
	{ "Q0119", "2.7.5", "the request in the ring's own descriptors",
	  CHAIN(REFUSED, FROM_AT(AT_DESCRIPTORS, 0, 8), RESPONSE) },
	{ "Q0120", "2.7.5", "the response in the ring's own descriptors",
	  CHAIN(OBEYED_ELSEWHERE, REQUEST, INTO_AT(AT_DESCRIPTORS, 15 * ENTRY_BYTES, 2)) },
	{ "Q0121", "2.7.5", "the response where the driver makes chains available",
	  CHAIN(OBEYED_ELSEWHERE, REQUEST, INTO_AT(AT_DRIVER_AREA, 0, 2)) },
	{ "Q0122", "2.7.5", "the response where the device tells of used chains",
	  CHAIN(OBEYED_ELSEWHERE, REQUEST, INTO_AT(AT_DEVICE_AREA, 0, 2)) },
	{ "Q0123", "2.7.5", "the response in the event ring's descriptors",
	  CHAIN(OBEYED_ELSEWHERE, REQUEST, INTO_AT(AT_EVENT_DESCRIPTORS, 0, 2)) },
	{ "Q0124", "2.7.5", "the response in the event ring's available index",
	  CHAIN(OBEYED_ELSEWHERE, REQUEST, INTO_AT(AT_EVENT_DRIVER_AREA, 2, 2)) },
	{ "Q0125", "2.7.5", "the response in the event ring's used index",
	  CHAIN(OBEYED_ELSEWHERE, REQUEST, INTO_AT(AT_EVENT_DEVICE_AREA, 2, 2)) },
	{ "Q0126", "2.7.5", "both at address 0, of no length", CHAIN(EMPTY, FROM(0, 0), INTO(0, 0)) },
	{ "Q0127", "2.7.5", "a request of no length", CHAIN(REFUSED, NOTHING(1), RESPONSE) },
	{ "Q0128", "2.7.5", "a request of 4 GiB", CHAIN(OBEYED, FROM_AT(AT_REQUEST, 0, UINT32_MAX - 2), RESPONSE) },
	{ "Q0129", "2.7.5", "a response of 256 MiB", CHAIN(OBEYED, REQUEST, INTO_AT(AT_RESPONSE, 0, 256 << 20)) },
	{ "Q0130", "2.7.5", "more than 4 GiB, with the request",
	  CHAIN(EMPTY, REQUEST, INTO_AT(AT_RESPONSE, 0, UINT32_MAX)) },
	{ "Q0131", "2.7.5", "4 GiB of response in two pieces",
	  CHAIN(EMPTY, REQUEST, INTO_AT(AT_RESPONSE, 0, 1u << 31), INTO_AT(AT_RESPONSE, 0, 1u << 31)) },
	{ "Q0132", "2.7.5", "the request is to be written",
	  CHAIN(REFUSED_ELSEWHERE, INTO_AT(AT_REQUEST, 0, 8), RESPONSE) },
	{ "Q0133", "2.7.5", "the response is to be read", CHAIN(EMPTY, REQUEST, FROM_AT(AT_RESPONSE, 0, 2)) },
	{ "Q0134", "2.7.4.2", "the response before the request", CHAIN(EMPTY, RESPONSE, REQUEST) },
	{ "Q0135", "2.7.4.2", "to be read and to be written by turns",
	  CHAIN(EMPTY, FROM_AT(AT_REQUEST, 0, 4), INTO_AT(AT_RESPONSE, 0, 1), FROM_AT(AT_REQUEST, 4, 4),
		INTO_AT(AT_RESPONSE, 1, 1)) },
	{ "Q0136", "2.7.4", "a dozen pieces of no length before the request",
	  CHAIN(OBEYED, NOTHING(12), REQUEST, RESPONSE) },
	{ "Q0137", "2.7.4", "a chain as long as the ring",
	  CHAIN(OBEYED, { AT_REQUEST, 0, 1, 0, 8 }, NOTHING(6), { AT_RESPONSE, 0, 1, DESC_WRITE, 2 }) },
	{ "Q0138", "2.7.5", "flags that there are not",
	  CHAIN(OBEYED, { AT_REQUEST, 0, 8, 0x7f78, 0 }, { AT_RESPONSE, 0, 2, 0x7f78 | DESC_WRITE, 0 }) },
	{ "Q0139", "2.7.5", "all flags", CHAIN(EMPTY, { AT_REQUEST, 0, 8, 0x7f7f, 0 }, RESPONSE) },
	{ "Q0140", "2.7.5", "all of a descriptor at its highest",
	  CHAIN(EMPTY, { AT_ADDRESS, UINT64_MAX, UINT32_MAX, 0x7f7f, 0 }, RESPONSE) },
	{ "Q0141", "2.7.5.3", "a good indirect table", INDIRECT(OBEYED, 32, 0) },
	{ "Q0142", "2.7.5.3", "an indirect table across pages, at an odd address",
	  INDIRECT(OBEYED, 32, PAGE_BYTES - 5) },
	{ "Q0143", "2.7.5.3", "an indirect table that is to be written",
	  TABLES(OBEYED, OBEYED, PIECES({ AT_TABLE, 0, 32, DESC_INDIRECT | DESC_WRITE, 0 }), 0, false, REQUEST,
		 RESPONSE) },
	{ "Q0144", "2.7.5.3", "the request, then an indirect table",
	  TABLES(OBEYED, EMPTY, PIECES(REQUEST, TABLE(1)), 0, false, RESPONSE) },
	{ "Q0145", "2.7.5.3", "an indirect table, then the response",
	  TABLES(EMPTY, EMPTY, PIECES(TABLE(2), RESPONSE), 0, false, REQUEST, RESPONSE) },
	{ "Q0146", "2.7.5.3", "two indirect tables",
	  TABLES(EMPTY, EMPTY, PIECES(TABLE(2), TABLE(2)), 0, false, REQUEST, RESPONSE) },
	// In a packed ring's table INDIRECT says nothing (2.8.7).
	{ "Q0147", "2.7.5.3", "an indirect table in an indirect table",
	  TABLES(EMPTY, REFUSED, PIECES(TABLE(2)), 0, false, TABLE(2), RESPONSE) },
	{ "Q0148", "2.7.5.3", "an indirect table of no length", INDIRECT(EMPTY, 0, 0) },
	{ "Q0149", "2.7.5.3", "an indirect table of two entries and a byte", INDIRECT(EMPTY, 33, 0) },
	{ "Q0150", "2.7.5.3", "an indirect table of 4 GiB", INDIRECT(EMPTY, UINT32_MAX - 15, 0) },
	{ "Q0151", "2.7.5.3", "an indirect table behind the memory", INDIRECT(EMPTY, 32, RAM_END) },
	{ "Q0152", "2.7.5.3", "an indirect table across the end of memory",
	  INDIRECT(EMPTY, 32, RAM_END - ENTRY_BYTES) },
	{ "Q0153", "2.7.5.3", "an indirect table in the local APIC", INDIRECT(EMPTY, 32, LAPIC) },
	{ "Q0154", "2.7.5.3", "an indirect table across the last address", INDIRECT(EMPTY, 32, UINT64_MAX - 15) },
	{ "Q0155", "2.7.5.3", "an indirect table in the event ring's descriptors",
	  CHAIN(EMPTY, { AT_EVENT_DESCRIPTORS, 0, 32, DESC_INDIRECT, 0 }) },
	{ "Q0156", "2.7.5.3", "the ring's own descriptors as an indirect table",
	  CHAIN(EMPTY, { AT_DESCRIPTORS, 0, 32, DESC_INDIRECT, 0 }) },
	{ "Q0157", "2.7.5.3", "an indirect table of more entries than the ring",
	  TABLES(OBEYED, OBEYED, PIECES(TABLE(32)), 0, false, REQUEST, NOTHING(30), RESPONSE) },
	{ "Q0158", "2.7.5.3", "an indirect table of 1,100 entries",
	  TABLES(EMPTY, EMPTY, PIECES(TABLE(1100)), 0, false, REQUEST, NOTHING(1098), RESPONSE) },
	{ "Q0159", "2.7.5.3", "an indirect table of 301 buffers",
	  TABLES(EMPTY, EMPTY, PIECES(TABLE(301)), 0, false, REQUEST, { AT_RESPONSE, 0, 2, DESC_WRITE, 300 }) },
	// QEMU 7.2, which offers no interrupts, tells the device of all that any driver before took.
	{ "Q0280", "2.7.5.3", "an indirect table, which was not negotiated",
	  TABLES(EMPTY, EMPTY, PIECES(TABLE(2)), 0, false, REQUEST, RESPONSE), .less = 1ull << F_INDIRECT,
	  .more = 1ull << F_GPIO_IRQ },
	{ "Q0281", "2.7.5.3", "an indirect table as the other format has it",
	  TABLES(EMPTY, EMPTY, PIECES(TABLE(2)), 0, true, REQUEST, RESPONSE) },
	{ "Q0282", "2.7.5.3", "an indirect table with a request across the last address",
	  TABLES(REFUSED, REFUSED, PIECES(TABLE(2)), 0, false, FROM(LAST_PAGE, 2 * PAGE_BYTES), RESPONSE) },
	{ "Q0283", "2.8.7", "an indirect table with a packed ring's flags, and others",
	  TABLES(OBEYED, OBEYED, PIECES(TABLE(2)), 0, false, { AT_REQUEST, 0, 8, 0xfff8, 0 },
		 { AT_RESPONSE, 0, 2, 0xfff8 | DESC_WRITE, 0 }) },
	{ .id = NULL },
};
