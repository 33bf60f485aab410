/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Shared by lines.c (at work) and attach.c (start and end); of no use to others. */
#pragma once

#include "gpio/lines.h"

/* Whether the chip holds the line in this state. */
bool line_uses_chip(const struct line_state *state);
/* What the chip makes of a line that it holds in this state. */
struct chip_line_config line_chip_config(const struct line_state *state);
/* Logs a failed operation of the host; error is -errno. */
void lines_failed(struct lines *lines, unsigned line, const char *operation, int error);
