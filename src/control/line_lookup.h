/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From a word to a line: GUEST.LINE, or LINE where that is unique; LINE is a name, or an offset when it is all digits. */
#pragma once

#include "base/why.h"
#include "control/worker_client.h"

struct line_ref {
	uint16_t guest;
	uint16_t line;
};

/* 0: *ref is the line. -ENOENT: why says in words what is wrong. */
int line_lookup(const struct worker_clients *guests, const char *word, struct line_ref *ref, struct why *why);
