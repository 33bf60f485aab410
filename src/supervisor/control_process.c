/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process, as the supervisor sees it. */
#include "supervisor/control_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/util.h"
#include "supervisor/handover_guest.h"

static int control_life(struct child *child)
{
	struct control_process *process = container_of(child, struct control_process, child);
	struct control_start start = { .listen_fd = process->listener.fd,
				       .outlets = process->outlets,
				       .n_outlets = process->n_outlets };
	const struct sandbox_entrant entrant = { SANDBOX_CONTROL, child->tag, process->n_outlets };
	int *fds = malloc((SANDBOX_ROOMS + process->n_outlets + 1) * sizeof(*fds));
	size_t n = 0;

	/* A worker notices the supervisor's end by its keeper channel; this process has no such channel. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!fds)
		return 1;
	fds[n++] = start.listen_fd;
	for (size_t i = 0; i < process->n_outlets; i++)
		fds[n++] = process->outlets[i].port_fd;
	for (size_t i = 0; i < SANDBOX_ROOMS; i++)
		fds[n++] = process->sandbox->room_fds[i];
	child_keep_fds(fds, n);
	free(fds);
	control_prepare();
	return sandbox_enter(process->sandbox, &entrant) < 0 ? 1 : control_main(&start);
}

static const struct child_ops control_ops = { .main = control_life };

void control_process_init(struct control_process *process, struct loop *loop, const sigset_t *signals_own,
			  const struct sandbox *sandbox)
{
	*process = (struct control_process){ .sandbox = sandbox, .listener = LISTENER_NONE };
	process->child = (struct child){ .ops = &control_ops,
					 .loop = loop,
					 .tag = "control",
					 .process_name = "vgpio:control",
					 .signals_own = signals_own };
}

int control_process_open(struct control_process *process, const char *path, struct why *why)
{
	int ret = listener_open(&process->listener, path, why);

	return ret < 0 ? why_fail(-ret, why, "%s: %s", path, why->text) : 0;
}

void control_process_adopt(struct control_process *process, const struct handover_daemon *left, const char *path)
{
	listener_handover_take(&process->listener, &left->control);
	if (strcmp(process->listener.socket.path, path) != 0)
		listener_close(&process->listener);
	if (left->control_pid > 0)
		child_adopt(&process->child, left->control_pid, true);
}

void control_process_start(struct control_process *process)
{
	if (process->child.pid > 0 && process->child.outdated)
		kill(process->child.pid, SIGTERM);
	else
		child_start(&process->child);
}

int control_process_set_outlets(struct control_process *process, size_t n)
{
	free(process->outlets);
	process->n_outlets = 0;
	process->outlets = calloc(n ? n : 1, sizeof(*process->outlets));
	if (!process->outlets)
		return -ENOMEM;
	process->n_outlets = n;
	return 0;
}

void control_process_close(struct control_process *process)
{
	loop_timer_del(&process->child.pause);
	listener_close(&process->listener);
	free(process->outlets);
	process->outlets = NULL;
	process->n_outlets = 0;
}
