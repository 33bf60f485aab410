/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How the program comes to serve: takes what was inherited and what an earlier program has left, finds the guests and
 * their lines, prepares the sandbox, and hands all of it to the supervisor. What is wrong is complained about
 * (complain.h) here; every int is an exit status, 0 when all went well.
 */
#pragma once

#include "guest/resolve.h"
#include "handover/handover.h"
#include "options/settings.h"
#include "sandbox/sandbox.h"
#include "service/activation.h"
#include "supervisor/upgrade.h"

struct launch {
	const struct options *options; /* the caller's */
	struct program program;
	struct activation activation;
	struct handover_left left; /* what an earlier program has left to this one */
	bool stored;		   /* by way of the service manager, which still has a carrier of it */
	struct sandbox sandbox;
};

/* To be called before anything is opened. In any case launch is to be given to launch_close(); options outlives it. */
int launch_open(struct launch *launch, const struct options *options, int argc, char **argv);
void launch_close(struct launch *launch);
/* Whether there are guests to go on with: then what the options say of guests is for a later reload. */
bool launch_has_left(const struct launch *launch);

/* Each serves until the end. Goes on with what was left. */
int launch_go_on(struct launch *launch);
/* Starts with the guests that are wanted. */
int launch_serve(struct launch *launch, const struct wanted *wanted);
/* Serves nobody: whether it could go on after a program that leaves a handover image of options->take_over. */
int launch_can_take_over(const struct options *options);

/* Finds the guests that are wanted. In any case resolved is to be given to resolved_deinit(). */
int guests_find(const struct wanted *wanted, const struct resolve_how *how, struct resolved *resolved);
