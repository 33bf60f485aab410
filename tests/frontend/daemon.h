/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The program under test as a process: started from the path in the environment variable VHOST_DEVICE_GPIO in a
 * directory of its own, with a control socket, its stderr in a file. TEST_LOG_LEVEL says how much it logs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DAEMON_GUESTS_MAX     8
#define DAEMON_GUEST_TEXT_MAX 1024

struct daemon {
	pid_t pid; /* 0: not running */
	unsigned n_guests;
	pid_t workers[DAEMON_GUESTS_MAX]; /* as they were at the start */
	char dir[32];
	char sockets[DAEMON_GUESTS_MAX][64];
	char control[64];
};

/* "s8:s4" gives two guests. Returns when every guest has a worker that listens. */
void daemon_start(struct daemon *daemon, const char *device_list);
/* The same with a --guest for each of these, to which its socket is added; NULL ends them. option: one more, or NULL. */
void daemon_start_guests(struct daemon *daemon, const char *const *guests, const char *option);
/* Only starts the program with these words (NULL ends them), in a fresh directory. */
void daemon_spawn(struct daemon *daemon, const char *const *words);
/* Waits for the end of the program: its exit status, or 128 + signal. A failure when it does not end. */
int daemon_wait(struct daemon *daemon);
/* SIGTERM and wait; removes the directory. Returns the exit status. Idempotent (0). */
int daemon_stop(struct daemon *daemon);

/* The process that serves a guest now: the child that has this guest's listening socket and no other. 0: none. */
pid_t daemon_worker(const struct daemon *daemon, unsigned guest);
/* Whether every worker is still the one of the start. */
bool daemon_workers_same(const struct daemon *daemon);
/* kill -9 of a worker; returns when it is gone, not when it has a successor. */
void daemon_kill_worker(struct daemon *daemon, unsigned guest);
/*
 * Its workers crash, one after the other, as fast as they start, until the session is dropped: this takes some seconds.
 * Returns when the next one has started.
 */
void daemon_crash_loop(struct daemon *daemon, unsigned guest);
/* Waits until the guest has a worker that is not old; it is the one of daemon_workers_same() from now on. */
pid_t daemon_wait_worker(struct daemon *daemon, unsigned guest, pid_t old);

/* The file that its stderr is. */
void daemon_log_path(const struct daemon *daemon, char *path, size_t size);
/* How many lines of its stderr contain needle. */
unsigned daemon_logged(const struct daemon *daemon, const char *needle);
/* Waits until it is so many. */
void daemon_wait_logged(const struct daemon *daemon, const char *needle, unsigned times);
/* Copies its stderr to ours. */
void daemon_show_log(const struct daemon *daemon);
