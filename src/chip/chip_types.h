/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What chips, their drivers and their users pass to each other. No code. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/line_settings.h"

struct loop;
struct chip;
struct chip_driver;

#define CHIP_NAME_MAX  32 /* GPIO_MAX_NAME_SIZE of linux/gpio.h, with the terminator */
#define CHIP_LINES_MAX 65535
#define CHIP_PATH_MAX  108

/* How a user names a chip: made by chip_spec.h and label.h. */
struct chip_spec {
	const struct chip_driver *driver;
	unsigned number;	  /* sim: of lines */
	char path[CHIP_PATH_MAX]; /* cdev: of the device, "/dev/gpiochipN" or what the user gave; sim: "sN" */
	bool by_label;		  /* the path is where the label was found */
};

/* A chip that was found: chip_probe(). */
struct chip_found {
	int fd;		   /* the chip's, -1 for sim; owned by the caller */
	unsigned n_lines;  /* 1 to CHIP_LINES_MAX */
	size_t state_size; /* bytes of session memory that chip_attach() wants, zeroed at first */
	char label[CHIP_NAME_MAX];
	uint64_t rdev; /* of the device node when it was probed, 0 for sim */
};

enum chip_direction {
	CHIP_DIRECTION_IN,
	CHIP_DIRECTION_OUT,
};

/* Bits, so that BOTH is RISING | FALLING. */
enum chip_edge {
	CHIP_EDGE_NONE = 0,
	CHIP_EDGE_RISING = 1,
	CHIP_EDGE_FALLING = 2,
	CHIP_EDGE_BOTH = 3,
};

enum chip_pull {
	CHIP_PULL_DOWN,
	CHIP_PULL_UP,
};

/*
 * What is done to a wire, bits: by one line, or by all that it joins. Both of the first two at once: a conflict. No pull is
 * a pull-down, so that one pull-up is enough.
 */
enum chip_drives {
	CHIP_DRIVES_LOW = 1,
	CHIP_DRIVES_HIGH = 2,
	CHIP_PULLS_UP = 4,
	CHIP_DRIVES_ALL = 7,
};

static inline bool chip_drives_conflict(unsigned drives)
{
	return (drives & CHIP_DRIVES_LOW) && (drives & CHIP_DRIVES_HIGH);
}

/* Of a conflict low: so it is with the open drain that such wires are for. */
static inline bool chip_drives_level(unsigned drives)
{
	return !(drives & CHIP_DRIVES_LOW) && drives != 0;
}

/* A simulated line as its wires see it. */
struct chip_wire_end {
	uint8_t drives; /* enum chip_drives: what it brings to them */
	bool conflict;	/* it is driven both ways */
	uint16_t conflicts;
};

/* What a requested line does. value: the level driven when OUT; edges: reported when IN. */
struct chip_line_config {
	enum chip_direction direction;
	uint8_t value;
	enum chip_edge edges;
	struct chip_line_settings settings;
};

struct chip_line_info {
	char name[CHIP_NAME_MAX];     /* "" when it has none; any bytes: the chip's own */
	char consumer[CHIP_NAME_MAX]; /* who holds it, "" when nobody does */
	bool used;
	enum chip_direction direction;
};

/* Who is told of edges and levels, from chip functions or from the loop. */
struct chip_observer {
	void *ctx;
	/*
	 * Edges of the line are about to be fetched from where they outlive this process: edge will be called so often
	 * at most. 0: that is over.
	 */
	void (*fetch)(void *ctx, unsigned offset, unsigned n_edges);
	/* An edge that the line's configuration asks for; level is the line's after it. */
	void (*edge)(void *ctx, unsigned offset, enum chip_edge edge, bool level);
	/*
	 * The level of a line on the wire changed for another reason than its user's set, configure and release: a
	 * simulated line was driven from outside, or its bias set its pull.
	 */
	void (*changed)(void *ctx, unsigned offset);
};

/* Who joins simulated lines by wires. */
struct chip_wires {
	void *ctx;
	/* What the line brings to its wires changed (chip_wire_end()). NULL: there are no wires. */
	void (*drives)(void *ctx, unsigned offset);
};

/* Who has the kernel's chip, and is asked for lines of it. */
struct chip_broker {
	void *ctx;
	/*
	 * Requests the line: *fd is the chip's. The broker stores a copy of it outside this process, until drop_fd.
	 * -errno. Of *config the settings are the broker's own affair: it may have the line with those that it knows
	 * itself.
	 */
	int (*request_line)(void *ctx, unsigned offset, const struct chip_line_config *config, int *fd);
	void (*drop_fd)(void *ctx, unsigned offset);
	/* What the kernel says of it. -errno; ENODEV: the chip is gone. */
	int (*line_info)(void *ctx, unsigned offset, struct chip_line_info *info);
	/* Returns when what drop_fd said has been done. */
	void (*settle_fds)(void *ctx);
};

/* What a chip needs of the process that it is attached in. No function is NULL, but that of wires. */
struct chip_host {
	struct loop *loop;
	const char *tag;      /* for the log */
	const char *consumer; /* who has a simulated line that is in use: "vhost-device-gpio:guest0" */
	struct chip_observer observer;
	struct chip_broker broker;
	struct chip_wires wires;
};
