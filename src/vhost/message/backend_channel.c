/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The channel for messages of the back-end's own. */
#include "vhost/message/backend_channel.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/util.h"

#define PAYLOAD_MAX 64

void backend_channel_init(struct backend_channel *channel, struct loop *loop,
			  void (*ready)(struct backend_channel *channel))
{
	*channel = (struct backend_channel){ .fd = -1, .loop = loop, .ready = ready };
}

void backend_channel_close(struct backend_channel *channel)
{
	loop_watch_del(&channel->watch);
	fd_close(&channel->fd);
}

void backend_channel_open(struct backend_channel *channel, int fd)
{
	backend_channel_close(channel);
	channel->fd = fd;
	if (fd >= 0)
		channel->ready(channel);
}

/* Also when the other end is gone: then the next message finds out. */
static void on_writable(struct loop_watch *watch, uint32_t events)
{
	struct backend_channel *channel = container_of(watch, struct backend_channel, watch);

	loop_watch_del(watch);
	channel->ready(channel);
}

static int wait_for_space(struct backend_channel *channel)
{
	int r = 0;

	if (!channel->watch.loop)
		r = loop_watch_add(channel->loop, &channel->watch, channel->fd, EPOLLOUT, on_writable);
	return r < 0 ? r : -EAGAIN;
}

int backend_channel_send(struct backend_channel *channel, enum vhost_user_backend_request request, const void *payload,
			 size_t size)
{
	struct {
		struct vhost_user_header header;
		uint8_t payload[PAYLOAD_MAX];
	} message = { .header = { .request = request, .flags = VHOST_USER_VERSION, .size = (uint32_t)size } };
	const size_t len = sizeof(message.header) + size;
	ssize_t n;

	if (channel->fd < 0 || size > PAYLOAD_MAX)
		return -ENOTCONN;
	memcpy(message.payload, payload, size);
	n = scm_send(channel->fd, &message, len, NULL, 0, MSG_DONTWAIT);
	if (n == -EAGAIN)
		n = wait_for_space(channel);
	else if (n >= 0)
		n = (size_t)n == len ? 0 : -EMSGSIZE; /* a Unix socket takes all of it or nothing */
	if (n < 0 && n != -EAGAIN)
		backend_channel_close(channel);
	return (int)n;
}
