/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Signals of a program that has the terminal: they are told while it waits, and at no other time. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum signals_kind {
	SIGNALS_END,	 /* to go: signals_end() */
	SIGNALS_STOP,	 /* to be suspended: signals_stop() */
	SIGNALS_GO_ON,	 /* it was */
	SIGNALS_RESIZED, /* the terminal has another size */
	SIGNALS_KINDS,
};

/* broken: called in a handler before a crash ends the program. */
void signals_init(void (*broken)(void));
/* Waits until then for one of these fds, or a signal. */
void signals_poll(struct pollfd *fds, unsigned n, uint64_t now_ns, uint64_t until_ns);
/* Whether one came since the last call. */
bool signals_take(enum signals_kind kind);
/* Signals do what they did before; the process ends by the one that told it to, if there was one. */
void signals_end(void);
/* The process is suspended, as it would have been by the signal; returns when it goes on. */
void signals_stop(void);
