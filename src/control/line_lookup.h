/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From a word to a line: GUEST.LINE, or LINE where that is unique; LINE is a name, or an offset when it is all digits. */
#pragma once

#include "base/why.h"
#include "control/worker_client.h"

struct control_ref {
	uint16_t guest;
	uint16_t line;
};

/* 0: *ref is the line. -ENOENT: why says in words what is wrong. */
int control_find(const struct control_guests *guests, const char *word, struct control_ref *ref, struct why *why);
