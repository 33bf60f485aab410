/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Signals of a program that has the terminal. */
#include "panel/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"

#define NS_PER_S 1000000000u

static const struct {
	int signo;
	enum signals_kind kind;
} told[] = {
	{ SIGINT, SIGNALS_END },   { SIGTERM, SIGNALS_END },   { SIGHUP, SIGNALS_END },	      { SIGQUIT, SIGNALS_END },
	{ SIGTSTP, SIGNALS_STOP }, { SIGCONT, SIGNALS_GO_ON }, { SIGWINCH, SIGNALS_RESIZED },
};
static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

static volatile sig_atomic_t came[SIGNALS_KINDS];
static volatile sig_atomic_t end_signo;
static struct sigaction crash_before[ARRAY_SIZE(crashes)];
static void (*when_broken)(void);
static sigset_t open_mask; /* while it waits */

static void on_signal(int signo)
{
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		if (told[i].signo == signo)
			came[told[i].kind] = 1;
	}
	if (came[SIGNALS_END] && !end_signo)
		end_signo = signo;
}

/* What it was before comes next: a core, a sanitizer's report. */
static void on_crash(int signo)
{
	when_broken();
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) {
		if (crashes[i] == signo)
			sigaction(signo, &crash_before[i], NULL);
	}
	raise(signo);
}

void signals_init(void (*broken)(void))
{
	struct sigaction action = { .sa_handler = on_signal }, crash = { .sa_handler = on_crash }, before;
	sigset_t closed;

	when_broken = broken;
	sigprocmask(SIG_BLOCK, NULL, &open_mask);
	closed = open_mask;
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		/* Whoever started this does not want it: nohup, a shell without job control. */
		if (sigaction(told[i].signo, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
			continue;
		sigaddset(&closed, told[i].signo);
		sigdelset(&open_mask, told[i].signo);
		sigaction(told[i].signo, &action, NULL);
	}
	sigprocmask(SIG_SETMASK, &closed, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		sigaction(crashes[i], &crash, &crash_before[i]);
}

void signals_poll(struct pollfd *fds, unsigned n, uint64_t now_ns, uint64_t until_ns)
{
	uint64_t left = until_ns > now_ns ? until_ns - now_ns : 0;
	struct timespec timeout = { .tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S) };

	for (unsigned i = 0; i < n; i++)
		fds[i].revents = 0;
	if (ppoll(fds, n, &timeout, &open_mask) < 0) {
		for (unsigned i = 0; i < n; i++)
			fds[i].revents = 0;
	}
}

bool signals_take(enum signals_kind kind)
{
	bool was = came[kind];

	came[kind] = 0;
	return was;
}

/* As if nobody had looked for it. */
static void signal_have(int signo)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	struct sigaction ours;
	sigset_t one, before;

	sigemptyset(&one);
	sigaddset(&one, signo);
	sigaction(signo, &plain, &ours);
	raise(signo);
	sigprocmask(SIG_UNBLOCK, &one, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(signo, &ours, NULL);
}

void signals_end(void)
{
	const struct sigaction plain = { .sa_handler = SIG_DFL };
	struct sigaction present;

	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		if (sigaction(told[i].signo, NULL, &present) == 0 && present.sa_handler == on_signal)
			sigaction(told[i].signo, &plain, NULL);
	}
	/* One that nobody has waited for comes now. */
	sigprocmask(SIG_SETMASK, &open_mask, NULL);
	if (end_signo)
		raise(end_signo);
}

void signals_stop(void)
{
	signal_have(SIGTSTP);
	came[SIGNALS_GO_ON] = 0;
}
