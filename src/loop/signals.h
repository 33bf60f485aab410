/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Signals as events of a loop. */
#pragma once

#include <signal.h>

#include "loop/loop.h"

/* Blocks the signals of the set and calls fn for each that arrives. loop_signals_del() leaves them blocked. */
struct loop_signals {
	struct loop_watch watch;
	int fd; /* owned; valid while watch.loop is not NULL */
	void (*fn)(struct loop_signals *signals, int signo);
};

int loop_signals_add(struct loop *loop, struct loop_signals *signals, const sigset_t *set,
		     void (*fn)(struct loop_signals *signals, int signo));
void loop_signals_del(struct loop_signals *signals);
