/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the lines say: failures to the log, changes and interrupts to their host. */
#pragma once

#include "gpio/lines_types.h"

/* An operation of the chip that failed; error is -errno. */
void report_failure(struct lines *lines, uint16_t line, const char *operation, int error);
/* Direction or level may have changed. */
void report_change(struct lines *lines, uint16_t line);
/* What to do with the line's buffer, if anything. */
void report_irq(struct lines *lines, uint16_t line, enum irq_action action);
