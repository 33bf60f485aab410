/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Memory, file descriptors and log of the processes under soak.
 *
 * Memory is judged by what is private and written to: what a leak is made of. (Pss is told, too; it counts shares of what
 * processes have in common, and changes with the number of those that do.) First and last quarter are compared by their
 * means, so that one page more or less at the instant of a sample says nothing.
 */
#include "soak_figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "failure.h"
#include "proc.h"

/* The log: what a line of each kind in each half of the time may be. */
#define LOG_SLACK_BYTES 8192

static pid_t control_pid(const struct daemon *daemon)
{
	pid_t children[32];
	unsigned n = proc_children(daemon->pid, children, 32);

	for (unsigned i = 0; i < n; i++) {
		bool is_worker = false;

		for (unsigned j = 0; j < daemon->n_guests; j++)
			is_worker |= children[i] == daemon->workers[j];
		if (!is_worker)
			return children[i];
	}
	failure("there is no control process");
}

static void process_add(struct figures *figures, pid_t pid, const char *name)
{
	figures->pids[figures->n] = pid;
	snprintf(figures->names[figures->n++], sizeof(figures->names[0]), "%s", name);
}

void figures_init(struct figures *figures, const struct daemon *daemon)
{
	char name[16];

	*figures = (struct figures){ .daemon = daemon };
	figures->samples = calloc(FIGURES_SAMPLES_MAX, sizeof(*figures->samples));
	if (!figures->samples)
		failure("no memory for the samples");
	process_add(figures, daemon->pid, "supervisor");
	for (unsigned i = 0; i < daemon->n_guests; i++) {
		snprintf(name, sizeof(name), "guest%u", i);
		process_add(figures, daemon->workers[i], name);
	}
	process_add(figures, control_pid(daemon), "control");
	figures->judges_memory = !proc_has_address_sanitizer(daemon->pid);
}

void figures_deinit(struct figures *figures)
{
	free(figures->samples);
	figures->samples = NULL;
}

/* Children of the supervisor: a pid that another program got meanwhile is none. */
bool figures_processes_same(const struct figures *figures)
{
	pid_t children[32];
	unsigned n = proc_children(figures->daemon->pid, children, 32);
	bool same = proc_alive(figures->daemon->pid) && n == figures->n - 1;

	for (unsigned i = 1; i < figures->n; i++) {
		bool found = false;

		for (unsigned j = 0; j < n; j++)
			found |= children[j] == figures->pids[i];
		if (!found)
			printf("%s: process %d is gone: restarted\n", figures->names[i], (int)figures->pids[i]);
		same &= found;
	}
	return same;
}

static size_t log_size(const struct daemon *daemon)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/stderr", daemon->dir);
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

void figures_take(struct figures *figures)
{
	struct figures_sample *sample;

	if (figures->n_samples == FIGURES_SAMPLES_MAX)
		return;
	sample = &figures->samples[figures->n_samples++];
	for (unsigned i = 0; i < figures->n; i++) {
		sample->private_kib[i] = (unsigned)proc_smaps(figures->pids[i], "Private_Dirty");
		sample->pss_kib[i] = (unsigned)proc_smaps(figures->pids[i], "Pss");
		sample->fds[i] = proc_fds(figures->pids[i]);
	}
	sample->log_bytes = log_size(figures->daemon);
}

void figures_tell(const struct figures *figures)
{
	const struct figures_sample *sample = &figures->samples[figures->n_samples - 1];

	printf("private KiB/fds:");
	for (unsigned i = 0; i < figures->n; i++)
		printf(" %s %u/%u", figures->names[i], sample->private_kib[i], sample->fds[i]);
	printf("; log %zu bytes\n", sample->log_bytes);
}

/* Means of a quarter: the first (without the sample before the load) or the last. */
struct quarter {
	double private_kib[FIGURES_PROCESSES_MAX], pss_kib[FIGURES_PROCESSES_MAX];
	unsigned fds[FIGURES_PROCESSES_MAX]; /* the most */
	size_t log_bytes;		     /* that came in it */
};

static struct quarter quarter_make(const struct figures *figures, unsigned from, unsigned n)
{
	struct quarter quarter = { .log_bytes = figures->samples[from + n - 1].log_bytes -
						figures->samples[from - 1].log_bytes };

	for (unsigned i = 0; i < n; i++) {
		const struct figures_sample *sample = &figures->samples[from + i];

		for (unsigned j = 0; j < figures->n; j++) {
			quarter.private_kib[j] += (double)sample->private_kib[j] / n;
			quarter.pss_kib[j] += (double)sample->pss_kib[j] / n;
			if (sample->fds[j] > quarter.fds[j])
				quarter.fds[j] = sample->fds[j];
		}
	}
	return quarter;
}

/* A look may find timers of the supervisor under way: one for each guest. All else is closed with a connection. */
static unsigned fds_allowed(const struct figures *figures, unsigned i, const struct quarter *first)
{
	return i == 0 ? figures->samples[0].fds[0] + figures->daemon->n_guests : first->fds[i];
}

static bool process_judge(const struct figures *figures, unsigned i, const struct quarter *first,
			  const struct quarter *last)
{
	bool memory_flat =
		!figures->judges_memory || last->private_kib[i] <= first->private_kib[i] + figures->slack_kib;
	bool fds_flat = last->fds[i] <= fds_allowed(figures, i, first);

	printf("%-12s %10.0f %10.0f %10.0f %10.0f %6u %6u  %s%s\n", figures->names[i], first->private_kib[i],
	       last->private_kib[i], first->pss_kib[i], last->pss_kib[i], first->fds[i], last->fds[i],
	       memory_flat ? "" : "MEMORY GROWS ", fds_flat ? "" : "FDS GROW");
	return memory_flat && fds_flat;
}

bool figures_judge(const struct figures *figures)
{
	unsigned n = figures->n_samples / 4;
	struct quarter first, last;
	bool flat = true, log_flat;

	if (n == 0) {
		printf("too few samples to judge\n");
		return false;
	}
	first = quarter_make(figures, 1, n);
	last = quarter_make(figures, figures->n_samples - n, n);
	printf("\n%-12s %21s %21s %13s\n", "", "private KiB", "Pss KiB", "fds");
	printf("%-12s %10s %10s %10s %10s %6s %6s\n", "quarter", "first", "last", "first", "last", "first", "last");
	for (unsigned i = 0; i < figures->n; i++)
		flat &= process_judge(figures, i, &first, &last);
	log_flat = last.log_bytes <= first.log_bytes + LOG_SLACK_BYTES;
	printf("log: %zu bytes came in the first quarter, %zu in the last%s\n", first.log_bytes, last.log_bytes,
	       log_flat ? "" : ": IT GROWS FASTER");
	if (!figures->judges_memory)
		printf("an address sanitizer keeps what was freed: memory is not judged\n");
	return flat && log_flat;
}
