/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The kick fd, and how often it is listened to. */
#include "vhost/queue/kick.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/fd_kind.h"
#include "base/scm.h"
#include "base/timed_io.h"
#include "base/util.h"
#include "loop/timer.h"

#define KICKS_IN_VAIN_MAX 256
#define PAUSE_NS	  (1000ull * 1000)

static void on_kick(struct loop_watch *watch, uint32_t events);

static int kick_watch(struct kick *kick)
{
	kick->unread = true;
	return loop_watch_add(kick->loop, &kick->watch, kick->fd, kick->edges ? EPOLLIN | EPOLLET : EPOLLIN, on_kick);
}

static void on_pause_over(struct loop_timer *timer)
{
	struct kick *kick = container_of(timer, struct kick, pause);

	loop_timer_del(timer);
	/* What it takes to watch may be lacking now. */
	if (kick_watch(kick) < 0)
		loop_timer_set(kick->loop, timer, PAUSE_NS, 0, on_pause_over);
}

static void on_kick(struct loop_watch *watch, uint32_t events)
{
	struct kick *kick = container_of(watch, struct kick, watch);
	uint64_t count = 0;
	ssize_t n = sizeof(count);

	if (!kick->edges || kick->unread)
		n = timed_read(kick->fd, &count, sizeof(count));
	kick->unread = false;
	/* A pipe or socket whose writer is gone: no kick will come any more. */
	if (n == 0 || (n < 0 && n != -EAGAIN)) {
		loop_watch_del(watch);
		scm_shut(kick->fd);
		return;
	}
	if (++kick->in_vain > KICKS_IN_VAIN_MAX &&
	    loop_timer_set(kick->loop, &kick->pause, PAUSE_NS, 0, on_pause_over) == 0)
		loop_watch_del(watch);
	if (n > 0)
		kick->kicked(kick, count);
}

void kick_init(struct kick *kick, struct loop *loop, void (*kicked)(struct kick *kick, uint64_t count))
{
	*kick = (struct kick){ .fd = -1, .loop = loop, .kicked = kicked };
}

void kick_close(struct kick *kick)
{
	loop_watch_del(&kick->watch);
	loop_timer_del(&kick->pause);
	fd_close(&kick->fd);
}

int kick_open(struct kick *kick, int fd)
{
	int r;

	kick_close(kick);
	kick->fd = fd;
	kick->in_vain = 0;
	if (fd < 0)
		return 0;
	kick->edges = fd_kind(fd) == FD_KIND_ANONYMOUS;
	r = fd_set_nonblock(fd);
	if (r == 0)
		r = kick_watch(kick);
	if (r < 0)
		fd_close(&kick->fd);
	return r;
}

void kick_drain(struct kick *kick)
{
	uint64_t count;

	if (kick->fd >= 0 && kick->edges && !kick->unread)
		timed_read(kick->fd, &count, sizeof(count));
}

void kick_take(struct kick *kick)
{
	if (kick->watch.loop && kick_is_pending(kick))
		on_kick(&kick->watch, EPOLLIN);
}

bool kick_is_pending(const struct kick *kick)
{
	struct pollfd pfd = { .fd = kick->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0 && pfd.revents & POLLIN;
}
