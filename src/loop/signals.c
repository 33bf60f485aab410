/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Signals of the event loop: a signalfd for each set. */
#include "loop/signals.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

/* One signal a turn: fn may delete or free the set, and the fd stays ready while there are more. */
static void signals_ready(struct loop_watch *watch, uint32_t events)
{
	struct loop_signals *signals = container_of(watch, struct loop_signals, watch);
	struct signalfd_siginfo info;

	if (read(signals->fd, &info, sizeof(info)) == sizeof(info))
		signals->fn(signals, (int)info.ssi_signo);
}

int loop_signals_add(struct loop *loop, struct loop_signals *signals, const sigset_t *set,
		     void (*fn)(struct loop_signals *signals, int signo))
{
	int ret;

	if (signals->watch.loop)
		return -EEXIST;
	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return -errno;
	signals->fn = fn;
	signals->fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return -errno;
	ret = loop_watch_add(loop, &signals->watch, signals->fd, EPOLLIN, signals_ready);
	if (ret < 0)
		fd_close(&signals->fd);
	return ret;
}

void loop_signals_del(struct loop_signals *signals)
{
	if (!signals->watch.loop)
		return;
	loop_watch_del(&signals->watch);
	fd_close(&signals->fd);
}
