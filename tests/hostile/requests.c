// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Requests (VIRTIO 1.4, 5.18.6) that no driver may make, or that few make.
#include "case.h"
#include "memory.h"

#include <stddef.h>

enum { LINE = 3 };

// A request that is to be refused, on an output that it must leave as it is.
static enum outcome refused(struct device *device)
{
	const struct gpio_request *request = device->with;
	struct reply reply;

	if (!gpio_ok(device, SET_VALUE, LINE, 1, 0) || !gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_OUT, 0))
		return fail("the line cannot be driven");
	if (!gpio_ask(device, request->type, request->line, request->value, &reply))
		return fail("no answer");
	if (reply.status != STATUS_ERR || reply.value != 0)
		return fail("it was not refused");
	if (!gpio_ok(device, GET_DIRECTION, LINE, 0, DIRECTION_OUT) || !gpio_ok(device, GET_VALUE, LINE, 0, 1))
		return fail("it was refused, and obeyed");
	return PASS;
}

// The type of an interrupt that is to be refused, on an input whose interrupt it must leave as it is.
static enum outcome refused_irq(struct device *device)
{
	const uint32_t *type = device->with;
	struct reply reply;

	events_arm(device);
	if (!gpio_ask(device, SET_IRQ_TYPE, WATCHED_LINE, *type, &reply))
		return fail("no answer");
	if (reply.status != STATUS_ERR || reply.value != 0)
		return fail("it was not refused");
	return events_go_on(device, PASS);
}

// Each request on a line that is not there.
static enum outcome no_line(struct device *device)
{
	const uint16_t *line = device->with;
	struct reply reply;

	for (uint16_t type = GET_DIRECTION; type <= SET_IRQ_TYPE; type++) {
		if (!gpio_ask(device, type, *line ? *line : device->lines, 1, &reply))
			return fail("no answer");
		if (reply.status != STATUS_ERR || reply.value != 0)
			return fail("it was not refused");
	}
	return PASS;
}

// A good request with a field that is to be ignored set, or not refused by the specification: the answer may be either.
static enum outcome either(struct device *device)
{
	const struct gpio_request *request = device->with;
	struct reply reply;

	if (!gpio_ask(device, request->type, request->line, request->value, &reply))
		return fail("no answer");
	return reply.status <= STATUS_ERR && reply.value <= 2 ? PASS : fail("an answer that there is not");
}

static enum outcome value_without_direction(struct device *device)
{
	struct reply reply;

	if (!gpio_ask(device, GET_VALUE, LINE, 0, &reply))
		return fail("no answer");
	return reply.status == STATUS_ERR && reply.value == 0 ? PASS : fail("it was not refused");
}

static enum outcome irq_not_negotiated(struct device *device)
{
	struct reply reply;

	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_IN, 0) ||
	    !gpio_ask(device, SET_IRQ_TYPE, LINE, IRQ_RISING, &reply))
		return fail("no answer");
	return reply.status == STATUS_ERR ? PASS : fail("it was not refused");
}

// SET_VALUE in buffers of other sizes than it has: what cannot be read whole, or not be answered, is not done.
static enum outcome other_sizes(struct device *device)
{
	const struct sizes *sizes = device->with;
	uint8_t *request = memory_new_readable(PAGE_BYTES);
	volatile uint8_t *response = memory_new(sizes->response);
	enum outcome outcome;

	if (!gpio_ok(device, SET_DIRECTION, LINE, DIRECTION_OUT, 0))
		return fail("the line cannot be driven");
	*(struct gpio_request *)request = (struct gpio_request){ SET_VALUE, LINE, 1 };
	sized_send(&device->request, sizes, request, response);
	outcome = chain_outcome(&device->request, 2);
	if ((sizes->request < sizeof(struct gpio_request) || sizes->response < 2) &&
	    !gpio_ok(device, GET_VALUE, LINE, 0, 0))
		return fail("it was obeyed");
	return outcome == REJECT ? fail("the buffer did not come back") : outcome;
}

#define PIECES (sizeof(struct gpio_request) + 2)

// A good request in descriptors of a byte each (2.7.4.2: the framing says nothing).
static enum outcome bytes(struct device *device)
{
	struct gpio_request *request = gpio_request_new(GET_DIRECTION, LINE, 0);
	volatile uint8_t *response = memory_new(2);
	struct piece pieces[PIECES];
	struct taken taken;

	for (unsigned i = 0; i < PIECES; i++) {
		bool out = i < sizeof(*request);

		pieces[i] = (struct piece){ out ? address_of((uint8_t *)request + i)
						: address_of(&response[i - sizeof(*request)]),
					    1, out ? 0 : DESC_WRITE };
	}
	ring_send(&device->request, pieces, PIECES);
	if (!ring_take(&device->request, &taken, ANSWER_MS) || taken.length != 2 || response[0] != STATUS_OK)
		return fail("it was not answered");
	return PASS;
}

