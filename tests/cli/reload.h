/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A daemon with a configuration file that is changed and read again, and a guest of it, "stays", whose front-end must
 * notice nothing. Whatever goes wrong fails the test.
 */
#pragma once

#include "fixture.h"

#include "vmm.h"

#define WORDS "--config guests.conf --control ctl.sock"

/* A guest NAME on NAME.sock. */
#define GUEST(name, more) "[guest " name "]\nsocket = " name ".sock\n" more "\n"
#define STAYS		  GUEST("stays", "sim = 4")
#define ONE		  GUEST("one", "sim = 1")
#define TWO		  GUEST("two", "sim = 2")

extern struct run daemon_run;
extern struct vmm vmm; /* the front-end of guest "stays" */
extern pid_t stays;    /* its worker */

/* Writes the configuration file. */
void config_write(const char *text);

/* Starts the daemon and the front-end of the guest that stays; prepare: see run_start_with(). */
void start(const char *config, const char *words);
void start_with(const char *config, const char *words, void (*prepare)(void *ctx), void *ctx);
/* The front-end of the guest that stays has noticed nothing; ends both. */
void stop(void);

/* How often the daemon said it; waits until it did so often. */
unsigned logged(const char *text);
void wait_logged(const char *text, unsigned times);

/*
 * Writes the file and has it read; returns when the reload is over, and who answers vgpioctl knows of it: guests came
 * or went, unless the reload was refused.
 */
void reload(const char *config);
/* The same when no guest comes or goes: whoever is connected to vgpioctl's socket does not notice either. */
void reload_unchanged(const char *config);

/* Which guests vgpioctl sees: "stays one "; or soon, where nothing tells that the control process knows them. */
void check_guests(const char *names);
void wait_guests(const char *names);
