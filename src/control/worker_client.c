/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest, as the control process sees it. Workers are not trusted: what they say is checked here, once. */
#include "control/worker_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/util.h"

/* Other guests and the clients have their turn too. */
#define REPLIES_PER_TURN 64

#define LEVEL_NEVER_TOLD (-2)

const char *control_guest_line_name(const struct control_guest *guest, uint32_t line)
{
	return line < guest->n_lines ? guest->outlet->line_name(guest->outlet->ctx, line) : "";
}

int control_guest_find(const struct control_guest *guest, const char *name)
{
	uint32_t at = *name ? guest->buckets[text_hash(name) & (guest->n_buckets - 1)] : 0;

	while (at != 0 && strcmp(control_guest_line_name(guest, at - 1), name) != 0)
		at = guest->lines[at - 1].next;
	return (int)at - 1;
}

static int lines_init(struct control_guest *guest)
{
	guest->n_buckets = 16;
	while (guest->n_buckets < guest->n_lines)
		guest->n_buckets *= 2;
	guest->lines = calloc(guest->n_lines, sizeof(*guest->lines));
	guest->buckets = calloc(guest->n_buckets, sizeof(*guest->buckets));
	if (!guest->lines || !guest->buckets)
		return -ENOMEM;
	for (uint32_t i = 0; i < guest->n_lines; i++) {
		uint32_t hash = text_hash(control_guest_line_name(guest, i));
		uint16_t *bucket = &guest->buckets[hash & (guest->n_buckets - 1)];

		guest->lines[i] = (struct control_line){ .level = LEVEL_NEVER_TOLD, .next = *bucket };
		*bucket = (uint16_t)(i + 1);
	}
	return 0;
}

/* Questions */

