/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that the supervisor keeps running: forked, without exec; replaced at once when it dies, after a pause when
 * it dies repeatedly. It may be one whose work has an end, and it may be told to hand over to a successor.
 *
 * That it dies often is no fault of its own: somebody, or the kernel for want of memory, may kill it. Deaths in a row count,
 * without progress between them, by no SIGKILL but ours, each after a short life. When they go on for some seconds they
 * are a loop.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* The last so many deaths that count are a loop when they took no less than this; more, and they were not in a row. */
#define CHILD_DEATHS_MAX  5
#define CHILD_LOOP_NS	  (3ull * 1000 * 1000 * 1000)
#define CHILD_LOOP_MAX_NS (120ull * 1000 * 1000 * 1000)
/* Who lived so long was well. */
#define CHILD_LONG_LIFE_NS (10ull * 1000 * 1000 * 1000)
/* Until the next try to start one that cannot be started. */
#define CHILD_RETRY_NS (1ull * 1000 * 1000 * 1000)
/* A process that is to be replaced gets SIGKILL after this time. */
#define CHILD_RESTART_TIMEOUT_NS (2ull * 1000 * 1000 * 1000)
/*
 * One that was killed and is not gone after this time is stuck in the kernel: nobody waits for it any longer, and a
 * successor starts beside it as soon as it is known that it does nothing any more but to end.
 */
#define CHILD_KILL_TIMEOUT_NS (2ull * 1000 * 1000 * 1000)

/*
 * The exit status of a process that was told to hand over and has done so. One whose work has an end, and which ends
 * with 0 although it was told to hand over, has come to that end before.
 */
#define CHILD_HANDED_OVER 75

/*
 * That of a process that could not begin for want of memory, fds or the like: no death that counts, for some time. It may
 * be that it asks for more than there will ever be.
 */
#define CHILD_LACKS   71
#define CHILD_LACK_NS (60ull * 1000 * 1000 * 1000)

struct child;

/* What a death says. */
enum child_loop {
	CHILD_LOOP_NONE,
	CHILD_LOOP_FIRST, /* a loop: what may be the reason is to be left out once */
	CHILD_LOOP_AGAIN, /* that did not help */
	CHILD_LOOPS,
};

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
	/* main() takes the signals that tell it to end: they wait, from its first moment, until it does. */
	bool takes_signals;
	/* Supervisor: a number that is another one when the process has got on with its work. */
	uint32_t (*progress)(const struct child *child);
	/* Supervisor: it was killed and does not end; it does nothing any more, but what it has stays open. */
	void (*stuck)(struct child *child);
	/* Supervisor, after each death, before the successor starts; child->done: there will be none. */
	void (*ended)(struct child *child, enum child_loop loop);
	/* What ended() does about it, for the log: "session dropped, ". */
	const char *loop_words[CHILD_LOOPS];
};

struct child {
	const struct child_ops *ops;
	struct loop *loop;
	const char *tag;	     /* of the log */
	const char *process_name;    /* "vgpio:guest0": at most 15 characters show */
	const sigset_t *signals_own; /* the signal mask that the process starts with */
	bool has_end;		     /* status 0 is the end of its work: no successor, see done */
	pid_t pid;		     /* 0: not running */
	bool stopped;		     /* no successor is wanted */
	bool done;		     /* its work has ended */
	bool restarting;	     /* it was told to end for its successor */
	bool outdated;		     /* it runs an earlier program than this one */
	bool stuck;		     /* it was killed, and did not end: in a file of its guest's, say */
	/* Until it is started again; while restarting: until it is killed; then: until it is stuck. */
	struct loop_timer pause;
	struct log_limit log_limit, loop_limit; /* a guest may be the cause of each death */
	bool condemned;				/* it was killed by us */
	const char *condemned_why;		/* or NULL */
	bool blameless;				/* the one before it was killed, and not by us */
	uint64_t started_ns;
	bool lacks;			      /* the one before it did: CHILD_LACKS */
	uint64_t lacks_since_ns;	      /* CHILD_LACKS, and nothing else since then; 0: not so */
	uint32_t progress;		      /* when it started */
	unsigned pauses;		      /* how many deaths in a row had, or would have, a longer pause each */
	enum child_loop loop_state;	      /* of the present row */
	uint64_t deaths_ns[CHILD_DEATHS_MAX]; /* those of the row; a ring; 0: none */
	unsigned next_death;
};

/* Starts the process; when that fails, it is retried after a pause. */
void child_start(struct child *child);
/*
 * Replaces the process by a successor: it gets signo, and its end is no death that counts.
 * Starts it at once when it is not running. Does nothing when no successor is wanted.
 */
void child_restart(struct child *child, int signo);
/*
 * It broke the rules: SIGKILL, and that counts as a death of its own. Nothing is done when it does not run. why: for the
 * log, a constant; NULL: that was said.
 */
void child_condemn(struct child *child, const char *why);
/* It is on its way out, it seems: SIGKILL if it is not gone soon. */
void child_await_end(struct child *child);
/* Takes over a process that an earlier program of this very process has started; restarting: and told to end. */
void child_adopt(struct child *child, pid_t pid, bool restarting);
/* Looks whether the process has died, and does what is due then. Returns whether it had. */
bool child_reap(struct child *child);
/* No successor from now on; the process, if any, gets signo. */
void child_stop(struct child *child, int signo);
/* Whether there is a process whose end is worth waiting for. */
bool child_is_awaited(const struct child *child);

/* In a new process: closes every fd above 2 that is not in the list. Sorts the list; -1 in it is nothing. */
void child_keep_fds(int *fds, size_t n);
