// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
#include "case.h"

#include "console.h"
#include "memory.h"

#include <stddef.h>

enum outcome fail(const char *why)
{
	say("note ");
	say(why);
	say("\n");
	return FAIL;
}

enum outcome chain_outcome(struct ring *ring, uint32_t bytes_max)
{
	struct taken taken;

	if (!ring_take(ring, &taken, SILENT_MS))
		return REJECT;
	return taken.length <= bytes_max ? PASS : fail("more was written than there was room for");
}

enum outcome refused_outcome(struct ring *ring, const volatile uint8_t *response)
{
	enum outcome outcome = chain_outcome(ring, response == NULL ? 0 : 2);

	if (response != NULL && *response == STATUS_OK)
		return fail("it was obeyed");
	return outcome;
}

void sized_send(struct ring *ring, const struct sizes *sizes, const void *request, volatile void *response)
{
	struct piece pieces[2];
	unsigned count = 0;

	if (sizes->request)
		pieces[count++] = (struct piece){ address_of(request), sizes->request, 0 };
	if (sizes->response)
		pieces[count++] = (struct piece){ address_of(response), sizes->response, DESC_WRITE };
	ring_send(ring, pieces, count);
}

void level_set(unsigned line, unsigned value)
{
	char words[] = "set L V";

	words[4] = (char)('0' + line);
	words[6] = (char)('0' + value);
	host_do(words);
}

void events_arm(struct device *device)
{
	if (device->accepted & feature(F_GPIO_IRQ) && gpio_arm(device, WATCHED_LINE, IRQ_BOTH) == NULL)
		fail("an interrupt cannot be armed");
}

enum outcome events_go_on(struct device *device, enum outcome outcome)
{
	struct taken taken;

	if (!(device->accepted & feature(F_GPIO_IRQ)))
		return outcome;
	level_set(WATCHED_LINE, 1);
	level_set(WATCHED_LINE, 0);
	if (!ring_take(&device->event, &taken, ANSWER_MS) || taken.length != 1)
		return fail("no interrupt comes any more");
	return outcome;
}

enum outcome requests_go_on(struct device *device, enum outcome outcome)
{
	return gpio_ok(device, SET_DIRECTION, 4, DIRECTION_IN, 0) ? outcome : fail("no request is answered any more");
}