// The answer is written over the question.
static enum outcome over_itself(struct device *device)
{
	struct gpio_request *request = memory_new(sizeof(*request));
	struct piece pieces[] = { { address_of(request), sizeof(*request), 0 },
				  { address_of(request), 2, DESC_WRITE } };
	struct taken taken;

	*request = (struct gpio_request){ GET_DIRECTION, LINE, 0 };
	ring_send(&device->request, pieces, 2);
	if (!ring_take(&device->request, &taken, ANSWER_MS))
		return fail("no answer");
	return taken.length == 2 && request->type == STATUS_OK ? PASS : fail("a wrong answer");
}

// Names in a buffer that is longer or shorter than they are.
static enum outcome names(struct device *device)
{
	const int *more = device->with;
	uint32_t room = (uint32_t)((int)device->names_bytes + 1 + *more);
	volatile uint8_t *response = memory_new(room);
	struct piece pieces[] = { { address_of(gpio_request_new(GET_LINE_NAMES, 0, 0)), sizeof(struct gpio_request),
				    0 },
				  { address_of(response), room, DESC_WRITE } };
	struct taken taken;

	if (device->names_bytes == 0)
		return fail("the lines have no names");
	ring_send(&device->request, pieces, 2);
	if (!ring_take(&device->request, &taken, ANSWER_MS))
		return fail("no answer");
	if (taken.length > device->names_bytes + 1)
		return fail("more than the names was written");
	if (*more < 0 && taken.length && response[0] == STATUS_OK)
		return fail("names were cut without a word");
	return *more >= 0 && (taken.length != device->names_bytes + 1 || response[0] != STATUS_OK) ? fail("no names")
												   : PASS;
}

enum { BATCH = 8, ROUNDS = 500 };

// All that fits into the ring at once, again and again: each is answered once.
static enum outcome batches(struct device *device)
{
	struct gpio_request *request = gpio_request_new(GET_DIRECTION, LINE, 0);
	volatile uint8_t *responses = memory_new(2 * BATCH);
	struct taken taken;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < BATCH; i++) {
			struct piece pieces[] = { { address_of(request), sizeof(*request), 0 },
						  { address_of(&responses[2 * i]), 2, DESC_WRITE } };

			ring_write(&device->request, pieces, 2);
			ring_expose(&device->request);
		}
		ring_kick(&device->request);
		for (unsigned i = 0; i < BATCH; i++) {
			if (!ring_take(&device->request, &taken, ANSWER_MS) || taken.length != 2)
				return fail("not all were answered");
		}
	}
	return ring_returned(&device->request) ? fail("one was answered twice") : PASS;
}

// The request changes for as long as the device has it: what was checked is what is done.
static enum outcome changing(struct device *device)
{
	static const struct gpio_request faces[] = {
		{ GET_DIRECTION, LINE, 0 }, { SET_DIRECTION, 0xffff, 3 },	{ SET_VALUE, LINE, 1 },
		{ GET_LINE_NAMES, 0, 0 },   { SET_IRQ_TYPE, LINE, 0xffffffff }, { 0xffff, 0x8000, 0 },
	};
	volatile struct gpio_request *request = memory_new(sizeof(*request));
	volatile uint8_t *response = memory_new(2);
	struct piece pieces[] = { { address_of(request), sizeof(*request), 0 },
				  { address_of(response), 2, DESC_WRITE } };

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct taken taken;

		ring_send(&device->request, pieces, 2);
		for (unsigned i = 0; !ring_returned(&device->request) && i < 1000000; i++) {
			const struct gpio_request *face = &faces[i % (sizeof(faces) / sizeof(faces[0]))];

			request->type = face->type;
			request->line = face->line;
			request->value = face->value;
		}
		if (!ring_take(&device->request, &taken, ANSWER_MS))
			return fail("no answer");
		if (taken.length > 2 || response[0] > STATUS_ERR)
			return fail("an answer that there is not");
	}
	return PASS;
}

// What belongs into the one ring goes into the other.
static enum outcome event_in_request_ring(struct device *device)
{
	uint16_t *line = memory_new_readable(sizeof(*line));
	volatile uint8_t *status = memory_new(1);
	struct piece pieces[] = { { address_of(line), sizeof(*line), 0 }, { address_of(status), 1, DESC_WRITE } };

	*line = LINE;
	ring_send(&device->request, pieces, 2);
	return requests_go_on(device, refused_outcome(&device->request, status));
}

#define REQUEST(type, line, value) .with = &(const struct gpio_request){ type, line, value }, .flags = BOTH
#define SIZES(request, response)   .run = other_sizes, .with = &(const struct sizes){ request, response }, .flags = BOTH
#define NAMES(more)		   .run = names, .with = &(const int){ more }, .flags = BOTH
#define IRQ_TYPE(type)		   .run = refused_irq, .with = &(const uint32_t){ type }, .flags = BOTH, .more = 1 << F_GPIO_IRQ
#define NO_LINE(line)		   .run = no_line, .with = &(const uint16_t){ line }, .flags = BOTH

