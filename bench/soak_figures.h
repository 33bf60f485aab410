/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The figures of the processes under soak, sample after sample, and what is to be said of them in the end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon.h"

#define FIGURES_PROCESSES_MAX (DAEMON_GUESTS_MAX + 2)
#define FIGURES_SAMPLES_MAX   4096

struct figures_sample {
	unsigned private_kib[FIGURES_PROCESSES_MAX], pss_kib[FIGURES_PROCESSES_MAX], fds[FIGURES_PROCESSES_MAX];
	size_t log_bytes;
};

struct figures {
	const struct daemon *daemon;
	pid_t pids[FIGURES_PROCESSES_MAX]; /* the supervisor, the workers by guest, the control process */
	char names[FIGURES_PROCESSES_MAX][16];
	unsigned n;
	bool judges_memory;
	/*
	 * More private memory in the last quarter than in the first that says nothing: a page here and there is touched
	 * for the first time late. In a long run a leak of a byte a message is more than that soon.
	 */
	unsigned long slack_kib;
	struct figures_sample *samples; /* owned */
	unsigned n_samples;
};

void figures_init(struct figures *figures, const struct daemon *daemon);
void figures_deinit(struct figures *figures);
/* Whether every process is still the one that it was at the start. Tells which is not. */
bool figures_processes_same(const struct figures *figures);
void figures_take(struct figures *figures);
/* A line about the last sample. */
void figures_tell(const struct figures *figures);
/* The table of the first and the last quarter. Whether they are alike: flat. */
bool figures_judge(const struct figures *figures);
