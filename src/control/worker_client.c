/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest, as the control process sees it. Workers are not trusted: what they say is checked here, once. */
#include "control/worker_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/util.h"

/* Other guests and the clients have their turn too. */
#define REPLIES_PER_TURN 64

int control_guest_find(const struct control_guest *guest, const char *name)
{
	uint32_t at;

	if (!guest->ready || !*name)
		return -1;
	at = guest->buckets[text_hash(name) & (guest->n_buckets - 1)];
	while (at != 0 && strcmp(guest->lines[at - 1].name, name) != 0)
		at = guest->lines[at - 1].next;
	return (int)at - 1;
}

/* Once, when every name is known: a name that came later would not be found. */
static void names_index(struct control_guest *guest)
{
	for (uint32_t i = 0; i < guest->n_lines; i++) {
		struct control_line *line = &guest->lines[i];
		uint16_t *bucket = &guest->buckets[text_hash(line->name) & (guest->n_buckets - 1)];

		line->next = *bucket;
		*bucket = (uint16_t)(i + 1);
	}
	guest->ready = true;
	guest->ops->ready(guest);
}

static int lines_alloc(struct control_guest *guest, uint32_t n_lines)
{
	uint32_t n_buckets = 16;

	while (n_buckets < n_lines)
		n_buckets *= 2;
	guest->lines = calloc(n_lines, sizeof(*guest->lines));
	guest->buckets = calloc(n_buckets, sizeof(*guest->buckets));
	if (!guest->lines || !guest->buckets) {
		free(guest->lines);
		free(guest->buckets);
		guest->lines = NULL;
		guest->buckets = NULL;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n_lines; i++)
		guest->lines[i].level = LEVEL_NEVER_TOLD;
	guest->n_lines = n_lines;
	guest->n_buckets = n_buckets;
	return 0;
}

uint32_t control_guest_ask(struct control_guest *guest, enum port_type type, uint32_t line, uint32_t value)
{
	struct port_request request = { .type = type, .line = line, .value = value };
	ssize_t len;

	if (++guest->last_id == 0)
		guest->last_id = 1;
	request.id = guest->last_id;
	do {
		len = send(guest->fd, &request, sizeof(request), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? 0 : request.id;
}

static void sync_end(struct control_guest *guest)
{
	guest->syncing = false;
	guest->sync_id = 0;
	loop_timer_del(&guest->sync_patience);
}

static void sync_ask(struct control_guest *guest);

/*
 * No answer. Who watches wants the answer whenever it comes; who needs the names has a patience of its own, and starts
 * it again.
 */
static void sync_patience_over(struct loop_timer *timer)
{
	struct control_guest *guest = container_of(timer, struct control_guest, sync_patience);

	if (guest->watchers > 0)
		sync_ask(guest);
	else
		sync_end(guest);
}

static void sync_ask(struct control_guest *guest)
{
	guest->sync_id = control_guest_ask(guest, PORT_INFO, guest->sync_line, 0);
	if (loop_timer_set(guest->loop, &guest->sync_patience, CONTROL_PATIENCE_NS, 0, sync_patience_over) < 0)
		sync_end(guest);
}

void control_guest_sync(struct control_guest *guest)
{
	if (guest->syncing)
		return;
	guest->syncing = true;
	guest->sync_line = 0;
	guest->sync_again = false;
	sync_ask(guest);
}

/* Changes may have gone by unseen: all lines are to be asked for from now on. */
static void sync_anew(struct control_guest *guest)
{
	if (guest->syncing)
		guest->sync_again = true;
	else
		control_guest_sync(guest);
}

static void sync_answered(struct control_guest *guest)
{
	guest->sync_line++;
	if (guest->sync_line < guest->n_lines) {
		sync_ask(guest);
		return;
	}
	sync_end(guest);
	if (!guest->ready)
		names_index(guest);
	if (guest->sync_again)
		control_guest_sync(guest);
}

static void watch_ask(struct control_guest *guest)
{
	control_guest_ask(guest, PORT_WATCH, 0, guest->watchers > 0);
}

void control_guest_watch(struct control_guest *guest)
{
	if (guest->watchers++ == 0)
		watch_ask(guest);
}

void control_guest_unwatch(struct control_guest *guest)
{
	if (--guest->watchers == 0)
		watch_ask(guest);
}

/* A line's name is taken once; what is not printable ASCII is no name (and could not be written as JSON). */
static void name_take(struct control_line *line, const struct port_reply *reply)
{
	for (const char *c = reply->name; *c; c++) {
		if (*c < ' ' || *c > '~')
			return;
	}
	memcpy(line->name, reply->name, sizeof(line->name));
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

	if (!guest->ready)
		name_take(line, reply);
	line->level = reply->level;
	line->direction = reply->direction;
	if (before.level == LEVEL_NEVER_TOLD)
		return;
	if (before.level != line->level || before.direction != line->direction)
		guest->ops->changed(guest, reply, edge_between(before.level, line->level));
}

static bool reply_valid(const struct control_guest *guest, const struct port_reply *reply)
{
	return reply->n_lines >= 1 && reply->n_lines <= CHIP_LINES_MAX &&
	       (guest->n_lines == 0 || reply->n_lines == guest->n_lines) && reply->level >= -1 && reply->level <= 1 &&
	       memchr(reply->name, '\0', sizeof(reply->name));
}

static void hello_came(struct control_guest *guest)
{
	if (guest->watchers > 0)
		watch_ask(guest);
	if (guest->syncing)
		sync_ask(guest); /* the one that was asked may have taken the question with it */
	guest->ops->restarted(guest);
	if (guest->watchers > 0 || !guest->ready)
		sync_anew(guest);
}

static void reply_take(struct control_guest *guest, const struct port_reply *reply)
{
	if (!reply_valid(guest, reply) || (guest->n_lines == 0 && lines_alloc(guest, reply->n_lines) < 0))
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
		sync_anew(guest);
	if (reply->type == PORT_EVENT || reply->id == 0)
		return;
	if (reply->id == guest->sync_id)
		sync_answered(guest);
	else
		guest->ops->answered(guest, reply);
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
		ssize_t len = recv(guest->fd, &in, sizeof(in), MSG_DONTWAIT);

		if (len < 0 && errno != EINTR)
			return;
		if (len == sizeof(in.reply))
			reply_take(guest, &in.reply);
	}
}

int control_guest_init(struct control_guest *guest, struct loop *loop, const char *name, int fd,
		       const struct control_guest_ops *ops, void *ctx)
{
	int ret;

	/* The port may hold answers to an earlier control process: their ids must not look like ours. */
	*guest = (struct control_guest){
		.ops = ops, .ctx = ctx, .loop = loop, .name = name, .fd = fd, .last_id = (uint32_t)clock_now_ns()
	};
	ret = loop_watch_add(loop, &guest->watch, fd, EPOLLIN, guest_ready);
	if (ret < 0)
		return ret;
	watch_ask(guest); /* an earlier control process may have watched */
	control_guest_sync(guest);
	return 0;
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
