/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The keeper protocol, as a worker speaks it. */
#include "worker/supervisor_call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"

#define SETTLE_MS 1000
/* A supervisor that reads a configuration or has a slow chip answers by then; one that hangs does not. */
#define ANSWER_MS 10000

static int keeper_send(int channel, enum keeper_type type, uint32_t key, const int *fd)
{
	struct keeper_message message = { .type = type, .key = key };
	ssize_t len = scm_send(channel, &message, sizeof(message), fd, fd ? 1 : 0, 0);

	return len < 0 ? (int)len : 0;
}

int keeper_keep(int channel, uint32_t key, int fd)
{
	return keeper_send(channel, KEEPER_KEEP, key, &fd);
}

int keeper_drop(int channel, uint32_t key)
{
	return keeper_send(channel, KEEPER_DROP, key, NULL);
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

int keeper_settle(int channel)
{
	int fds[2];
	int ret;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	ret = keeper_send(channel, KEEPER_SETTLE, 0, &fds[1]);
	fd_close(&fds[1]);
	if (ret == 0)
		ret = wait_for(fds[0], 0, SETTLE_MS); /* the other end being closed is always told */
	fd_close(&fds[0]);
	return ret;
}

enum heard {
	HEARD_CHIP = 1,
	HEARD_ANSWER,
};

/* One message: enum heard; -EAGAIN: there is none; another -errno: the supervisor is gone. */
static int client_take(struct keeper_client *client, struct keeper_answer *answer, int *fd)
{
	union {
		struct keeper_message message;
		struct keeper_answer answer;
	} in;
	size_t n_fds;
	ssize_t len;

	*fd = -1;
	len = scm_recv(client->channel, &in, sizeof(in), fd, 1, &n_fds, MSG_DONTWAIT);
	/* Here was no room for the fd of an answer; nothing else has one. */
	if (len == -EMFILE) {
		*answer = (struct keeper_answer){ .type = KEEPER_ANSWER, .error = -EMFILE };
		return HEARD_ANSWER;
	}
	if (len == sizeof(in.answer) && in.answer.type == KEEPER_ANSWER) {
		*answer = in.answer;
		return HEARD_ANSWER;
	}
	fd_close(fd);
	if (len != sizeof(in.message) || in.message.type != KEEPER_CHIP)
		return len < 0 ? (int)len : -ECONNRESET;
	if (in.message.key < GUEST_CHIPS_MAX)
		client->chips_back |= UINT64_C(1) << in.message.key;
	return HEARD_CHIP;
}

int keeper_hear(struct keeper_client *client)
{
	struct keeper_answer answer;
	int fd, ret;

	while ((ret = client_take(client, &answer, &fd)) > 0) {
		fd_close(&fd);
		if (ret == HEARD_ANSWER)
			client->late = false;
	}
	return ret == -EAGAIN ? 0 : ret;
}

static int client_await(struct keeper_client *client, struct keeper_answer *answer, int *fd)
{
	int ret;

	while ((ret = client_take(client, answer, fd)) != HEARD_ANSWER) {
		if (ret == -EAGAIN)
			ret = wait_for(client->channel, POLLIN, ANSWER_MS);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int keeper_ask(struct keeper_client *client, const struct keeper_question *question, struct keeper_answer *answer,
	       int *fd)
{
	int ret = keeper_hear(client);
	ssize_t len;

	*fd = -1;
	if (ret < 0 || client->late)
		return ret < 0 ? ret : -ETIMEDOUT;
	len = scm_send(client->channel, question, sizeof(*question), NULL, 0, 0);
	if (len < 0)
		return (int)len;
	ret = client_await(client, answer, fd);
	client->late = ret == -ETIMEDOUT;
	return ret;
}
