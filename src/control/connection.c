/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One client of the control socket.
 *
 * Everything that follows from an event (the next line, other epoll events, the end) is done by one deferred function
 * at the end of the turn: so no call into this module ends a client under its caller's feet.
 */
#include "control/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"

static struct log_limit drop_limit;

static void client_work(struct loop_defer *defer);

static void client_wake(struct control_client *client)
{
	loop_defer_add(client->loop, &client->work, client_work);
}

size_t control_client_waiting(const struct control_client *client)
{
	return client->out_len;
}

void control_client_drop(struct control_client *client)
{
	client->dropped = true;
	client_wake(client);
}

void control_client_idle(struct control_client *client)
{
	client->busy = false;
	client_wake(client);
}

static void out_flush(struct control_client *client)
{
	while (client->out_len > 0) {
		ssize_t len =
			send(client->fd, client->out + client->out_start, client->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno != EAGAIN)
			client->dropped = true;
		if (len <= 0)
			return;
		client->out_start += (size_t)len;
		client->out_len -= (size_t)len;
	}
	client->out_start = 0;
}

static int out_reserve(struct control_client *client, size_t len)
{
	size_t capacity = client->out_capacity ? client->out_capacity : 1024;
	char *out;

	if (client->out_start + client->out_len + len <= client->out_capacity)
		return 0;
	if (client->out_start > 0)
		memmove(client->out, client->out + client->out_start, client->out_len);
	client->out_start = 0;
	while (capacity < client->out_len + len)
		capacity *= 2;
	if (capacity == client->out_capacity)
		return 0;
	out = realloc(client->out, capacity);
	if (!out)
		return -ENOMEM;
	client->out = out;
	client->out_capacity = capacity;
	return 0;
}

void control_client_write(struct control_client *client, const char *text)
{
	size_t len = strlen(text);

	client_wake(client);
	if (client->dropped)
		return;
	if (out_reserve(client, len + 1) < 0) {
		client->dropped = true;
		return;
	}
	memcpy(client->out + client->out_start + client->out_len, text, len);
	client->out[client->out_start + client->out_len + len] = '\n';
	client->out_len += len + 1;
}

void control_client_stream(struct control_client *client, const char *text)
{
	if (client->dropped)
		return;
	if (client->out_len > CONTROL_STREAM_MAX) {
		log_limited(&drop_limit, LOG_LEVEL_WARNING, "control",
			    "client %d does not read what it monitors: dropped", (int)client->pid);
		control_client_drop(client);
		return;
	}
	control_client_write(client, text);
}

/* Takes what has come, as far as there is room. */
static void in_read(struct control_client *client)
{
	ssize_t len;

	if (client->in_len == sizeof(client->in))
		return;
	len = recv(client->fd, client->in + client->in_len, sizeof(client->in) - client->in_len, MSG_DONTWAIT);
	if (len > 0)
		client->in_len += (size_t)len;
	else if (len == 0)
		client->input_ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		client->dropped = true;
}

static void in_refuse(struct control_client *client)
{
	control_client_write(client, "{\"ok\": false, \"error\": \"request longer than 4096 bytes\"}");
	client->in_len = 0;
	client->closing = true;
}

/* Hands over the first line. False: there is none. */
static bool in_take(struct control_client *client)
{
	char *end = memchr(client->in, '\n', client->in_len);
	char line[CONTROL_LINE_MAX];
	size_t len, taken;

	if (!end && client->in_len == sizeof(client->in)) {
		in_refuse(client);
		return false;
	}
	if (!end && !(client->input_ended && client->in_len > 0))
		return false;
	len = end ? (size_t)(end - client->in) : client->in_len;
	taken = end ? len + 1 : len;
	memcpy(line, client->in, len);
	client->in_len -= taken;
	memmove(client->in, client->in + taken, client->in_len);
	client->has_asked = true;
	client->ops->line(client, line, len);
	return true;
}

static void events_update(struct control_client *client)
{
	bool reads = !client->busy && !client->closing && !client->input_ended && client->out_len == 0 &&
		     client->in_len < sizeof(client->in);
	uint32_t events = (reads ? EPOLLIN : 0) | (client->out_len > 0 ? EPOLLOUT : 0);

	if (events != client->events && loop_watch_modify(&client->watch, events) == 0)
		client->events = events;
}

static void client_end(struct control_client *client)
{
	loop_watch_del(&client->watch);
	loop_defer_del(&client->work);
	client->ops->ended(client);
}

static void client_work(struct loop_defer *defer)
{
	struct control_client *client = container_of(defer, struct control_client, work);
	bool had_output = client->out_len > 0;

	out_flush(client);
	if (had_output && client->out_len == 0 && !client->dropped)
		client->ops->drained(client);
	/* One line a turn: its answer is flushed in the next, which the loop then does not wait for. */
	if (!client->dropped && !client->busy && !client->closing && client->out_len == 0 && in_take(client)) {
		client_wake(client);
		return;
	}
	if (client->out_len == 0 && !client->busy && (client->closing || client->input_ended))
		client->dropped = true;
	if (client->dropped)
		client_end(client);
	else
		events_update(client);
}

static void client_ready(struct loop_watch *watch, uint32_t events)
{
	struct control_client *client = container_of(watch, struct control_client, watch);

	if (client->events & EPOLLIN)
		in_read(client);
	else if (events & (EPOLLHUP | EPOLLERR))
		client->dropped = true;
	client_wake(client);
}

int control_client_init(struct control_client *client, struct loop *loop, int fd, const struct control_client_ops *ops)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);
	int ret;

	memset(client, 0, offsetof(struct control_client, in));
	client->ops = ops;
	client->loop = loop;
	client->fd = fd;
	client->events = EPOLLIN;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		client->pid = peer.pid;
	ret = loop_watch_add(loop, &client->watch, fd, EPOLLIN, client_ready);
	if (ret < 0)
		fd_close(&client->fd);
	return ret;
}

void control_client_deinit(struct control_client *client)
{
	loop_watch_del(&client->watch);
	loop_defer_del(&client->work);
	fd_close(&client->fd);
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_capacity = 0;
}
