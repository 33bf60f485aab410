/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario, from its beginning to its end. */
#pragma once

#include "bench/scenario.h"
#include "board/course_result.h"
#include "board/link.h"

/*
 * Goes through it over this connection, of which it is the only use. record_fd: where the waveform of its lines is
 * written, or -1. The result's file is the caller's.
 */
void course_run(const struct scenario *scenario, struct link *link, uint64_t seed, int record_fd,
		struct course_result *result);
