/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A guest, as the supervisor describes it to the control process that it forks. */
#pragma once

/* What it points to is the supervisor's, of whose memory the process has a copy: the names of all lines are in it. */
struct control_outlet {
	const char *guest; /* its name */
	unsigned n_lines;
	const char *(*line_name)(const void *ctx, unsigned line); /* "": the line has none */
	const void *ctx;
	int port_fd;
};
