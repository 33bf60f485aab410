/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor's life.
 *
 * Start: make every socket, then the sandbox, then start the processes; chips and lines were found and tried before. So
 * whatever cannot be had is said before anything is served. End: every process gets SIGTERM and STOP_TIMEOUT_NS of time,
 * in which the workers put their lines into the idle state, then SIGKILL; each one's lines are put there once more when it
 * is gone or stuck; the sockets are removed last, when nobody serves them any more. SIGUSR1: the end, too, but the guests
 * are stored with the service manager for the next start: workers leave sessions and lines as they are. SIGHUP: reload.h.
 * SIGUSR2: upgrade.h.
 *
 * With what an earlier program has handed over, the start makes no socket and tries no line, but goes on with what there
 * is, and replaces that program's workers by its own.
 */
#include "supervisor/supervisor.h"

#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "broker/chip_watch.h"
#include "chip/label.h"
#include "handover/handover.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "sandbox/prepare.h"
#include "service/ready_fd.h"
#include "service/sd_notify.h"
#include "supervisor/chip_replug.h"
#include "supervisor/handover_send.h"
#include "supervisor/processes.h"
#include "supervisor/reload.h"

#define NO_CONFIG "there is no --config to read again"

#define STOP_TIMEOUT_NS (2ull * 1000 * 1000 * 1000)

struct supervisor {
	const struct supervisor_start *start;
	const struct settings *settings;
	struct sd_notify *notify;
	struct loop loop;
	sigset_t signals_own; /* the mask before ours: what processes start with */
	struct loop_signals signals;
	struct loop_timer stop_timer;
	bool stopping;
	bool store_due; /* the guests are to be stored for the next start */
	bool storing;	/* this is being done */
	struct processes processes;
	struct reload reload;
	struct upgrade upgrade;
	bool upgrade_due; /* the new program agreed */
	struct chip_watch chips;
	struct sandbox sandbox;
};

static void stop_timed_out(struct loop_timer *timer)
{
	struct supervisor *supervisor = container_of(timer, struct supervisor, stop_timer);

	log_warning("supervisor", "processes did not exit within 2 s, sending SIGKILL");
	processes_stop(&supervisor->processes, SIGKILL);
}

static void stop_by(struct supervisor *supervisor, int signo)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	sd_notify_stopping(supervisor->notify);
	upgrade_cancel(&supervisor->upgrade);
	processes_stop(&supervisor->processes, signo);
	if (loop_timer_set(&supervisor->loop, &supervisor->stop_timer, STOP_TIMEOUT_NS, 0, stop_timed_out) < 0)
		processes_stop(&supervisor->processes, SIGKILL);
}

static void stop(struct supervisor *supervisor)
{
	stop_by(supervisor, SIGTERM);
}

static void store(struct supervisor *supervisor)
{
	if (supervisor->notify->fd >= 0) {
		supervisor->store_due = true;
		return;
	}
	log_warning("supervisor", "SIGUSR1: there is no service manager to store the guests with: stopping");
	stop(supervisor);
}

/* Not in the midst of a reload: guests that are being removed would have to be described, too. */
static void store_go_on(struct supervisor *supervisor)
{
	if (!supervisor->store_due || supervisor->stopping || supervisor->reload.pending)
		return;
	supervisor->storing = true;
	stop_by(supervisor, SIGUSR1);
}

static void reap(struct supervisor *supervisor)
{
	processes_reap(&supervisor->processes);
	upgrade_reap(&supervisor->upgrade);
	processes_reap_strays(&supervisor->processes, supervisor->upgrade.pid);
	if (supervisor->stopping)
		return;
	guest_set_replace_next(&supervisor->processes.set);
	reload_go_on(&supervisor->reload);
}

/* why: NULL, or what came in the way. */
static void ready_notify(struct supervisor *supervisor, const char *why)
{
	const char *left_out = supervisor->reload.left_out.text;
	size_t n = supervisor->processes.set.n;

	sd_notify_status(supervisor->notify, "%zu guest%s%s%s%s%s", n, n == 1 ? "" : "s", why ? "; " : "",
			 why ? why : "", *left_out ? "; left out: " : "", left_out);
	sd_notify_ready(supervisor->notify);
}

