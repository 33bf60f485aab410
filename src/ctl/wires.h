/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verbs wire, unwire and wires. */
#pragma once

#include <jansson.h>

#include "ctl/call.h"

/* The one request of two lines; NULL: the words make none (said). */
json_t *wire_requests(const struct call *call, const char *verb);
/* The one of no line, likewise. */
json_t *wires_requests(const struct call *call, const char *verb);
/* A wire a line: "a.tx - b.rx =1"; of a gate "a.tx -> b.rx invert delay=5ms 1 0". */
void wires_print(const json_t *reply);
