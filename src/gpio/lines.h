/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines of the virtual chip: a request by value in, a response by value out (VirtIO GPIO, "requestq Operation").
 *
 * Knows directions, remembered values and interrupts; knows no ring and no message. Start and end: lines_attach.h.
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

#include "chip/chip_types.h"
#include "gpio/lines_types.h"

/* VIRTIO_GPIO_MSG_*. */
enum gpio_msg {
	GPIO_MSG_GET_LINE_NAMES = 1,
	GPIO_MSG_GET_DIRECTION = 2,
	GPIO_MSG_SET_DIRECTION = 3,
	GPIO_MSG_GET_VALUE = 4,
	GPIO_MSG_SET_VALUE = 5,
	GPIO_MSG_SET_IRQ_TYPE = 6,
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

/* Every type but GET_LINE_NAMES, which is answered from names_block.h: here it is answered ERR. */
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
 * Of a line whose buffer an earlier process fired: whether that is replayed, because it was not the driver's yet when
 * the process died.
 */
void lines_resume_fired(struct lines *lines, uint16_t line, bool replayed);

/*
 * What the chip of the lines is attached with, also before lines_attach(). A process that dies while edges are fetched
 * may have had some that nobody noted.
 */
struct chip_observer lines_observer(struct lines *lines);

/* The present level of any line, for monitors: 0, 1, or -errno when it cannot be read (a real line nobody holds). */
int lines_level(struct lines *lines, uint16_t line);
