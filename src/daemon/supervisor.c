/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor's life.
 *
 * Start: find every chip, then make every socket, then start the processes; so whatever cannot be had is said before
 * anything is served. End: every process gets SIGTERM and STOP_PATIENCE_NS of time, then SIGKILL; the sockets are
 * removed last, when nobody serves them any more.
 */
#include "daemon/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "daemon/chip_watch.h"
#include "daemon/control_process.h"
#include "daemon/fd_limit.h"
#include "daemon/guest_process.h"
#include "loop/loop.h"

#define STOP_PATIENCE_NS (2ull * 1000 * 1000 * 1000)

struct supervisor {
	const struct options *options;
	struct loop loop;
	sigset_t signals_own; /* the mask before ours: what processes start with */
	struct loop_signals signals;
	struct loop_timer patience;
	bool stopping;
	struct guest_process *guests; /* owned */
	size_t n_guests;
	struct chip_watch chips;
	struct control_process control; /* not open without --control */
};

static bool has_control(const struct supervisor *supervisor)
{
	return supervisor->options->control_path[0] != '\0';
}

/* All processes, by number: the guests' first, the control process last. NULL after the last. */
static struct child *child_at(struct supervisor *supervisor, size_t i)
{
	if (i < supervisor->n_guests)
		return &supervisor->guests[i].child;
	return i == supervisor->n_guests && has_control(supervisor) ? &supervisor->control.child : NULL;
}

static bool any_running(struct supervisor *supervisor)
{
	struct child *child;

	for (size_t i = 0; (child = child_at(supervisor, i)); i++) {
		if (child->pid > 0)
			return true;
	}
	return false;
}

static void stop_all(struct supervisor *supervisor, int signo)
{
	struct child *child;

	for (size_t i = 0; (child = child_at(supervisor, i)); i++)
		child_stop(child, signo);
}

static void patience_over(struct loop_timer *timer)
{
	struct supervisor *supervisor = container_of(timer, struct supervisor, patience);

	log_warning("supervisor", "processes that do not end are killed");
	stop_all(supervisor, SIGKILL);
}

static void stop(struct supervisor *supervisor)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	stop_all(supervisor, SIGTERM);
	if (loop_timer_set(&supervisor->loop, &supervisor->patience, STOP_PATIENCE_NS, 0, patience_over) < 0)
		stop_all(supervisor, SIGKILL);
}

/* Signals merge: one SIGCHLD may stand for any number of deaths, or for none. */
static void reap_all(struct supervisor *supervisor)
{
	struct child *child;

	for (size_t i = 0; (child = child_at(supervisor, i)); i++)
		child_reap(child);
}

static void signal_came(struct loop_signals *signals, int signo)
{
	struct supervisor *supervisor = container_of(signals, struct supervisor, signals);

	if (signo == SIGCHLD)
		reap_all(supervisor);
	else
		stop(supervisor);
	if (supervisor->stopping && !any_running(supervisor))
		loop_quit(&supervisor->loop, 0);
}

/* What a process that holds every line of every guest would need: the supervisor does. */
static size_t fds_needed(const struct supervisor *supervisor)
{
	size_t needed = FD_LIMIT_BASE;

	for (size_t i = 0; i < supervisor->n_guests; i++) {
		const struct chip_found *found = &supervisor->guests[i].found;

		needed += FD_LIMIT_PER_GUEST + (found->fd >= 0 ? found->n_lines : 0);
	}
	return needed;
}

static int signals_take(struct supervisor *supervisor)
{
	sigset_t set;

	/* A front-end, a client or whoever reads the log may be gone when we write. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, NULL, &supervisor->signals_own);
	/* Whoever started us may have blocked or ignored what we and our processes live by. */
	for (int signo = 1; signo < NSIG; signo++) {
		if (sigismember(&set, signo) == 1) {
			signal(signo, SIG_DFL);
			sigdelset(&supervisor->signals_own, signo);
		}
	}
	return loop_signals_add(&supervisor->loop, &supervisor->signals, &set, signal_came);
}

