/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The command line: one table of options drives the parser and the help; the result is a list of guests. */
#pragma once

#include <stddef.h>

#include "base/log.h"
#include "daemon/guest.h"

#define PROGRAM_NAME "vhost-device-gpio"

/* What the process is to do after options_parse(). */
enum options_result {
	OPTIONS_RUN,	/* serve the guests */
	OPTIONS_DONE,	/* help or version: what to print is in text; exit status 0 */
	OPTIONS_REFUSE, /* what is wrong, in one line, is in text; exit status 2 */
};

struct options {
	struct guest *guests; /* owned */
	size_t n_guests;
	/*
	 * With one guest, PATH itself works as well: a symbolic link to the guest's socket. "" for none.
	 */
	char alias_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char control_path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "": no control socket */
	enum log_level log_level;
	char text[2048];
};

enum options_result options_parse(struct options *options, int argc, char **argv);
void options_deinit(struct options *options);
