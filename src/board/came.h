/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What came in the place of what was expected, in words. */
#pragma once

#include <stddef.h>

#include "bench/judge.h"
#include "bench/rule.h"
#include "board/board.h"

/* Of an expectation that failed. */
void came_of_judge(const struct judge *judge, const struct board *board, char *text, size_t size);
/* Of a rule that was broken; times are told from begin_ns on. */
void came_of_rule(const struct rule *rule, const struct board *board, uint64_t begin_ns, char *text, size_t size);
