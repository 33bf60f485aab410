/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb record: a waveform of lines. */
#pragma once

#include "ctl/call.h"

/* The exit status: 0 when it was interrupted, or what follows the trigger is recorded. */
int record_call(struct call *call);
