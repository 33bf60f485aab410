/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb play. */
#pragma once

#include "ctl/call.h"

/* Returns the exit status. */
int play_call(struct call *call);
