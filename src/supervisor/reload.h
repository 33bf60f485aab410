/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * SIGHUP: the configuration is read again. Guests that it no longer has are removed, their lines put into their idle
 * state; new ones are added; the others go on and notice nothing. A guest whose description changed is removed and added
 * when it has no front-end; else it goes on as it was, and the log says so. When anything is wrong with the new
 * description nothing at all is changed.
 *
 * In two steps, because a new guest may want the lines of one that is removed: first guests are removed, and when their
 * workers have ended the new ones are added.
 */
#pragma once

#include "base/why.h"
#include "guest/resolve.h"
#include "loop/timer.h"
#include "options/settings.h"
#include "supervisor/guest_set.h"
#include "wires/wire_list.h"

struct reload {
	const struct settings *settings;
	struct guest_set *set;
	void *ctx;
	/* It is over; changed: guests were removed or added, and these are to be started. NULL why: it went well. */
	void (*done)(void *ctx, bool changed, const char *why);
	struct why left_out;	      /* the guests that are not what the description of the last one says */
	bool requested;		      /* one is to begin */
	bool pending;		      /* one is under way */
	bool removes;		      /* it removes guests */
	struct guest_configs configs; /* the new description */
	struct guest_configs added;   /* those of it that are not served as they are: the guests are those of configs */
	struct resolved resolved;     /* these, as they were found */
	struct wire_list wires;	      /* of the new description, until done() takes them */
	struct loop_timer timer;
};

/* settings and set outlive it. */
void reload_init(struct reload *reload, const struct settings *settings, struct guest_set *set,
		 void (*done)(void *ctx, bool changed, const char *why), void *ctx);
void reload_deinit(struct reload *reload);
/* Also while one is under way: then another one follows it. */
void reload_request(struct reload *reload);
/* Processes ended: perhaps the last of those that are removed. */
void reload_go_on(struct reload *reload);
