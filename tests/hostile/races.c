// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// A driver that does not wait: it changes what the device has (VIRTIO 1.4, 2.7.5.1, 2.8.9), and kicks without end.
#include "case.h"
#include "clock.h"
#include "memory.h"
#include "probe.h"

#include <stddef.h>

enum {
	ROUNDS = 400,
	FLIPS = 500, // at most, in each
	KICK_EACH = 32,
	RESETS = 4, // a ring that was broken by one of them is set up anew so often
	KICKS = 2000,
};

// What changes while the device has the chain.
enum field { ADDRESS, LENGTH, FLAGS, FIRST_FLAGS, TABLE_ADDRESS, TABLE_LENGTH, TABLE_FLAGS, HEAD, INDEX };

struct race {
	enum field field;
	uint64_t other; // its other value; of flags which of them change, of the index what is added to it
};

struct chain {
	volatile uint8_t *response;
	// In an indirect table, of either format.
	volatile struct split_descriptor *split;
	volatile struct packed_descriptor *packed;
	struct piece pieces[2];
};

static void chain_make(struct chain *chain)
{
	volatile void *table = memory_new(2 * sizeof(*chain->split));

	chain->response = probe_make(chain->pieces);
	chain->split = table;
	chain->packed = table;
}

static bool in_table(enum field field)
{
	return field >= TABLE_ADDRESS && field <= TABLE_FLAGS;
}

static void table_write(const struct ring *ring, struct chain *chain)
{
	const struct piece *pieces = chain->pieces;

	for (uint16_t i = 0; i < 2; i++) {
		if (ring->packed)
			chain->packed[i] =
				(struct packed_descriptor){ pieces[i].address, pieces[i].length, i, pieces[i].flags };
		else
			chain->split[i] = (struct split_descriptor){ pieces[i].address, pieces[i].length,
								     (uint16_t)(pieces[i].flags | (i ? 0 : DESC_NEXT)),
								     (uint16_t)(i ? 0 : 1) };
	}
}

// The chain in the ring, with a table or without.
static void chain_offer(struct ring *ring, struct chain *chain, enum field field)
{
	struct piece table = { address_of(chain->split), 2 * sizeof(*chain->split), DESC_INDIRECT };

	table_write(ring, chain);
	if (in_table(field))
		ring_write(ring, &table, 1);
	else
		ring_write(ring, chain->pieces, 2);
	ring_expose(ring);
}

// Writes the field's other value, or its own; in the last descriptor of the chain, where it is in one.
static void flip(struct ring *ring, struct chain *chain, const struct race *race, bool other)
{
	uint16_t first = ring->packed ? ring->chain_at : ring->chain_first;
	uint16_t last = ring->packed ? (uint16_t)((first + 1) % ring->size) : ring->table[first].next;
	uint16_t flags = (uint16_t)(other ? race->other : 0);
	uint64_t address = other ? race->other : chain->pieces[1].address;
	uint32_t length = other ? (uint32_t)race->other : chain->pieces[1].length;

	switch (race->field) {
	case ADDRESS:
		*(ring->packed ? &ring->descriptors[last].address : &ring->table[last].address) = address;
		break;
	case LENGTH:
		*(ring->packed ? &ring->descriptors[last].length : &ring->table[last].length) = length;
		break;
	case FLAGS:
		*(ring->packed ? &ring->descriptors[last].flags : &ring->table[last].flags) =
			(uint16_t)((DESC_WRITE | (ring->packed ? ring_available(ring) : 0)) ^ flags);
		break;
	case FIRST_FLAGS:
		ring->descriptors[first].flags = ring->chain_flags ^ flags;
		break;
	case TABLE_ADDRESS:
		chain->split[1].address = address;
		break;
	case TABLE_LENGTH:
		chain->split[1].length = length;
		break;
	case TABLE_FLAGS:
		*(ring->packed ? &chain->packed[1].flags : &chain->split[0].flags) =
			(uint16_t)((ring->packed ? DESC_WRITE : DESC_NEXT) ^ flags);
		break;
	case HEAD:
		ring->available->heads[(ring->next - 1) % ring->size] = other ? (uint16_t)race->other : first;
		break;
	case INDEX:
		ring->available->index = (uint16_t)(ring->next + flags);
		break;
	}
}

// The chain comes back in the end, done or not; or its ring is broken.
static bool round_ends(struct device *device, struct chain *chain, const struct race *race)
{
	struct ring *ring = &device->request;
	struct taken taken;

	chain_offer(ring, chain, race->field);
	for (unsigned i = 0; i < FLIPS && !ring_returned(ring); i++) {
		flip(ring, chain, race, true);
		if (i % KICK_EACH == 0)
			ring_kick(ring);
		flip(ring, chain, race, false);
		if (i % KICK_EACH == KICK_EACH / 2)
			ring_kick(ring);
	}
	// A used descriptor is the driver's, and it must not look available once more.
	if (!ring_returned(ring) || race->field != FIRST_FLAGS)
		ring_kick(ring);
	return ring_take(ring, &taken, SILENT_MS) && taken.length <= 2;
}

