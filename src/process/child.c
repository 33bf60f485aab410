/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A process that the supervisor keeps running. */
#include "process/child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/util.h"
#include "loop/timer.h"
#include "process/after_kill.h"
#include "process/fork_sync.h"

static int fd_compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

/* Both ends belong to the range. */
static void fds_close(unsigned first, unsigned last)
{
	long open_max;

	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	open_max = sysconf(_SC_OPEN_MAX); /* Linux before 5.9 */
	for (long fd = first; fd <= (long)last && fd < open_max; fd++)
		close((int)fd);
}

void child_keep_fds(int *fds, size_t n)
{
	unsigned first = STDERR_FILENO + 1;

	qsort(fds, n, sizeof(*fds), fd_compare);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < (int)first)
			continue;
		fds_close(first, (unsigned)fds[i] - 1);
		first = (unsigned)fds[i] + 1;
	}
	fds_close(first, ~0u);
}

static void child_life(struct child *child)
{
	static const int taken[] = { SIGTERM, SIGINT, SIGUSR1, SIGUSR2 };
	sigset_t mask = *child->signals_own;

	for (size_t i = 0; i < ARRAY_SIZE(taken) && child->ops->takes_signals; i++)
		sigaddset(&mask, taken[i]);
	prctl(PR_SET_NAME, child->process_name);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	/* _exit(): nothing of the supervisor's may be flushed or freed by its copy. */
	_exit(child->ops->main(child));
}

static void pause_over(struct loop_timer *timer)
{
	struct child *child = container_of(timer, struct child, pause);

	loop_timer_del(timer);
	child_start(child);
}

static void child_start_later(struct child *child, uint64_t pause_ns)
{
	int ret = loop_timer_set(child->loop, &child->pause, pause_ns, 0, pause_over);

	if (ret < 0)
		log_error(child->tag, "cannot be restarted: %s", strerror(-ret));
}

/* It may go on for hours, with a try a second. */
static void start_failed(struct child *child, int error)
{
	log_limited(&child->log_limit, LOG_LEVEL_ERROR, child->tag, "cannot start a process: %s", strerror(-error));
	child_start_later(child, CHILD_RETRY_NS);
}

static void life_begins(struct child *child)
{
	child->started_ns = clock_now_ns();
	child->progress = child->ops->progress ? child->ops->progress(child) : 0;
}

void child_start(struct child *child)
{
	struct fork_sync sync;
	int ret;
	pid_t pid;

	if (child->stopped || child->done || child->pid > 0)
		return;
	ret = child->ops->prepare ? child->ops->prepare(child) : 0;
	if (ret < 0) {
		start_failed(child, ret);
		return;
	}
	life_begins(child);
	fork_sync_begin(&sync);
	pid = fork_sync_fork();
	ret = -errno;
	if (pid == 0)
		child_life(child);
	fork_sync_wait(&sync);
	if (pid > 0)
		child->pid = pid;
	if (child->ops->started)
		child->ops->started(child);
	if (pid < 0)
		start_failed(child, ret);
}

static void death_describe(const struct child *child, int status, char *text, size_t size)
{
	if (child->condemned_why)
		snprintf(text, size, "was killed: %s", child->condemned_why);
	else if (WIFSIGNALED(status))
		snprintf(text, size, "killed by signal %d (%s)%s%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
			 WTERMSIG(status) == SIGSYS
				 ? ": a system call that the sandbox forbids, the kernel log has its number"
				 : "",
			 WCOREDUMP(status) ? ", core dumped: see coredumpctl, or kernel.core_pattern" : "");
	else
		snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
}

/* Deaths in a row: until the next start. The first two may be chance, and a guest waits. */
static const unsigned pauses_ms[] = { 0, 0, 20, 50, 100, 200, 500, 1000, 2000, 5000 };

/* Whoever gets on and dies, gets on and dies, has the first pause only, but that one: progress may be a lie. */
#define PAUSES_WITH_PROGRESS 2

