/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Debounce periods as users write them: "5ms". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

/* Units us, ms and s; 1 us to what the kernel's 32 bits hold. -EINVAL with why. */
int debounce_parse(const char *word, size_t len, uint32_t *debounce_us, struct why *why);
/* "=5ms", in the largest unit that says it without a fraction. */
void debounce_write(uint32_t debounce_us, char *text, size_t size);
