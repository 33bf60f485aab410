/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The words of the command line: one table of options drives the parser, the help and the list of ids. Which option has
 * which value is found out here; what the values mean is in settings.h.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/why.h"

#define PROGRAM_NAME "vhost-device-gpio"

enum option_id {
	OPTION_SOCKET_PATH,
	OPTION_SOCKET_COUNT,
	OPTION_DEVICE_LIST,
	OPTION_GUEST,
	OPTION_WIRE,
	OPTION_CONFIG,
	OPTION_FD,
	OPTION_SOCKET_MODE,
	OPTION_SOCKET_GROUP,
	OPTION_BUSY_POLL,
	OPTION_SAFE,
	OPTION_ONE_OFF,
	OPTION_READY_FD,
	OPTION_CONTROL,
	OPTION_CONTROL_MODE,
	OPTION_CONTROL_GROUP,
	OPTION_SANDBOX,
	OPTION_USER,
	OPTION_LOG_LEVEL,
	OPTION_CHECK,
	OPTION_PRINT_CONFIG,
	OPTION_MAKE_SAFE,
	OPTION_PRINT_CAPABILITIES,
	OPTION_PRINT_HANDOVER,
	OPTION_LIST_CHIPS,
	OPTION_TAKE_OVER,
	OPTION_HELP,
	OPTION_VERSION,
	OPTIONS_ALL,
};

/* What was given. The words are the caller's argv and stay there. */
struct cli {
	const char *values[OPTIONS_ALL]; /* NULL: not given; "" without a value. Of those two: */
	const char **guests;		 /* owned: the value of each --guest */
	size_t n_guests;
	const char **wires; /* owned: of each --wire */
	size_t n_wires;
	enum option_id print; /* see cli_parse() */
};

/*
 * 0: taken. 1: cli->print is the one thing to be done: help, version or capabilities, by cli_print(). -EINVAL or
 * -ENOMEM with why. In any case cli is to be given to cli_deinit().
 */
int cli_parse(struct cli *cli, int argc, char **argv, struct why *why);
void cli_print(enum option_id id, FILE *stream);
void cli_deinit(struct cli *cli);

/* The name without its dashes. */
const char *cli_option_name(enum option_id id);
