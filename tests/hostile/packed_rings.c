// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What a driver must not do to a packed ring (VIRTIO 1.4, 2.8): its wrap counters, ids, lists of descriptors and events.
#include "case.h"
#include "clock.h"
#include "console.h"
#include "memory.h"
#include "probe.h"

#include <stddef.h>

enum {
	PLACE_WRAP = 1 << 15, // of struct packed_events
	CHAINS = RING_SIZE / 2,
};

// So many times around the ring, all of it at once each time.
static bool laps(struct device *device, unsigned times)
{
	struct ring *ring = &device->request;
	struct piece pieces[2];
	volatile uint8_t *response = probe_make(pieces);
	struct taken taken;

	for (unsigned i = 0; i < times; i++) {
		for (unsigned n = 0; n < CHAINS; n++) {
			ring_write(ring, pieces, 2);
			ring_expose(ring);
		}
		ring_kick(ring);
		for (unsigned n = 0; n < CHAINS; n++) {
			if (!ring_take(ring, &taken, ANSWER_MS) || taken.length != 2 || response[0] != STATUS_OK)
				return false;
		}
	}
	return true;
}

static enum outcome many_laps(struct device *device)
{
	return laps(device, 500) ? PASS : fail("a request was not answered");
}

// A chain whose first descriptor has these flags, which do not make it available in this lap. Then it is made so.
struct unavailable {
	unsigned laps; // before
	uint16_t flags;
};

static enum outcome not_available(struct device *device)
{
	const struct unavailable *unavailable = device->with;
	struct ring *ring = &device->request;
	volatile uint8_t *response;
	uint16_t flags = unavailable->flags | DESC_NEXT;
	struct taken taken;

	if (!laps(device, unavailable->laps))
		return fail("no answer");
	response = probe_write(ring);
	ring->descriptors[ring->chain_at].flags = flags;
	ring_kick(ring);
	clock_wait(SILENT_MS);
	if (ring->descriptors[ring->chain_at].flags != flags || response[0] != NOT_WRITTEN)
		return fail("a chain was taken that is not available");
	ring_expose(ring);
	ring_kick(ring);
	return ring_take(ring, &taken, ANSWER_MS) && taken.length == 2 && probe_ok(device) ? PASS : fail("no answer");
}

// The rest of the ring has these flags, of whatever lap: neither taken nor written.
static enum outcome others_untouched(struct device *device)
{
	const uint16_t *flags = device->with;
	struct ring *ring = &device->request;
	struct packed_descriptor *before = memory_new_readable(RING_SIZE * sizeof(*before));

	for (uint16_t i = 2; i < RING_SIZE; i++) {
		ring->descriptors[i].id = i;
		ring->descriptors[i].flags = *flags;
	}
	probe_write(ring);
	ring_expose(ring);
	for (uint16_t i = 1; i < RING_SIZE; i++)
		before[i] = ring->descriptors[i];
	ring_kick(ring);
	host_do("rest");
	for (uint16_t i = 1; i < RING_SIZE; i++) {
		if (before[i].flags != ring->descriptors[i].flags || before[i].id != ring->descriptors[i].id ||
		    before[i].length != ring->descriptors[i].length)
			return fail("a descriptor was written that is not the used one");
	}
	return ring->descriptors[0].flags == (DESC_AVAIL | DESC_USED | DESC_WRITE)
		       ? PASS
		       : fail("other flags of the used one");
}

// All descriptors are one list, and the last one goes on.
static enum outcome endless_list(struct device *device)
{
	struct ring *ring = &device->request;
	struct piece pieces[RING_SIZE], probe[2];
	enum outcome outcome;
	struct taken taken;

	events_arm(device);
	probe_make(probe);
	for (unsigned i = 0; i < RING_SIZE; i++)
		pieces[i] = probe[0];
	ring_write(ring, pieces, RING_SIZE);
	ring->descriptors[(ring->next + RING_SIZE - 1) % RING_SIZE].flags |= DESC_NEXT;
	ring_expose(ring);
	ring_kick(ring);
	// An interrupt tells that the device has seen the kick.
	outcome = events_go_on(device, REJECT);
	host_do("rest");
	if (ring_returned(ring))
		return fail("a list without an end came back");
	ring->descriptors[(ring->next + RING_SIZE - 1) % RING_SIZE].flags &= (uint16_t)~DESC_NEXT;
	ring_kick(ring);
	if (ring_take(ring, &taken, SILENT_MS))
		return fail("an answer from a ring that was broken");
	return outcome;
}

