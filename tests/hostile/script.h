// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Cases that are a sequence of steps of a driver, one in the wrong place, or missing, or taken twice. They begin with a device
// that was reset.
#pragma once

#include "case.h"

#include <stddef.h>

enum {
	STATUS_NEGOTIATED = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK,
	STATUS_RUNNING = STATUS_NEGOTIATED | STATUS_DRIVER_OK,
};

struct step {
	void (*take)(struct device *device, uint64_t with);
	uint64_t with;
};

void write_status(struct device *device, uint64_t status);
void write_features(struct device *device, uint64_t features);
// "others": features that are other than usual.
void take_features(struct device *device, uint64_t others);
void negotiate(struct device *device, uint64_t others); // to FEATURES_OK
void set_up(struct device *device, uint64_t others);	// that, and both rings
void start(struct device *device, uint64_t others);	// that, and DRIVER_OK
void set_rings(struct device *device, uint64_t size);
// Of RING_SIZE: made; told of; or that, and enabled.
void make_ring(struct device *device, uint64_t queue);
void place_ring(struct device *device, uint64_t queue);
void set_ring(struct device *device, uint64_t queue);
void enable(struct device *device, uint64_t queue);
void disable(struct device *device, uint64_t queue);
void reset_queue(struct device *device, uint64_t queue);
void notify(struct device *device, uint64_t queue);
// The status is set to 0, and nobody waits for it.
void reset(struct device *device, uint64_t times);
// So many lives in a row, in the same memory, each of which ends in the midst of requests.
void live(struct device *device, uint64_t times);
// One request is made available, and not told of.
void request_add(struct device *device);
// So many requests at once; nobody waits for their answers.
void request(struct device *device, uint64_t count);
// Those of them that were not yet; false if one is not within so many ms.
bool requests_answered(struct device *device, unsigned ms);
// So many requests, one after the other, each of which is answered.
void ask(struct device *device, uint64_t times);
void arm(struct device *device, uint64_t line);
void wait(struct device *device, uint64_t ms);
void stay_silent(struct device *device, uint64_t ms); // no buffer comes back

// The whole case, and what must come of it: a driver is served, it is not, either. What was asked on the way is answered, if a
// driver is served.
enum outcome serves(struct device *device);
enum outcome silent(struct device *device);
enum outcome either(struct device *device);

#define SCRIPT(outcome, ...)                                                                                           \
	.run = outcome, .with = (const struct step[]){ __VA_ARGS__, { NULL, 0 } }, .flags = BOTH | RAW
