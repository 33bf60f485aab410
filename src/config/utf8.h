/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* UTF-8 (RFC 3629), checked. */
#pragma once

#include <stddef.h>

/* How many bytes from the start on are whole characters: len when all is UTF-8. */
size_t utf8_span(const char *text, size_t len);
