/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Front-ends that come to a worker: accepted, or refused. */
#include "worker/front_end_listener.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/util.h"
#include "service/accept.h"

/* One front-end at a time. One that comes when the present one is gone is served: its end may not be seen yet. */
static bool is_refused(struct front_end_listener *listener)
{
	if (!vhost_device_is_connected(listener->device))
		return false;
	if (!vhost_device_is_hung_up(listener->device)) {
		log_limited(&listener->refused_limit, LOG_LEVEL_WARNING, listener->tag,
			    "a second front-end: refused, one is connected");
		return true;
	}
	log_limited(&listener->gone_limit, LOG_LEVEL_INFO, listener->tag, "the front-end disconnected");
	vhost_device_disconnect(listener->device);
	return false;
}

static void connection_came(struct loop_watch *watch, uint32_t events)
{
	struct front_end_listener *listener = container_of(watch, struct front_end_listener, watch);
	int fd, ret;

	if (events & (EPOLLRDHUP | EPOLLHUP)) {
		log_error(listener->tag, "the listening socket was shut down: no front-end can connect");
		loop_watch_del(watch);
		return;
	}
	fd = accept_throttled(watch->fd, SOCK_CLOEXEC, &listener->accept_limit, listener->tag);
	/* For want of fds, which the present one has: it can wait. */
	if (fd >= 0 || vhost_device_is_connected(listener->device))
		++*listener->accepts;
	if (fd < 0)
		return;
	if (is_refused(listener)) {
		fd_close(&fd);
		return;
	}
	ret = vhost_device_connect(listener->device, fd);
	if (ret < 0)
		log_limited(&listener->accept_limit, LOG_LEVEL_WARNING, listener->tag, "cannot serve the front-end: %s",
			    strerror(-ret));
	else
		log_limited(&listener->connected_limit, LOG_LEVEL_INFO, listener->tag, "a front-end connected");
}

int front_end_listener_open(struct front_end_listener *listener, struct loop *loop, int fd, struct vhost_device *device,
			    uint32_t *accepts, const char *tag)
{
	*listener = (struct front_end_listener){ .tag = tag, .device = device, .accepts = accepts };
	++*accepts;
	return loop_watch_add(loop, &listener->watch, fd, EPOLLIN | EPOLLRDHUP, connection_came);
}

void front_end_listener_close(struct front_end_listener *listener)
{
	loop_watch_del(&listener->watch);
}
