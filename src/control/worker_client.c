/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest, as the control process sees it. Workers are not trusted: what they say is checked here, once. */
#include "control/worker_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/util.h"
#include "loop/timer.h"

/* Other guests and the clients have their turn too. */
#define REPLIES_PER_TURN 64

#define LEVEL_NEVER_REPORTED (-2)

const char *worker_client_line_name(const struct worker_client *guest, uint32_t line)
{
	return line < guest->n_lines ? guest->description->line_name(guest->description->ctx, line) : "";
}

int worker_client_find(const struct worker_client *guest, const char *name)
{
	uint32_t at = *name ? guest->buckets[text_hash(name) & (guest->n_buckets - 1)] : 0;

	while (at != 0 && strcmp(worker_client_line_name(guest, at - 1), name) != 0)
		at = guest->lines[at - 1].next;
	return (int)at - 1;
}

static int lines_init(struct worker_client *guest)
{
	guest->n_buckets = 16;
	while (guest->n_buckets < guest->n_lines)
		guest->n_buckets *= 2;
	guest->lines = calloc(guest->n_lines, sizeof(*guest->lines));
	guest->buckets = calloc(guest->n_buckets, sizeof(*guest->buckets));
	if (!guest->lines || !guest->buckets)
		return -ENOMEM;
	for (uint32_t i = 0; i < guest->n_lines; i++) {
		uint32_t hash = text_hash(worker_client_line_name(guest, i));
		uint16_t *bucket = &guest->buckets[hash & (guest->n_buckets - 1)];

		guest->lines[i] = (struct worker_line){ .level = LEVEL_NEVER_REPORTED, .next = *bucket };
		*bucket = (uint16_t)(i + 1);
	}
	return 0;
}

/* Questions */

