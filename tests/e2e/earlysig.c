// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * LD_PRELOAD for a User-Mode Linux kernel: on this host the SIGIO that tells of input from a terminal is of no use.
 *
 * Linux sends it before epoll shows that input (n_tty.c), so the kernel that asks epoll in the signal's handler may find
 * nothing, now and then, on two processors. Here it never gets that signal.
 */
#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

static int (*next)(int signo, const struct sigaction *action, struct sigaction *old);
static void (*handler)(int signo, siginfo_t *info, void *context);

static void on_sigio(int signo, siginfo_t *info, void *context)
{
	if (info->si_code != POLL_IN || !isatty(info->si_fd))
		handler(signo, info, context);
}

int sigaction(int signo, const struct sigaction *action, struct sigaction *old)
{
	void (*const before)(int signo, siginfo_t *info, void *context) = handler;
	struct sigaction ours;
	int result;

	if (signo == SIGIO && action && action->sa_flags & SA_SIGINFO) {
		ours = *action;
		handler = action->sa_sigaction;
		ours.sa_sigaction = on_sigio;
		action = &ours;
	}
	result = next(signo, action, old);
	if (old && old->sa_sigaction == on_sigio)
		old->sa_sigaction = before;
	return result;
}

__attribute__((constructor)) static void start(void)
{
	*(void **)&next = dlsym(RTLD_NEXT, "sigaction");
}
