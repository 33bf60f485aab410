/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The simulated chip. All of its state is in session memory, so that a worker's death changes no level: the next one
 * attaches to the same lines. Configuring a line again as it is configured is silent for that reason too.
 */
#include "chip/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/util.h"
#include "chip/driver.h"

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

/* Plain data; all zeros is a line that nobody uses, pulled down. */
struct sim_line {
	uint8_t role;	 /* enum sim_role: what the guest made of it */
	uint8_t value;	 /* driven when SIM_ROLE_OUT */
	uint8_t edges;	 /* enum chip_edge, when SIM_ROLE_IN */
	uint8_t outside; /* enum sim_outside */
	uint8_t pull;	 /* enum sim_pull */
};

struct sim {
	struct chip chip;
	struct sim_line *lines; /* the session's */
};

static struct sim *sim_of(const struct chip *chip)
{
	return container_of(chip, struct sim, chip);
}

static struct sim_line *sim_line(const struct chip *chip, unsigned offset)
{
	return &sim_of(chip)->lines[offset];
}

static bool line_level(const struct sim_line *line)
{
	if (line->role == SIM_ROLE_OUT)
		return line->value;
	if (line->outside != SIM_OUTSIDE_NONE)
		return line->outside == SIM_OUTSIDE_HIGH;
	return line->pull == SIM_PULL_UP;
}

static bool line_is_sane(const struct sim_line *line)
{
	return line->role <= SIM_ROLE_OUT && line->value <= 1 && line->edges <= CHIP_EDGE_BOTH &&
	       line->outside <= SIM_OUTSIDE_HIGH && line->pull <= SIM_PULL_UP;
}

static int sim_probe(const struct chip_spec *spec, struct chip_found *found, char *why, size_t why_size)
{
	found->n_lines = spec->number;
	found->state_size = spec->number * sizeof(struct sim_line);
	snprintf(found->label, sizeof(found->label), "sim%u", spec->number);
	return 0;
}

static int sim_attach(const struct chip_spec *spec, const struct chip_found *found, void *state,
		      const struct chip_host *host, struct chip **chip)
{
	struct sim *sim = malloc(sizeof(*sim));

	if (!sim)
		return -ENOMEM;
	*sim = (struct sim){
		.chip = { .driver = &chip_driver_sim, .host = *host, .n_lines = found->n_lines },
		.lines = state,
	};
	/* An earlier worker may have been broken when it wrote this. */
	for (unsigned i = 0; i < found->n_lines; i++) {
		if (!line_is_sane(&sim->lines[i]))
			sim->lines[i] = (struct sim_line){ .role = SIM_ROLE_NONE };
	}
	*chip = &sim->chip;
	return 0;
}

static void sim_detach(struct chip *chip)
{
	free(sim_of(chip));
}

static int sim_line_info(struct chip *chip, unsigned offset, struct chip_line_info *info)
{
	const struct sim_line *line = sim_line(chip, offset);

	*info = (struct chip_line_info){
		.used = line->role != SIM_ROLE_NONE,
		.direction = line->role == SIM_ROLE_OUT ? CHIP_DIRECTION_OUT : CHIP_DIRECTION_IN,
	};
	snprintf(info->name, sizeof(info->name), "dummy%u", offset);
	if (info->used)
		snprintf(info->consumer, sizeof(info->consumer), "%s", chip->host.consumer);
	return 0;
}

static int sim_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	struct sim_line *line = sim_line(chip, offset);

	if (config->direction == CHIP_DIRECTION_OUT) {
		line->value = config->value != 0;
		line->edges = CHIP_EDGE_NONE;
		line->outside = SIM_OUTSIDE_NONE; /* two drivers on one line: the guest's wins */
		line->role = SIM_ROLE_OUT;
	} else {
		line->role = SIM_ROLE_IN;
		line->edges = (uint8_t)(config->edges & CHIP_EDGE_BOTH);
	}
	return 0;
}

static int sim_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd)
{
	return sim_configure(chip, offset, config);
}

static void sim_release(struct chip *chip, unsigned offset)
{
	struct sim_line *line = sim_line(chip, offset);

	line->role = SIM_ROLE_NONE;
	line->value = 0;
	line->edges = CHIP_EDGE_NONE;
}

static int sim_get(struct chip *chip, unsigned offset)
{
	return line_level(sim_line(chip, offset));
}

static int sim_set(struct chip *chip, unsigned offset, uint8_t value)
{
	struct sim_line *line = sim_line(chip, offset);

	if (line->role != SIM_ROLE_OUT)
		return -EPERM;
	line->value = value != 0;
	return 0;
}

const struct chip_driver chip_driver_sim = {
	.name = "sim",
	.probe = sim_probe,
	.attach = sim_attach,
	.detach = sim_detach,
	.line_info = sim_line_info,
	.configure = sim_configure,
	.adopt = sim_adopt,
	.release = sim_release,
	.get = sim_get,
	.set = sim_set,
};

bool sim_is(const struct chip *chip)
{
	return chip->driver == &chip_driver_sim;
}

/* The outside did something: tells the chip's user what can be seen of it. */
static void sim_outside(struct chip *chip, unsigned offset, enum sim_outside outside, enum sim_pull pull)
{
	struct sim_line *line = sim_line(chip, offset);
	bool before = line_level(line), after;
	enum chip_edge edge;

	line->outside = (uint8_t)outside;
	line->pull = (uint8_t)pull;
	after = line_level(line);
	if (after == before)
		return;
	edge = after ? CHIP_EDGE_RISING : CHIP_EDGE_FALLING;
	if (line->role == SIM_ROLE_IN && (line->edges & edge))
		chip->host.edge(chip->host.ctx, offset, edge, after);
	chip->host.changed(chip->host.ctx, offset);
}

int sim_drive(struct chip *chip, unsigned offset, bool level)
{
	const struct sim_line *line = sim_line(chip, offset);

	if (line->role == SIM_ROLE_OUT)
		return -EBUSY;
	sim_outside(chip, offset, level ? SIM_OUTSIDE_HIGH : SIM_OUTSIDE_LOW, (enum sim_pull)line->pull);
	return 0;
}

int sim_pull(struct chip *chip, unsigned offset, enum sim_pull pull)
{
	sim_outside(chip, offset, SIM_OUTSIDE_NONE, pull);
	return 0;
}

bool sim_level(const struct chip *chip, unsigned offset)
{
	return line_level(sim_line(chip, offset));
}