/* The request's id; 0: the channel is full. */
static uint32_t request_send(struct worker_client *guest, struct control_channel_request *request)
{
	ssize_t len;

	if (++guest->last_id == 0)
		guest->last_id = 1;
	request->id = guest->last_id;
	do {
		len = send(guest->description->fd, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? 0 : request->id;
}

void worker_query_cancel(struct worker_query *query)
{
	struct worker_query **link;

	if (!query->guest)
		return;
	for (link = &query->guest->queries; *link != query; link = &(*link)->next)
		;
	*link = query->next;
	query->guest = NULL;
}

bool worker_client_ask(struct worker_client *guest, struct worker_query *query, enum control_channel_type type,
		       uint32_t line, uint32_t value)
{
	worker_query_cancel(query);
	query->request = (struct control_channel_request){ .type = type, .line = line, .value = value };
	if (request_send(guest, &query->request) == 0)
		return false;
	query->guest = guest;
	query->next = guest->queries;
	guest->queries = query;
	return true;
}

/*
 * Repeats what a dead worker may have taken with it, but for what done twice is not what was asked for. The time that
 * there is for an answer goes on: a worker that is restarted without end has no more of it than others.
 */
static void queries_repeat(struct worker_client *guest)
{
	for (struct worker_query *query = guest->queries; query; query = query->next) {
		if (!query->once)
			request_send(guest, &query->request);
	}
}

static void query_answer(struct worker_client *guest, const struct control_channel_reply *reply)
{
	struct worker_query *query = guest->queries;

	while (query && query->request.id != reply->id)
		query = query->next;
	if (!query)
		return;
	worker_query_cancel(query);
	query->answered(query, reply);
}

/* Asking for all lines */

static void sync_end(struct worker_client *guest)
{
	guest->syncing = false;
	worker_query_cancel(&guest->sync);
	loop_timer_del(&guest->sync_timer);
}

static void sync_ask(struct worker_client *guest, uint32_t line);

/* No answer: who watches wants it whenever it comes. */
static void sync_timed_out(struct loop_timer *timer)
{
	struct worker_client *guest = container_of(timer, struct worker_client, sync_timer);

	sync_ask(guest, guest->sync.request.line);
}

static void sync_ask(struct worker_client *guest, uint32_t line)
{
	worker_client_ask(guest, &guest->sync, CONTROL_CHANNEL_INFO, line, 0);
	if (loop_timer_set(guest->loop, &guest->sync_timer, WORKER_TIMEOUT_NS, 0, sync_timed_out) < 0)
		sync_end(guest);
}

/* Changes may have gone by unseen: all lines are to be asked for from now on. */
static void sync_begin(struct worker_client *guest)
{
	guest->sync_retry = guest->syncing;
	if (guest->syncing || guest->watchers == 0)
		return;
	guest->syncing = true;
	sync_ask(guest, 0);
}

static void sync_answered(struct worker_query *query, const struct control_channel_reply *reply)
{
	struct worker_client *guest = container_of(query, struct worker_client, sync);
	uint32_t next = query->request.line + 1;

	if (next < guest->n_lines) {
		sync_ask(guest, next);
		return;
	}
	sync_end(guest);
	if (guest->sync_retry)
		sync_begin(guest);
}

/* Changes */

static void watch_ask(struct worker_client *guest)
{
	struct control_channel_request request = { .type = CONTROL_CHANNEL_WATCH, .value = guest->watchers > 0 };

	request_send(guest, &request);
}

void worker_client_watch(struct worker_client *guest)
{
	if (guest->watchers++ == 0)
		watch_ask(guest);
}

void worker_client_unwatch(struct worker_client *guest)
{
	if (--guest->watchers > 0)
		return;
	watch_ask(guest);
	sync_end(guest);
}

static enum control_edge edge_between(int8_t before, int8_t after)
{
	if (before < 0 || after < 0 || before == after)
		return CONTROL_EDGE_NONE;
	return after ? CONTROL_EDGE_RISING : CONTROL_EDGE_FALLING;
}

/* Every reply and event that tells about a line. */
static void line_report(struct worker_client *guest, const struct control_channel_reply *reply)
{
	struct worker_line *line = &guest->lines[reply->line];
	struct worker_line before = *line;

	line->level = reply->level;
	line->direction = reply->direction;
	if (before.level == LEVEL_NEVER_REPORTED)
		return;
	if (before.level != line->level || before.direction != line->direction)
		guest->ops->changed(guest, reply, edge_between(before.level, line->level));
}

static void hello_came(struct worker_client *guest)
{
	if (guest->watchers > 0)
		watch_ask(guest);
	queries_repeat(guest);
	sync_begin(guest);
}

static void reply_take(struct worker_client *guest, const struct control_channel_reply *reply)
{
	if (reply->level < -1 || reply->level > 1)
		return;
	if (reply->type == CONTROL_CHANNEL_HELLO) {
		hello_came(guest);
		return;
	}
	if (reply->dropped > 0)
		guest->ops->dropped(guest, reply->dropped);
	/* Before the answer is passed on: others that watch the line learn of it in the right order. */
	if (reply->line < guest->n_lines)
		line_report(guest, reply);
	if (reply->dropped > 0)
		sync_begin(guest);
	if (reply->type != CONTROL_CHANNEL_EVENT)
		query_answer(guest, reply);
}

static void guest_ready(struct loop_watch *watch, uint32_t events)
{
	struct worker_client *guest = container_of(watch, struct worker_client, watch);
	struct {
		struct control_channel_reply reply;
		char excess; /* so that a message that is too long shows */
	} in;

	if (events & (EPOLLHUP | EPOLLERR)) {
		loop_watch_del(watch);
		guest->ops->ended(guest);
		return;
	}
	for (int i = 0; i < REPLIES_PER_TURN; i++) {
		ssize_t len = recv(watch->fd, &in, sizeof(in), MSG_DONTWAIT);

		if (len < 0 && errno != EINTR)
			return;
		/* The worker shut it: nothing comes any more, and the supervisor makes another one when it is gone. */
		if (len == 0 && fd_is_shut(watch->fd)) {
			loop_watch_del(watch);
			return;
		}
		if (len == sizeof(in.reply))
			reply_take(guest, &in.reply);
	}
}

int worker_client_init(struct worker_client *guest, struct loop *loop, const struct control_guest *description,
		       const struct worker_client_ops *ops, void *ctx)
{
	int ret;

	/* The channel may hold answers to an earlier control process: their ids must not look like ours. */
	*guest = (struct worker_client){ .ops = ops,
					 .ctx = ctx,
					 .loop = loop,
					 .name = description->name,
					 .n_lines = description->n_lines,
					 .description = description,
					 .sync.answered = sync_answered,
					 .last_id = (uint32_t)clock_now_ns() };
	ret = lines_init(guest);
	if (ret == 0)
		ret = loop_watch_add(loop, &guest->watch, description->fd, EPOLLIN, guest_ready);
	if (ret == 0)
		watch_ask(guest); /* an earlier control process may have watched */
	return ret;
}

void worker_client_deinit(struct worker_client *guest)
{
	loop_watch_del(&guest->watch);
	loop_timer_del(&guest->sync_timer);
	free(guest->lines);
	free(guest->buckets);
	guest->lines = NULL;
	guest->buckets = NULL;
}