const struct hostile_case request_cases[] = {
	{ "Q0001", "5.18.6", "a request of type 0", refused, REQUEST(0, LINE, 0) },
	{ "Q0002", "5.18.6", "a request of an unknown type", refused, REQUEST(7, LINE, 0) },
	{ "Q0003", "5.18.6", "the last type that there is", refused, REQUEST(0xffff, LINE, 0) },
	{ "Q0004", "5.18.6", "a type in the other byte order", refused, REQUEST(SET_VALUE << 8, LINE, 0) },
	{ "Q0005", "5.18.6", "each request, on the line behind the last one", NO_LINE(0) },
	{ "Q0006", "5.18.6", "each request, on line 65535", NO_LINE(0xffff) },
	{ "Q0007", "5.18.6", "each request, on line 32768", NO_LINE(0x8000) },
	{ "Q0008", "5.18.6.3", "a direction that there is not", refused, REQUEST(SET_DIRECTION, LINE, 3) },
	{ "Q0009", "5.18.6.3", "a direction of 32 bits", refused, REQUEST(SET_DIRECTION, LINE, 0xffffffff) },
	{ "Q0010", "5.18.6.3", "a direction with a bit above the eighth", refused,
	  REQUEST(SET_DIRECTION, LINE, 0x102) },
	{ "Q0011", "5.18.6.5", "a value of 2", refused, REQUEST(SET_VALUE, LINE, 2) },
	{ "Q0012", "5.18.6.5", "a value of 32 bits", refused, REQUEST(SET_VALUE, LINE, 0xffffffff) },
	{ "Q0013", "5.18.6.5", "a value with a bit above the eighth", refused, REQUEST(SET_VALUE, LINE, 0x100) },
	{ "Q0014", "5.18.6.6", "an interrupt of both levels", IRQ_TYPE(12) },
	{ "Q0015", "5.18.6.6", "an interrupt of an edge and a level", IRQ_TYPE(5) },
	{ "Q0016", "5.18.6.6", "an interrupt of an unknown bit", IRQ_TYPE(16) },
	{ "Q0017", "5.18.6.6", "an interrupt of 32 bits", IRQ_TYPE(0xffffffff) },
	{ "Q0018", "5.18.6.6", "an interrupt of an output", refused, REQUEST(SET_IRQ_TYPE, LINE, IRQ_RISING) },
	{ "Q0019", "5.18.6.6", "an interrupt that was not negotiated", irq_not_negotiated, .flags = BOTH,
	  .less = 1 << F_GPIO_IRQ },
	{ "Q0020", "5.18.6.4", "the value of a line without a direction", value_without_direction, .flags = BOTH },
	{ "Q0021", "5.18.6.2", "GET_DIRECTION with a value", either, REQUEST(GET_DIRECTION, LINE, 0xffffffff) },
	{ "Q0022", "5.18.6.4", "GET_VALUE with a value", either, REQUEST(GET_VALUE, LINE, 0xffffffff) },
	{ "Q0023", "5.18.6.5", "a value for a line without a direction", either, REQUEST(SET_VALUE, LINE, 1) },
	{ "Q0024", "5.18.6", "no request, room for a response", SIZES(0, 2) },
	{ "Q0025", "5.18.6", "a request of 1 byte", SIZES(1, 2) },
	{ "Q0026", "5.18.6", "a request of 4 bytes", SIZES(4, 2) },
	{ "Q0027", "5.18.6", "a request of 7 bytes", SIZES(7, 2) },
	{ "Q0028", "5.18.6", "a request of 9 bytes", SIZES(9, 2) },
	{ "Q0029", "5.18.6", "a request of a page", SIZES(PAGE_BYTES, 2) },
	{ "Q0030", "5.18.6", "no room for the response", SIZES(8, 0) },
	{ "Q0031", "5.18.6", "room for half of the response", SIZES(8, 1) },
	{ "Q0032", "5.18.6", "room for a byte more than the response", SIZES(8, 3) },
	{ "Q0033", "5.18.6", "room for a page of response", SIZES(8, PAGE_BYTES) },
	{ "Q0034", "2.7.4.2", "request and response in pieces of a byte", bytes, .flags = BOTH },
	{ "Q0035", "2.7.5", "the response over its request", over_itself, .flags = BOTH },
	{ "Q0036", "5.18.6.1", "the names, in as much room as they need", NAMES(0) },
	{ "Q0037", "5.18.6.1", "the names, in a byte less", NAMES(-1) },
	{ "Q0038", "5.18.6.1", "the names, in a byte more", NAMES(1) },
	{ "Q0039", "5.18.6.1", "the names, in much more", NAMES(65536) },
	{ "Q0040", "2.7.7", "4,000 requests, as many at once as fit", batches, .flags = BOTH },
	{ "Q0041", "2.7.5.1", "requests that change while the device has them", changing, .flags = BOTH },
	{ "Q0042", "5.18.2", "an event buffer in the request ring", event_in_request_ring, .flags = BOTH },
	{ .id = NULL },
};
