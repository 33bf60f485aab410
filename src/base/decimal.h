/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Numbers as users and service managers write them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Digits only, and at least one. */
bool decimal_is(const char *word, size_t len);
/*
 * The whole word, or the len bytes of it, is a decimal number from 0 to max: digits only, no sign, no blank. 0, -EINVAL
 * when it is no number, -ERANGE when it is too big; then *value is as it was.
 */
int decimal_parse(const char *word, uint64_t max, uint64_t *value);
int decimal_parse_len(const char *word, size_t len, uint64_t max, uint64_t *value);
