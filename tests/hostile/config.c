// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// The configuration space (VIRTIO 1.4, 2.5, 5.18.4) and notifications (2.3), at the wrong time and too many.
#include "console.h"
#include "registers.h"
#include "script.h"

enum {
	CONFIG_BYTES = 8,
	BEHIND = 64, // bytes behind its end that are looked at, too
	STORM = 3000,
	NOTIFICATION_NEXT = 0x7fff0000, // of VIRTIO_F_NOTIFICATION_DATA: where the driver is in the ring
};

struct config {
	uint8_t bytes[CONFIG_BYTES];
};

static struct config config_now(void)
{
	struct config config;

	for (unsigned i = 0; i < CONFIG_BYTES; i++)
		config.bytes[i] = bus->config_read(i);
	return config;
}

static bool config_is(const struct config *before)
{
	for (unsigned i = 0; i < CONFIG_BYTES; i++) {
		if (bus->config_read(i) != before->bytes[i])
			return false;
	}
	return true;
}

// Within the space it is the same bytes, however they are read; behind it anything but an end is right.
static enum outcome config_reads(struct device *device)
{
	struct config before = config_now();

	(void)device;
	for (unsigned width = 1; width <= 4; width *= 2) {
		for (unsigned at = 0; at < CONFIG_BYTES + BEHIND; at += width) {
			uint32_t value = read_any(bus->config() + at, width);

			for (unsigned i = 0; at < CONFIG_BYTES && i < width; i++) {
				if ((uint8_t)(value >> 8 * i) != before.bytes[at + i])
					return fail("another value at another width");
			}
		}
	}
	for (unsigned at = 1; at < CONFIG_BYTES + BEHIND; at++)
		read_any(bus->config() + at, 4);
	return PASS;
}

static enum outcome config_writes(struct device *device)
{
	struct config before = config_now();

	for (unsigned width = 1; width <= 4; width *= 2) {
		for (unsigned at = 0; at < CONFIG_BYTES + BEHIND; at += width) {
			write_any(bus->config() + at, width, at % 8 ? 0 : 0xffffffff);
			if (at < CONFIG_BYTES && !config_is(&before))
				return fail("the configuration was changed");
		}
	}
	return requests_go_on(device, PASS);
}

static enum outcome config_while_busy(struct device *device)
{
	struct config before = config_now();
	uint32_t generation = bus->generation();

	for (unsigned i = 0; i < 20; i++) {
		request(device, 4);
		if (!config_is(&before) || bus->generation() != generation)
			return fail("the configuration changed by itself");
		bus->config_write(i % CONFIG_BYTES, 0x55);
		if (!requests_answered(device, ANSWER_MS))
			return fail("a request is not answered");
	}
	return PASS;
}

// So many times, both queues, whether they run or not.
static void storm(struct device *device, uint64_t times)
{
	(void)device;
	while (times--) {
		bus->notify(QUEUE_REQUEST);
		bus->notify(QUEUE_EVENT);
	}
}

static void notify_nonexistent(struct device *device, uint64_t times)
{
	static const uint32_t queues[] = { 2, 3, 63, 64, 255, 1023, 1024, 0x7fff, 0xffff, 0xffffffff };

	while (times--) {
		for (unsigned i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
			notify(device, queues[i]);
	}
}

// The status is written again and again while requests come.
static void rewrite_status(struct device *device, uint64_t times)
{
	while (times--) {
		request(device, 1);
		bus->set_status(times % 2 ? STATUS_RUNNING : STATUS_RUNNING | 32);
		requests_answered(device, ANSWER_MS);
	}
}

// used_event where the device never comes: an interrupt may stay out, the chain may not.
static enum outcome far_event(struct device *device)
{
	if (!device->request.packed)
		device->request.available->heads[RING_SIZE] = 0x7fff;
	else
		*device->request.driver_events = (struct packed_events){ 0x7fff, EVENTS_DESC };
	bus->interrupts();
	request(device, 4);
	if (!requests_answered(device, ANSWER_MS))
		return fail("a request is not answered");
	host_do("rest");
	return bus->interrupts() & INTERRUPT_USED ? fail("an interrupt that was not asked for") : PASS;
}

const struct hostile_case config_cases[] = {
	{ "Q0337", "2.7.7", "an event index that is never reached", .run = far_event, .flags = BOTH,
	  .more = 1 << F_EVENT_IDX },
	{ "Q0339", "2.1", "the status is written with each request",
	  SCRIPT(serves, { start, 0 }, { rewrite_status, 40 }, { write_status, STATUS_RUNNING }) },
	{ "Q0393", "2.5", "each byte of the configuration, at each width, and behind its end", .run = config_reads,
	  .flags = BOTH },
	{ "Q0394", "2.5", "the configuration is written, at each width, and behind its end", .run = config_writes,
	  .flags = BOTH },
	{ "Q0395", "2.5", "the configuration is read and written between requests", .run = config_while_busy,
	  .flags = BOTH },
	{ "Q0396", "2.3", "a storm of notifications",
	  SCRIPT(serves, { start, 0 }, { arm, 2 }, { request, 4 }, { storm, STORM }, { request, 2 }) },
	{ "Q0397", "2.3", "queues that do not exist are notified",
	  SCRIPT(serves, { start, 0 }, { request, 2 }, { notify_nonexistent, 10 }) },
	{ "Q0398", "2.3", "notifications before DRIVER_OK, and after a reset",
	  SCRIPT(serves, { storm, 50 }, { negotiate, 0 }, { storm, 50 }, { set_rings, RING_SIZE }, { storm, 50 },
		 { write_status, STATUS_RUNNING }, { request, 4 }, { reset, 1 }, { storm, 50 }, { start, 0 }) },
	{ "Q0399", "2.9", "notifications that carry data, which is not offered",
	  SCRIPT(serves, { start, 0 }, { request, 2 }, { notify, NOTIFICATION_NEXT },
		 { notify, NOTIFICATION_NEXT | 1 }) },
	{ .id = NULL },
};
