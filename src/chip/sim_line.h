/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One line of a simulated chip: who decides the level on the wire, and what the guest's side makes of it. No I/O and no
 * clock: now_ns is the caller's, CLOCK_MONOTONIC.
 *
 * The line itself drives what an output drives (not the high of an open-drain or the low of an open-source one), else
 * what the outside drives. Its wires to other lines bring what those drive. Who drives decides the level, else one pull-up
 * anywhere on the wires, else it is low. Driven both ways it is in conflict: an output reads as it drives, all else low.
 * The guest's side sees the level inverted when active-low, and as an input with a debounce time only after it has been
 * stable that long: until then it sees what was settled before.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip_types.h"

enum sim_role {
	SIM_ROLE_NONE,
	SIM_ROLE_IN,
	SIM_ROLE_OUT,
};

enum sim_outside {
	SIM_OUTSIDE_NONE, /* the pull decides */
	SIM_OUTSIDE_LOW,
	SIM_OUTSIDE_HIGH,
};

/* Plain data in session memory; all zeros is a line that nobody uses, pulled down. sim_fields.c has a row for each. */
struct sim_line {
	uint8_t role;	 /* enum sim_role: what the guest made of it */
	uint8_t value;	 /* logical, when SIM_ROLE_OUT */
	uint8_t edges;	 /* enum chip_edge, logical, when SIM_ROLE_IN */
	uint8_t outside; /* enum sim_outside */
	uint8_t pull;	 /* enum chip_pull */
	/* struct chip_line_settings, all 0 when SIM_ROLE_NONE */
	uint8_t active_low;
	uint8_t bias;
	uint8_t drive;
	uint32_t debounce_us;
	uint8_t settled;     /* of an input with a debounce time: the level on the wire that its user sees */
	uint8_t wired;	     /* enum chip_drives: what its wires bring, all of them together */
	uint16_t conflicts;  /* how often it began to be driven both ways; no more than UINT16_MAX */
	uint64_t changed_ns; /* when the wire last changed */
};

#define SIM_LINE_NEVER UINT64_MAX

/* Of a line that a process wrote that may have been broken. */
void sim_line_sanitize(struct sim_line *line, uint64_t now_ns);

/* enum chip_drives: what the line itself brings to its wires. */
uint8_t sim_line_drives(const struct sim_line *line);
bool sim_line_conflicts(const struct sim_line *line);
bool sim_line_level(const struct sim_line *line);
/* What chip_get() says. */
bool sim_line_value(const struct sim_line *line);
/* Whether the guest, and nobody else, decides the level. */
bool sim_line_is_driven(const struct sim_line *line);

void sim_line_configure(struct sim_line *line, const struct chip_line_config *config, uint64_t now_ns);
void sim_line_release(struct sim_line *line);

/* After any change: counts a conflict that was not there before. */
void sim_line_count(struct sim_line *line, const struct sim_line *before);

/* The outside did something. Gives the edge to be reported; true: the level on the wire changed. */
bool sim_line_outside(struct sim_line *line, enum sim_outside outside, enum chip_pull pull, uint64_t now_ns,
		      enum chip_edge *edge);
/* The same of its wires. */
bool sim_line_wire(struct sim_line *line, uint8_t wired, uint64_t now_ns, enum chip_edge *edge);
/* When sim_line_settle() has something to do; SIM_LINE_NEVER. */
uint64_t sim_line_due_ns(const struct sim_line *line);
/* The debounce time may be over: the edge to be reported. */
enum chip_edge sim_line_settle(struct sim_line *line, uint64_t now_ns);
