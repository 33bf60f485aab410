/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process, as the supervisor sees it. */
#include "supervisor/control_process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/util.h"
#include "control/control.h"
#include "loop/timer.h"
#include "supervisor/handover_guest.h"

static const char *line_name(const void *ctx, unsigned line)
{
	const struct guest *guest = ctx;

	return guest->lines[line].name;
}

/* In the new process: the guests that there are now, and no fds but theirs. NULL: no memory. */
static struct control_guest *guests_take(const struct control_process *process)
{
	const struct guest_set *set = process->set;
	struct control_guest *guests = calloc(set->n + 1, sizeof(*guests));
	int *fds = malloc((SANDBOX_NAMESPACES + set->n + 1) * sizeof(*fds));
	size_t n_fds = 0;

	if (!guests || !fds) {
		free(guests);
		free(fds);
		return NULL;
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct worker_process *worker = &set->entries[i]->process;

		guests[i] = (struct control_guest){ .name = worker->guest.name,
						    .n_lines = worker->guest.n_lines,
						    .line_name = line_name,
						    .ctx = &worker->guest,
						    .fd = worker->control_fds[0] };
		fds[n_fds++] = guests[i].fd;
	}
	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++)
		fds[n_fds++] = set->sandbox->namespace_fds[i];
	fds[n_fds++] = process->listener.fd;
	child_keep_fds(fds, n_fds);
	free(fds);
	return guests;
}

static int control_life(struct child *child)
{
	const struct control_process *process = container_of(child, struct control_process, child);
	const struct sandbox_params params = { SANDBOX_CONTROL, child->tag, process->set->n };
	struct control_guest *guests = guests_take(process);
	const struct control_start start = { .listen_fd = process->listener.fd,
					     .guests = guests,
					     .n_guests = process->set->n };
	int status = 1;

	/* A worker notices the supervisor's end by its channel; this process has no such channel. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!guests)
		return 1;
	control_prepare();
	if (sandbox_enter(process->set->sandbox, &params) == 0)
		status = control_main(&start);
	free(guests);
	return status;
}

static const struct child_ops control_ops = { .main = control_life, .takes_signals = true };

void control_process_init(struct control_process *process, const struct guest_set *set)
{
	*process = (struct control_process){ .set = set, .listener = LISTENER_NONE };
	process->child = (struct child){ .ops = &control_ops,
					 .loop = set->loop,
					 .tag = "control",
					 .process_name = "vgpio:control",
					 .signals_own = set->signals_own };
}

int control_process_open(struct control_process *process, const char *path, struct why *why)
{
	int ret = listener_open(&process->listener, path, why);

	return ret < 0 ? why_fail(-ret, why, "%s: %s", path, why->text) : 0;
}

void control_process_adopt(struct control_process *process, const struct handover_daemon *before, const char *path)
{
	handover_listener_take(&process->listener, &before->control);
	if (strcmp(process->listener.socket.path, path) != 0)
		listener_close(&process->listener);
	if (before->control_pid > 0)
		child_adopt(&process->child, before->control_pid, true);
}

void control_process_start(struct control_process *process)
{
	if (process->child.pid > 0 && process->child.outdated)
		kill(process->child.pid, SIGTERM);
	else
		child_start(&process->child);
}

void control_process_close(struct control_process *process)
{
	loop_timer_del(&process->child.pause);
	listener_close(&process->listener);
}
