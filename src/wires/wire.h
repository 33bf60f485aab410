/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A wire between lines of guests that are known by name.
 *
 * A plain wire joins two lines: what they bring to it meets, as do all lines that are joined so, a net. A wire that is
 * inverted or delayed is a gate: it takes the level at its first end and drives its second.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "guest/guest.h"
#include "ipc/wire_channel.h"
#include "wires/wire_words.h"

#define WIRES_MAX 1024

struct wire_end {
	char guest[GUEST_NAME_MAX];
	uint32_t line; /* of the guest */
};

struct wire {
	struct wire_end ends[2];
	bool invert;
	uint32_t delay_us;
	bool configured; /* the configuration has it, as opposed to somebody who asked for it meanwhile */
};

struct wire_list {
	struct wire *wires; /* owned */
	unsigned n;
};

/* The guests whose lines there are. */
struct wire_guests {
	const struct guest *const *guests; /* the caller's */
	size_t n;
};

static inline bool wire_is_gate(const struct wire *wire)
{
	return wire->invert || wire->delay_us > 0;
}

/* The guest of this name, by number; -1. */
int wire_guest_find(const struct wire_guests *guests, const char *name);
/* "ivi.tx". size: WIRE_NAME_MAX. */
void wire_end_write(const struct wire_guests *guests, const struct wire_end *end, char *text, size_t size);

/* From words to a wire; -ENOENT with why. */
int wire_find(const struct wire_guests *guests, const struct wire_words *words, struct wire *wire, struct why *why);
