// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// A good request, as the chapters on rings use it: GET_DIRECTION of a line that no case of theirs sets up otherwise.
#pragma once

#include "gpio.h"

#include <stdbool.h>
#include <stdint.h>

enum { PROBE_LINE = 5 };

// Its two descriptors, and where its answer comes.
volatile uint8_t *probe_make(struct piece pieces[2]);
// Its chain in the ring, which is not available yet.
volatile uint8_t *probe_write(struct ring *ring);
// An indirect table of two descriptors, for a ring of either format.
struct piece probe_table(const struct piece pieces[2], bool packed);
// Whether it is answered, and the line has no direction.
bool probe_ok(struct device *device);

// Whether the device interrupts for a used chain in so many ms.
bool probe_interrupted(unsigned ms);
