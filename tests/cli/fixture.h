/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The fixture of the command line tests: a directory of its own for each test, and programs that run in it. */
#pragma once

#include "rows.h"

#include <stdbool.h>
#include <sys/types.h>

#include "wait.h"

#define FIXTURE_MS WAIT_MS

/* A program that was started. Its stdout and stderr go to the files NAME.out and NAME.err of the present directory. */
struct run {
	const char *name;
	pid_t pid; /* 0: not running */
};

/* cmocka fixtures: every test runs in an empty directory, which is removed with all that is in it. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* A test with these fixtures, with and without rows of the conformance list. */
#define CASE(rows, fn) ROW_TEST_FIXTURE(rows, fn, fixture_setup, fixture_teardown)
#define PLAIN(fn)      cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)

/* Starts the program of the environment variable with these words, parted by blanks. */
void run_start(struct run *run, const char *name, const char *variable, const char *words);
/* The same; the new process calls prepare(ctx) last: for its environment, and fds that it is to inherit. */
void run_start_with(struct run *run, const char *name, const char *variable, const char *words,
		    void (*prepare)(void *ctx), void *ctx);
bool run_has_ended(const struct run *run);
/* Waits for its end: the exit status, or 128 + signal. */
int run_wait(struct run *run);
/* SIGTERM, and the same. */
int run_stop(struct run *run);
/* What the program has written so far, in a buffer that the next call reuses. */
const char *run_out(const struct run *run);
const char *run_err(const struct run *run);
/* What it has written to stderr, but for the daemon's lines about its sandbox: these depend on the machine. */
const char *run_said(const struct run *run);
/* Waits until its stdout or stderr contains the text. */
void run_wait_out(const struct run *run, const char *text);
void run_wait_err(const struct run *run, const char *text);

/* The daemon, started with these words; when this returns, its processes are there: guests and control or not. */
void daemon_up(struct run *daemon, const char *words, unsigned n_guests, bool control);
/* The daemon is to be up with "-s gpio.sock -c 2 -l s8:s32 --control ctl.sock". */
void daemon_up_two(struct run *daemon);
/* SIGTERM: must end with status 0, leave no socket, and have written nothing else than it did at its start. */
void daemon_down(struct run *daemon);

/* The child of the daemon of this name ("vgpio:guest0"), or 0. */
pid_t child_named(const struct run *daemon, const char *name);
/* Waits for a child of this name that is not old, and until it is quiet: it serves, and has no fds but its own. */
pid_t child_wait(const struct run *daemon, const char *name, pid_t old);
/* Waits until there is none. */
void child_wait_gone(const struct run *daemon, const char *name);
/* Kills it, and waits for its successor. */
pid_t child_replace(const struct run *daemon, const char *name);
/* Such a worker crashes, and its successors, as fast as they start, until the session is dropped: some seconds. */
void child_crash_loop(const struct run *daemon, const char *name);

/* Runs vgpioctl on ctl.sock to its end. */
int ctl(struct run *run, const char *words);
/* And compares its exit status and what it wrote. */
void ctl_check(const char *words, int status, const char *out, const char *err);

bool file_exists(const char *path);
/* What is in it, until the next call; "" if it is not there. */
const char *file_read(const char *path);
void file_write(const char *path, const char *text);
/* Connects; the fd, or -1. */
int socket_connect(const char *path);
/* -1 also when it would have to wait. */
int socket_connect_at_once(const char *path);
/* Sends a line to a connection and compares the next one that comes. */
void socket_say(int fd, const char *line);
const char *socket_hear(int fd);
void socket_exchange(int fd, const char *line, const char *reply);
/* Listens on path; the fd is inherited by programs that are started. */
int socket_listen(const char *path);

/* A guest of that many lines is served at the socket. */
void check_serves(const char *path, unsigned n_lines);
