/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One connection to the control socket.
 *
 * Everything that follows from an event (the next line, other epoll events, the end) is done by one deferred function
 * at the end of the turn: so no call into this module ends a connection under its caller's feet.
 */
#include "control/client/connection.h"

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

static void connection_work(struct loop_defer *defer);

static void connection_wake(struct control_connection *connection)
{
	loop_defer_add(connection->loop, &connection->work, connection_work);
}

size_t control_connection_waiting(const struct control_connection *connection)
{
	return connection->out_len;
}

void control_connection_drop(struct control_connection *connection)
{
	connection->dropped = true;
	connection_wake(connection);
}

void control_connection_idle(struct control_connection *connection)
{
	connection->busy = false;
	connection_wake(connection);
}

static void out_flush(struct control_connection *connection)
{
	while (connection->out_len > 0) {
		ssize_t len = send(connection->fd, connection->out + connection->out_start, connection->out_len,
				   MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno != EAGAIN)
			connection->dropped = true;
		if (len <= 0)
			return;
		connection->out_start += (size_t)len;
		connection->out_len -= (size_t)len;
	}
	connection->out_start = 0;
}

static int out_reserve(struct control_connection *connection, size_t len)
{
	size_t capacity = connection->out_capacity ? connection->out_capacity : 1024;
	char *out;

	if (connection->out_start + connection->out_len + len <= connection->out_capacity)
		return 0;
	if (connection->out_start > 0)
		memmove(connection->out, connection->out + connection->out_start, connection->out_len);
	connection->out_start = 0;
	while (capacity < connection->out_len + len)
		capacity *= 2;
	if (capacity == connection->out_capacity)
		return 0;
	out = realloc(connection->out, capacity);
	if (!out)
		return -ENOMEM;
	connection->out = out;
	connection->out_capacity = capacity;
	return 0;
}

void control_connection_write(struct control_connection *connection, const char *text)
{
	size_t len = strlen(text);

	connection_wake(connection);
	if (connection->dropped)
		return;
	if (out_reserve(connection, len + 1) < 0) {
		connection->dropped = true;
		return;
	}
	memcpy(connection->out + connection->out_start + connection->out_len, text, len);
	connection->out[connection->out_start + connection->out_len + len] = '\n';
	connection->out_len += len + 1;
}

void control_connection_refuse_stream(struct control_connection *connection)
{
	log_limited(&drop_limit, LOG_LEVEL_WARNING, "control", "client %d does not read what it monitors: dropped",
		    (int)connection->pid);
	control_connection_drop(connection);
}

void control_connection_stream(struct control_connection *connection, const char *text)
{
	if (connection->dropped)
		return;
	if (connection->out_len > CONTROL_STREAM_MAX)
		control_connection_refuse_stream(connection);
	else
		control_connection_write(connection, text);
}

/* Takes what has come, as far as there is space. */
static void in_read(struct control_connection *connection)
{
	ssize_t len;

	if (connection->in_len == sizeof(connection->in))
		return;
	len = recv(connection->fd, connection->in + connection->in_len, sizeof(connection->in) - connection->in_len,
		   MSG_DONTWAIT);
	if (len > 0)
		connection->in_len += (size_t)len;
	else if (len == 0)
		connection->input_ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		connection->dropped = true;
}

static void in_refuse(struct control_connection *connection)
{
	control_connection_write(connection, "{\"ok\": false, \"error\": \"request longer than 4096 bytes\"}");
	connection->in_len = 0;
	connection->closing = true;
}

static bool is_blank(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
		i++;
	return i == len;
}

/* Hands over the first line, unless it is blank. False: there is none. */
static bool in_take(struct control_connection *connection)
{
	char *end = memchr(connection->in, '\n', connection->in_len);
	char line[CONTROL_LINE_MAX];
	size_t len, taken;

	if (!end && connection->in_len == sizeof(connection->in)) {
		in_refuse(connection);
		return false;
	}
	if (!end && !(connection->input_ended && connection->in_len > 0))
		return false;
	len = end ? (size_t)(end - connection->in) : connection->in_len;
	taken = end ? len + 1 : len;
	memcpy(line, connection->in, len);
	connection->in_len -= taken;
	memmove(connection->in, connection->in + taken, connection->in_len);
	if (!is_blank(line, len)) {
		connection->has_asked = true;
		connection->ops->line(connection, line, len);
	}
	return true;
}

static void events_update(struct control_connection *connection)
{
	bool reads = !connection->busy && !connection->closing && !connection->input_ended &&
		     connection->out_len == 0 && connection->in_len < sizeof(connection->in);
	uint32_t events = (reads ? EPOLLIN : 0) | (connection->out_len > 0 ? EPOLLOUT : 0);

	if (events != connection->events && loop_watch_modify(&connection->watch, events) == 0)
		connection->events = events;
}

static void connection_end(struct control_connection *connection)
{
	loop_watch_del(&connection->watch);
	loop_defer_del(&connection->work);
	connection->ops->ended(connection);
}

static void connection_work(struct loop_defer *defer)
{
	struct control_connection *connection = container_of(defer, struct control_connection, work);
	bool had_output = connection->out_len > 0;

	out_flush(connection);
	if (had_output && connection->out_len == 0 && !connection->dropped)
		connection->ops->drained(connection);
	/* One line a turn: its answer is flushed in the next, which the loop then does not wait for. */
	if (!connection->dropped && !connection->busy && !connection->closing && connection->out_len == 0 &&
	    in_take(connection)) {
		connection_wake(connection);
		return;
	}
	if (connection->out_len == 0 && !connection->busy &&
	    (connection->closing || (connection->input_ended && !connection->streams)))
		connection->dropped = true;
	if (connection->dropped)
		connection_end(connection);
	else
		events_update(connection);
}

static void connection_ready(struct loop_watch *watch, uint32_t events)
{
	struct control_connection *connection = container_of(watch, struct control_connection, watch);

	if (connection->events & EPOLLIN)
		in_read(connection);
	else if (events & (EPOLLHUP | EPOLLERR))
		connection->dropped = true;
	connection_wake(connection);
}

int control_connection_init(struct control_connection *connection, struct loop *loop, int fd,
			    const struct control_connection_ops *ops)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);
	int ret;

	memset(connection, 0, offsetof(struct control_connection, in));
	connection->ops = ops;
	connection->loop = loop;
	connection->fd = fd;
	connection->events = EPOLLIN;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		connection->pid = peer.pid;
	ret = loop_watch_add(loop, &connection->watch, fd, EPOLLIN, connection_ready);
	if (ret < 0)
		fd_close(&connection->fd);
	return ret;
}

void control_connection_deinit(struct control_connection *connection)
{
	loop_watch_del(&connection->watch);
	loop_defer_del(&connection->work);
	fd_close(&connection->fd);
	free(connection->out);
	connection->out = NULL;
	connection->out_len = connection->out_capacity = 0;
}
