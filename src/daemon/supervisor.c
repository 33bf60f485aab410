/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor's life.
 *
 * Start: make every socket, then start the processes; chips and lines were found and tried before. So whatever cannot
 * be had is said before anything is served. End: every process gets SIGTERM and STOP_PATIENCE_NS of time, in which the
 * workers take their lines to the resting state, then SIGKILL; the sockets are removed last, when nobody serves them
 * any more. SIGUSR1: the end, too, but the guests are left to the service manager's fd store for the next start:
 * workers leave sessions and lines as they are. SIGHUP: reload.h. SIGUSR2: upgrade.h.
 *
 * With what an earlier program has left, the start makes no socket and tries no line, but goes on with what there is, and
 * replaces that program's workers by its own.
 */
#include "daemon/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "daemon/chip_watch.h"
#include "daemon/control_process.h"
#include "daemon/fd_limit.h"
#include "daemon/guest_handover.h"
#include "daemon/guest_set.h"
#include "daemon/handover.h"
#include "daemon/notify.h"
#include "daemon/ready_fd.h"
#include "daemon/reload.h"
#include "daemon/sandbox.h"
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
	bool leave_due; /* the guests are to be left to the next start */
	bool leaving;	/* this is being done */
	struct guest_set set;
	struct reload reload;
	struct upgrade upgrade;
	bool upgrade_due; /* the new program agreed */
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

static void stop_by(struct supervisor *supervisor, int signo)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	notify_stopping(supervisor->notify);
	upgrade_cancel(&supervisor->upgrade);
	stop_all(supervisor, signo);
	if (loop_timer_set(&supervisor->loop, &supervisor->patience, STOP_PATIENCE_NS, 0, patience_over) < 0)
		stop_all(supervisor, SIGKILL);
}

static void stop(struct supervisor *supervisor)
{
	stop_by(supervisor, SIGTERM);
}

static void leave(struct supervisor *supervisor)
{
	if (supervisor->notify->fd >= 0) {
		supervisor->leave_due = true;
		return;
	}
	log_warning("supervisor", "SIGUSR1: there is no service manager to leave the guests with: stopping");
	stop(supervisor);
}

/* Not in the midst of a reload: guests that are leaving would have to be described, too. */
static void leave_go_on(struct supervisor *supervisor)
{
	if (!supervisor->leave_due || supervisor->stopping || supervisor->reload.pending)
		return;
	supervisor->leaving = true;
	stop_by(supervisor, SIGUSR1);
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
	upgrade_reap(&supervisor->upgrade);
	if (supervisor->stopping)
		return;
	guest_set_renew(&supervisor->set);
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

/* What a program that comes after this one is to know. */
static void image_make(struct supervisor *supervisor, struct handover_writer *image)
{
	struct handover_daemon daemon = { .n_guests = (uint32_t)supervisor->set.n,
					  .control_pid = supervisor->control.child.pid };

	listener_handover_put(&supervisor->control.listener, &daemon.control);
	handover_put(image, &daemon, sizeof(daemon));
	guest_set_leave(&supervisor->set, image);
}

static void upgrade_start(struct supervisor *supervisor)
{
	if (!supervisor->stopping)
		upgrade_request(&supervisor->upgrade);
}

static void upgrade_agreed(void *ctx)
{
	struct supervisor *supervisor = ctx;

	supervisor->upgrade_due = true;
}

/* No process runs any more. */
static void store(struct supervisor *supervisor)
{
	struct handover_writer image = { .size = 0 };
	int carrier = -1;
	int ret;

	image_make(supervisor, &image);
	ret = handover_seal(&image);
	if (ret == 0)
		ret = carrier = handover_store(&image);
	if (ret >= 0) {
		ret = notify_store(supervisor->notify, HANDOVER_STORED_NAME, carrier);
		if (ret == 0)
			ret = notify_barrier(supervisor->notify);
		fd_close(&carrier);
	}
	handover_writer_deinit(&image);
	if (ret < 0) {
		log_error("upgrade", "cannot leave the guests to the service manager: %s; their sessions end",
			  strerror(-ret));
		return;
	}
	/* They are not ours any more. */
	guest_set_forget_sockets(&supervisor->set);
	listener_forget_files(&supervisor->control.listener);
	log_info("upgrade", "left %zu guest%s to the service manager", supervisor->set.n,
		 supervisor->set.n == 1 ? "" : "s");
}

/* As leave_go_on(). */
static void upgrade_go_on(struct supervisor *supervisor)
{
	struct handover_writer image = { .size = 0 };
	int ret;

	if (!supervisor->upgrade_due || supervisor->stopping || supervisor->reload.pending)
		return;
	supervisor->upgrade_due = false;
	image_make(supervisor, &image);
	ret = handover_seal(&image);
	if (ret == 0) {
		log_info("upgrade", "running %s", supervisor->start->program->path);
		ret = upgrade_exec(supervisor->start->program, &image);
	}
	handover_writer_deinit(&image);
	log_error("upgrade", "cannot run %s: %s: going on as before", supervisor->start->program->path, strerror(-ret));
}

static void signal_came(struct loop_signals *signals, int signo)
{
	struct supervisor *supervisor = container_of(signals, struct supervisor, signals);

	if (signo == SIGCHLD)
		reap_all(supervisor);
	else if (signo == SIGHUP)
		reload_start(supervisor);
	else if (signo == SIGUSR2)
		upgrade_start(supervisor);
	else if (signo == SIGUSR1)
		leave(supervisor);
	else
		stop(supervisor);
	leave_go_on(supervisor);
	upgrade_go_on(supervisor);
	if (all_over(supervisor))
		stop(supervisor);
	if (!supervisor->stopping || any_running(supervisor))
		return;
	if (supervisor->leaving)
		store(supervisor);
	loop_quit(&supervisor->loop, 0);
}

static int signals_take(struct supervisor *supervisor)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGUSR1, SIGUSR2 };
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

