/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Start and end of the lines. Everything that must outlive the worker stands in struct line_state, in session memory:
 * lines_attach() takes up what it finds there, never trusting it, and brings the chip in step with it.
 */
#pragma once

#include "gpio/lines_types.h"

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

/*
 * rules and state are of as many lines as chip has, and outlive lines. stored_fd(ctx, offset) gives the line request fd
 * that an earlier process left, or -1; the fd becomes the chip's.
 *
 * A line whose state is not plausible, or could not have come about under its rules, is one whose session was dropped.
 * A line that the chip refuses is released, but for an init: then -errno, and the log says which line.
 */
int lines_attach(struct lines *lines, struct chip *chip, const char *tag, const struct line_rules *rules,
		 enum lines_begin begin, struct line_state *state, const struct lines_host *host,
		 int (*stored_fd)(void *ctx, unsigned offset), void *stored_ctx);
void lines_detach(struct lines *lines);
