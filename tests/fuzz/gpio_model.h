/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the lines of gpio_fixture should do: a model of VirtIO 1.3, 5.18.6 and 5.18.7, of the policy that src/gpio/lines.h
 * has where these are silent, and of the simulated lines' outside. Written without their code.
 */
#pragma once

#include "input.h"

/* event(line, status): the line's event buffer goes back. */
void gpio_model_start(void (*event)(unsigned line, uint8_t status));

/*
 * A request of which in_len bytes are there, with room for out_len bytes of response. Writes the response and returns
 * its length.
 */
unsigned gpio_model_request(uint16_t type, uint16_t gpio, uint32_t value, unsigned in_len, uint8_t *out,
			    unsigned out_len);
/* Whether an event buffer for this line would be held. */
bool gpio_model_takes_buffer(unsigned line);
void gpio_model_buffer(unsigned line);
/* The outside drives a line: 0, or -EBUSY while the guest does. */
int gpio_model_drive(unsigned line, bool level);
void gpio_model_pull(unsigned line, bool up);
/* The session ends. */
void gpio_model_disconnect(void);
/* The levels on the wire are the model's. */
void gpio_model_check(void);
