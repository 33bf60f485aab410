/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The configuration of the guests, before any chip was looked at: the one description that every front of it (the
 * compatible options, --guest, a file) produces, and resolve.h turns into guests. Words are checked, chips and names of
 * lines are not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/why.h"
#include "chip/line_rules.h"
#include "config/daemon_words.h"
#include "config/guest_settings.h"

/* A guest's chips, counted as often as they are named. */
#define CONFIG_CHIPS_MAX     1024
#define CONFIG_WHERE_MAX     64
#define CONFIG_WIRES_MAX     1024
#define CONFIG_WIRE_TEXT_MAX 128 /* "ivi.rx"; what is longer names no line */

/* "LINE (':' LINE)*": one of them. */
struct config_line {
	bool by_name;
	char line_name[CHIP_NAME_MAX]; /* by_name: the line's name on its chip */
	uint32_t first, last;	       /* else: offsets, both included */
	bool renamed;
	char name[CHIP_NAME_MAX];	   /* renamed: for the guest */
	char *wire;			   /* owned: GUEST.LINE that it is joined to; NULL: none */
	bool safe_default;		   /* on-disconnect was not given: --safe decides */
	struct line_rules rules;	   /* name, chip and offset are not filled in yet */
	char where[CONFIG_WHERE_MAX + 48]; /* for messages: "--guest 2: line 17", "ivi.conf:12: line 17" */
};

enum config_chip_kind {
	CONFIG_CHIP_NUMBER, /* "0", "gpiochip0" */
	CONFIG_CHIP_PATH,   /* "/dev/..." */
	CONFIG_CHIP_LABEL,
	CONFIG_CHIP_SIM, /* the guest's simulated chip: "sim" */
};

struct config_chip {
	enum config_chip_kind kind;
	unsigned number;	      /* NUMBER */
	char word[108];		      /* as the user wrote it: path, label, "gpiochip0" */
	bool whole;		      /* no braces: every line */
	char where[CONFIG_WHERE_MAX]; /* "": of the compatible options */
	struct config_line *lines;    /* owned */
	size_t n_lines;
};

struct guest_config {
	char name[GUEST_NAME_MAX];    /* "" in the making: then guestN */
	char where[CONFIG_WHERE_MAX]; /* "--guest 2", "ivi.conf:3"; "" from the compatible options */
	struct guest_socket socket;
	struct guest_settings settings;
	bool busy_poll_given;		  /* else that of all guests holds */
	unsigned sim;			  /* lines of its simulated chip; 0: none */
	char (*sim_names)[CHIP_NAME_MAX]; /* owned: sim of them, or NULL: dummy0, dummy1, ... */
	struct config_chip *chips;	  /* owned, in the order of the virtual chip's lines */
	size_t n_chips;
	unsigned n_lines; /* chosen lines of all chips, at most CHIP_LINES_MAX; whole chips not counted */
};

/* Two lines that are to be joined, as they were written: wires/wire_words.h reads them. */
struct config_wire {
	char *text; /* owned */
	char where[CONFIG_WHERE_MAX];
};

struct guest_configs {
	struct guest_config *guests; /* owned */
	size_t n_guests;
	struct config_wire *wires; /* owned */
	size_t n_wires;
	/* owned: by the hash of a name, where the search begins, the guest's index and 1; 0: none. At most half full. */
	uint32_t *names;
	size_t n_names;		    /* a power of two, or 0 */
	struct daemon_words daemon; /* the section [daemon] of the file */
};

/* What guests get that have no such key of their own. */
struct guest_defaults {
	bool has_mode, has_group; /* of their sockets */
	mode_t mode;
	gid_t group;
	uint32_t busy_poll_us;
};

void guest_configs_deinit(struct guest_configs *configs);
void guest_configs_default(struct guest_configs *configs, const struct guest_defaults *defaults);
/*
 * A new guest, chip or line at the end, all zero but for fd -1 and safe_default. Pointers into the array move. NULL:
 * errno is ENOMEM, or E2BIG when there are GUESTS_MAX, CONFIG_CHIPS_MAX or CHIP_LINES_MAX of them.
 */
struct guest_config *guest_configs_add(struct guest_configs *configs);
struct config_chip *guest_config_add_chip(struct guest_config *guest);
struct config_line *config_chip_add_line(struct config_chip *chip);
/* A wire of these words. -ENOMEM; -E2BIG. */
int guest_configs_add_wire(struct guest_configs *configs, const char *where, const char *text);
/* The same of each line that has one, when guests have their names. Also -EINVAL with why. */
int guest_configs_add_line_wires(struct guest_configs *configs, struct why *why);
/* Gives the guest its number's name, if it has none yet, and checks that no guest before it has that name. */
int guest_configs_name(struct guest_configs *configs, struct guest_config *guest, struct why *why);
/* NULL: none was given this name. */
struct guest_config *guest_configs_find(const struct guest_configs *configs, const char *name);
