/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verbs press, pulse and blink: edges over a time. */
#pragma once

#include "ctl/call.h"

/* Each returns the exit status. */
int stimulate_press(struct call *call);
int stimulate_pulse(struct call *call);
int stimulate_blink(struct call *call);
