/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A GPIO chip of the host: one interface, two drivers (cdev: the kernel's GPIO character device, sim: simulated).
 *
 * A chip is named by a spec, found once by chip_probe() in the supervisor, and attached by chip_attach() in the worker
 * that serves it. The supervisor alone has the chip's fd: a worker asks it for each line (host->broker), so that it
 * reaches no other. What must outlive the worker is kept outside: the fds of requested lines by the supervisor, too, the
 * state of a simulated chip in the session's shared memory.
 *
 * Line offsets are those of the chip, 0 to n_lines - 1; the caller checks them. Errors are -errno; ENODEV means that
 * the chip is gone.
 */
#pragma once

#include "base/why.h"
#include "chip/chip_error.h"
#include "chip/chip_types.h"

/* found->state_size of a chip with that many lines. */
size_t chip_state_size(const struct chip_spec *spec, unsigned n_lines);

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
 * Whether the chip at path can be the one that spec and found describe, plugged in again: it has the driver, the label
 * and the number of lines. Another of its kind has, too: which one it is, the caller must know. Then *now is open, the
 * caller's. -ENODEV: it is another; another -errno: it cannot be looked at.
 */
int chip_find_replugged(const struct chip_spec *spec, const struct chip_found *found, const char *path,
			struct chip_found *now);

/*
 * Before a chip is attached: what the kernel says of a line, also who holds it. A simulated chip's lines are free.
 */
int chip_found_line_info(const struct chip_spec *spec, const struct chip_found *found, unsigned offset,
			 struct chip_line_info *info);
/*
 * Requests a line as configured and gives the request's fd away: *fd is the caller's, for chip_adopt() in a worker to
 * come; -1 for a simulated chip, which needs none. Nothing in between changes the line. -errno.
 */
int chip_request_line(const struct chip_spec *spec, const struct chip_found *found, unsigned offset,
		      const char *consumer, const struct chip_line_config *config, int *fd);
/* Configures a line by the fd of its request, a copy of which may be in an attached chip: another process's, say. -errno. */
int chip_reconfigure_line(const struct chip_spec *spec, int fd, const struct chip_line_config *config);
/*
 * Whether the chip can do these settings on this line: requests it as it is, gives it the settings in the direction
 * that it has, with the value that it has, and lets it go. -errno: the chip refused.
 *
 * What cannot be refused, or not be tried without moving an output, is not tried, and 0: the kernel emulates active-low
 * and every drive, and says yes to a bias that the chip's driver does not know; an output does not become an input for
 * the sake of its debounce time, nor is it let go because it is to be open-drain.
 */
int chip_try_settings(const struct chip_spec *spec, const struct chip_found *found, unsigned offset,
		      const char *consumer, const struct chip_line_settings *settings);

/* spec, found and state stay the caller's and outlive the chip; host is copied. */
int chip_attach(const struct chip_spec *spec, const struct chip_found *found, void *state, const struct chip_host *host,
		struct chip **chip);
/* Releases no line in the sense of the host: closes what this process holds. */
void chip_detach(struct chip *chip);

/* The chip is there again. Every line is released: the old requests were of the chip that is gone. */
void chip_replugged(struct chip *chip);

unsigned chip_n_lines(const struct chip *chip);
/* A line as the host knows it, for the log: "/dev/gpiochip0 line 17". */
void chip_line_where(const struct chip *chip, unsigned offset, char *text, size_t size);

/*
 * The world outside of a simulated line: the levels here are those on the wire. -EPERM: the line is not simulated.
 * The level of a line: driven by the guest when it is an output, else by the outside when that drives it or by those
 * that it is wired to, else by its pull (pull-down at first; a bias of the host's sets it anew when the line is taken with it, not at each
 * reconfiguration). An open-drain output drives low only, an open-source output high only: else it lets go.
 */
bool chip_is_simulated(const struct chip *chip, unsigned offset);
/* 0, 1 or -errno: the level on the wire, at once (no debounce time) and whoever drives it; -ENOTUNIQ: it is in conflict. */
int chip_outside_level(const struct chip *chip, unsigned offset);
/*
 * The outside drives the line to level; what an open-drain or open-source output drives wins over it. -EBUSY while the
 * guest drives it push-pull.
 */
int chip_outside_drive(struct chip *chip, unsigned offset, bool level);
/* The outside lets go of the line and leaves it to this pull. */
int chip_outside_pull(struct chip *chip, unsigned offset, enum chip_pull pull);

/* As its wires see a simulated line; of another one, nothing. */
void chip_wire_end(const struct chip *chip, unsigned offset, struct chip_wire_end *end);
/* What its wires bring, enum chip_drives, from now on; it is remembered with the line. Nothing happens to a real one. */
void chip_wire(struct chip *chip, unsigned offset, uint8_t wired);

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
