/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names of lines and labels of chips, as words of the configuration. */
#pragma once

#include <stddef.h>

#include "base/why.h"
#include "chip/chip.h"

/*
 * A name from its word, which is quoted when it begins so. Printable ASCII, 1 to CHIP_NAME_MAX - 1 bytes; otherwise
 * -EINVAL, with why: "\"...\" is too long: ...".
 */
int name_word_read(const char *word, size_t len, char name[CHIP_NAME_MAX], struct why *why);
