// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Requests (VIRTIO 1.4, 5.18.6) that no driver may make.
#include "case.h"
#include "memory.h"

#include <stddef.h>

// A request that is to be refused.
static enum outcome refused(struct device *device)
{
	const struct gpio_request *request = device->with;
	struct reply reply;

	if (!gpio_ask(device, request->type, request->line, request->value, &reply))
		return fail("no answer");
	if (reply.status != STATUS_ERR || reply.value != 0)
		return fail("it was not refused");
	return PASS;
}

#define REFUSED(type, line, value)                                                                                     \
	.run = refused, .with = &(const struct gpio_request){ type, line, value }, .flags = BOTH

const struct hostile_case request_cases[] = {
	{ "Q0001", "5.18.6", "a request of type 0", REFUSED(0, 0, 0) },
	{ "Q0002", "5.18.6", "a request of an unknown type", REFUSED(7, 0, 0) },
	{ "Q0003", "5.18.6", "the last type that there is", REFUSED(0xffff, 0, 0) },
	{ .id = NULL },
};
