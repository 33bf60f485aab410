/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * SIGUSR2: the program is run anew in this very process, as the file that now bears its name, and takes over what the
 * present one serves. Process id, child processes and fds stay; what they are to the program goes into the handover
 * image (handover_image.h). Nothing is undone before: when the new program cannot be run everything goes on.
 *
 * First it is asked, in a process of its own, with the words that this one was given, whether it can take over this very
 * image: a file that cannot be run, that does not know an option or refuses the configuration, or that does not know what
 * must be known of the image is found out then.
 */
#pragma once

#include <limits.h>

#include "handover/handover_image.h"
#include "loop/loop.h"
#include "loop/timer.h"

/* How this program was run. The words and the environment are the caller's, from before anything was changed in them. */
struct program {
	char path[PATH_MAX]; /* "": it cannot be found out */
	char **argv, **envp;
	int argc;
};

/* Notes it; to be called before the environment is changed. -ENOMEM. */
int program_note(struct program *program, int argc, char **argv);
void program_forget(struct program *program);

struct upgrade_ops {
	/* What the new program would get now. -errno; in any case it is to be given to record_writer_deinit(). */
	int (*image)(void *ctx, struct record_writer *image);
	/* The new program can take over. */
	void (*agreed)(void *ctx);
};

struct upgrade {
	const struct program *program;
	struct loop *loop;
	const sigset_t *signals_own;
	void *ctx;
	const struct upgrade_ops *ops;
	pid_t pid;  /* of the process that is asked; 0: none */
	bool retry; /* another one is to be asked, should this one say no */
	bool stale; /* the image that it was asked about is not what it would get: another one is to be asked */
	struct loop_timer timer;
};

/* program, loop and signals_own outlive it. */
void upgrade_init(struct upgrade *upgrade, const struct program *program, struct loop *loop,
		  const sigset_t *signals_own, const struct upgrade_ops *ops, void *ctx);
/* Asks the new program, with the image that it would get. */
void upgrade_request(struct upgrade *upgrade);
/* Looks whether the process that was asked has ended. */
void upgrade_reap(struct upgrade *upgrade);
/* Asks no longer. Idempotent. */
void upgrade_cancel(struct upgrade *upgrade);

/* Does not return, but for a failure: then nothing has changed. -errno. image is sealed. */
int upgrade_exec(const struct program *program, const struct record_writer *image);
