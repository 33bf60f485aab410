// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Buffers for interrupts (VIRTIO 1.4, 5.18.7) that no driver may give, or that few give; all with an eventq.
#include "case.h"
#include "console.h"
#include "memory.h"

#include <stddef.h>

enum { LINE = 3, OTHER_LINE = 4 };

static void pulse(unsigned line)
{
	level_set(line, 1);
	level_set(line, 0);
}

static bool comes(struct device *device)
{
	struct taken taken;

	return ring_take(&device->event, &taken, ANSWER_MS) && taken.length == 1;
}

static bool stays_away(struct device *device)
{
	struct taken taken;

	return !ring_take(&device->event, &taken, SILENT_MS);
}

// A buffer for a line that there is not: it may come back, but as no interrupt.
static enum outcome no_line(struct device *device)
{
	const uint16_t *line = device->with;
	volatile uint8_t *status;
	enum outcome outcome;

	events_arm(device);
	status = gpio_event_add(device, *line ? *line : device->lines);
	outcome = chain_outcome(&device->event, 1);
	if (*status == IRQ_STATUS_VALID)
		return fail("an interrupt of a line that there is not");
	return events_go_on(device, outcome);
}

// A buffer of other sizes than it has, then another good one.
static enum outcome other_sizes(struct device *device)
{
	const struct sizes *sizes = device->with;
	uint8_t *request = memory_new_readable(PAGE_BYTES);
	volatile uint8_t *status = memory_new(sizes->response);
	enum outcome outcome;

	memory_fill(request, 0, PAGE_BYTES);
	*request = LINE;
	events_arm(device);
	sized_send(&device->event, sizes, request, status);
	outcome = chain_outcome(&device->event, 1);
	return events_go_on(device, outcome);
}

// A second buffer for a line that has one: one interrupt is one buffer.
static enum outcome second_buffer(struct device *device)
{
	volatile uint8_t *first = gpio_arm(device, LINE, IRQ_RISING);
	volatile uint8_t *second = gpio_event_add(device, LINE);

	// The second one may come back at once, as no interrupt.
	if (first == NULL || (!stays_away(device) && *second == IRQ_STATUS_VALID))
		return fail("an interrupt without an edge");
	pulse(LINE);
	if (!comes(device) || *first != IRQ_STATUS_VALID)
		return fail("no interrupt");
	return *second == IRQ_STATUS_VALID ? fail("one edge, two interrupts") : PASS;
}

// A buffer before there is an interrupt: it is kept for it.
static enum outcome buffer_before_type(struct device *device)
{
	volatile uint8_t *status;

	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0))
		return fail("no input");
	status = gpio_event_add(device, LINE);
	pulse(LINE);
	if (!stays_away(device))
		return *status == IRQ_STATUS_VALID ? fail("an interrupt that is off") : PASS;
	if (!gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_RISING, 0))
		return fail("no interrupt type");
	pulse(LINE);
	return comes(device) && *status == IRQ_STATUS_VALID ? PASS : fail("no interrupt");
}

// The line becomes something else while its interrupt is armed: the buffer comes back, as no interrupt.
static enum outcome taken_away(struct device *device)
{
	const uint32_t *direction = device->with;
	volatile uint8_t *status = gpio_arm(device, LINE, IRQ_BOTH);
	struct reply reply;

	if (status == NULL || !gpio_ask(device, SET_DIRECTION, LINE, *direction, &reply))
		return fail("no answer");
	if (reply.status == STATUS_OK && (!comes(device) || *status != IRQ_STATUS_INVALID))
		return fail("the buffer was not given back");
	if (reply.status == STATUS_OK)
		return PASS;
	pulse(LINE);
	return comes(device) && *status == IRQ_STATUS_VALID ? PASS : fail("refused, and the interrupt is gone");
}

// Another type while the first one is armed.
static enum outcome other_type(struct device *device)
{
	volatile uint8_t *status = gpio_arm(device, LINE, IRQ_RISING);
	struct reply reply;

	if (status == NULL || !gpio_ask(device, SET_IRQ_TYPE, LINE, IRQ_HIGH, &reply))
		return fail("no answer");
	level_set(LINE, 1);
	if (!comes(device))
		return fail("no interrupt");
	level_set(LINE, 0);
	return PASS;
}

// Edges of all lines, of which each has one buffer: one interrupt each, and no more.
static enum outcome all_lines(struct device *device)
{
	volatile uint8_t *statuses[RING_SIZE / 2];
	unsigned lines = device->lines < RING_SIZE / 2 ? device->lines : RING_SIZE / 2;

