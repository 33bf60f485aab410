// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// A case: something that no driver may do, or that one may and few do; and what came of it. The outcomes are those of
// virtio-villain (https://github.com/weltling/virtio-villain), whose chapter of GPIO is "Q".
#pragma once

#include "gpio.h"

enum outcome {
	PASS,	// the device took it: what it wrote is right, and within the buffers
	FAIL,	// it did something wrong
	REJECT, // it stayed silent, and lives
	WEDGED, // it serves no more, not even after a reset
	SKIP,	// what the case is about is not offered here
};

enum {
	SPLIT = 1,
	PACKED = 2,
	BOTH = SPLIT | PACKED,
	RAW = 4, // the case begins with a device that was reset
};

struct hostile_case {
	const char *id, *section, *what; // section: of VIRTIO 1.4, what is broken or tried there
	enum outcome (*run)(struct device *device);
	unsigned flags;
	uint64_t more;	  // features that the case needs beside the usual ones (case_features)
	uint64_t less;	  // those of the usual ones that it is without
	const char *bus;  // the only one that it is for, or NULL
	const void *with; // what the function is to do it with: device->with
};

// The usual features: those that Linux takes but for event indices, as far as they are offered. RING_PACKED comes by the format.
uint64_t case_features(const struct hostile_case *hostile, unsigned format);

// FAIL, and why.
enum outcome fail(const char *why);

// What came of the chain that was sent: PASS if it comes back with no more than so many bytes written, REJECT if it does not.
enum outcome chain_outcome(struct ring *ring, uint32_t bytes_max);

// For a chain that is not to be taken for a good one: as chain_outcome(), and the device may write a status that is not OK into the
// response, if it is one, and else nothing.
enum outcome refused_outcome(struct ring *ring, const volatile uint8_t *response);

// How long a request (or an event buffer's line) is, and how much room there is for the response: 0 is none at all. Sends it.
struct sizes {
	uint32_t request, response;
};
void sized_send(struct ring *ring, const struct sizes *sizes, const void *request, volatile void *response);

// The host sets a line, of the first ten, to a level.
void level_set(unsigned line, unsigned value);

// For cases that break one ring: the outcome, if the other ring goes on without a reset; else FAIL. The event ring is looked at
// with WATCHED_LINE, which events_arm() armed before; where interrupts are not offered, it is not looked at.
void events_arm(struct device *device);
enum outcome events_go_on(struct device *device, enum outcome outcome);
enum outcome requests_go_on(struct device *device, enum outcome outcome);

enum { RING_SIZE = 16, WATCHED_LINE = 2 };

// Each ends with an entry without an id.
extern const struct hostile_case request_cases[], event_cases[], crash_cases[], chain_cases[], split_ring_cases[],
	split_event_cases[], packed_ring_cases[], place_cases[], race_cases[], hole_cases[], event_chain_cases[],
	lifecycle_cases[], queue_cases[], life_cases[], config_cases[], pci_cases[], msix_cases[], mmio_cases[];
