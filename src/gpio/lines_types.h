/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines of a virtual chip as data: what stands in session memory, and what the modules of this folder work on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "chip/line_rules.h"
#include "gpio/irq.h"

/* VIRTIO_GPIO_DIRECTION_*. */
enum gpio_direction {
	GPIO_DIRECTION_NONE = 0,
	GPIO_DIRECTION_OUT = 1,
	GPIO_DIRECTION_IN = 2,
};

/* What the guest had made of a line when its front-end went away, see reconnect.h; all zeros: nothing. */
struct reconnect_note {
	uint8_t direction, value;
	struct irq irq;
	uint8_t owed; /* at any time: the next buffer goes back, see virtio_gpio.c */
	uint16_t head;
};

/* One line, plain data in session memory; all zeros: nobody has it. Its members have rows in line_fields.c. */
struct line_state {
	uint8_t direction; /* enum gpio_direction */
	uint8_t value;	   /* the last SET_VALUE, for OUT; 0 at first and after NONE */
	uint8_t idle; /* enum line_idle_state, never HOLD: what the chip holds while the guest uses nothing of the line */
	struct irq irq;
	uint16_t head; /* of the event buffer that was given last: a number of its user's */
	struct reconnect_note note;
};

/* Who is told. */
struct lines_host {
	/* The buffer of the line is to be returned with VALID (IRQ_FIRE) or INVALID (IRQ_INVALID). */
	void (*irq)(void *ctx, uint16_t line, enum irq_action action);
	void *irq_ctx;
	/* Direction or level may have changed: for monitors. May be NULL. */
	void (*changed)(void *ctx, uint16_t line);
	void *changed_ctx;
};

struct lines {
	struct chip *chip; /* the caller's; attached with lines_observer() */
	const char *tag;
	struct lines_host host;
	const struct line_rules *rules; /* n_lines of them, the caller's */
	struct line_state *state;	/* n_lines of them, session memory */
	uint16_t n_lines;
	bool irq_enabled; /* VIRTIO_GPIO_F_IRQ is negotiated */
	bool *stale;	  /* owned: by line, the chip does not hold what the state says, it was gone or refused */
	struct log_limit log_limit, locked_log_limit;
};