static void pauses_shorten(struct child *child, uint64_t life_ns, bool progress)
{
	if (life_ns >= CHILD_LONG_LIFE_NS)
		child->pauses = 0;
	else if (progress && child->pauses > PAUSES_WITH_PROGRESS)
		child->pauses = PAUSES_WITH_PROGRESS;
}

static unsigned pause_take(struct child *child)
{
	unsigned ms = pauses_ms[child->pauses];

	child->pauses += child->pauses + 1 < ARRAY_SIZE(pauses_ms);
	return ms;
}

/* Whether the row is a loop by now. */
static bool death_note(struct child *child, uint64_t now)
{
	uint64_t oldest;

	child->deaths_ns[child->next_death] = now;
	child->next_death = (child->next_death + 1) % CHILD_DEATHS_MAX;
	oldest = child->deaths_ns[child->next_death];
	return oldest != 0 && now - oldest >= CHILD_LOOP_NS && now - oldest < CHILD_LOOP_MAX_NS;
}

static void row_end(struct child *child)
{
	memset(child->deaths_ns, 0, sizeof(child->deaths_ns));
	child->loop_state = CHILD_LOOP_NONE;
}

static bool lack_is_passing(struct child *child, uint64_t now)
{
	if (child->lacks_since_ns == 0)
		child->lacks_since_ns = now;
	return now - child->lacks_since_ns < CHILD_LACK_NS;
}

static enum child_loop death_judge(struct child *child)
{
	uint64_t now = clock_now_ns();
	uint64_t life_ns = now - child->started_ns;
	bool progress = child->ops->progress && child->ops->progress(child) != child->progress;

	pauses_shorten(child, life_ns, progress);
	if (progress || life_ns >= CHILD_LONG_LIFE_NS)
		row_end(child);
	if (child->lacks ? lack_is_passing(child, now) : child->blameless)
		return CHILD_LOOP_NONE;
	if (progress || fault_is_patient() || !death_note(child, now))
		return CHILD_LOOP_NONE;
	child->loop_state = child->loop_state == CHILD_LOOP_NONE ? CHILD_LOOP_FIRST : CHILD_LOOP_AGAIN;
	return child->loop_state;
}

static void death_take(struct child *child, int status);

/* Its end, when it comes, is that of a stray. */
static void child_leave(struct child *child)
{
	child->pid = 0;
	death_take(child, SIGKILL);
}

/* SIGCHLD may stand for any number of deaths, or for none: whoever waits for the end of processes looks once more. */
static void kill_timed_out(struct loop_timer *timer)
{
	struct child *child = container_of(timer, struct child, pause);

	loop_timer_del(timer);
	if (!child->stuck) {
		log_limited(&child->log_limit, LOG_LEVEL_ERROR, child->tag,
			    "process %d is stuck in the kernel after SIGKILL, continuing without it", (int)child->pid);
		child->stuck = true;
		if (child->ops->stuck)
			child->ops->stuck(child);
		kill(getpid(), SIGCHLD);
	}
	if (child->stopped)
		return;
	if (after_kill_only_waits(child->pid))
		child_leave(child);
	else
		loop_timer_set(child->loop, timer, CHILD_KILL_TIMEOUT_NS, 0, kill_timed_out);
}

/* A process that waits for a file system that does not answer (FUSE) is not ended by it. */
static void child_kill(struct child *child)
{
	child->condemned = true;
	kill(child->pid, SIGKILL);
	if (!child->stuck)
		loop_timer_set(child->loop, &child->pause, CHILD_KILL_TIMEOUT_NS, 0, kill_timed_out);
}

static void restart_timed_out(struct loop_timer *timer)
{
	struct child *child = container_of(timer, struct child, pause);

	loop_timer_del(timer);
	log_warning(child->tag, "did not exit within %llu s, sending SIGKILL", CHILD_RESTART_TIMEOUT_NS / 1000000000);
	child_kill(child);
}

