/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor's life.
 *
 * Start: make every socket, then start the processes; chips and lines were found and tried before. So whatever cannot
 * be had is said before anything is served. End: every process gets SIGTERM and STOP_PATIENCE_NS of time, in which the
 * workers take their lines to the resting state, then SIGKILL; the sockets are removed last, when nobody serves them
 * any more. SIGHUP: reload.h.
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
#include "daemon/guest_set.h"
#include "daemon/notify.h"
#include "daemon/ready_fd.h"
#include "daemon/reload.h"
#include "loop/loop.h"

#define STOP_PATIENCE_NS (2ull * 1000 * 1000 * 1000)

struct supervisor {
	const struct supervisor_start *start;
	const struct options *options;
	struct notify *notify;
	struct loop loop;
	sigset_t signals_own; /* the mask before ours: what processes start with */
	struct loop_signals signals;
	struct loop_timer patience;
	bool stopping;
	struct guest_set set;
	struct reload reload;
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
	if (i < supervisor->set.n)
		return &supervisor->set.entries[i]->process.child;
	return i == supervisor->set.n && has_control(supervisor) ? &supervisor->control.child : NULL;
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
	notify_stopping(supervisor->notify);
	stop_all(supervisor, SIGTERM);
	if (loop_timer_set(&supervisor->loop, &supervisor->patience, STOP_PATIENCE_NS, 0, patience_over) < 0)
		stop_all(supervisor, SIGKILL);
}

/* Whether there is nobody left to serve: each guest was served once, as --one-off or a connected fd wants it. */
static bool all_over(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->set.n; i++) {
		if (!supervisor->set.entries[i]->process.child.done)
			return false;
	}
	return supervisor->set.n > 0;
}

/* Signals merge: one SIGCHLD may stand for any number of deaths, or for none. */
static void reap_all(struct supervisor *supervisor)
{
	struct child *child;

	for (size_t i = 0; (child = child_at(supervisor, i)); i++)
		child_reap(child);
	if (supervisor->stopping)
		return;
	reload_go_on(&supervisor->reload);
}

static void reload_start(struct supervisor *supervisor)
{
	if (supervisor->stopping)
		return;
	if (!supervisor->options->config) {
		log_warning("supervisor", "SIGHUP: there is no --config to read again");
		return;
	}
	notify_reloading(supervisor->notify);
	reload_request(&supervisor->reload);
}

static void signal_came(struct loop_signals *signals, int signo)
{
	struct supervisor *supervisor = container_of(signals, struct supervisor, signals);

	if (signo == SIGCHLD)
		reap_all(supervisor);
	else if (signo == SIGHUP)
		reload_start(supervisor);
	else
		stop(supervisor);
	if (all_over(supervisor))
		stop(supervisor);
	if (supervisor->stopping && !any_running(supervisor))
		loop_quit(&supervisor->loop, 0);
}

static int signals_take(struct supervisor *supervisor)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGCHLD, SIGHUP };
	sigset_t set;

	/* A front-end, a client or whoever reads the log may be gone when we write. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, NULL, &supervisor->signals_own);
	/* Whoever started us may have blocked or ignored what we and our processes live by. */
	for (size_t i = 0; i < ARRAY_SIZE(signos); i++) {
		sigaddset(&set, signos[i]);
		signal(signos[i], SIG_DFL);
		sigdelset(&supervisor->signals_own, signos[i]);
	}
	return loop_signals_add(&supervisor->loop, &supervisor->signals, &set, signal_came);
}

static int guests_open(struct supervisor *supervisor, char *why, size_t why_size)
{
	const struct supervisor_start *start = supervisor->start;
	int ret = 0;

	for (size_t i = 0; i < start->guests->n && ret == 0; i++)
		ret = guest_set_add(&supervisor->set, &start->wanted->guests[i], &start->guests->guests[i], why,
				    why_size);
	return ret;
}