	for (unsigned line = 0; line < lines; line++) {
		statuses[line] = gpio_arm(device, (uint16_t)line, IRQ_BOTH);
		if (statuses[line] == NULL)
			return fail("an interrupt cannot be armed");
	}
	for (unsigned line = 0; line < lines; line++)
		pulse(line);
	for (unsigned line = 0; line < lines; line++) {
		if (!comes(device))
			return fail("an interrupt is missing");
	}
	for (unsigned line = 0; line < lines; line++) {
		if (*statuses[line] != IRQ_STATUS_VALID)
			return fail("a buffer without an interrupt");
	}
	return stays_away(device) ? PASS : fail("an interrupt too many");
}

// Edges that nobody takes: at most one of them is kept.
static enum outcome unheard(struct device *device)
{
	if (gpio_arm(device, LINE, IRQ_RISING) == NULL)
		return fail("an interrupt cannot be armed");
	for (unsigned i = 0; i < 20; i++)
		pulse(LINE);
	if (!comes(device))
		return fail("no interrupt");
	gpio_event_add(device, LINE);
	// That one was latched meanwhile.
	if (!comes(device))
		return fail("the edges between were lost");
	gpio_event_add(device, LINE);
	return stays_away(device) ? PASS : fail("edges of the past");
}

enum { STORM = 400 };

// A level that stays, and a driver that arms it again and again; then one that does not: the device comes to rest.
static enum outcome level_storm(struct device *device)
{
	uint16_t *request = memory_new_readable(sizeof(*request));
	volatile uint8_t *status = memory_new(1);

	if (gpio_arm(device, LINE, IRQ_HIGH) == NULL)
		return fail("an interrupt cannot be armed");
	*request = LINE;
	level_set(LINE, 1);
	for (unsigned i = 0; i < STORM; i++) {
		if (!comes(device) || (i && *status != IRQ_STATUS_VALID))
			return fail("no interrupt of a level that stays");
		*status = NOT_WRITTEN;
		gpio_event_give(device, request, status);
	}
	if (!comes(device))
		return fail("no interrupt of a level that stays");
	host_do("rest");
	level_set(LINE, 0);
	gpio_event_give(device, request, status);
	return stays_away(device) ? PASS : fail("an interrupt of a level that is over");
}

// As many buffers as fit into the ring, all for one line.
static enum outcome ring_full_of_one_line(struct device *device)
{
	if (gpio_arm(device, LINE, IRQ_RISING) == NULL)
		return fail("an interrupt cannot be armed");
	for (unsigned i = 1; i < RING_SIZE / 2; i++)
		gpio_event_add(device, LINE);
	pulse(LINE);
	return comes(device) ? requests_go_on(device, PASS) : fail("no interrupt");
}

// The buffer names another line as soon as the device has it.
static enum outcome line_changes(struct device *device)
{
	uint16_t *request = memory_new(sizeof(*request));
	volatile uint8_t *status = memory_new(1);

	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0) ||
	    !gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_RISING, 0) ||
	    !gpio_ok(device, SET_DIRECTION, OTHER_LINE, DIRECTION_IN, 0) ||
	    !gpio_ok(device, SET_IRQ_TYPE, OTHER_LINE, IRQ_RISING, 0))
		return fail("no interrupt type");
	*request = LINE;
	gpio_event_give(device, request, status);
	host_do("rest");
	*request = OTHER_LINE;
	pulse(OTHER_LINE);
	if (!stays_away(device))
		return fail("the buffer was read again");
	pulse(LINE);
	return comes(device) && *status == IRQ_STATUS_VALID ? PASS : fail("no interrupt");
}

// The status is to be written where the device cannot.
static enum outcome status_nowhere(struct device *device)
{
	const uint64_t *address = device->with;
	uint16_t *request = memory_new_readable(sizeof(*request));
	struct piece pieces[] = { { address_of(request), sizeof(*request), 0 }, { *address, 1, DESC_WRITE } };

	events_arm(device);
	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0) ||
	    !gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_RISING, 0))
		return fail("no interrupt type");
	*request = LINE;
	ring_send(&device->event, pieces, 2);
	if (stays_away(device)) {
		struct taken taken;

		// It comes back when there is something to write, or with the next one.
		pulse(LINE);
		ring_take(&device->event, &taken, SILENT_MS);
	}
	return events_go_on(device, PASS);
}

// What was armed in the life before does not interrupt the next one.
static enum outcome next_life(struct device *device)
{
	uint64_t features = device->accepted;

	if (gpio_arm(device, LINE, IRQ_BOTH) == NULL)
		return fail("an interrupt cannot be armed");
	if (!device_begin(device, features, RING_SIZE))
		return WEDGED;
	gpio_event_add(device, LINE);
	pulse(LINE);
	return stays_away(device) ? PASS : fail("an interrupt of the life before");
}

