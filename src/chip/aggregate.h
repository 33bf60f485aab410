/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One virtual chip made of chosen lines of one or more chips. It is a struct chip like any other: its offsets are the
 * virtual ones, and so are those in its host's callbacks; which member has the line is its own business.
 */
#pragma once

#include <stdint.h>

#include "base/fields.h"
#include "chip/chip_types.h"

/* spec and found outlive the aggregate. */
struct aggregate_member {
	const struct chip_spec *spec;
	const struct chip_found *found;
};

/* Where a virtual line lies. No two are the same. */
struct aggregate_line {
	uint16_t member;
	uint32_t offset; /* below the member's n_lines */
};

/* Session memory for the members' states. */
size_t aggregate_state_size(const struct aggregate_member *members, unsigned n_members);
/* What lies where in it, when it lies at this offset: a part a member that has something there; returns how many. */
unsigned aggregate_state_parts(const struct aggregate_member *members, unsigned n_members, size_t offset,
			       struct field_part *parts);
/* members and lines are copied; state (zeroed at first) outlives the chip; host is copied. -errno. */
int aggregate_attach(const struct aggregate_member *members, unsigned n_members, const struct aggregate_line *lines,
		     unsigned n_lines, void *state, const struct chip_host *host, struct chip **chip);
/* As chip_replugged(), of one member. */
void aggregate_replugged(struct chip *chip, unsigned member);
