/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * How the program comes to serve, on one of three paths:
 *
 *   fresh    nothing was left: finds the guests that are configured, and reserves their lines
 *   exec     an earlier program of this very process was upgraded (supervisor/upgrade.h): goes on with its guests
 *   stored   an earlier start of the service has put them into the service manager's store: goes on with them
 *
 * All three prepare the sandbox and hand what they have to the supervisor. What is wrong is said on stderr (base/error.h);
 * every int is an exit status, 0 when all went well.
 */
#pragma once

#include "options/settings.h"

/* Serves until the end. To be called before anything is opened. */
int startup_run(struct settings *settings, int argc, char **argv);
/* Serves nobody: whether it could go on after a program that leaves the handover image settings->take_over. */
int startup_can_take_over(const struct settings *settings);