// A list goes on into a descriptor with these flags, which is of no length: it ends there.
static enum outcome list_into(struct device *device)
{
	const uint16_t *flags = device->with;
	struct ring *ring = &device->request;
	struct piece piece = { address_of(gpio_request_new(SET_DIRECTION, PROBE_LINE, DIRECTION_OUT)), 8, 0 };
	struct taken taken;

	ring_write(ring, &piece, 1);
	ring->descriptors[ring->next].flags = *flags;
	ring->descriptors[ring->next++].id = ring->chain_first;
	ring->pieces[ring->chain_first] = 2;
	ring->chain_flags |= DESC_NEXT;
	ring_expose(ring);
	ring_kick(ring);
	if (!ring_take(ring, &taken, ANSWER_MS) || taken.length != 0)
		return fail("it did not come back empty");
	if (ring->descriptors[0].flags != (DESC_AVAIL | DESC_USED))
		return fail("other flags of the used one");
	return probe_ok(device) ? PASS : fail("the next one was not answered");
}

// The second descriptor has flags that do not make it available; the first ones' decide.
static enum outcome list_with(struct device *device)
{
	const uint16_t *flags = device->with;
	struct ring *ring = &device->request;
	volatile uint8_t *response = probe_write(ring);
	struct taken taken;

	ring->descriptors[ring->chain_at + 1].flags = *flags | DESC_WRITE;
	ring_expose(ring);
	ring_kick(ring);
	if (!ring_take(ring, &taken, SILENT_MS))
		return REJECT;
	return taken.length == 2 && response[0] == STATUS_OK && probe_ok(device) ? PASS : fail("another response");
}

// Ids are the driver's: that of the last descriptor comes back, whatever it is.
struct ids {
	uint16_t first, last;
};

static enum outcome odd_ids(struct device *device)
{
	const struct ids *ids = device->with;
	struct ring *ring = &device->request;

	probe_write(ring);
	ring->descriptors[0].id = ids->first;
	ring->descriptors[1].id = ids->last;
	ring_expose(ring);
	ring_kick(ring);
	host_do("rest");
	if (!ring_returned(ring) || ring->descriptors[0].id != ids->last || ring->descriptors[0].length != 2)
		return fail("another id, or none");
	ring->used_next = 2;
	return probe_ok(device) ? PASS : fail("the next one was not answered");
}

// Several chains of one id at once: each is answered.
static enum outcome same_id(struct device *device)
{
	struct ring *ring = &device->request;
	volatile uint8_t *responses[CHAINS];

	for (unsigned i = 0; i < CHAINS; i++) {
		responses[i] = probe_write(ring);
		ring->descriptors[2 * i].id = ring->descriptors[2 * i + 1].id = 3;
		ring_expose(ring);
	}
	ring_kick(ring);
	host_do("rest");
	for (unsigned i = 0; i < CHAINS; i++) {
		if (ring->descriptors[2 * i].id != 3 || ring->descriptors[2 * i].length != 2 ||
		    responses[i][0] != STATUS_OK)
			return fail("a chain was not answered");
	}
	return PASS;
}

// Two buffers for interrupts; that of the second line comes back first.
static enum outcome out_of_order(struct device *device)
{
	volatile uint8_t *first = gpio_arm(device, 1, IRQ_BOTH), *second = gpio_arm(device, 2, IRQ_BOTH);
	struct taken taken;

	if (first == NULL || second == NULL)
		return fail("an interrupt cannot be armed");
	host_do("set 2 1");
	host_do("set 2 0");
	if (!ring_take(&device->event, &taken, ANSWER_MS) || *second != IRQ_STATUS_VALID || taken.length != 1)
		return fail("no interrupt");
	if (*first != NOT_WRITTEN || !gpio_ok(device, SET_IRQ_TYPE, 1, IRQ_NONE, 0))
		return fail("an interrupt of another line");
	return ring_take(&device->event, &taken, ANSWER_MS) && *first == IRQ_STATUS_INVALID
		       ? PASS
		       : fail("the first buffer does not come back");
}

enum interrupt { NONE, ONE, ANY };

static enum outcome request_with(struct device *device, uint16_t place, uint16_t flags, enum interrupt want)
{
	volatile struct packed_events *events = device->request.driver_events;
	bool came;

