/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario, from its beginning to its end. */
#pragma once

#include "bench/scenario.h"
#include "board/course_result.h"
#include "board/link.h"

/* Goes through it over this connection, of which it is the only use. The result's file is the caller's. */
void course_run(const struct scenario *scenario, struct link *link, uint64_t seed, struct course_result *result);
