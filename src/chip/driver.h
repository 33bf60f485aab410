/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a chip driver implements. Only chip.c and the drivers include this. */
#pragma once

#include "chip/chip.h"

struct chip {
	const struct chip_driver *driver;
	struct chip_host host;
	const struct chip_spec *spec;
	unsigned n_lines;
};

/* Each function is the one of chip.h with the same name. */
struct chip_driver {
	const char *name;
	int (*probe)(const struct chip_spec *spec, struct chip_found *found, char *why, size_t why_size);
	int (*attach)(const struct chip_spec *spec, const struct chip_found *found, void *state,
		      const struct chip_host *host, struct chip **chip);
	void (*detach)(struct chip *chip);
	bool (*is_gone)(const struct chip_found *found); /* NULL: never */
	void (*replace_fd)(struct chip *chip, int fd);	 /* NULL when it is never gone */
	int (*line_info)(struct chip *chip, unsigned offset, struct chip_line_info *info);
	int (*configure)(struct chip *chip, unsigned offset, const struct chip_line_config *config);
	int (*adopt)(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd);
	void (*release)(struct chip *chip, unsigned offset);
	void (*settle)(struct chip *chip); /* NULL: a released line is free at once */
	int (*get)(struct chip *chip, unsigned offset);
	int (*set)(struct chip *chip, unsigned offset, uint8_t value);
};

extern const struct chip_driver chip_driver_cdev;
extern const struct chip_driver chip_driver_sim;