/* A device node is one chip's, also when guests wait for two that look the same: the one that had this node goes first. */
static void chip_appeared(void *ctx, const char *path)
{
	struct supervisor *supervisor = ctx;
	const struct guest_set *set = &supervisor->set;
	uint64_t rdev;

	for (int by_path = 1; by_path >= 0; by_path--) {
		for (size_t i = 0; i < set->n; i++) {
			if (!guest_process_misses_chip(&set->entries[i]->process, path, by_path, &rdev))
				continue;
			for (size_t j = 0; j < set->n; j++)
				guest_process_chip_back(&set->entries[j]->process, rdev, path);
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

/* The control process learns at its start which guests there are. */
static int control_point(struct supervisor *supervisor)
{
	int ret = control_process_set_outlets(&supervisor->control, supervisor->set.n);

	for (size_t i = 0; i < supervisor->set.n && ret == 0; i++) {
		const struct guest_process *process = &supervisor->set.entries[i]->process;

		supervisor->control.outlets[i] =
			(struct control_outlet){ .guest = process->guest.name, .port_fd = process->port_fds[0] };
	}
	return ret;
}

static int control_open(struct supervisor *supervisor, char *why, size_t why_size)
{
	int ret;

	if (!has_control(supervisor))
		return 0;
	ret = control_process_open(&supervisor->control, supervisor->options->control_path, why, why_size);
	if (ret < 0)
		return ret;
	ret = control_point(supervisor);
	if (ret < 0)
		snprintf(why, why_size, "%s", strerror(-ret));
	return ret;
}

static void guests_start(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->set.n; i++) {
		struct guest_process *process = &supervisor->set.entries[i]->process;

		if (process->child.pid == 0 && !process->child.done)
			guest_process_start(process);
	}
}

static void ready_tell(struct supervisor *supervisor)
{
	notify_status(supervisor->notify, "%zu guest%s", supervisor->set.n, supervisor->set.n == 1 ? "" : "s");
	notify_ready(supervisor->notify);
}

static void reload_done(void *ctx, bool changed, const char *why)
{
	struct supervisor *supervisor = ctx;

	if (changed && has_control(supervisor)) {
		if (control_point(supervisor) < 0)
			log_error("supervisor", "no memory: the control socket serves nobody");
		child_restart(&supervisor->control.child);
	}
	guests_start(supervisor);
	ready_tell(supervisor);
	if (why) {
		log_error("reload", "%s", why);
		notify_status(supervisor->notify, "%s", why);
	} else {
		log_info("reload", "%zu guest%s", supervisor->set.n, supervisor->set.n == 1 ? "" : "s");
	}
}

static int supervisor_open(struct supervisor *supervisor, char *why, size_t why_size)
{
	int ret;

	control_process_init(&supervisor->control, &supervisor->loop, &supervisor->signals_own);
	reload_init(&supervisor->reload, supervisor->options, &supervisor->set, reload_done, supervisor);
	supervisor->set = (struct guest_set){
		.loop = &supervisor->loop,
		.signals_own = &supervisor->signals_own,
		.one_off = supervisor->options->one_off,
		.with_port = has_control(supervisor),
	};
	ret = loop_init(&supervisor->loop);
	if (ret == 0)
		ret = signals_take(supervisor);
	if (ret == 0)
		ret = notify_watchdog_start(supervisor->notify, &supervisor->loop);
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
	reload_deinit(&supervisor->reload);
	chip_watch_stop(&supervisor->chips);
	loop_timer_del(&supervisor->patience);
	loop_timer_del(&supervisor->notify->watchdog);
	loop_signals_del(&supervisor->signals);
	control_process_close(&supervisor->control);
	guest_set_deinit(&supervisor->set);
	loop_deinit(&supervisor->loop);
}

int supervisor_run(const struct supervisor_start *start, char *why, size_t why_size)
{
	struct supervisor supervisor = {
		.start = start, .options = start->options, .notify = start->notify, .loop.epoll_fd = -1
	};
	int ret = supervisor_open(&supervisor, why, why_size);

	if (ret == 0) {
		guests_start(&supervisor);
		if (has_control(&supervisor))
			child_start(&supervisor.control.child);
		ready_tell(&supervisor);
		ready_fd_tell(start->ready_fd);
		ret = loop_run(&supervisor.loop);
		if (ret < 0)
			snprintf(why, why_size, "%s", strerror(-ret));
	}
	supervisor_close(&supervisor);
	return ret;
}