// Interrupts without a ring for them.
static enum outcome no_ring(struct device *device)
{
	if (!device_accept(device, feature(F_VERSION_1) | feature(F_GPIO_IRQ)))
		return fail("features were refused");
	if (!(device->accepted & feature(F_GPIO_IRQ)))
		return SKIP;
	device_request_ring(device, RING_SIZE);
	device_run(device);
	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0))
		return REJECT;
	if (!gpio_ok(device, SET_IRQ_TYPE, LINE, IRQ_BOTH, 0))
		return fail("no interrupt type");
	pulse(LINE);
	return requests_go_on(device, PASS);
}

// Buffers for interrupts that were not negotiated.
static enum outcome not_negotiated(struct device *device)
{
	enum outcome outcome;

	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0))
		return fail("no input");
	gpio_event_add(device, LINE);
	pulse(LINE);
	outcome = chain_outcome(&device->event, 1);
	return requests_go_on(device, outcome);
}

// A whole request in the ring of events.
static enum outcome request_in_event_ring(struct device *device)
{
	struct gpio_request *request = gpio_request_new(SET_VALUE, LINE, 1);
	volatile uint8_t *response = memory_new(2);
	struct piece pieces[] = { { address_of(request), sizeof(*request), 0 },
				  { address_of(response), 2, DESC_WRITE } };
	enum outcome outcome;

	events_arm(device);
	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_OUT, 0))
		return fail("the line cannot be driven");
	ring_send(&device->event, pieces, 2);
	outcome = chain_outcome(&device->event, 2);
	if (!gpio_ok(device, GET_VALUE, LINE, 0, 0))
		return fail("it was obeyed");
	return events_go_on(device, outcome);
}

#define IRQ		       .flags = BOTH, .more = 1 << F_GPIO_IRQ
#define NO_LINE(line)	       .run = no_line, .with = &(const uint16_t){ line }, IRQ
#define SIZES(request, status) .run = other_sizes, .with = &(const struct sizes){ request, status }, IRQ
#define TAKEN(direction)       .run = taken_away, .with = &(const uint32_t){ direction }, IRQ
#define STATUS_AT(address)     .run = status_nowhere, .with = &(const uint64_t){ address }, IRQ

const struct hostile_case event_cases[] = {
	{ "Q0060", "5.18.7", "a buffer for the line behind the last one", NO_LINE(0) },
	{ "Q0061", "5.18.7", "a buffer for line 65535", NO_LINE(0xffff) },
	{ "Q0062", "5.18.7", "no line, room for a status", SIZES(0, 1) },
	{ "Q0063", "5.18.7", "half a line", SIZES(1, 1) },
	{ "Q0064", "5.18.7", "a line of 3 bytes", SIZES(3, 1) },
	{ "Q0065", "5.18.7", "a line of a page", SIZES(PAGE_BYTES, 1) },
	{ "Q0066", "5.18.7", "no room for the status", SIZES(2, 0) },
	{ "Q0067", "5.18.7", "room for more than the status", SIZES(2, 2) },
	{ "Q0068", "5.18.7", "room for a page of status", SIZES(2, PAGE_BYTES) },
	{ "Q0069", "5.18.7", "a second buffer for a line that has one", second_buffer, IRQ },
	{ "Q0070", "5.18.7", "a buffer before there is an interrupt", buffer_before_type, IRQ },
	{ "Q0071", "5.18.6.3", "a line with an armed interrupt loses its direction", TAKEN(DIRECTION_NONE) },
	{ "Q0072", "5.18.6.3", "a line with an armed interrupt becomes an output", TAKEN(DIRECTION_OUT) },
	{ "Q0073", "5.18.6.6", "another type while the first one is armed", other_type, IRQ },
	{ "Q0074", "5.18.7", "all lines armed, and edges of all", all_lines, IRQ },
	{ "Q0075", "5.18.7", "edges that nobody takes", unheard, IRQ },
	{ "Q0076", "5.18.7", "a level that stays, armed 400 times", level_storm, IRQ },
	{ "Q0077", "5.18.7", "the ring full of buffers for one line", ring_full_of_one_line, IRQ },
	{ "Q0078", "2.7.5.1", "a buffer that names another line when the device has it", line_changes, IRQ },
	{ "Q0079", "2.7.5", "a status behind the memory", STATUS_AT(RAM_END) },
	{ "Q0080", "2.7.5", "a status where a PC has no memory", STATUS_AT(HOLE_START) },
	{ "Q0081", "2.7.5", "a status at the end of all addresses", STATUS_AT(UINT64_MAX) },
	{ "Q0082", "2.4.1", "an interrupt that was armed before the reset", next_life, IRQ },
	{ "Q0083", "5.18.2", "interrupts without a ring for them", no_ring, .flags = BOTH | RAW },
	{ "Q0084", "5.18.3", "buffers for interrupts that were not negotiated", not_negotiated, .flags = BOTH,
	  .less = 1 << F_GPIO_IRQ },
	{ "Q0085", "5.18.2", "a request in the event ring", request_in_event_ring, IRQ },
	{ .id = NULL },
};
