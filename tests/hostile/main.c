// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// A guest that does to its GPIO device what no driver may: ./host.py says which case is to be run, and hears what came of it.
//
// To the host: "case ID split|packed SECTION WHAT" of each, then "ready BUS"; then "note …" and "do …" (console.h) and
// "verdict OUTCOME". From the host: "run ID split|packed".
#include "case.h"
#include "clock.h"
#include "console.h"
#include "memory.h"

#include <stddef.h>

void guest_main(void);

static const struct hostile_case *const chapters[] = {
	request_cases,	   event_cases, crash_cases,  chain_cases, split_ring_cases,  split_event_cases,
	packed_ring_cases, place_cases, race_cases,   hole_cases,  event_chain_cases, lifecycle_cases,
	queue_cases,	   life_cases,	config_cases, pci_cases,   msix_cases,	      mmio_cases,
};

static const char *const outcomes[] = { "PASS", "FAIL", "REJECT", "WEDGED", "SKIP" };

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool begins(const char *text, const char *with)
{
	while (*with && *text == *with) {
		text++;
		with++;
	}
	return *with == '\0';
}

uint64_t case_features(const struct hostile_case *hostile, unsigned format)
{
	uint64_t features = feature(F_GPIO_IRQ) | feature(F_INDIRECT) | feature(F_VERSION_1);

	if (format == PACKED)
		features |= feature(F_RING_PACKED);
	return (features | hostile->more) & ~hostile->less;
}

// WEDGED is found here: the device is reset, and a driver begins anew.
static enum outcome afterwards(enum outcome outcome, unsigned format)
{
	static const struct hostile_case usual;
	static struct device device;

	memory_reset();
	if (!device_begin(&device, case_features(&usual, format), RING_SIZE)) {
		say("note the device cannot be reset and set up again\n");
		return WEDGED;
	}
	if (!device_serves(&device)) {
		say("note the device does not serve the driver after this one\n");
		return WEDGED;
	}
	return outcome;
}

static enum outcome run(const struct hostile_case *hostile, unsigned format)
{
	static struct device device;
	enum outcome outcome;

	memory_reset();
	device = (struct device){ .wanted = case_features(hostile, format), .with = hostile->with };
	if (hostile->flags & RAW ? !device_reset() : !device_begin(&device, device.wanted, RING_SIZE))
		return WEDGED;
	if ((hostile->more | (format == PACKED ? feature(F_RING_PACKED) : 0)) & ~device_offers())
		return SKIP;
	outcome = hostile->run(&device);
	// It is over when the device is at rest.
	host_do("rest");
	if (!memory_intact() && outcome != WEDGED)
		outcome = FAIL;
	return afterwards(outcome, format);
}

static bool fits(const struct hostile_case *hostile)
{
	return hostile->bus == NULL || same(hostile->bus, bus->name);
}

static void list_one(const struct hostile_case *hostile, const char *format)
{
	say("case ");
	say(hostile->id);
	say(" ");
	say(format);
	say(" ");
	say(hostile->section);
	say(" ");
	say(hostile->what);
	say("\n");
}

static void list(void)
{
	for (unsigned i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++) {
		for (const struct hostile_case *hostile = chapters[i]; hostile->id; hostile++) {
			if (fits(hostile) && hostile->flags & SPLIT)
				list_one(hostile, "split");
			if (fits(hostile) && hostile->flags & PACKED)
				list_one(hostile, "packed");
		}
	}
}

static const struct hostile_case *find(const char *id)
{
	for (unsigned i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++) {
		for (const struct hostile_case *hostile = chapters[i]; hostile->id; hostile++) {
			if (begins(id, hostile->id))
				return hostile;
		}
	}
	return NULL;
}

// "run ID split|packed"
static void obey(const char *line)
{
	const struct hostile_case *hostile = begins(line, "run ") ? find(line + 4) : NULL;
	enum outcome outcome;

	if (hostile == NULL) {
		say("note no such case\n");
		return;
	}
	outcome = run(hostile, line[9] == ' ' && line[10] == 'p' ? PACKED : SPLIT);
	say("verdict ");
	say(outcomes[outcome]);
	say("\n");
}

void guest_main(void)
{
	char line[64];

	clock_start();
	bus_find();
	if (bus != NULL)
		list();
	say("ready ");
	say(bus != NULL ? bus->name : "without a device");
	say("\n");
	for (;;) {
		console_read(line, sizeof(line));
		obey(line);
	}
}