/* A process that was told to end does so, or is killed. */
static void end_await(struct child *child)
{
	child->restarting = true;
	if (loop_timer_set(child->loop, &child->pause, CHILD_RESTART_TIMEOUT_NS, 0, restart_timed_out) < 0)
		child_kill(child);
}

void child_restart(struct child *child, int signo)
{
	if (child->stopped || child->done || child->restarting)
		return;
	loop_timer_del(&child->pause);
	if (child->pid == 0) {
		child_start(child);
		return;
	}
	kill(child->pid, signo);
	end_await(child);
}

void child_condemn(struct child *child, const char *why)
{
	if (child->pid <= 0)
		return;
	child->condemned_why = why;
	child_kill(child);
}

void child_await_end(struct child *child)
{
	if (child->pid > 0 && !child->condemned && !child->restarting && !child->stopped)
		loop_timer_set(child->loop, &child->pause, CHILD_RESTART_TIMEOUT_NS, 0, restart_timed_out);
}

void child_adopt(struct child *child, pid_t pid, bool restarting)
{
	child->pid = pid;
	life_begins(child);
	child->outdated = true;
	if (restarting)
		end_await(child);
}

static void successor_start(struct child *child, enum child_loop loop, const char *death)
{
	unsigned pause_ms = pause_take(child);
	const char *words = child->ops->loop_words[loop];
	char when[32] = "";

	if (pause_ms > 0)
		snprintf(when, sizeof(when), " in %u ms", pause_ms);
	log_limited(loop == CHILD_LOOP_NONE ? &child->log_limit : &child->loop_limit, LOG_LEVEL_ERROR, child->tag,
		    "process %s%s: %srestarting%s", death,
		    loop == CHILD_LOOP_NONE ? "" : ", again and again without progress", words ? words : "", when);
	if (pause_ms > 0)
		child_start_later(child, pause_ms * 1000000ull);
	else
		child_start(child);
}

static void death_take(struct child *child, int status)
{
	bool restarting = child->restarting;
	enum child_loop loop = CHILD_LOOP_NONE;
	char death[240];

	child->done = child->has_end && status == 0;
	child->lacks = WIFEXITED(status) && WEXITSTATUS(status) == CHILD_LACKS;
	/* One that did not begin changes nothing about what became of the one before it. */
	if (!child->lacks) {
		child->lacks_since_ns = 0;
		child->blameless = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !child->condemned;
	}
	loop_timer_del(&child->pause);
	if (!child->stopped && !child->done && !restarting)
		loop = death_judge(child);
	death_describe(child, status, death, sizeof(death));
	child->restarting = child->outdated = child->stuck = child->condemned = false;
	child->condemned_why = NULL;
	if (child->ops->ended)
		child->ops->ended(child, loop);
	if (child->stopped || child->done)
		return;
	if (restarting) {
		child_start(child);
		return;
	}
	successor_start(child, loop, death);
}

bool child_reap(struct child *child)
{
	int status;
	pid_t pid;

	if (child->pid == 0)
		return false;
	do {
		pid = waitpid(child->pid, &status, WNOHANG);
	} while (pid < 0 && errno == EINTR);
	/* ECHILD: of an adopted one somebody else took the end, or it never was ours. */
	if (pid < 0)
		status = 1 << 8; /* as waitpid() says of exit status 1 */
	else if (pid != child->pid)
		return false;
	child->pid = 0;
	death_take(child, status);
	return true;
}

void child_stop(struct child *child, int signo)
{
	child->stopped = true;
	loop_timer_del(&child->pause);
	if (child->pid > 0 && signo == SIGKILL)
		child_kill(child);
	else if (child->pid > 0)
		kill(child->pid, signo);
}

bool child_is_awaited(const struct child *child)
{
	return child->pid > 0 && !child->stuck;
}
