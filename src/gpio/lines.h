/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines of the virtual chip: a request by value in, a response by value out (VirtIO GPIO, "requestq Operation").
 *
 * Knows directions, remembered values, names and interrupts; knows no ring and no message. Everything that must outlive
 * the worker stands in struct line_state, in session memory: lines_attach() takes up what it finds there, never
 * trusting it, and brings the chip in step with it.
 *
 * Policy, where the specification is silent:
 * - a line nobody configured has direction NONE; GET_VALUE on it is answered ERR, but with the level when an interrupt
 *   makes the chip hold it as an input. That the chip may hold it because the host's rules say so is not shown;
 * - OUT without an earlier SET_VALUE drives 0;
 * - SET_VALUE on a line that is no output is remembered for the next OUT;
 * - SET_IRQ_TYPE on an output is answered ERR, but for NONE, which it is; and so is OUT on a line with an interrupt
 *   enabled;
 * - another SET_IRQ_TYPE without NONE in between takes effect and drops the latch;
 * - SET_DIRECTION NONE gives a line back to the host's kernel; on a line that the guest does not use it leaves the chip
 *   as the host's rules made it;
 * - what the host's rules forbid is answered ERR before anything is done;
 * - a host operation that fails is answered ERR, leaves the remembered state as it was, and is logged (limited).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "chip/chip.h"
#include "chip/line_rules.h"
#include "gpio/irq.h"

/* VIRTIO_GPIO_MSG_*. */
enum gpio_msg {
	GPIO_MSG_GET_LINE_NAMES = 1,
	GPIO_MSG_GET_DIRECTION = 2,
	GPIO_MSG_SET_DIRECTION = 3,
	GPIO_MSG_GET_VALUE = 4,
	GPIO_MSG_SET_VALUE = 5,
	GPIO_MSG_SET_IRQ_TYPE = 6,
};

/* VIRTIO_GPIO_DIRECTION_*. */
enum gpio_direction {
	GPIO_DIRECTION_NONE = 0,
	GPIO_DIRECTION_OUT = 1,
	GPIO_DIRECTION_IN = 2,
};

/* VIRTIO_GPIO_STATUS_*. */
enum gpio_status {
	GPIO_STATUS_OK = 0,
	GPIO_STATUS_ERR = 1,
};

struct gpio_request {
	uint16_t type;
	uint16_t gpio;
	uint32_t value;
};

struct gpio_response {
	uint8_t status;
	uint8_t value; /* 0 when status is ERR */
};

/* What the guest had made of a line when its front-end left, see reconnect.c; all zeros: nothing. */
struct line_left {
	uint8_t direction, value;
	struct irq irq;
	uint16_t head;
};

/* One line, plain data in session memory; all zeros: nobody has it. */
struct line_state {
	uint8_t direction; /* enum gpio_direction */
	uint8_t value;	   /* the last SET_VALUE, for OUT; 0 at first and after NONE */
	uint8_t rest; /* enum line_rest, never HOLD: what the chip holds while the guest uses nothing of the line */
	struct irq irq;
	uint16_t head; /* of the event buffer that was given last: nothing but its user's mark */
	struct line_left left;
};

/* What the user of the lines is told. */
struct lines_host {
	void *ctx;
	/* The buffer of the line is to be returned with VALID (IRQ_FIRE) or INVALID (IRQ_INVALID). */
	void (*irq)(void *ctx, uint16_t line, enum irq_action action);
	/* Direction or level may have changed: for monitors. May be NULL. */
	void (*changed)(void *ctx, uint16_t line);
};

/* What the lines find when they are attached. */
enum lines_begin {
	/* The daemon just started: each line takes its init. */
	LINES_BEGIN_FIRST,
	/* The state of an earlier worker, to be taken up. */
	LINES_BEGIN_RESUME,
	/*
	 * The session was thrown away, its guest's worker kept dying: each line takes its on_disconnect. What HOLD would
	 * hold nobody knows any more, but for a line that the kernel still has as an input: that stays one. Another is
	 * released; the level of an output could only be guessed.
	 */
	LINES_BEGIN_DROPPED,
};

