/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From what the supervisor said to the wires of this guest's lines. */
#pragma once

#include "worker/wires/wire_intake.h"
#include "worker/wires/wiring.h"

/* Of what came; its fds stay the intake's. -errno. limit outlives it. */
int wiring_make(struct wiring *wiring, const struct wire_intake *intake, struct chip *chip, const char *tag,
		struct log_limit *limit);
void wiring_free(struct wiring *wiring);
