/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What keys and clicks do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "panel/feed.h"
#include "panel/view.h"

/* All keys that wait on the terminal. False: the user wants to quit. */
bool keys_take(struct view *view, struct feed *feed, uint64_t now_ns);
