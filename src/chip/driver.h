/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a chip driver implements: cdev, sim, and the aggregate of chips. */
#pragma once

#include "base/fields.h"
#include "base/why.h"
#include "chip/chip_types.h"

struct chip {
	const struct chip_driver *driver;
	struct chip_host host;
	const struct chip_spec *spec;
	unsigned n_lines;
};

/* Each function is the one of chip.h with the same name. */
struct chip_driver {
	const char *name;
	const struct field_part *line_state; /* what a line has in session memory; NULL: nothing */
	int (*probe)(const struct chip_spec *spec, struct chip_found *found, struct why *why);
	int (*found_line_info)(const struct chip_found *found, unsigned offset, struct chip_line_info *info);
	/* NULL: a line needs no request before the chip is attached */
	int (*request_line)(const struct chip_found *found, unsigned offset, const char *consumer,
			    const struct chip_line_config *config, int *fd);
	/* NULL: there is nothing to be done outside of the process that has the chip attached */
	int (*reconfigure_line)(int fd, const struct chip_line_config *config);
	/* NULL: every line can do everything */
	int (*try_settings)(const struct chip_found *found, unsigned offset, const char *consumer,
			    const struct chip_line_settings *settings);
	int (*attach)(const struct chip_spec *spec, const struct chip_found *found, void *state,
		      const struct chip_host *host, struct chip **chip);
	void (*detach)(struct chip *chip);
	bool (*is_gone)(const struct chip_found *found); /* NULL: never */
	void (*replugged)(struct chip *chip);		 /* NULL when it is never gone */
	/*
	 * Of a chip made of others: whose line it is, and its number there. All functions below, settle aside, are that
	 * one's. NULL: the chip's own.
	 */
	struct chip *(*member)(const struct chip *chip, unsigned *offset);
	/* The outside of a simulated line; NULL: no line is. */
	int (*outside_level)(const struct chip *chip, unsigned offset);
	int (*outside_drive)(struct chip *chip, unsigned offset, bool level);
	int (*outside_pull)(struct chip *chip, unsigned offset, enum chip_pull pull);
	void (*wire_end)(const struct chip *chip, unsigned offset, struct chip_wire_end *end);
	void (*wire)(struct chip *chip, unsigned offset, uint8_t wired);
	int (*line_info)(struct chip *chip, unsigned offset, struct chip_line_info *info);
	int (*configure)(struct chip *chip, unsigned offset, const struct chip_line_config *config);
	int (*adopt)(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd);
	void (*release)(struct chip *chip, unsigned offset);
	void (*settle)(struct chip *chip); /* NULL: a released line is free at once */
	int (*get)(struct chip *chip, unsigned offset);
	int (*set)(struct chip *chip, unsigned offset, uint8_t value);
};