/* The request's id; 0: the port is full. */
static uint32_t request_send(struct control_guest *guest, struct port_request *request)
{
	ssize_t len;

	if (++guest->last_id == 0)
		guest->last_id = 1;
	request->id = guest->last_id;
	do {
		len = send(guest->outlet->port_fd, request, sizeof(*request), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? 0 : request->id;
}

void control_query_cancel(struct control_query *query)
{
	struct control_query **link;

	if (!query->guest)
		return;
	for (link = &query->guest->queries; *link != query; link = &(*link)->next)
		;
	*link = query->next;
	query->guest = NULL;
}

bool control_guest_ask(struct control_guest *guest, struct control_query *query, enum port_type type, uint32_t line,
		       uint32_t value)
{
	control_query_cancel(query);
	query->request = (struct port_request){ .type = type, .line = line, .value = value };
	if (request_send(guest, &query->request) == 0)
		return false;
	query->guest = guest;
	query->next = guest->queries;
	guest->queries = query;
	return true;
}

/*
 * Asks again what a dead worker may have taken with it, but for what done twice is not what was asked for. The time that
 * there is for an answer goes on: a worker that comes anew without end has no more of it than others.
 */
static void queries_repeat(struct control_guest *guest)
{
	for (struct control_query *query = guest->queries; query; query = query->next) {
		if (query->request.type != PORT_TOGGLE)
			request_send(guest, &query->request);
	}
}

static void query_answer(struct control_guest *guest, const struct port_reply *reply)
{
	struct control_query *query = guest->queries;

	while (query && query->request.id != reply->id)
		query = query->next;
	if (!query)
		return;
	control_query_cancel(query);
	query->answered(query, reply);
}

/* Asking for all lines */

static void sync_end(struct control_guest *guest)
{
	guest->syncing = false;
	control_query_cancel(&guest->sync);
	loop_timer_del(&guest->sync_patience);
}

static void sync_ask(struct control_guest *guest, uint32_t line);

/* No answer: who watches wants it whenever it comes. */
static void sync_patience_over(struct loop_timer *timer)
{
	struct control_guest *guest = container_of(timer, struct control_guest, sync_patience);

	sync_ask(guest, guest->sync.request.line);
}

static void sync_ask(struct control_guest *guest, uint32_t line)
{
	control_guest_ask(guest, &guest->sync, PORT_INFO, line, 0);
	if (loop_timer_set(guest->loop, &guest->sync_patience, CONTROL_PATIENCE_NS, 0, sync_patience_over) < 0)
		sync_end(guest);
}

/* Changes may have gone by unseen: all lines are to be asked for from now on. */
static void sync_begin(struct control_guest *guest)
{
	guest->sync_again = guest->syncing;
	if (guest->syncing || guest->watchers == 0)
		return;
	guest->syncing = true;
	sync_ask(guest, 0);
}

static void sync_answered(struct control_query *query, const struct port_reply *reply)
{
	struct control_guest *guest = container_of(query, struct control_guest, sync);
	uint32_t next = query->request.line + 1;

	if (next < guest->n_lines) {
		sync_ask(guest, next);
		return;
	}
	sync_end(guest);
	if (guest->sync_again)
		sync_begin(guest);
}

/* Changes */

static void watch_ask(struct control_guest *guest)
{
	struct port_request request = { .type = PORT_WATCH, .value = guest->watchers > 0 };

	request_send(guest, &request);
}

void control_guest_watch(struct control_guest *guest)
{
	if (guest->watchers++ == 0)
		watch_ask(guest);
}

void control_guest_unwatch(struct control_guest *guest)
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
static void line_told(struct control_guest *guest, const struct port_reply *reply)
{
	struct control_line *line = &guest->lines[reply->line];
	struct control_line before = *line;

	line->level = reply->level;
	line->direction = reply->direction;
	if (before.level == LEVEL_NEVER_TOLD)
		return;
	if (before.level != line->level || before.direction != line->direction)
		guest->ops->changed(guest, reply, edge_between(before.level, line->level));
}

static void hello_came(struct control_guest *guest)
{
	if (guest->watchers > 0)
		watch_ask(guest);
	queries_repeat(guest);
	sync_begin(guest);
}

static void reply_take(struct control_guest *guest, const struct port_reply *reply)
{
	if (reply->level < -1 || reply->level > 1)
		return;
	if (reply->type == PORT_HELLO) {
		hello_came(guest);
		return;
	}
	if (reply->lost > 0)
		guest->ops->lost(guest, reply->lost);
	/* Before the answer is passed on: others that watch the line learn of it in the right order. */
	if (reply->line < guest->n_lines)
		line_told(guest, reply);
	if (reply->lost > 0)
		sync_begin(guest);
	if (reply->type != PORT_EVENT)
		query_answer(guest, reply);
}

static void guest_ready(struct loop_watch *watch, uint32_t events)
{
	struct control_guest *guest = container_of(watch, struct control_guest, watch);
	struct {
		struct port_reply reply;
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
		if (len == sizeof(in.reply))
			reply_take(guest, &in.reply);
	}
}

int control_guest_init(struct control_guest *guest, struct loop *loop, const struct control_outlet *outlet,
		       const struct control_guest_ops *ops, void *ctx)
{
	int ret;

	/* The port may hold answers to an earlier control process: their ids must not look like ours. */
	*guest = (struct control_guest){ .ops = ops,
					 .ctx = ctx,
					 .loop = loop,
					 .name = outlet->guest,
					 .n_lines = outlet->n_lines,
					 .outlet = outlet,
					 .sync.answered = sync_answered,
					 .last_id = (uint32_t)clock_now_ns() };
	ret = lines_init(guest);
	if (ret == 0)
		ret = loop_watch_add(loop, &guest->watch, outlet->port_fd, EPOLLIN, guest_ready);
	if (ret == 0)
		watch_ask(guest); /* an earlier control process may have watched */
	return ret;
}

void control_guest_deinit(struct control_guest *guest)
{
	loop_watch_del(&guest->watch);
	loop_timer_del(&guest->sync_patience);
	free(guest->lines);
	free(guest->buckets);
	guest->lines = NULL;
	guest->buckets = NULL;
}
