/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A daemon whose program is replaced while it runs: the program is a copy, in a directory of the test's own. Whatever
 * goes wrong fails the test.
 */
#pragma once

#include "session.h"

extern char program_original[256], program_path[256]; /* of the copy */

/* As session_run(), with the directory. */
int upgrade_run(const char *name, const struct CMUnitTest *tests, size_t n_tests);
/* A fresh copy; then as session_setup_started(), and workers may die. */
int upgrade_setup(void **state);

/* Puts another file in the program's place: a copy, or a script of the shell. */
void program_copy(const char *from);
void program_script(const char *text);

/* The control process: the child that listens on its socket. 0: there is none; or waits until there is one. */
pid_t control_pid(const struct session *s);
pid_t control_wait(struct session *s);

/*
 * How often the program has given up after 3 s on one that was asked whether it could take over. On a machine that
 * is busy enough that may be any: then the test is to ask again.
 */
unsigned upgrades_given_up(const struct session *s);

struct upgrade {
	struct session *s;
	unsigned given_up;
	pid_t control, workers[DAEMON_GUESTS_MAX];
};

/*
 * Before SIGUSR2: notes which processes there are. With OTHER_LAYOUT_TURNS in the environment, of a program whose sessions
 * have another layout, that one and the original take turns in place of the copy of the original.
 */
void upgrade_begin(struct session *s, struct upgrade *upgrade);
/* Waits until every process is another one, but the supervisor; asks again when that was given up. */
void upgrade_finish(struct upgrade *upgrade);
/* All of it. */
void upgrade(struct session *s);
