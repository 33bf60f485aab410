/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Two guests of a configuration file, the first of which can be taken out of it while the program runs. */
#pragma once

#include "session.h"

/* Fixtures in place of session_setup() and session_teardown(). */
int reload_setup(void **state);
int reload_teardown(void **state);
/* The set-up of a session that is new, or has real chips; its first guest has these keys of the file in place of 8 simulated lines. */
int reload_setup_lines(void **state, struct session *session, const char *lines);
/* The file has the guests from this one on, and the program has read it. */
void reload_guests(struct session *session, unsigned first);
