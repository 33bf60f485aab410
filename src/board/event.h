/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the daemon says of a line, as a value: nothing in it is trusted to be there. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "bench/condition.h"

struct line_now event_now(const json_t *object);
/* Its stamp; 0: it has none. */
uint64_t event_time(const json_t *object);