static enum outcome changes(struct device *device)
{
	const struct race *race = device->with;
	struct chain chain;
	unsigned resets = 0;

	chain_make(&chain);
	for (unsigned i = 0; i < ROUNDS && resets < RESETS; i++) {
		if (round_ends(device, &chain, race))
			continue;
		if (!device_begin(device, device->accepted, RING_SIZE))
			return fail("the device cannot be set up anew");
		resets++;
	}
	return resets ? REJECT : PASS;
}

// Kicks of both rings, of which neither has anything new.
static enum outcome kicks(struct device *device)
{
	for (unsigned i = 0; i < KICKS; i++) {
		bus->notify(QUEUE_REQUEST);
		bus->notify(QUEUE_EVENT);
	}
	clock_wait(SILENT_MS);
	if (ring_returned(&device->request) || ring_returned(&device->event))
		return fail("something came back");
	return probe_ok(device) ? PASS : fail("no answer");
}

// Requests, one by one, with more kicks than one for each, of the other ring too.
static enum outcome requests_under_kicks(struct device *device)
{
	struct chain chain;
	struct taken taken;

	chain_make(&chain);
	for (unsigned i = 0; i < ROUNDS; i++) {
		ring_write(&device->request, chain.pieces, 2);
		ring_kick(&device->request);
		ring_expose(&device->request);
		for (unsigned n = 0; n < 3; n++) {
			bus->notify(QUEUE_EVENT);
			bus->notify(QUEUE_REQUEST);
		}
		if (!ring_take(&device->request, &taken, ANSWER_MS) || taken.length != 2)
			return fail("no answer");
	}
	return PASS;
}

// As many chains as fit, some of them malformed, and one kick for all.
static enum outcome mixed_batch(struct device *device)
{
	struct ring *ring = &device->request;
	volatile uint8_t *responses[RING_SIZE / 2];
	struct taken taken;

	for (unsigned i = 0; i < RING_SIZE / 2; i++) {
		struct chain chain;

		chain_make(&chain);
		responses[i] = chain.response;
		if (i % 2)
			chain.pieces[0].flags = DESC_INDIRECT;
		ring_write(ring, chain.pieces, 2);
		ring_expose(ring);
	}
	memory_seal();
	ring_kick(ring);
	for (unsigned i = 0; i < RING_SIZE / 2; i++) {
		if (!ring_take(ring, &taken, ANSWER_MS) || taken.length != (i % 2 ? 0 : 2))
			return fail("another length, or none");
		if (responses[i][0] != (i % 2 ? NOT_WRITTEN : STATUS_OK))
			return fail("another response");
	}
	return PASS;
}

#define RACE(flags_, field_, other_)                                                                                   \
	.run = changes, .flags = flags_, .with = &(const struct race)                                                  \
	{                                                                                                              \
		field_, other_                                                                                         \
	}

const struct hostile_case race_cases[] = {
	{ "Q0284", "2.7.5.1", "the address of the response changes", RACE(BOTH, ADDRESS, RAM_END) },
	{ "Q0285", "2.7.5.1", "the length of the response changes", RACE(BOTH, LENGTH, UINT32_MAX) },
	{ "Q0286", "2.7.5.1", "the response becomes an indirect table", RACE(BOTH, FLAGS, DESC_INDIRECT) },
	{ "Q0287", "2.7.5.1", "the response becomes one to be read", RACE(BOTH, FLAGS, DESC_WRITE) },
	{ "Q0288", "2.7.5.1", "the chain becomes longer", RACE(BOTH, FLAGS, DESC_NEXT) },
	{ "Q0289", "2.7.5.1", "an address in the indirect table changes", RACE(BOTH, TABLE_ADDRESS, UINT64_MAX) },
	{ "Q0290", "2.7.5.1", "a length in the indirect table changes", RACE(BOTH, TABLE_LENGTH, 0) },
	{ "Q0291", "2.7.5.1", "flags in the indirect table change", RACE(BOTH, TABLE_FLAGS, DESC_NEXT | DESC_WRITE) },
	{ "Q0292", "2.7.6", "the head changes", RACE(SPLIT, HEAD, 0xffff) },
	{ "Q0293", "2.7.6", "the available index changes", RACE(SPLIT, INDEX, RING_SIZE + 1) },
	{ "Q0294", "2.8.1", "the chain is available, and is not", RACE(PACKED, FIRST_FLAGS, DESC_AVAIL | DESC_USED) },
	{ "Q0295", "2.7.13", "2,000 kicks of each ring for nothing", .run = kicks, .flags = BOTH },
	{ "Q0296", "2.7.13", "400 requests with seven kicks each", .run = requests_under_kicks, .flags = BOTH },
	{ "Q0297", "2.7.13", "a full ring, every other chain of it malformed", .run = mixed_batch, .flags = BOTH },
	{ .id = NULL },
};