struct lines {
	struct chip *chip; /* the caller's; its host callbacks must lead to lines_edge() */
	const char *tag;
	struct lines_host host;
	const struct line_rules *rules; /* n_lines of them, the caller's */
	struct line_state *state;	/* n_lines of them, session memory */
	uint16_t n_lines;
	bool irq_enabled;    /* VIRTIO_GPIO_F_IRQ is negotiated */
	bool *lost;	     /* owned: by line, the chip does not hold what the state says, it was gone or refused */
	char *names;	     /* owned: n_lines strings with their terminators, or NULL */
	uint32_t names_size; /* 0 when no line has a name */
	uint32_t *name_at;   /* owned: where in names each line's begins, or NULL */
	struct log_limit log_limit, locked_log_limit;
};

/*
 * rules and state are of as many lines as chip has, and outlive lines. kept_fd(ctx, offset) gives the line request fd
 * that an earlier process left, or -1; the fd becomes the chip's.
 *
 * A line whose state is not plausible, or could not have come about under its rules, is one whose session was dropped.
 * A line that the chip refuses is released, but for an init: then -errno, and the log says which line.
 */
int lines_attach(struct lines *lines, struct chip *chip, const char *tag, const struct line_rules *rules,
		 enum lines_begin begin, struct line_state *state, const struct lines_host *host,
		 int (*kept_fd)(void *ctx, unsigned offset), void *kept_ctx);
void lines_detach(struct lines *lines);

/* Every type but GET_LINE_NAMES, which is answered from names and names_size: here it is answered ERR. */
struct gpio_response lines_request(struct lines *lines, const struct gpio_request *request);

/*
 * The driver gave an event buffer for a line: FIRE or INVALID must be answered by the caller at once, with this buffer:
 * INVALID is also said of a second buffer while one is held, which stays.
 */
enum irq_action lines_unmask(struct lines *lines, uint16_t line);
/* All buffers are gone without an answer: the eventq stopped. */
void lines_mask_all(struct lines *lines);

/* What was fired for the line is the driver's. */
void lines_fired(struct lines *lines, uint16_t line);
/*
 * Of a line whose buffer an earlier process fired: whether that comes again, because it was not the driver's yet when
 * the process died.
 */
void lines_resume_fired(struct lines *lines, uint16_t line, bool comes_again);

/* From the chip's host callbacks. A process that dies while edges are fetched may have had some that nobody noted. */
void lines_edges_fetch(struct lines *lines, unsigned offset, unsigned n_edges);
void lines_edge(struct lines *lines, unsigned offset, enum chip_edge edge, bool level);

/*
 * The guest's session ends: the device is reset, the front-end left, the daemon stops. Interrupts NONE, latches empty,
 * no values; every line takes its on_disconnect, also one that the guest did not use, in one step from what it is now
 * and without any when it is that already. What the chip refuses is logged, and that line released. The buffers are not
 * answered: their ring is gone.
 */
void lines_reset(struct lines *lines);

/*
 * The front-end left, and may come back. Notes what its guest made of the lines; then lines_leave(), which is as
 * lines_reset(), but the note stays. When it has come back, lines_come_back() makes the lines as they were noted;
 * buffers come again, and an edge that was seen meanwhile is latched. Each can be done again by a successor.
 */
void lines_remember(struct lines *lines);
void lines_leave(struct lines *lines);
void lines_come_back(struct lines *lines);

/*
 * This one of the guest's chips (struct line_rules) is back, and every old request of its lines is closed: brings it in
 * step with what the guest, or the host's rules, made of its lines.
 */
void lines_restore(struct lines *lines, uint16_t chip);
/* Whether lines_restore() has something to do for a chip that is there: it was gone when the lines were attached. */
bool lines_are_lost(const struct lines *lines, uint16_t chip);

/* The present level of any line, for monitors: 0, 1, or -errno when it can not be told (a real line nobody holds). */
int lines_level(struct lines *lines, uint16_t line);
/* The name of a line, "" when it has none. */
const char *lines_name(const struct lines *lines, uint16_t line);
