/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the daemon says of lines and guests, in a panel's words: nothing in it is trusted to be there. */
#pragma once

#include <jansson.h>

#include "panel/rows.h"

struct row_now said_now(const json_t *object);
/* How a guest is. */
const char *said_guest(const json_t *object);