static int guests_open(struct supervisor *supervisor, char *why, size_t why_size)
{
	const struct options *options = supervisor->options;
	int ret = 0;

	supervisor->guests = calloc(options->n_guests, sizeof(*supervisor->guests));
	if (!supervisor->guests) {
		snprintf(why, why_size, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	supervisor->n_guests = options->n_guests;
	for (size_t i = 0; i < options->n_guests; i++)
		guest_process_init(&supervisor->guests[i], &options->guests[i], &supervisor->loop,
				   &supervisor->signals_own);
	for (size_t i = 0; i < options->n_guests && ret == 0; i++)
		ret = guest_process_probe(&supervisor->guests[i], why, why_size);
	if (ret == 0)
		ret = fd_limit_raise(fds_needed(supervisor), why, why_size);
	for (size_t i = 0; i < options->n_guests && ret == 0; i++)
		ret = guest_process_open(&supervisor->guests[i], options->alias_path, has_control(supervisor), why,
					 why_size);
	return ret;
}

/*
 * One device node is one guest's chip, also when two guests wait for chips that look the same: the one that had this
 * node before goes first.
 */
static void chip_appeared(void *ctx, const char *path)
{
	struct supervisor *supervisor = ctx;

	for (int same_path = 1; same_path >= 0; same_path--) {
		for (size_t i = 0; i < supervisor->n_guests; i++) {
			struct guest_process *process = &supervisor->guests[i];

			if ((strcmp(process->guest->chip.path, path) == 0) == same_path &&
			    guest_process_chip_appeared(process, path))
				return;
		}
	}
}

/* Without it a chip that comes back is not seen: worth a word, no reason not to serve. */
static void chips_watch(struct supervisor *supervisor)
{
	int ret = chip_watch_start(&supervisor->chips, &supervisor->loop, chip_appeared, supervisor);

	if (ret < 0)
		log_warning("supervisor", "cannot watch for chips that come back: %s", strerror(-ret));
}

static int control_open(struct supervisor *supervisor, char *why, size_t why_size)
{
	struct control_process *control = &supervisor->control;
	int ret;

	if (!has_control(supervisor))
		return 0;
	ret = control_process_open(control, supervisor->options->control_path, supervisor->n_guests, why, why_size);
	for (size_t i = 0; i < supervisor->n_guests && ret == 0; i++)
		control->outlets[i] = (struct control_outlet){ .guest = supervisor->guests[i].guest->name,
							       .port_fd = supervisor->guests[i].port_fds[0] };
	return ret;
}

static int supervisor_open(struct supervisor *supervisor, char *why, size_t why_size)
{
	int ret;

	control_process_init(&supervisor->control, &supervisor->loop, &supervisor->signals_own);
	ret = loop_init(&supervisor->loop);
	if (ret == 0)
		ret = signals_take(supervisor);
	if (ret < 0) {
		snprintf(why, why_size, "%s", strerror(-ret));
		return ret;
	}
	ret = guests_open(supervisor, why, why_size);
	if (ret < 0)
		return ret;
	chips_watch(supervisor);
	return control_open(supervisor, why, why_size);
}

static void supervisor_close(struct supervisor *supervisor)
{
	chip_watch_stop(&supervisor->chips);
	loop_timer_del(&supervisor->patience);
	loop_signals_del(&supervisor->signals);
	control_process_close(&supervisor->control);
	for (size_t i = 0; i < supervisor->n_guests; i++)
		guest_process_close(&supervisor->guests[i]);
	free(supervisor->guests);
	loop_deinit(&supervisor->loop);
}

static void start_all(struct supervisor *supervisor)
{
	struct child *child;

	for (size_t i = 0; i < supervisor->n_guests; i++) {
		const struct guest_process *process = &supervisor->guests[i];

		log_info(process->guest->name, "%s (%u lines) on %s", process->guest->chip.path, process->found.n_lines,
			 process->guest->socket_path);
	}
	for (size_t i = 0; (child = child_at(supervisor, i)); i++)
		child_start(child);
}

int supervisor_run(const struct options *options, char *why, size_t why_size)
{
	struct supervisor supervisor = { .options = options, .loop.epoll_fd = -1 };
	int ret = supervisor_open(&supervisor, why, why_size);

	if (ret == 0) {
		start_all(&supervisor);
		ret = loop_run(&supervisor.loop);
		if (ret < 0)
			snprintf(why, why_size, "%s", strerror(-ret));
	}
	supervisor_close(&supervisor);
	return ret;
}
