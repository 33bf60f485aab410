/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Numbers as users and service managers write them. */
#pragma once

#include <stdint.h>

/*
 * The whole word is a decimal number from 0 to max: digits only, no sign, no blank. 0, -EINVAL when it is no number,
 * -ERANGE when it is too big; then *value is as it was.
 */
int decimal_parse(const char *word, uint64_t max, uint64_t *value);
