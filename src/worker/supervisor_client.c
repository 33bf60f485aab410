/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A worker and its supervisor: fds that are kept, lines that are asked for. */
#include "worker/supervisor_client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/fd_kind.h"
#include "base/util.h"
#include "worker/session_layout.h"

static void supervisor_lost(struct worker_keeper *keeper, int error)
{
	if (keeper->gone)
		return;
	keeper->gone = true;
	keeper->lost(keeper->ctx);
	log_error(keeper->tag, "the supervisor is gone (%s): stopping", strerror(-error));
}

/* Chips that came back */

static void chips_tell(struct loop_defer *defer)
{
	struct worker_keeper *keeper = container_of(defer, struct worker_keeper, back);

	/* What follows asks for lines, and may hear of another chip meanwhile. */
	for (unsigned i = 0; keeper->client.chips_back; i = (i + 1) % GUEST_CHIPS_MAX) {
		if (!(keeper->client.chips_back & UINT64_C(1) << i))
			continue;
		keeper->client.chips_back &= ~(UINT64_C(1) << i);
		keeper->chip_back(keeper->ctx, i);
	}
}

/* Whatever is being done is done first: it may be a request of a line of that very chip. */
static void chips_heard(struct worker_keeper *keeper)
{
	if (keeper->client.chips_back)
		loop_defer_add(keeper->loop, &keeper->back, chips_tell);
}

static void channel_ready(struct loop_watch *watch, uint32_t events)
{
	struct worker_keeper *keeper = container_of(watch, struct worker_keeper, watch);
	int ret = keeper_hear(&keeper->client);

	if (ret < 0) {
		loop_watch_del(watch);
		supervisor_lost(keeper, ret);
	}
	chips_heard(keeper);
}

int worker_keeper_open(struct worker_keeper *keeper, struct loop *loop, int channel)
{
	keeper->client = (struct keeper_client){ .channel = channel };
	keeper->loop = loop;
	return loop_watch_add(loop, &keeper->watch, channel, EPOLLIN, channel_ready);
}

void worker_keeper_close(struct worker_keeper *keeper)
{
	loop_defer_del(&keeper->back);
	loop_watch_del(&keeper->watch);
}

/* Fds */

static void session_drop(void *ctx, uint32_t key)
{
	struct worker_keeper *keeper = ctx;
	int ret = keeper_drop(keeper->client.channel, key);

	if (ret < 0)
		supervisor_lost(keeper, ret);
}

/*
 * The supervisor must be able to close it: it has other guests. -ETOOMANYREFS: a socket with sockets in it, too deep for
 * Linux. What stood under the key is not to be taken for it.
 */
static int session_keep(void *ctx, uint32_t key, int fd)
{
	struct worker_keeper *keeper = ctx;
	int ret = fd_kind_closes(fd_kind(fd)) ? keeper_keep(keeper->client.channel, key, fd) : -EXDEV;

	if (ret == -EXDEV || ret == -ETOOMANYREFS)
		session_drop(keeper, key);
	else if (ret < 0)
		supervisor_lost(keeper, ret);
	return ret;
}

static int session_take(void *ctx, uint32_t key)
{
	const struct worker_keeper *keeper = ctx;
	int fd = kept_find(keeper->kept, key);

	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

struct vhost_fd_store worker_keeper_of_session(struct worker_keeper *keeper)
{
	return (struct vhost_fd_store){ keeper, session_keep, session_drop, session_take };
}

static void drop_line(void *ctx, unsigned line)
{
	session_drop(ctx, worker_line_key(line));
}

static void settle(void *ctx)
{
	struct worker_keeper *keeper = ctx;
	int ret = keeper_settle(keeper->client.channel);

	if (ret < 0)
		log_limited(&keeper->settle_limit, LOG_LEVEL_WARNING, keeper->tag,
			    "released lines are not free yet: %s", strerror(-ret));
}

/* Lines */

static int ask(struct worker_keeper *keeper, const struct keeper_question *question, struct keeper_answer *answer,
	       int *fd)
{
	int ret = keeper_ask(&keeper->client, question, answer, fd);

	chips_heard(keeper);
	if (ret == -ETIMEDOUT)
		log_limited(&keeper->answer_limit, LOG_LEVEL_WARNING, keeper->tag,
			    "line %u: the supervisor does not answer", question->line);
	else if (ret < 0)
		supervisor_lost(keeper, ret);
	return ret < 0 ? ret : answer->error;
}

static int request_line(void *ctx, unsigned line, const struct chip_line_config *config, int *fd)
{
	struct worker_keeper *keeper = ctx;
	const struct keeper_question question = { .type = KEEPER_LINE,
						  .line = line,
						  .direction = config->direction,
						  .value = config->value,
						  .edges = config->edges };
	struct keeper_answer answer;
	int ret = ask(keeper, &question, &answer, fd);

	if (ret == 0 && *fd < 0)
		ret = -EBADMSG;
	/* It may be kept for us all the same, or will be: then it is given back behind that. */
	if (ret == -ETIMEDOUT || ret == -EMFILE)
		drop_line(keeper, line);
	return ret;
}

static int line_info(void *ctx, unsigned line, struct chip_line_info *info)
{
	struct worker_keeper *keeper = ctx;
	const struct keeper_question question = { .type = KEEPER_INFO, .line = line };
	struct keeper_answer answer;
	int fd;
	int ret = ask(keeper, &question, &answer, &fd);

	fd_close(&fd);
	if (ret < 0)
		return ret;
	*info = (struct chip_line_info){ .used = answer.used, .direction = answer.direction };
	memcpy(info->name, answer.name, sizeof(info->name));
	memcpy(info->consumer, answer.consumer, sizeof(info->consumer));
	return 0;
}

struct chip_broker worker_keeper_broker(struct worker_keeper *keeper)
{
	return (struct chip_broker){ keeper, request_line, drop_line, line_info, settle };
}