	bus->interrupts();
	events->place = place;
	events->flags = flags;
	if (!probe_ok(device))
		return fail("no answer");
	came = probe_interrupted(want == ONE ? ANSWER_MS : SILENT_MS);
	if (want == ANY || came == (want == ONE))
		return PASS;
	return fail(came ? "an interrupt that was not wanted" : "no interrupt");
}

// When the driver wants to be interrupted: at a place from the next used descriptor on, or at that very one. Then at each.
struct events {
	uint16_t flags, place;
	bool absolute;
	enum interrupt want;
};

static enum outcome driver_events(struct device *device)
{
	const struct events *events = device->with;
	const struct ring *ring = &device->request;
	uint16_t next = (uint16_t)(ring->used_next | (ring->used_wrap ? PLACE_WRAP : 0));
	uint16_t place = events->absolute ? events->place : (uint16_t)(next + events->place);
	enum outcome outcome = request_with(device, place, events->flags, events->want);

	return outcome == PASS ? request_with(device, 0, EVENTS_ENABLE, ONE) : outcome;
}

static enum outcome events_by_turns(struct device *device)
{
	enum outcome outcome = PASS;

	for (unsigned i = 0; i < 12 && outcome == PASS; i++)
		outcome = request_with(device, 0, i % 3 == 1 ? EVENTS_DISABLE : EVENTS_ENABLE, i % 3 == 1 ? NONE : ONE);
	return outcome;
}

// What only the device may write is the driver's: it asks for its kick anew.
static enum outcome device_events_written(struct device *device)
{
	const uint8_t *byte = device->with;
	struct ring *ring = &device->request;

	memory_fill((void *)ring->device_events, *byte, sizeof(*ring->device_events));
	if (!probe_ok(device))
		return fail("no answer");
	host_do("rest");
	if (ring->device_events->place != (ring->next | (ring->wrap ? PLACE_WRAP : 0)))
		return fail("no kick is asked for at the next descriptor");
	if (device->accepted & feature(F_EVENT_IDX) && ring->device_events->flags != EVENTS_DESC)
		return fail("other flags than the device's");
	return probe_ok(device) ? PASS : fail("no answer");
}

// One id and one table again and again.
static enum outcome table_again(struct device *device)
{
	struct piece pieces[2], table;
	volatile uint8_t *response = probe_make(pieces);
	struct taken taken;

	table = probe_table(pieces, true);
	for (unsigned i = 0; i < 5 * RING_SIZE; i++) {
		if (ring_send(&device->request, &table, 1) != 0 || !ring_take(&device->request, &taken, ANSWER_MS) ||
		    taken.id != 0 || taken.length != 2 || response[0] != STATUS_OK)
			return fail("another response, or none");
	}
	return PASS;
}

#define WITH(function_, type_, ...)                                                                                    \
	.run = function_, .flags = PACKED, .with = &(const type_)                                                      \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
#define UNAVAILABLE(laps_, flags_) WITH(not_available, struct unavailable, laps_, flags_)
#define OTHERS(flags_)		   WITH(others_untouched, uint16_t, flags_)
#define LIST_INTO(flags_)	   WITH(list_into, uint16_t, flags_)
#define LIST_WITH(flags_)	   WITH(list_with, uint16_t, flags_)
#define IDS(first_, last_)	   WITH(odd_ids, struct ids, first_, last_)
#define EVENTS(flags_, want_)	   WITH(driver_events, struct events, flags_, 0, true, want_)
#define AHEAD(by_, want_)                                                                                              \
	WITH(driver_events, struct events, EVENTS_DESC, by_, false, want_), .more = 1ull << F_EVENT_IDX
#define PLACE(place_, want_)                                                                                           \
	WITH(driver_events, struct events, EVENTS_DESC, place_, true, want_), .more = 1ull << F_EVENT_IDX
#define DEVICE_EVENTS(byte_) WITH(device_events_written, uint8_t, byte_)

