/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * SIGHUP: the configuration is read again. Guests that it no longer has are stopped, their lines taken to their resting
 * state; new ones are added; the others go on and notice nothing. A guest whose description changed goes on as it was,
 * and the log says so. When anything is wrong with the new description nothing at all is changed.
 *
 * In two steps, because a new guest may want the lines of one that leaves: first those that leave are stopped, and when
 * they are gone the new ones are made.
 */
#pragma once

#include "options/settings.h"
#include "supervisor/guest_set.h"

struct reload {
	const struct settings *settings;
	struct guest_set *set;
	void *ctx;
	/* It is over; changed: guests came or went, and those that came are to be started. NULL why: it went well. */
	void (*done)(void *ctx, bool changed, const char *why);
	struct guest_configs configs; /* the new description, while the second step is awaited */
	bool pending;
	bool changed; /* guests leave, or come */
	bool again;   /* one more was asked for meanwhile */
	struct loop_timer patience;
};

/* options and set outlive it. */
void reload_init(struct reload *reload, const struct settings *settings, struct guest_set *set,
		 void (*done)(void *ctx, bool changed, const char *why), void *ctx);
void reload_deinit(struct reload *reload);
void reload_request(struct reload *reload);
/* Processes ended: perhaps the last of those that leave. */
void reload_go_on(struct reload *reload);
