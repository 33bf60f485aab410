/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a guest made of its lines, as bytes for another process: direction, last value, interrupt and latch of each. All
 * little-endian: "vgls", version, number of lines, then 4 bytes a line.
 *
 * What is not in it: levels of inputs, they are what the destination's chip says; edges between save and load, nobody
 * saw them; and event buffers, which are the rings'.
 */
#pragma once

#include <stddef.h>

#include "gpio/lines_types.h"

size_t line_transfer_size(const struct lines *lines);
/* Writes line_transfer_size() bytes. */
void line_transfer_save(const struct lines *lines, void *data);
/*
 * Makes the lines as the data says, every one of them or none. The data is not trusted. No buffer is held. -EINVAL: it
 * is invalid, or is of another number of lines; another -errno: the chip does not take it (logged).
 */
int line_transfer_load(struct lines *lines, const void *data, size_t len);
