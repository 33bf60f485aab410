/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A GPIO chip of the host: one interface, two drivers (cdev: the kernel's GPIO character device, sim: simulated).
 *
 * A chip is named by a spec, found once by chip_probe() in the supervisor, and attached by chip_attach() in the worker
 * that serves it. The supervisor alone has the chip's fd: a worker asks it for each line (host->request_line), so that it
 * reaches no other. What must outlive the worker is kept outside: the fds of requested lines by the supervisor, too, the
 * state of a simulated chip in the session's shared memory.
 *
 * Line offsets are those of the chip, 0 to n_lines - 1; the caller checks them. Errors are -errno; ENODEV means that
 * the chip is gone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

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

enum chip_bias {
	CHIP_BIAS_AS_IS,
	CHIP_BIAS_DISABLED,
	CHIP_BIAS_PULL_UP,
	CHIP_BIAS_PULL_DOWN,
};

enum chip_drive {
	CHIP_DRIVE_PUSH_PULL,
	CHIP_DRIVE_OPEN_DRAIN,
	CHIP_DRIVE_OPEN_SOURCE,
};

/*
 * What the host forces on a line, with each request and reconfiguration. All zero: nothing. With active_low every
 * value and edge of this interface is the logical one: 1 is active, that is low on the wire.
 */
struct chip_line_settings {
	bool active_low;
	uint8_t bias;	      /* enum chip_bias */
	uint8_t drive;	      /* enum chip_drive; of outputs */
	uint32_t debounce_us; /* of inputs; 0: none */
};

/* Whether they ask for anything. */
static inline bool chip_line_settings_any(const struct chip_line_settings *settings)
{
	return settings->active_low || settings->bias || settings->drive || settings->debounce_us;
}

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

#define CHIP_PATH_MAX 108

struct chip_spec {
	const struct chip_driver *driver;
	unsigned number;	  /* sim: of lines */
	char path[CHIP_PATH_MAX]; /* cdev: of the device, "/dev/gpiochipN" or what the user gave; sim: "sN" */
};

void chip_spec_number(unsigned number, struct chip_spec *spec);
void chip_spec_sim(unsigned n_lines, struct chip_spec *spec);
/* Any path of a GPIO character device, a symbolic link too. -ENAMETOOLONG. */
int chip_spec_path(const char *path, struct chip_spec *spec);
/*
 * The chip of the kernel with this label. -ENODEV: there is none; -ENOTUNIQ: more than one; another -errno: /dev can
 * not be read. *why says it in words, with the paths of two that bear it.
 */
int chip_spec_label(const char *label, struct chip_spec *spec, struct why *why);

/*
 * "N" (/dev/gpiochipN) or "sN" (simulated, N lines). 0; -EINVAL when the words are no spec; -ERANGE when the number is
 * out of range. Reads exactly len bytes of word.
 */
int chip_spec_parse(const char *word, size_t len, struct chip_spec *spec);

/* A chip that was found. */
struct chip_found {
	int fd;		   /* the chip's, -1 for sim; owned by the caller */
	unsigned n_lines;  /* 1 to CHIP_LINES_MAX */
	size_t state_size; /* bytes of session memory that chip_attach() wants, zeroed at first */
	char label[CHIP_NAME_MAX];
	uint64_t rdev; /* of the device node when it was probed, 0 for sim */
};

/* found->state_size of a chip with that many lines. */
size_t chip_state_size(const struct chip_spec *spec, unsigned n_lines);
bool chip_spec_is_sim(const struct chip_spec *spec);

/* Whether both are the same real chip (two simulated chips never are the same). */
bool chip_found_same(const struct chip_found *a, const struct chip_found *b);

/* Opens and checks the chip. -errno, with why in words ("No such file or directory", "has no lines", ...). */
int chip_probe(const struct chip_spec *spec, struct chip_found *found, struct why *why);

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

/*
 * Before a chip is attached: what the kernel says of a line, also who holds it. A simulated chip's lines are free.
 */
int chip_found_line_info(const struct chip_spec *spec, const struct chip_found *found, unsigned offset,
			 struct chip_line_info *info);
/*
 * Requests a line as configured and gives the request's fd away: *fd is the caller's, for chip_adopt() in a worker to
 * come; -1 for a simulated chip, which needs none. Nothing in between changes the line. -errno.
 */
int chip_claim(const struct chip_spec *spec, const struct chip_found *found, unsigned offset, const char *consumer,
	       const struct chip_line_config *config, int *fd);
/*
 * Whether the chip can do these settings on this line: requests it as it is, gives it the settings in the direction
 * that it has, with the value that it has, and lets it go. -errno: the chip refused.
 *
 * What can not be refused, or not be tried without moving an output, is not tried, and 0: the kernel emulates active-low
 * and every drive, and says yes to a bias that the chip's driver does not know; an output does not become an input for
 * the sake of its debounce time, nor is it let go because it is to be open-drain.
 */
int chip_try(const struct chip_spec *spec, const struct chip_found *found, unsigned offset, const char *consumer,
	     const struct chip_line_settings *settings);

/* What a chip tells its user; all are called from chip functions or from the loop, and none is NULL. */
struct chip_host {
	struct loop *loop;
	const char *tag;      /* for the log */
	const char *consumer; /* who has a simulated line that is in use: "vhost-device-gpio:guest0" */
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
	/*
	 * Requests the line of a real chip: *fd is the chip's. The host keeps a copy of it outside this process, until
	 * drop_fd. -errno. Of *config the settings are the host's own affair: it may have the line with those that it
	 * knows itself.
	 */
	int (*request_line)(void *ctx, unsigned offset, const struct chip_line_config *config, int *fd);
	void (*drop_fd)(void *ctx, unsigned offset);
	/* What the kernel says of it. -errno; ENODEV: the chip is gone. */
	int (*line_info)(void *ctx, unsigned offset, struct chip_line_info *info);
	/* Returns when what drop_fd said has been done. */
	void (*settle_fds)(void *ctx);
};

/* spec, found and state stay the caller's and outlive the chip; host is copied. */
int chip_attach(const struct chip_spec *spec, const struct chip_found *found, void *state, const struct chip_host *host,
		struct chip **chip);
/* Releases no line in the sense of the host: closes what this process holds. */
void chip_detach(struct chip *chip);

/* The chip came back. Every line is released: the old requests were of the chip that is gone. */
void chip_came_back(struct chip *chip);

unsigned chip_n_lines(const struct chip *chip);
/* How the user names it, for the log. */
const char *chip_path(const struct chip *chip);
/* A line as the host knows it, for the log: "/dev/gpiochip0 line 17". */
void chip_line_where(const struct chip *chip, unsigned offset, char *text, size_t size);
/* What an error of these functions means, in words. error is -errno, also one that only the kernel knows by name. */
const char *chip_strerror(int error);

enum chip_pull {
	CHIP_PULL_DOWN,
	CHIP_PULL_UP,
};

/*
 * The world outside of a simulated line: the levels here are those on the wire. -EPERM: the line is not simulated.
 * The level of a line: driven by the guest when it is an output, else by the outside when that drives it, else by its
 * pull (pull-down at first; a bias of the host's sets it anew when the line is taken with it, not at each
 * reconfiguration). An open-drain output drives low only, an open-source output high only: else it lets go.
 */
bool chip_is_simulated(const struct chip *chip, unsigned offset);
/* 0, 1 or -errno: the level on the wire, at once (no debounce time) and whoever drives it. */
int chip_outside_level(const struct chip *chip, unsigned offset);
/*
 * The outside drives the line to level; what an open-drain or open-source output drives wins over it. -EBUSY while the
 * guest drives it push-pull.
 */
int chip_outside_drive(struct chip *chip, unsigned offset, bool level);
/* The outside lets go of the line and leaves it to this pull. */
int chip_outside_pull(struct chip *chip, unsigned offset, enum chip_pull pull);

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
/*
 * The sensed level of an input, after its debounce time; the driven level of an output, or the sensed one of an output
 * that lets go (open-drain, open-source): 0, 1 or -errno. The line must be configured.
 */
int chip_get(struct chip *chip, unsigned offset);
/* The level of a configured output. */
int chip_set(struct chip *chip, unsigned offset, uint8_t value);
