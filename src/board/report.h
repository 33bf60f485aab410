/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Results of scenarios, for people and for machines. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "board/course_result.h"

void report_print(const struct course_result *result);
/* The plan, and the number-th result. */
void report_print_tap_plan(size_t n);
void report_print_tap(const struct course_result *result, size_t number);
/* One test suite, a case for each. */
void report_write_junit(FILE *file, const struct course_result *results, size_t n);
