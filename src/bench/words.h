/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Quantities as people write them: a decimal number and its unit in one word. */
#pragma once

#include <stdint.h>

/* Nothing that is measured is larger: over a hundred days in nanoseconds, and twice that is no overflow. */
#define WORDS_VALUE_MAX 10000000000000000ull

/* "80ms", "1.5s", "200us", "50ns", "2min". 0 or -EINVAL; here and below *value is as it was then. */
int words_time(const char *word, uint64_t *ns);
/* "50Hz", "0.5Hz", "1.2kHz", in thousandths of a Hertz; not 0. */
int words_rate(const char *word, uint64_t *millihertz);
/* "5%", "0.5%", in hundredths of a percent. */
int words_percent(const char *word, uint64_t *hundredths);
/* "10kB", "2MB", "1.5GiB", in bytes. */
int words_size(const char *word, uint64_t *bytes);
/* "2", "0.5": from 0.001 to 1000, in thousandths. */
int words_factor(const char *word, uint64_t *thousandths);
/* A whole number from 0 to max. */
int words_count(const char *word, uint64_t max, uint32_t *count);
/* "5ms" or "5ms,7": a time and a seed, which is 0 when there is none. */
int words_bounce(const char *word, uint64_t *ns, uint64_t *seed);
