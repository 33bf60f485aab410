/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The state of a simulated line, and what changes it. */
#include "chip/sim_line.h"

#define NS_PER_US 1000u

static bool line_is_plausible(const struct sim_line *line)
{
	return line->role <= SIM_ROLE_OUT && line->value <= 1 && line->edges <= CHIP_EDGE_BOTH &&
	       line->outside <= SIM_OUTSIDE_HIGH && line->pull <= CHIP_PULL_UP && line->active_low <= 1 &&
	       line->bias <= CHIP_BIAS_PULL_DOWN && line->drive <= CHIP_DRIVE_OPEN_SOURCE && line->settled <= 1 &&
	       line->wired <= CHIP_DRIVES_ALL;
}

void sim_line_sanitize(struct sim_line *line, uint64_t now_ns)
{
	if (!line_is_plausible(line))
		*line = (struct sim_line){ .role = SIM_ROLE_NONE };
	/* Else the debounce time would never be over. */
	if (line->changed_ns > now_ns)
		line->changed_ns = now_ns;
}

bool sim_line_is_driven(const struct sim_line *line)
{
	bool high = line->value != line->active_low;

	return line->role == SIM_ROLE_OUT && line->drive != (high ? CHIP_DRIVE_OPEN_DRAIN : CHIP_DRIVE_OPEN_SOURCE);
}

uint8_t sim_line_drives(const struct sim_line *line)
{
	uint8_t pull = line->pull == CHIP_PULL_UP ? CHIP_PULLS_UP : 0;

	if (sim_line_is_driven(line))
		return pull | (line->value != line->active_low ? CHIP_DRIVES_HIGH : CHIP_DRIVES_LOW);
	if (line->outside != SIM_OUTSIDE_NONE)
		return pull | (line->outside == SIM_OUTSIDE_HIGH ? CHIP_DRIVES_HIGH : CHIP_DRIVES_LOW);
	return pull;
}

bool sim_line_conflicts(const struct sim_line *line)
{
	return chip_drives_conflict(sim_line_drives(line) | line->wired);
}

bool sim_line_level(const struct sim_line *line)
{
	if (sim_line_is_driven(line))
		return line->value != line->active_low;
	return chip_drives_level(sim_line_drives(line) | line->wired);
}

static bool line_debounces(const struct sim_line *line)
{
	return line->role == SIM_ROLE_IN && line->debounce_us > 0;
}

bool sim_line_value(const struct sim_line *line)
{
	return (line_debounces(line) ? line->settled : sim_line_level(line)) != line->active_low;
}

/* A bias pulls when the line is taken with it. Once more would undo what the outside did since. */
static void line_set_bias(struct sim_line *line, uint8_t bias)
{
	if (line->role == SIM_ROLE_NONE || line->bias != bias) {
		if (bias == CHIP_BIAS_PULL_UP)
			line->pull = CHIP_PULL_UP;
		else if (bias == CHIP_BIAS_PULL_DOWN)
			line->pull = CHIP_PULL_DOWN;
	}
	line->bias = bias;
}

static void line_make_output(struct sim_line *line, uint8_t value)
{
	line->role = SIM_ROLE_OUT;
	line->value = value != 0;
	line->edges = CHIP_EDGE_NONE;
	if (line->drive == CHIP_DRIVE_PUSH_PULL)
		line->outside = SIM_OUTSIDE_NONE; /* two drivers on one line: the guest's wins */
}

void sim_line_configure(struct sim_line *line, const struct chip_line_config *config, uint64_t now_ns)
{
	const struct chip_line_settings *settings = &config->settings;
	bool debounced = line_debounces(line), before = sim_line_level(line);

	line_set_bias(line, settings->bias);
	line->active_low = settings->active_low;
	line->drive = settings->drive;
	line->debounce_us = settings->debounce_us;
	if (config->direction == CHIP_DIRECTION_OUT) {
		line_make_output(line, config->value);
	} else {
		line->role = SIM_ROLE_IN;
		line->edges = (uint8_t)(config->edges & CHIP_EDGE_BOTH);
		/* A change that was waiting for its time goes on waiting, else the present level is the settled one. */
		if (!debounced)
			line->settled = sim_line_level(line);
	}
	if (sim_line_level(line) != before)
		line->changed_ns = now_ns;
}

void sim_line_release(struct sim_line *line)
{
	*line = (struct sim_line){ .role = SIM_ROLE_NONE,
				   .outside = line->outside,
				   .pull = line->pull,
				   .wired = line->wired,
				   .conflicts = line->conflicts };
}

void sim_line_count(struct sim_line *line, const struct sim_line *before)
{
	if (sim_line_conflicts(line) && !sim_line_conflicts(before) && line->conflicts < UINT16_MAX)
		line->conflicts++;
}

/* The edge from the settled level to this one, if it is asked for. */
static enum chip_edge line_edge(const struct sim_line *line, bool level)
{
	enum chip_edge edge = level != line->active_low ? CHIP_EDGE_RISING : CHIP_EDGE_FALLING;

	return line->role == SIM_ROLE_IN ? line->edges & edge : CHIP_EDGE_NONE;
}

/* before: its level. True: it is another one now. */
static bool line_moved(struct sim_line *line, bool before, uint64_t now_ns, enum chip_edge *edge)
{
	bool after = sim_line_level(line);

	*edge = CHIP_EDGE_NONE;
	if (after == before)
		return false;
	line->changed_ns = now_ns;
	if (!line_debounces(line))
		*edge = line_edge(line, after);
	return true;
}

bool sim_line_outside(struct sim_line *line, enum sim_outside outside, enum chip_pull pull, uint64_t now_ns,
		      enum chip_edge *edge)
{
	bool before = sim_line_level(line);

	line->outside = (uint8_t)outside;
	line->pull = (uint8_t)pull;
	return line_moved(line, before, now_ns, edge);
}

bool sim_line_wire(struct sim_line *line, uint8_t wired, uint64_t now_ns, enum chip_edge *edge)
{
	bool before = sim_line_level(line);

	line->wired = wired & CHIP_DRIVES_ALL;
	return line_moved(line, before, now_ns, edge);
}

uint64_t sim_line_due_ns(const struct sim_line *line)
{
	if (!line_debounces(line) || line->settled == sim_line_level(line))
		return SIM_LINE_NEVER;
	return line->changed_ns + (uint64_t)line->debounce_us * NS_PER_US;
}

enum chip_edge sim_line_settle(struct sim_line *line, uint64_t now_ns)
{
	uint64_t due_ns = sim_line_due_ns(line);

	if (due_ns == SIM_LINE_NEVER || due_ns > now_ns)
		return CHIP_EDGE_NONE;
	line->settled = !line->settled;
	return line_edge(line, line->settled);
}
