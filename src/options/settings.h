/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the words of the command line (cli.h) mean: what is to be done, and how. What the guests are to be is in
 * guest_config.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/why.h"
#include "config/guest_config.h"
#include "guest/guest.h"
#include "options/cli.h"
#include "sandbox/sandbox.h"

/* What the process is to do after options_parse(). */
enum options_result {
	OPTIONS_RUN,	      /* serve the guests */
	OPTIONS_CHECK,	      /* --check */
	OPTIONS_PRINT_CONFIG, /* --print-config */
	OPTIONS_MAKE_SAFE,    /* --make-safe */
	OPTIONS_TAKE_OVER,    /* --can-take-over, which supervisor/upgrade.c asks: whether this program could */
	OPTIONS_DONE,	      /* words.print, for option_print(); exit status 0 */
	OPTIONS_REFUSE,	      /* what is wrong, in one line, is in why; exit status 2 */
};

struct options {
	struct option_words words;			      /* owned; all pointers to characters are its */
	const char *socket_path, *socket_count, *device_list; /* the drop-in layer's; NULL: not given */
	const char *config;
	char control_path[SOCKET_PATH_SIZE]; /* "": no control socket */
	enum log_level log_level;
	enum sandbox_mode sandbox;
	const char *user; /* NULL: not given */
	enum options_result result;
	bool safe;
	bool one_off;
	bool hold;	    /* --make-safe=hold */
	int fd;		    /* --fd; -1: not given */
	int ready_fd;	    /* -1: not given */
	unsigned take_over; /* --can-take-over: the version of a handover image */
	struct why why;	    /* of OPTIONS_REFUSE */
};

/* In any case options is to be given to options_deinit(); argv outlives it. */
enum options_result options_parse(struct options *options, int argc, char **argv);
void options_deinit(struct options *options);

/*
 * The guests that the options and the configuration file describe; may be called again, at a reload. 0, or -EINVAL or
 * -ENOMEM with a line that says what and where. In any case wanted is to be given to wanted_deinit().
 */
int options_wanted(const struct options *options, struct wanted *wanted, struct why *why);
