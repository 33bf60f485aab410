/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb monitor. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "ctl/call.h"

/* Whether --count and --timeout make sense. False: said. */
bool monitor_options_are_good(struct call *call);
/* Shows the levels of the requests' lines, then each change. Returns the exit status. */
int monitor_run(struct call *call, const json_t *requests);