static void reload_start(struct supervisor *supervisor)
{
	if (supervisor->stopping)
		return;
	/* Whoever has the service manager send it waits until it is over, whatever comes of it. */
	sd_notify_reloading(supervisor->notify);
	if (supervisor->settings->config) {
		reload_request(&supervisor->reload);
	} else {
		log_warning("supervisor", "SIGHUP: " NO_CONFIG);
		ready_notify(supervisor, NO_CONFIG);
	}
}

static void upgrade_start(struct supervisor *supervisor)
{
	if (!supervisor->stopping)
		upgrade_request(&supervisor->upgrade);
}

static int upgrade_image(void *ctx, struct record_writer *image)
{
	const struct supervisor *supervisor = ctx;

	return handover_send_image(&supervisor->processes, image);
}

static void upgrade_agreed(void *ctx)
{
	struct supervisor *supervisor = ctx;

	supervisor->upgrade_due = true;
}

static const struct upgrade_ops upgrade_ops = { upgrade_image, upgrade_agreed };

/* As store_go_on(). */
static void upgrade_go_on(struct supervisor *supervisor)
{
	if (!supervisor->upgrade_due || supervisor->stopping || supervisor->reload.pending)
		return;
	supervisor->upgrade_due = false;
	if (supervisor->upgrade.stale)
		upgrade_request(&supervisor->upgrade);
	else
		handover_send_exec(&supervisor->processes, supervisor->start->program);
}