const struct hostile_case packed_ring_cases[] = {
	{ "Q0220", "2.8.1", "the wrap counter's other value", UNAVAILABLE(0, DESC_USED) },
	{ "Q0221", "2.8.1", "neither AVAIL nor USED", UNAVAILABLE(0, 0) },
	{ "Q0222", "2.8.1", "both AVAIL and USED", UNAVAILABLE(0, DESC_AVAIL | DESC_USED) },
	{ "Q0223", "2.8.1", "the wrap counter of the lap before", UNAVAILABLE(1, DESC_AVAIL) },
	{ "Q0224", "2.8.1", "neither AVAIL nor USED, in the second lap", UNAVAILABLE(1, 0) },
	{ "Q0225", "2.8.1", "both AVAIL and USED, in the second lap", UNAVAILABLE(1, DESC_AVAIL | DESC_USED) },
	{ "Q0226", "2.8.1", "the wrap counter of the lap before, in the third", UNAVAILABLE(2, DESC_USED) },
	{ "Q0227", "2.8.1", "500 laps", .run = many_laps, .flags = PACKED },
	{ "Q0228", "2.8.9", "all others are marked as used before", OTHERS(DESC_AVAIL | DESC_USED) },
	{ "Q0229", "2.8.9", "all others are marked as of the other lap", OTHERS(DESC_USED) },
	{ "Q0230", "2.8.6", "a list that is longer than the ring", .run = endless_list, .flags = PACKED },
	{ "Q0231", "2.8.6", "a list that goes on where nothing is", LIST_INTO(0) },
	{ "Q0232", "2.8.6", "a list that goes on in a used descriptor", LIST_INTO(DESC_AVAIL | DESC_USED) },
	{ "Q0233", "2.8.6", "the second descriptor of a list is not available", LIST_WITH(0) },
	{ "Q0234", "2.8.6", "the second descriptor of a list is of the other lap", LIST_WITH(DESC_USED) },
	{ "Q0235", "2.8.6", "the second descriptor of a list is used", LIST_WITH(DESC_AVAIL | DESC_USED) },
	{ "Q0236", "2.8.5", "an id as large as the ring", IDS(RING_SIZE, RING_SIZE) },
	{ "Q0237", "2.8.5", "an id of 65535", IDS(0xffff, 0xffff) },
	{ "Q0238", "2.8.6", "another id in the first descriptor", IDS(9, 4) },
	{ "Q0239", "2.8.5", "the same id eight times at once", .run = same_id, .flags = PACKED },
	{ "Q0240", "2.8.5", "used in another order", .run = out_of_order, .flags = PACKED, .more = 1ull << F_GPIO_IRQ },
	{ "Q0241", "2.8.10", "interrupts disabled, then not", EVENTS(EVENTS_DISABLE, NONE) },
	{ "Q0242", "2.8.10", "interrupts at a place, which was not negotiated", EVENTS(EVENTS_DESC, ANY) },
	{ "Q0243", "2.8.10", "interrupts in the way that is reserved", EVENTS(3, ANY) },
	{ "Q0244", "2.8.10", "interrupts enabled, with reserved bits", EVENTS(0xfffc, ONE) },
	{ "Q0245", "2.8.10", "interrupts disabled, with reserved bits", EVENTS(0xfffd, NONE) },
	{ "Q0246", "2.8.10", "interrupts enabled and disabled by turns", .run = events_by_turns, .flags = PACKED },
	{ "Q0247", "2.8.10", "an interrupt at the next descriptor", AHEAD(0, ONE) },
	{ "Q0248", "2.8.10", "an interrupt at the second descriptor of a list", AHEAD(1, ANY) },
	{ "Q0249", "2.8.10", "an interrupt at the list behind the next", AHEAD(2, NONE) },
	{ "Q0250", "2.8.10", "an interrupt at the next descriptor of the other lap", AHEAD(PLACE_WRAP, NONE) },
	{ "Q0251", "2.8.10", "an interrupt at the place behind the ring", PLACE(RING_SIZE | PLACE_WRAP, ANY) },
	{ "Q0252", "2.8.10", "an interrupt at place 32767", PLACE(0x7fff, ANY) },
	{ "Q0253", "2.8.10", "an interrupt at place 32767 of the other lap", PLACE(0xffff, ANY) },
	{ "Q0254", "2.8.10", "the device's events are all ones", DEVICE_EVENTS(0xff) },
	{ "Q0255", "2.8.10", "the device's events are all zeroes", DEVICE_EVENTS(0) },
	{ "Q0256", "2.8.10", "the device's events are all ones, with places", DEVICE_EVENTS(0xff),
	  .more = 1ull << F_EVENT_IDX },
	{ "Q0257", "2.8.7", "the same indirect table and id, one after the other", .run = table_again,
	  .flags = PACKED },
	{ .id = NULL },
};
