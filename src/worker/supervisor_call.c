/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor channel, as a worker speaks it. */
#include "worker/supervisor_call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"

#define BARRIER_MS 1000
/* A supervisor that reads a configuration or has a slow chip answers by then; one that hangs does not. */
#define REPLY_MS 10000

static int message_send(int channel, enum supervisor_channel_type type, uint32_t key, const int *fd)
{
	struct supervisor_channel_message message = { .type = type, .key = key };
	ssize_t len = scm_send(channel, &message, sizeof(message), fd, fd ? 1 : 0, 0);

	return len < 0 ? (int)len : 0;
}

int supervisor_call_store(int channel, uint32_t key, int fd)
{
	return message_send(channel, SUPERVISOR_CHANNEL_STORE, key, &fd);
}

int supervisor_call_remove(int channel, uint32_t key)
{
	return message_send(channel, SUPERVISOR_CHANNEL_REMOVE, key, NULL);
}

/* Waits for events of fd, and for its end. */
static int wait_for(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int ret;

	do {
		ret = poll(&pfd, 1, ms);
	} while (ret < 0 && errno == EINTR);
	return ret > 0 ? 0 : ret == 0 ? -ETIMEDOUT : -errno;
}

int supervisor_call_barrier(int channel)
{
	int fds[2];
	int ret;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	ret = message_send(channel, SUPERVISOR_CHANNEL_BARRIER, 0, &fds[1]);
	fd_close(&fds[1]);
	if (ret == 0)
		ret = wait_for(fds[0], 0, BARRIER_MS); /* POLLHUP is always reported */
	fd_close(&fds[0]);
	return ret;
}

enum received {
	RECEIVED_NEWS = 1,
	RECEIVED_REPLY,
};

/* What could not be received of it is missing: the wires say so. */
static bool is_wire(const struct supervisor_call *call, const struct supervisor_channel_message *message, ssize_t len)
{
	return call->wire && (len == sizeof(*message) || len == -EMFILE) && message->type == SUPERVISOR_CHANNEL_WIRE;
}

/* One message: enum received; -EAGAIN: there is none; another -errno: the supervisor is gone. */
static int call_take(struct supervisor_call *call, struct supervisor_channel_reply *reply, int *fd)
{
	union {
		struct supervisor_channel_message message;
		struct supervisor_channel_reply reply;
	} in = { .message.type = 0 };
	size_t n_fds;
	ssize_t len;

	*fd = -1;
	len = scm_recv(call->channel, &in, sizeof(in), fd, 1, &n_fds, MSG_DONTWAIT);
	/* There was no fd left for that of a reply. */
	if (len == -EMFILE && in.message.type != SUPERVISOR_CHANNEL_WIRE) {
		*reply = (struct supervisor_channel_reply){ .type = SUPERVISOR_CHANNEL_REPLY, .error = -EMFILE };
		return RECEIVED_REPLY;
	}
	if (len == sizeof(in.reply) && in.reply.type == SUPERVISOR_CHANNEL_REPLY) {
		*reply = in.reply;
		return RECEIVED_REPLY;
	}
	if (is_wire(call, &in.message, len)) {
		call->wire(call->ctx, in.message.key, fd_steal(fd));
		return RECEIVED_NEWS;
	}
	fd_close(fd);
	if (len != sizeof(in.message) || in.message.type != SUPERVISOR_CHANNEL_CHIP)
		return len < 0 ? (int)len : -ECONNRESET;
	if (in.message.key < GUEST_CHIPS_MAX)
		call->chips_back |= UINT64_C(1) << in.message.key;
	return RECEIVED_NEWS;
}

int supervisor_call_receive(struct supervisor_call *call)
{
	struct supervisor_channel_reply reply;
	int fd, ret;

	while ((ret = call_take(call, &reply, &fd)) > 0) {
		fd_close(&fd);
		if (ret == RECEIVED_REPLY)
			call->overdue = false;
	}
	return ret == -EAGAIN ? 0 : ret;
}

static int call_await(struct supervisor_call *call, struct supervisor_channel_reply *reply, int *fd)
{
	int ret;

	while ((ret = call_take(call, reply, fd)) != RECEIVED_REPLY) {
		if (ret == -EAGAIN)
			ret = wait_for(call->channel, POLLIN, REPLY_MS);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int supervisor_call_request(struct supervisor_call *call, const struct supervisor_channel_request *request,
			    struct supervisor_channel_reply *reply, int *fd)
{
	int ret = supervisor_call_receive(call);
	ssize_t len;

	*fd = -1;
	if (ret < 0 || call->overdue)
		return ret < 0 ? ret : -ETIMEDOUT;
	len = scm_send(call->channel, request, sizeof(*request), NULL, 0, 0);
	if (len < 0)
		return (int)len;
	ret = call_await(call, reply, fd);
	call->overdue = ret == -ETIMEDOUT;
	return ret;
}
