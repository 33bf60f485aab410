/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the supervisor does for the sandbox at its start: what does not work here is found out before anything is served. */
#pragma once

#include "base/why.h"
#include "sandbox/types.h"

/* NULL, or why this build cannot do --sandbox=on. */
const char *sandbox_refuses_on(void);

/*
 * Makes what the processes are to enter, tries it in a process of its own, and gives up what the supervisor itself does
 * not need. -errno, with a line that says what and why.
 */
int sandbox_prepare(struct sandbox *sandbox, const struct sandbox_options *options, struct why *why);
/* Logs what it is made of, and what was left out. */
void sandbox_log(const struct sandbox *sandbox);