static void signal_came(struct loop_signals *signals, int signo)
{
	struct supervisor *supervisor = container_of(signals, struct supervisor, signals);

	if (signo == SIGCHLD)
		reap(supervisor);
	else if (signo == SIGHUP)
		reload_start(supervisor);
	else if (signo == SIGUSR2)
		upgrade_start(supervisor);
	else if (signo == SIGUSR1)
		store(supervisor);
	else
		stop(supervisor);
	store_go_on(supervisor);
	upgrade_go_on(supervisor);
	if (processes_all_done(&supervisor->processes))
		stop(supervisor);
	if (!supervisor->stopping || processes_any_running(&supervisor->processes))
		return;
	if (supervisor->storing)
		handover_send_store(&supervisor->processes, supervisor->notify);
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

static void chip_appeared(void *ctx, const char *path)
{
	struct supervisor *supervisor = ctx;

	chip_replug_look(&supervisor->processes.set, &supervisor->chips, path);
}

/* Without it a chip that comes back is not seen: worth a word, no reason not to serve. */
static void chips_watch(struct supervisor *supervisor)
{
	int ret = chip_watch_start(&supervisor->chips, LABEL_DIRECTORY, &supervisor->loop, chip_appeared, supervisor);

	if (ret < 0)
		log_warning("supervisor", "cannot watch for chips that come back: %s", strerror(-ret));
}

static void reload_done(void *ctx, bool changed, const char *why)
{
	struct supervisor *supervisor = ctx;
	size_t n = supervisor->processes.set.n;

	supervisor->upgrade.stale = true;
	if (!why || changed)
		changed = wire_service_configure(&supervisor->processes.wires, &supervisor->reload.wires) || changed;
	if (changed)
		processes_restart_control(&supervisor->processes);
	processes_start_guests(&supervisor->processes);
	if (why)
		log_error("reload", "%s", why);
	else
		log_info("reload", "%zu guest%s", n, n == 1 ? "" : "s");
	/* Another one follows at once when one was asked for meanwhile: that one's end is waited for, too. */
	if (!supervisor->reload.requested)
		ready_notify(supervisor, why);
}

static void supervisor_init(struct supervisor *supervisor, const struct supervisor_start *start)
{
	const struct guest_set empty = {
		.loop = &supervisor->loop,
		.signals_own = &supervisor->signals_own,
		.sandbox = &supervisor->sandbox,
		.one_off = start->settings->one_off,
	};

	*supervisor = (struct supervisor){
		.start = start,
		.settings = start->settings,
		.notify = start->notify,
		.loop.epoll_fd = -1,
		.sandbox = SANDBOX_NONE,
	};
	processes_init(&supervisor->processes, &empty, &start->settings->control);
	upgrade_init(&supervisor->upgrade, start->program, &supervisor->loop, &supervisor->signals_own, &upgrade_ops,
		     supervisor);
	reload_init(&supervisor->reload, start->settings, &supervisor->processes.set, reload_done, supervisor);
}

/* Sockets first: whoever waits for them need not wait for the sandbox, and who connects meanwhile is served after it. */
static int guests_open(struct supervisor *supervisor, struct why *why)
{
	const struct supervisor_start *start = supervisor->start;
	int ret = processes_open(&supervisor->processes, start->configs, start->guests, start->wires, why);

	return ret < 0 ? ret : sandbox_prepare(&supervisor->sandbox, &start->settings->sandbox, why);
}

/* What can fail comes before what was left is taken. */
static int guests_adopt(struct supervisor *supervisor, struct why *why)
{
	const struct supervisor_start *start = supervisor->start;
	int ret = sandbox_prepare(&supervisor->sandbox, &start->settings->sandbox, why);

	return ret < 0 ? ret : processes_adopt(&supervisor->processes, start->handover, why);
}

static int supervisor_open(struct supervisor *supervisor, struct why *why)
{
	const struct supervisor_start *start = supervisor->start;
	int ret = loop_init(&supervisor->loop);

	if (ret == 0)
		ret = signals_take(supervisor);
	if (ret == 0)
		ret = sd_notify_watchdog_start(supervisor->notify, &supervisor->loop);
	if (ret < 0) {
		why_fail(-ret, why, "%s", strerror(-ret));
		return ret;
	}
	ret = start->handover ? guests_adopt(supervisor, why) : guests_open(supervisor, why);
	if (ret == 0)
		chips_watch(supervisor);
	return ret;
}

static void supervisor_close(struct supervisor *supervisor)
{
	upgrade_cancel(&supervisor->upgrade);
	reload_deinit(&supervisor->reload);
	chip_watch_stop(&supervisor->chips);
	loop_timer_del(&supervisor->stop_timer);
	loop_timer_del(&supervisor->notify->watchdog);
	loop_signals_del(&supervisor->signals);
	processes_close(&supervisor->processes);
	loop_deinit(&supervisor->loop);
	sandbox_deinit(&supervisor->sandbox);
}

static void taken_over(struct supervisor *supervisor)
{
	size_t n = supervisor->processes.set.n;

	log_info("upgrade", "took over %zu guest%s", n, n == 1 ? "" : "s");
	/* Chips that came back between the programs. */
	chip_appeared(supervisor, NULL);
	if (supervisor->start->stored)
		reload_request(&supervisor->reload);
}

static void supervisor_begin(struct supervisor *supervisor)
{
	const struct supervisor_start *start = supervisor->start;

	sandbox_log(&supervisor->sandbox);
	processes_start_guests(&supervisor->processes);
	/* Who died between the programs: SIGCHLD was dropped when it was given its disposition. */
	if (start->handover)
		reap(supervisor);
	processes_start_control(&supervisor->processes);
	ready_notify(supervisor, NULL);
	ready_fd_tell(start->ready_fd);
	if (start->stored)
		sd_notify_unstore(start->notify, HANDOVER_STORED_NAME);
	if (start->handover)
		taken_over(supervisor);
}

int supervisor_run(const struct supervisor_start *start, struct why *why)
{
	struct supervisor supervisor;
	int ret;

	supervisor_init(&supervisor, start);
	ret = supervisor_open(&supervisor, why);
	if (ret == 0) {
		supervisor_begin(&supervisor);
		ret = loop_run(&supervisor.loop);
		if (ret < 0)
			why_fail(-ret, why, "%s", strerror(-ret));
	}
	supervisor_close(&supervisor);
	return ret;
}
