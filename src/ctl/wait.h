/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb wait: until lines are so, or a time is over. */
#pragma once

#include "ctl/call.h"

/* The exit status: 0, EXIT_FAILED also when the time is over, EXIT_USAGE. */
int wait_call(struct call *call);
