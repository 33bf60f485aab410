/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* All processes that the supervisor keeps running. */
#include "supervisor/processes.h"

#include <sys/wait.h>

#include "process/fd_limit.h"
#include "process/fork_sync.h"

static bool has_control(const struct processes *processes)
{
	return processes->control_socket->path[0] != '\0';
}

/* By number: the guests' first, the control process last. NULL after the last. */
static struct child *child_at(struct processes *processes, size_t i)
{
	if (i < processes->set.n)
		return &processes->set.entries[i]->process.child;
	return i == processes->set.n && has_control(processes) ? &processes->control.child : NULL;
}

static void control_channel_made(void *ctx)
{
	struct processes *processes = ctx;

	control_process_feed(&processes->control);
}

/* Wires */

static size_t wires_count(void *ctx)
{
	const struct processes *processes = ctx;

	return processes->set.n;
}

/* One of an earlier program has its wires, and soon a successor. */
static struct wire_target wires_target(void *ctx, size_t guest)
{
	struct processes *processes = ctx;
	struct worker_process *process = &processes->set.entries[guest]->process;

	return (struct wire_target){ &process->guest, process->child.outdated ? -1 : process->channel_fd,
				     &process->wires_told };
}

static void worker_came(void *ctx, const struct worker_process *process)
{
	struct processes *processes = ctx;
	size_t i = 0;

	while (&processes->set.entries[i]->process != process)
		i++;
	wire_service_tell(&processes->wires, i);
}

void processes_init(struct processes *processes, const struct guest_set *empty,
		    const struct guest_socket *control_socket)
{
	*processes = (struct processes){ .set = *empty, .control_socket = control_socket };
	processes->wires = (struct wire_service){
		.loop = empty->loop, .count = wires_count, .target = wires_target, .ctx = processes
	};
	processes->set.wires = (struct worker_wires){ worker_came, processes };
	if (has_control(processes))
		processes->set.control = (struct worker_control){ control_channel_made, processes };
	control_process_init(&processes->control, &processes->set, &processes->wires);
}

static int guests_open(struct processes *processes, const struct guest_configs *configs, struct guests *guests,
		       struct why *why)
{
	int ret = 0;

	for (size_t i = 0; i < guests->n && ret == 0; i++)
		ret = guest_set_add(&processes->set, &configs->guests[i], &guests->guests[i], why);
	guest_set_share(&processes->set);
	return ret;
}

static int guests_adopt(struct processes *processes, struct handover *handover, struct why *why)
{
	int ret = 0;

	for (unsigned i = 0; i < handover->n_guests && ret == 0; i++)
		ret = guest_set_adopt(&processes->set, &handover->guests[i], why);
	guest_set_share(&processes->set);
	return ret < 0 ? ret : fd_limit_raise(guest_set_fds_needed(&processes->set), why);
}

static int control_open(struct processes *processes, struct why *why)
{
	if (!has_control(processes) || processes->control.listener.fd >= 0)
		return 0;
	return control_process_open(&processes->control, processes->control_socket, why);
}

int processes_open(struct processes *processes, const struct guest_configs *configs, struct guests *guests,
		   struct wire_list *wires, struct why *why)
{
	int ret = guests_open(processes, configs, guests, why);

	if (ret == 0)
		wire_service_configure(&processes->wires, wires);
	return ret < 0 ? ret : control_open(processes, why);
}

int processes_adopt(struct processes *processes, struct handover *handover, struct why *why)
{
	int ret = guests_adopt(processes, handover, why);

	if (ret < 0)
		return ret;
	wire_service_take(&processes->wires, &handover->board);
	wire_service_settle(&processes->wires);
	/* Also when there is to be none any more: then what was handed over is closed. */
	control_process_adopt(&processes->control, handover, processes->control_socket->path);
	return control_open(processes, why);
}

void processes_close(struct processes *processes)
{
	control_process_close(&processes->control);
	wire_service_deinit(&processes->wires);
	guest_set_deinit(&processes->set);
}

void processes_start_guests(struct processes *processes)
{
	fork_sync_hold();
	for (size_t i = 0; i < processes->set.n; i++) {
		struct worker_process *process = &processes->set.entries[i]->process;

		if (process->child.pid == 0 && !process->child.done)
			worker_process_start(process);
	}
	fork_sync_release(processes->set.n);
}

void processes_start_control(struct processes *processes)
{
	if (has_control(processes))
		control_process_start(&processes->control);
}

void processes_restart_control(struct processes *processes)
{
	if (has_control(processes))
		control_process_restart(&processes->control);
}

/* NULL: it is none of ours. */
static struct child *child_find(struct processes *processes, pid_t pid)
{
	struct child *child;

	for (size_t i = 0; (child = child_at(processes, i)) && child->pid != pid; i++)
		;
	return child;
}

/* A process that has died and still has its status; 0: there is none. */
static pid_t dead_one(void)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid : 0;
}

/* Signals merge: one SIGCHLD may stand for any number of deaths, or for none. There may be a thousand: one call each. */
void processes_reap(struct processes *processes)
{
	struct child *child;
	bool all = false;
	pid_t pid;

	while (!all && (pid = dead_one()) > 0) {
		child = child_find(processes, pid);
		all = !child || !child_reap(child);
	}
	/* A stray came first; or somebody else may have taken the end of those that an earlier program has left. */
	for (size_t i = 0; (child = child_at(processes, i)); i++) {
		if (all || child->outdated)
			child_reap(child);
	}
}

/* A known one that died this very moment has a SIGCHLD of its own on its way. */
void processes_reap_strays(struct processes *processes, pid_t except)
{
	pid_t pid;

	while ((pid = dead_one()) > 0 && pid != except && !child_find(processes, pid))
		waitpid(pid, NULL, WNOHANG);
}

/* The control process has nothing to hand over. */
void processes_stop(struct processes *processes, int signo)
{
	for (size_t i = 0; i < processes->set.n; i++)
		worker_process_stop(&processes->set.entries[i]->process, signo);
	if (has_control(processes))
		child_stop(&processes->control.child, signo == SIGUSR1 ? SIGTERM : signo);
}

bool processes_any_running(const struct processes *processes)
{
	bool any = has_control(processes) && child_is_awaited(&processes->control.child);

	for (size_t i = 0; i < processes->set.n && !any; i++)
		any = child_is_awaited(&processes->set.entries[i]->process.child);
	return any;
}

bool processes_all_done(const struct processes *processes)
{
	for (size_t i = 0; i < processes->set.n; i++) {
		if (!processes->set.entries[i]->process.child.done)
			return false;
	}
	return processes->set.n > 0;
}
