/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that the supervisor keeps running: forked, without exec; replaced at once when it dies, after a pause when
 * it dies again and again.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "loop/loop.h"

/* This many deaths within the window are a crash loop. */
#define CHILD_DEATHS_MAX       5
#define CHILD_DEATHS_WINDOW_NS (10ull * 1000 * 1000 * 1000)
#define CHILD_PAUSE_NS	       (1ull * 1000 * 1000 * 1000)

struct child;

/* All but main may be NULL. */
struct child_ops {
	/* Supervisor, before each start: makes what the new process is to inherit. -errno. */
	int (*prepare)(struct child *child);
	/* Supervisor, after each start: closes what only the new process needs. */
	void (*started)(struct child *child);
	/*
	 * New process: its life. It has inherited everything: fds that are not its own are to be given up first, see
	 * child_keep_fds(). The supervisor's loop must not be touched. Returns the exit status.
	 */
	int (*main)(struct child *child);
	/* Supervisor, after each death, before the successor starts. */
	void (*ended)(struct child *child, bool crash_loop);
	/* What ended() does about a crash loop, for the log: "session dropped, ". */
	const char *crash_loop_words;
};

struct child {
	const struct child_ops *ops;
	struct loop *loop;
	const char *tag;	     /* of the log */
	const char *process_name;    /* "vgpio:guest0": at most 15 characters show */
	const sigset_t *signals_own; /* the signal mask that the process starts with */
	pid_t pid;		     /* 0: not running */
	bool stopped;		     /* no successor is wanted */
	struct loop_timer pause;
	struct log_limit log_limit;	      /* a guest may be the cause of each death */
	uint64_t deaths_ns[CHILD_DEATHS_MAX]; /* a ring; 0: none */
	unsigned next_death;
};

/* Starts the process; when that fails, it is tried again after a pause. */
void child_start(struct child *child);
/* Looks whether the process has died, and does what is due then. Returns whether it had. */
bool child_reap(struct child *child);
/* No successor from now on; the process, if any, gets signo. */
void child_stop(struct child *child, int signo);

/* In a new process: closes every fd above 2 that is not in the list. Sorts the list; -1 in it is nothing. */
void child_keep_fds(int *fds, size_t n);
