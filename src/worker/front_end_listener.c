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
static bool is_refused(struct worker_door *door)
{
	if (!vhost_device_is_connected(door->device))
		return false;
	if (!vhost_device_is_hung_up(door->device)) {
		log_limited(&door->refused_limit, LOG_LEVEL_WARNING, door->tag,
			    "a second front-end: refused, one is connected");
		return true;
	}
	log_limited(&door->left_limit, LOG_LEVEL_INFO, door->tag, "the front-end disconnected");
	vhost_device_disconnect(door->device);
	return false;
}

static void somebody_came(struct loop_watch *watch, uint32_t events)
{
	struct worker_door *door = container_of(watch, struct worker_door, watch);
	int fd = accept_patiently(watch->fd, SOCK_CLOEXEC, &door->accept_limit, door->tag);
	int ret;

	if (fd < 0)
		return;
	if (is_refused(door)) {
		fd_close(&fd);
		return;
	}
	ret = vhost_device_connect(door->device, fd);
	if (ret < 0)
		log_limited(&door->accept_limit, LOG_LEVEL_WARNING, door->tag, "can not serve the front-end: %s",
			    strerror(-ret));
	else
		log_limited(&door->came_limit, LOG_LEVEL_INFO, door->tag, "a front-end connected");
}

int worker_door_open(struct worker_door *door, struct loop *loop, int fd, struct vhost_device *device, const char *tag)
{
	*door = (struct worker_door){ .tag = tag, .device = device };
	return loop_watch_add(loop, &door->watch, fd, EPOLLIN, somebody_came);
}

void worker_door_close(struct worker_door *door)
{
	loop_watch_del(&door->watch);
}
