/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The requests of one call. */
#pragma once

#include <jansson.h>

#include "ctl/call.h"

/* The replies to all requests, in order. NULL: one is none, or no good one (said); then no other one is made. */
json_t *exchange_all(struct call *call, const json_t *requests);
