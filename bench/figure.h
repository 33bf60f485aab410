/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* How a program of the bench says what it measured: see README.md. */
#pragma once

#include "sample.h"

/* One figure; ratio 0: to nothing. of: what the ratio is to. */
void figure_print(const char *name, double value, const char *unit, double ratio, const char *of);
/* NAME/p50 and NAME/p99 in microseconds, beside the same of a yardstick (or NULL), and all times for the picture. */
void figure_times(const char *name, struct sample *times, struct sample *yardstick, const char *of);
