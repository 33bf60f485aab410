/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb monitor. */
#pragma once

#include <jansson.h>

#include "ctl/call.h"

/* Shows the levels of the requests' lines, then each change. Returns the exit status. */
int monitor_run(struct call *call, const json_t *requests);
