/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What every abuse ends with: the abuser is gone, and a good front-end is served by the process that was abused, within
 * a second, with as many fds open as before. How long it took is printed.
 */
#pragma once

#include "session.h"

#define ABUSE_SERVED_MS 1000  /* on a machine that has nothing else to do: more is told */
#define ABUSE_LIMIT_MS	10000 /* more is a failure */

/* The abuser's guest and four others, of 8 lines each, nobody connected. */
int abuse_setup_several(void **state);
/*
 * The supervisor has not stopped to do its work: the worker of another guest dies, and is replaced. The others take turns:
 * one that dies often is replaced after a pause.
 */
void abuse_assert_supervised(struct session *session);

/* The process that serves guest 0 now, 0 when there is none. */
pid_t abuse_worker_pid(const struct session *session);

/* What stood before the abuse: to be taken when nobody is connected. */
struct abuse {
	pid_t worker;
	unsigned fds;
};

struct abuse abuse_before(const struct session *session);
/*
 * Closes the front-end of the session, if it is connected, and from then on takes the time: another one connects, sets
 * up both rings and has a request answered. It stays connected. The worker is that of before, and has let go of the
 * abuser's fds and of its memory.
 */
void abuse_then_served(struct session *session, const struct abuse *before);
