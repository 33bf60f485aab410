/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb run: scenarios. */
#pragma once

#include "ctl/call.h"

/* The exit status: 0, EXIT_FAILED also when one failed, EXIT_USAGE also for a file that cannot be read. */
int run_call(struct call *call);
