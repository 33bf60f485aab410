/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reason of a failure in words, for whoever reports it. */
#pragma once

#include <stddef.h>

/* Writes the words to why, which is cut where its room ends, and returns -error. */
int why_fail(int error, char *why, size_t why_size, const char *format, ...) __attribute__((format(printf, 4, 5)));
