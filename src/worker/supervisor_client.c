/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A worker and its supervisor: fds that are stored, lines that are requested. */
#include "worker/supervisor_client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/fd_kind.h"
#include "base/util.h"
#include "worker/session_layout.h"

static void supervisor_gone(struct supervisor_client *client, int error)
{
	if (client->gone)
		return;
	client->gone = true;
	client->supervisor_gone(client->ctx);
	log_error(client->tag, "the supervisor is gone (%s): stopping", strerror(-error));
}

/* Chips that came back */

static void chips_report(struct loop_defer *defer)
{
	struct supervisor_client *client = container_of(defer, struct supervisor_client, back);

	/* What follows requests lines, and may hear of another chip meanwhile. */
	for (unsigned i = 0; client->call.chips_back; i = (i + 1) % GUEST_CHIPS_MAX) {
		if (!(client->call.chips_back & UINT64_C(1) << i))
			continue;
		client->call.chips_back &= ~(UINT64_C(1) << i);
		client->chip_back(client->ctx, i);
	}
}

/* Whatever is being done is done first: it may be a request of a line of that very chip. */
static void chips_received(struct supervisor_client *client)
{
	if (client->call.chips_back)
		loop_defer_add(client->loop, &client->back, chips_report);
}

static void channel_ready(struct loop_watch *watch, uint32_t events)
{
	struct supervisor_client *client = container_of(watch, struct supervisor_client, watch);
	int ret = supervisor_call_receive(&client->call);

	if (ret < 0) {
		loop_watch_del(watch);
		supervisor_gone(client, ret);
	}
	chips_received(client);
}

int supervisor_client_open(struct supervisor_client *client, struct loop *loop, int channel)
{
	client->call = (struct supervisor_call){ .channel = channel, .wire = client->wire, .ctx = client->ctx };
	client->loop = loop;
	return loop_watch_add(loop, &client->watch, channel, EPOLLIN, channel_ready);
}

void supervisor_client_close(struct supervisor_client *client)
{
	loop_defer_del(&client->back);
	loop_watch_del(&client->watch);
}

/* Fds */

static void session_remove(void *ctx, uint32_t key)
{
	struct supervisor_client *client = ctx;
	int ret = supervisor_call_remove(client->call.channel, key);

	if (ret < 0)
		supervisor_gone(client, ret);
}

/*
 * The supervisor must be able to close it: it has other guests. -ETOOMANYREFS: a socket with sockets in it, too deep for
 * Linux. What stood under the key is not to be taken for it.
 */
static int session_store(void *ctx, uint32_t key, int fd)
{
	struct supervisor_client *client = ctx;
	int ret = fd_kind_closes(fd_kind(fd)) ? supervisor_call_store(client->call.channel, key, fd) : -EXDEV;

	if (ret == -EXDEV || ret == -ETOOMANYREFS)
		session_remove(client, key);
	else if (ret < 0)
		supervisor_gone(client, ret);
	return ret;
}

static int session_take(void *ctx, uint32_t key)
{
	const struct supervisor_client *client = ctx;
	int fd = fd_store_find(client->store, key);

	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

struct vhost_fd_store supervisor_client_session_store(struct supervisor_client *client)
{
	return (struct vhost_fd_store){ client, session_store, session_remove, session_take };
}

static void remove_line(void *ctx, unsigned line)
{
	session_remove(ctx, session_layout_line_key(line));
}

static void barrier(void *ctx)
{
	struct supervisor_client *client = ctx;
	int ret = supervisor_call_barrier(client->call.channel);

	if (ret < 0)
		log_limited(&client->barrier_limit, LOG_LEVEL_WARNING, client->tag,
			    "released lines may still be held by the supervisor: %s", strerror(-ret));
}

/* Lines */

static int request_send(struct supervisor_client *client, const struct supervisor_channel_request *request,
			struct supervisor_channel_reply *reply, int *fd)
{
	int ret = supervisor_call_request(&client->call, request, reply, fd);

	chips_received(client);
	if (ret == -ETIMEDOUT && request->type == SUPERVISOR_CHANNEL_MOVED)
		log_error(client->tag, "session: the supervisor does not answer");
	else if (ret == -ETIMEDOUT)
		log_limited(&client->reply_limit, LOG_LEVEL_WARNING, client->tag,
			    "line %u: the supervisor does not answer", request->line);
	else if (ret < 0)
		supervisor_gone(client, ret);
	return ret < 0 ? ret : reply->error;
}

int supervisor_client_moved(struct supervisor_client *client, bool moved)
{
	const struct supervisor_channel_request request = { .type = SUPERVISOR_CHANNEL_MOVED, .line = moved };
	struct supervisor_channel_reply reply;
	int fd;
	int ret = request_send(client, &request, &reply, &fd);

	fd_close(&fd);
	return ret;
}

static int request_line(void *ctx, unsigned line, const struct chip_line_config *config, int *fd)
{
	struct supervisor_client *client = ctx;
	const struct supervisor_channel_request request = { .type = SUPERVISOR_CHANNEL_LINE,
							    .line = line,
							    .direction = config->direction,
							    .value = config->value,
							    .edges = config->edges };
	struct supervisor_channel_reply reply;
	int ret = request_send(client, &request, &reply, fd);

	if (ret == 0 && *fd < 0)
		ret = -EBADMSG;
	/* It may be stored for us all the same, or will be: then it is removed behind that. */
	if (ret == -ETIMEDOUT || ret == -EMFILE)
		remove_line(client, line);
	return ret;
}

static int line_info(void *ctx, unsigned line, struct chip_line_info *info)
{
	struct supervisor_client *client = ctx;
	const struct supervisor_channel_request request = { .type = SUPERVISOR_CHANNEL_LINE_INFO, .line = line };
	struct supervisor_channel_reply reply;
	int fd;
	int ret = request_send(client, &request, &reply, &fd);

	fd_close(&fd);
	if (ret < 0)
		return ret;
	*info = (struct chip_line_info){ .used = reply.used, .direction = reply.direction };
	memcpy(info->name, reply.name, sizeof(info->name));
	memcpy(info->consumer, reply.consumer, sizeof(info->consumer));
	return 0;
}

struct chip_broker supervisor_client_broker(struct supervisor_client *client)
{
	return (struct chip_broker){ client, request_line, remove_line, line_info, barrier };
}
