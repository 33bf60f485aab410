/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The kick fd of a queue: an eventfd, or a pipe or a socket (vhost-user.rst, "Support for platforms other than Linux").
 *
 * What a front-end calls a kick fd may be readable for ever (a pipe that is full, /dev/urandom, a timer). A driver kicks
 * for chains; when kicks have brought none for long, the next one waits a little: that is not felt by anybody who
 * means it, and no processor is kept busy for nothing.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/timed_io.h"
#include "base/util.h"
#include "vhost/queue/queue.h"

#define KICKS_IN_VAIN_MAX 256
#define PAUSE_NS	  (1000ull * 1000)

static void on_kick(struct loop_watch *watch, uint32_t events);

static int kick_watch(struct vhost_queue *queue)
{
	return loop_watch_add(queue->host->loop, &queue->kick_watch, queue->kick_fd, EPOLLIN, on_kick);
}

void kick_unwatch(struct vhost_queue *queue)
{
	loop_watch_del(&queue->kick_watch);
	loop_timer_del(&queue->kick_pause);
}

static void on_pause_over(struct loop_timer *timer)
{
	struct vhost_queue *queue = container_of(timer, struct vhost_queue, kick_pause);

	loop_timer_del(timer);
	kick_watch(queue);
}

static void on_kick(struct loop_watch *watch, uint32_t events)
{
	struct vhost_queue *queue = container_of(watch, struct vhost_queue, kick_watch);
	uint64_t count = 0;
	ssize_t n = patient_read(queue->kick_fd, &count, sizeof(count));

	/* A pipe or socket whose writer is gone: no kick will come any more. */
	if (n == 0 || (n < 0 && n != -EAGAIN)) {
		loop_watch_del(watch);
		scm_shut(queue->kick_fd);
		return;
	}
	if (++queue->kicks_in_vain > KICKS_IN_VAIN_MAX &&
	    loop_timer_set(queue->host->loop, &queue->kick_pause, PAUSE_NS, 0, on_pause_over) == 0)
		loop_watch_del(watch);
	if (n < 0)
		return;
	first_look_kicked(queue, count);
	queue->state->started = 1;
	if (queue->running)
		queue_dispatch(queue);
	else
		queue_update(queue);
}

int queue_set_kick(struct vhost_queue *queue, int fd, bool polled)
{
	int r = 0;

	queue_stop(queue);
	kick_unwatch(queue);
	fd_close(&queue->kick_fd);
	queue->kick_fd = fd;
	queue->kicks_in_vain = 0;
	queue->state->kick = fd >= 0 ? SESSION_KICK_FD : polled ? SESSION_KICK_POLLED : SESSION_KICK_NONE;
	first_look_fd(queue);
	if (polled)
		queue->state->started = 1;
	if (fd >= 0) {
		r = fd_set_nonblock(fd);
		if (r == 0)
			r = kick_watch(queue);
	}
	if (r < 0) {
		fd_close(&queue->kick_fd);
		queue->state->kick = SESSION_KICK_NONE;
	}
	queue_update(queue);
	return r;
}
