/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A guest, as the supervisor describes it to the control process that it forks. */
#pragma once

/* What it points to is the supervisor's, of whose memory the process has a copy: the names of all lines are in it. */
struct control_guest {
	const char *name;
	unsigned n_lines;
	const char *(*line_name)(const void *ctx, unsigned line); /* "": the line has none */
	const void *ctx;
	int fd; /* of its control channel; -1: it has no worker yet */
};
