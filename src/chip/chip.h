/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A GPIO chip of the host: one interface, two drivers (cdev: the kernel's GPIO character device, sim: simulated).
 *
 * A chip is named by a spec, found once by chip_probe() in the supervisor, and attached by chip_attach() in the worker
 * that serves it. What must outlive the worker is kept outside: the chip's fd and the fds of requested lines by the
 * supervisor (host->keep_fd), the state of a simulated chip in the session's shared memory.
 *
 * Line offsets are those of the chip, 0 to n_lines - 1; the caller checks them. Errors are -errno; ENODEV means that
 * the chip is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct chip;
struct chip_driver;

#define CHIP_NAME_MAX  32 /* GPIO_MAX_NAME_SIZE of linux/gpio.h, with the terminator */
#define CHIP_LINES_MAX 65535

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

/* What a requested line does. value: the level driven when OUT; edges: reported when IN. */
struct chip_line_config {
	enum chip_direction direction;
	uint8_t value;
	enum chip_edge edges;
};

struct chip_line_info {
	char name[CHIP_NAME_MAX];     /* "" when it has none; any bytes: the chip's own */
	char consumer[CHIP_NAME_MAX]; /* who holds it, "" when nobody does */
	bool used;
	enum chip_direction direction;
};

/* "N" (/dev/gpiochipN) or "sN" (simulated, N lines). */
struct chip_spec {
	const struct chip_driver *driver;
	unsigned number;
	char path[64]; /* cdev: "/dev/gpiochipN"; sim: "sN" */
};

/* 0; -EINVAL when the words are no spec; -ERANGE when the number is out of range. Reads exactly len bytes of word. */
int chip_spec_parse(const char *word, size_t len, struct chip_spec *spec);
/* Whether both name the same real chip (two simulated chips never are the same). */
bool chip_spec_same(const struct chip_spec *a, const struct chip_spec *b);

/* A chip that was found. */
struct chip_found {
	int fd;		   /* the chip's, -1 for sim; owned by the caller */
	unsigned n_lines;  /* 1 to CHIP_LINES_MAX */
	size_t state_size; /* bytes of session memory that chip_attach() wants, zeroed at first */
	char label[CHIP_NAME_MAX];
};

/* Opens and checks the chip. -errno, with why in words ("No such file or directory", "has no lines", ...). */
int chip_probe(const struct chip_spec *spec, struct chip_found *found, char *why, size_t why_size);

/*
 * Whether the chip behind found is gone for good: unplugged, or its driver unbound. A simulated chip never is. When the
 * same hardware comes back it is another chip to the kernel, with a new device node.
 */
bool chip_is_gone(const struct chip_spec *spec, const struct chip_found *found);
/*
 * Whether the chip at path is the one that spec and found describe, come back: the same driver, label and number of
 * lines. Then *fd is open on it, the caller's. -ENODEV: it is another; another -errno: it can not be looked at.
 */
int chip_find_again(const struct chip_spec *spec, const struct chip_found *found, const char *path, int *fd);

/* What a chip tells its user; all are called from chip functions or from the loop, and none is NULL. */
struct chip_host {
	struct loop *loop;
	const char *tag;      /* for the log */
	const char *consumer; /* who requests lines, for the kernel: "vhost-device-gpio:guest0" */
	void *ctx;
	/* An edge that the line's configuration asks for; level is the line's after it. */
	void (*edge)(void *ctx, unsigned offset, enum chip_edge edge, bool level);
	/* The level of a line changed for another reason than chip set/configure (a simulated line driven from outside). */
	void (*changed)(void *ctx, unsigned offset);
	/* A line request fd that should outlive this process, and its end. The fd stays the chip's. */
	void (*keep_fd)(void *ctx, unsigned offset, int fd);
	void (*drop_fd)(void *ctx, unsigned offset);
	/* Returns when what drop_fd said has been done. */
	void (*settle_fds)(void *ctx);
};

/* spec, found and state stay the caller's and outlive the chip; host is copied. */
int chip_attach(const struct chip_spec *spec, const struct chip_found *found, void *state, const struct chip_host *host,
		struct chip **chip);
/* Releases no line in the sense of the host: closes what this process holds. */
void chip_detach(struct chip *chip);

/*
 * The chip came back under this fd, which stays the caller's. Every line is released: the old requests were of the chip
 * that is gone.
 */
void chip_replace_fd(struct chip *chip, int fd);

unsigned chip_n_lines(const struct chip *chip);
/* How the user names it, for the log. */
const char *chip_path(const struct chip *chip);

/* Of a chip that is gone: the name that the line had, when an earlier call in this session saw it. */
int chip_line_info(struct chip *chip, unsigned offset, struct chip_line_info *info);

/*
 * Requests the line, or reconfigures the one held, in one atomic step: an output has its value from the instant that
 * it is an output; edges seen before the call are forgotten.
 */
int chip_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config);
/*
 * Takes over a request fd that an earlier process made, and gives it this configuration; edges that wait in it are
 * reported. The fd becomes the chip's in any case: after an error it is closed and the line is released.
 */
int chip_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd);
/* Gives the line back. Idempotent. */
void chip_release(struct chip *chip, unsigned offset);
/*
 * Returns when every line that was released is free: as long as a copy of its fd is open elsewhere, the kernel holds the
 * line, drives it, and refuses it to everybody, us included.
 */
void chip_settle(struct chip *chip);
/* The sensed level of an input, the driven level of an output: 0, 1 or -errno. The line must be configured. */
int chip_get(struct chip *chip, unsigned offset);
/* The level of a configured output. */
int chip_set(struct chip *chip, unsigned offset, uint8_t value);
