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
/* Messages: more than fit into a socket. */
#define LEFT_REPLIES_MAX 4096

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

/* 0; -EAGAIN: the channel is full; another -errno: nobody is there. */
static int request_send(struct worker_client *guest, struct control_channel_request *request)
{
	ssize_t len;

	request->id = guest->last_id == UINT32_MAX ? 1 : guest->last_id + 1;
	do {
		len = send(guest->fd, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	if (len < 0) {
		guest->unread |= errno == ECONNRESET;
		return -errno;
	}
	guest->last_id = request->id;
	guest->n_sent++;
	return 0;
}

static int query_send(struct worker_client *guest, struct worker_query *query)
{
	int ret = request_send(guest, &query->request);

	query->number = ret == 0 ? guest->n_sent : 0;
	return ret;
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
	query->maybe_done = false;
	if (query_send(guest, query) == -EAGAIN)
		return false;
	query->guest = guest;
	query->next = guest->queries;
	guest->queries = query;
	return true;
}

/*
 * A worker answers one request before it takes the next. So of those that it has not answered it may have done the first
 * only, and not even that one when it is the last that was sent and something was left unread.
 */
static bool query_is_untouched(const struct worker_client *guest, const struct worker_query *query)
{
	return query->number == 0 || query->number > guest->n_replies + 1 ||
	       (guest->unread && query->number == guest->n_sent);
}

/* The time that there is for an answer goes on: a worker that is restarted without end has no more of it than others. */
static void queries_repeat(struct worker_client *guest)
{
	for (struct worker_query *query = guest->queries; query; query = query->next) {
		if (!query->once || !query->maybe_done)
			query_send(guest, query);
	}
}

static void query_answer(struct worker_client *guest, const struct control_channel_reply *reply)
{
	struct worker_query *query = guest->queries;

	while (query && query->request.id != reply->id)
		query = query->next;
	if (!query)
		return;
	if (query->request.type == CONTROL_CHANNEL_INFO && query->request.value > 0) {
		query->request.line++;
		query->request.value--;
	} else {
		worker_query_cancel(query);
	}
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
	if (guest->watchers++ > 0)
		return;
	guest->heard = false; /* it told of nothing since */
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

/* Every message tells of its guest, too. */
static void guest_report(struct worker_client *guest, const struct control_channel_reply *reply)
{
	bool changed = guest->connected != (reply->connected != 0) || guest->ready != (reply->ready != 0);

	guest->connected = reply->connected;
	guest->ready = reply->ready;
	guest->told_ns = reply->time_ns;
	if (changed && guest->heard)
		guest->ops->guest_changed(guest);
	guest->heard = true;
}

/* Requests are answered in their order, and their ids follow each other: which one it is, of those sent on this channel. */
static void reply_count(struct worker_client *guest, uint32_t id)
{
	uint32_t later = guest->last_id - id - (id > guest->last_id); /* 0 is no id */

	if (id != 0 && later < guest->n_sent)
		guest->n_replies = guest->n_sent - later;
}

/* The change itself shows nothing, since the one before it was lost. */
static bool is_change_back(const struct worker_client *guest, const struct control_channel_reply *reply)
{
	const struct worker_line *line = reply->line < guest->n_lines ? &guest->lines[reply->line] : NULL;

	return reply->type == CONTROL_CHANNEL_EVENT && line && line->level == reply->level &&
	       line->direction == reply->direction;
}

static void reply_take(struct worker_client *guest, const struct control_channel_reply *reply)
{
	if (reply->level < -1 || reply->level > 1)
		return;
	reply_count(guest, reply->id);
	/* An earlier control process has watched. To ask each worker at the start would wake a thousand for one that is. */
	if (reply->type == CONTROL_CHANNEL_EVENT && guest->watchers == 0)
		watch_ask(guest);
	if (reply->dropped > 0)
		guest->ops->dropped(guest, reply->dropped + is_change_back(guest, reply));
	guest_report(guest, reply);
	/* Before the answer is passed on: others that watch the line learn of it in the right order. */
	if (reply->line < guest->n_lines)
		line_report(guest, reply);
	if (reply->dropped > 0)
		sync_begin(guest);
	if (reply->type != CONTROL_CHANNEL_EVENT)
		query_answer(guest, reply);
}

static void replies_take(struct worker_client *guest, const struct control_channel_reply *replies, size_t n)
{
	for (size_t i = 0; i < n; i++)
		reply_take(guest, &replies[i]);
}

/* The channel */

/* Its worker is gone, or has shut it. The next one has another. */
static void channel_end(struct worker_client *guest)
{
	loop_watch_del(&guest->watch);
	fd_close(&guest->fd);
	for (struct worker_query *query = guest->queries; query; query = query->next) {
		query->maybe_done |= !query_is_untouched(guest, query);
		query->number = 0;
	}
	guest->n_sent = guest->n_replies = 0;
	guest->unread = false;
}

/* How many replies came with a message; -1: there is no more to read, now or ever. */
static int replies_read(struct worker_client *guest)
{
	struct {
		struct control_channel_reply replies[CONTROL_CHANNEL_LINES_MAX];
		char excess; /* so that a message that is too long shows */
	} in;
	ssize_t len = recv(guest->fd, &in, sizeof(in), MSG_DONTWAIT);

	if (len < 0) {
		/* That comes once, and before what there is to read. */
		guest->unread |= errno == ECONNRESET;
		return errno == ECONNRESET || errno == EINTR ? 0 : -1;
	}
	if (len == 0 && fd_is_shut(guest->fd)) {
		channel_end(guest);
		return -1;
	}
	if (len > (ssize_t)sizeof(in.replies) || len % (ssize_t)sizeof(in.replies[0]) != 0)
		return 0;
	replies_take(guest, in.replies, (size_t)len / sizeof(in.replies[0]));
	return (int)((size_t)len / sizeof(in.replies[0]));
}

static void guest_ready(struct loop_watch *watch, uint32_t events)
{
	struct worker_client *guest = container_of(watch, struct worker_client, watch);
	int left = REPLIES_PER_TURN, n = 0;

	/* A message with nothing in it is one, too. */
	for (; left > 0 && n >= 0; left -= n > 0 ? n : 1)
		n = replies_read(guest);
	/* Whatever was read: nothing is to come any more, and this would be told again and again. */
	if (n < 0 && guest->fd >= 0 && events & EPOLLHUP)
		channel_end(guest);
}

static int channel_begin(struct worker_client *guest, int fd)
{
	int ret = loop_watch_add(guest->loop, &guest->watch, fd, EPOLLIN, guest_ready);

	guest->fd = fd;
	if (ret < 0)
		channel_end(guest);
	return ret;
}

void worker_client_renew(struct worker_client *guest, int fd)
{
	/* What the earlier one has answered need not be asked again. It can send no more. */
	for (int i = 0; i < LEFT_REPLIES_MAX && guest->fd >= 0 && replies_read(guest) >= 0; i++)
		;
	channel_end(guest);
	if (channel_begin(guest, fd) < 0)
		return;
	if (guest->watchers > 0)
		watch_ask(guest);
	queries_repeat(guest);
	sync_begin(guest);
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
					 .fd = -1,
					 .sync.answered = sync_answered,
					 .last_id = (uint32_t)clock_now_ns() };
	ret = lines_init(guest);
	return ret == 0 && description->fd >= 0 ? channel_begin(guest, description->fd) : ret;
}

void worker_client_deinit(struct worker_client *guest)
{
	loop_watch_del(&guest->watch);
	fd_close(&guest->fd);
	loop_timer_del(&guest->sync_timer);
	free(guest->lines);
	free(guest->buckets);
	guest->lines = NULL;
	guest->buckets = NULL;
}
