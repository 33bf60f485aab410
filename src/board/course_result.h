/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How it ended to go through a scenario. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/trace.h"

struct course_edge {
	uint64_t time_ns; /* from the beginning */
	bool rising;
	char line[80];
};

struct course_result {
	const char *file;
	bool passed;
	unsigned row;	  /* of the step that failed; 0: of none */
	char step[256];	  /* as it stands there */
	char came[256];	  /* in its place */
	size_t n_steps;	  /* that were gone through */
	uint64_t time_ns; /* all of it took, by the daemon's stamps */
	uint64_t seed;
	size_t n_edges;
	struct course_edge edges[TRACE_RECENT]; /* the last ones of all lines */
};