static int guests_adopt(struct supervisor *supervisor, char *why, size_t why_size)
{
	const struct handover *handover = supervisor->start->handover;
	size_t fds = FD_LIMIT_BASE;
	int ret = 0;

	for (uint32_t i = 0; i < handover->daemon->n_guests && ret == 0; i++)
		ret = guest_set_adopt(&supervisor->set, &handover->guests[i], why, why_size);
	for (size_t i = 0; i < supervisor->set.n; i++)
		fds += guest_fds_needed(&supervisor->set.entries[i]->process.guest);
	return ret < 0 ? ret : fd_limit_raise(fds, why, why_size);
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
	const struct handover *handover = supervisor->start->handover;
	int ret;

	if (handover)
		control_process_adopt(&supervisor->control, handover->daemon, supervisor->options->control_path);
	if (!has_control(supervisor))
		return 0;
	ret = supervisor->control.listener.fd >= 0
		      ? 0
		      : control_process_open(&supervisor->control, supervisor->options->control_path, why, why_size);
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

	control_process_init(&supervisor->control, &supervisor->loop, &supervisor->signals_own,
			     supervisor->start->sandbox);
	upgrade_init(&supervisor->upgrade, supervisor->start->program, &supervisor->loop, &supervisor->signals_own,
		     upgrade_agreed, supervisor);
	reload_init(&supervisor->reload, supervisor->options, &supervisor->set, reload_done, supervisor);
	supervisor->set = (struct guest_set){
		.loop = &supervisor->loop,
		.signals_own = &supervisor->signals_own,
		.sandbox = supervisor->start->sandbox,
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
	ret = supervisor->start->handover ? guests_adopt(supervisor, why, why_size)
					  : guests_open(supervisor, why, why_size);
	if (ret < 0)
		return ret;
	chips_watch(supervisor);
	return control_open(supervisor, why, why_size);
}

static void supervisor_close(struct supervisor *supervisor)
{
	upgrade_cancel(&supervisor->upgrade);
	reload_deinit(&supervisor->reload);
	chip_watch_stop(&supervisor->chips);
	loop_timer_del(&supervisor->patience);
	loop_timer_del(&supervisor->notify->watchdog);
	loop_signals_del(&supervisor->signals);
	control_process_close(&supervisor->control);
	guest_set_deinit(&supervisor->set);
	loop_deinit(&supervisor->loop);
}

static void taken_over(struct supervisor *supervisor)
{
	log_info("upgrade", "took over %zu guest%s", supervisor->set.n, supervisor->set.n == 1 ? "" : "s");
	/* What came back between them. */
	chip_watch_look(&supervisor->chips);
	if (supervisor->start->stored)
		reload_request(&supervisor->reload);
}

int supervisor_run(const struct supervisor_start *start, char *why, size_t why_size)
{
	struct supervisor supervisor = {
		.start = start, .options = start->options, .notify = start->notify, .loop.epoll_fd = -1
	};
	int ret = supervisor_open(&supervisor, why, why_size);

	if (ret == 0) {
		sandbox_tell(start->sandbox);
		guests_start(&supervisor);
		/* Who died between the programs: SIGCHLD was dropped when it was given its disposition. */
		if (start->handover)
			reap_all(&supervisor);
		if (has_control(&supervisor))
			control_process_start(&supervisor.control);
		ready_tell(&supervisor);
		ready_fd_tell(start->ready_fd);
		if (start->stored)
			notify_unstore(start->notify, HANDOVER_STORED_NAME);
		if (start->handover)
			taken_over(&supervisor);
		ret = loop_run(&supervisor.loop);
		if (ret < 0)
			snprintf(why, why_size, "%s", strerror(-ret));
	}
	supervisor_close(&supervisor);
	return ret;
}
