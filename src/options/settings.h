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

/* What the process is to do after settings_parse(). */
enum settings_action {
	SETTINGS_RUN,		 /* serve the guests */
	SETTINGS_CHECK,		 /* --check */
	SETTINGS_PRINT_CONFIG,	 /* --print-config */
	SETTINGS_MAKE_SAFE,	 /* --make-safe */
	SETTINGS_TAKE_OVER,	 /* --can-take-over, which supervisor/upgrade.c asks: whether this program could */
	SETTINGS_PRINT_HANDOVER, /* --print-handover */
	SETTINGS_LIST_CHIPS,	 /* --list-chips */
	SETTINGS_PRINT,		 /* cli.print, for cli_print(); exit status 0 */
	SETTINGS_REFUSE,	 /* what is wrong, in one line, is in why; exit status 2 */
};

struct settings {
	struct cli cli;					      /* owned; all pointers to characters are its */
	const char *socket_path, *socket_count, *device_list; /* the compatible options; NULL: not given */
	const char *config;
	struct guest_socket control; /* without a path: no control socket */
	struct guest_defaults defaults;
	enum log_level log_level;
	struct sandbox_options sandbox;
	enum settings_action action;
	bool safe;
	bool one_off;
	bool hold;			 /* --make-safe=hold */
	int fd;				 /* --fd; -1: not given */
	int ready_fd;			 /* -1: not given */
	int take_over;			 /* --can-take-over: the fd of a handover image */
	const char *handover;		 /* --print-handover: the path of one */
	const char *values[OPTIONS_ALL]; /* of the command line, and where it has none of [daemon] */
	struct daemon_words file;	 /* owned: [daemon] of the file, as it was at the start */
	char *text;			 /* owned: the file's, for the first settings_guests(); NULL: to be read */
	struct why file_why;		 /* what is wrong with [daemon], which was left out then; "": nothing */
	struct why why;			 /* of SETTINGS_REFUSE */
};

/* In any case settings is to be given to settings_deinit(); argv outlives it. */
enum settings_action settings_parse(struct settings *settings, int argc, char **argv);
void settings_deinit(struct settings *settings);

/* How the user called it: "--control", "ivi.conf:3: control". */
#define SETTINGS_NAME_SIZE (DAEMON_WHERE_MAX + 32)
const char *settings_word_name(const struct settings *settings, enum option_id id, char name[SETTINGS_NAME_SIZE]);

/* Lets go of the text of the file: from now on it is read again. */
void settings_forget_text(struct settings *settings);
/* The section [daemon] that says what these settings say. -EINVAL: a path that no file can hold. */
int settings_print_daemon(const struct settings *settings, FILE *file);

/*
 * The guests that the options and the configuration file describe; may be called again, at a reload. 0, or -EINVAL or
 * -ENOMEM with a line that says what and where. In any case configs is to be given to guest_configs_deinit().
 */
int settings_guests(const struct settings *settings, struct guest_configs *configs, struct why *why);
