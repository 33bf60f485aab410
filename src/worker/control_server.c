/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The worker's end of the control channel.
 *
 * Nothing here waits for the control process. A reply that finds the socket full is put aside and goes out when there
 * is space, and until then no further request is read: so there is never more than one. Events are not put aside: one
 * that finds the socket full is counted and dropped; as soon as there is space the reader learns the count, and asks
 * for the state anew.
 */
#include "worker/control_server.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/util.h"
#include "chip/chip.h"
#include "gpio/lines.h"
#include "ipc/control_channel.h"
#include "loop/loop.h"

/* The guest's requests have their turn too. */
#define REQUESTS_PER_TURN 16

/* What was last reported of a line. */
struct reported_line {
	int8_t level;
	uint8_t direction;
	uint8_t irq_type;
};

#define REPORTED_NOTHING ((struct reported_line){ .level = INT8_MIN })

struct control_server {
	struct loop_watch watch;
	int fd; /* the caller's */
	struct lines *lines;
	const char *tag;
	bool watched;
	bool connected;
	bool ready;
	uint32_t dropped;      /* events since the last message that went out */
	uint16_t dropped_line; /* the line of the latest of them */
	bool has_unsent;
	struct control_channel_reply unsent;
	struct control_channel_request unsent_lines; /* type: instead of it, the lines that this asks about; else 0 */
	struct log_limit log_limit;
	struct reported_line *reported; /* owned; one a line */
};

static struct control_channel_reply reply_make(struct control_server *server, uint32_t type, uint32_t id)
{
	return (struct control_channel_reply){
		.type = type,
		.id = id,
		.time_ns = clock_now_ns(),
		.level = -1,
		.connected = server->connected,
		.ready = server->ready,
	};
}

/* line is in range. */
static int8_t line_level(struct control_server *server, uint16_t line)
{
	int level = chip_is_simulated(server->lines->chip, line) ? chip_outside_level(server->lines->chip, line)
								 : lines_level(server->lines, line);

	return (int8_t)(level < 0 ? -1 : level);
}

/* line is in range. */
static void reply_add_line(struct control_server *server, struct control_channel_reply *reply, uint16_t line)
{
	const struct line_state *state = &server->lines->state[line];
	struct chip_wire_end end;

	reply->line = line;
	reply->level = line_level(server, line);
	reply->sim = chip_is_simulated(server->lines->chip, line);
	reply->direction = state->direction;
	reply->irq_type = state->irq.type;
	reply->armed = state->irq.type != IRQ_TYPE_NONE && state->irq.unmasked;
	chip_wire_end(server->lines->chip, line, &end);
	reply->conflict = end.conflict;
	reply->conflicts = end.conflicts;
	server->reported[line] = (struct reported_line){ reply->level, reply->direction, reply->irq_type };
}

static int message_send(struct control_server *server, const struct control_channel_reply *replies, unsigned n)
{
	ssize_t len;

	do {
		len = send(server->fd, replies, n * sizeof(*replies), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : 0;
}

static void events_update(struct control_server *server)
{
	if (!server->watch.loop) /* it has ended */
		return;
	loop_watch_modify(&server->watch, (server->has_unsent ? 0 : EPOLLIN) |
						  (server->has_unsent || server->dropped > 0 ? EPOLLOUT : 0));
}

/* What was lost before a reply is told with it: whoever has a reply knows all that came before. False: later. */
static bool replies_send(struct control_server *server, struct control_channel_reply *replies, unsigned n)
{
	uint32_t dropped = server->dropped;

	replies[0].dropped = dropped;
	server->has_unsent = message_send(server, replies, n) == -EAGAIN;
	if (!server->has_unsent)
		server->dropped = 0;
	if (server->has_unsent || dropped > 0)
		events_update(server);
	return !server->has_unsent;
}

static void reply_send(struct control_server *server, const struct control_channel_reply *reply)
{
	struct control_channel_reply out = *reply;

	if (!replies_send(server, &out, 1))
		server->unsent = *reply;
}

/* line is in range. */
static void event_send(struct control_server *server, uint16_t line)
{
	struct control_channel_reply event = reply_make(server, CONTROL_CHANNEL_EVENT, 0);
	uint32_t dropped = server->dropped;

	reply_add_line(server, &event, line);
	event.dropped = dropped;
	/* Not past a reply that waits: the reader takes what comes last for the present state. */
	if (server->has_unsent || message_send(server, &event, 1) < 0) {
		server->dropped += dropped < UINT32_MAX;
		server->dropped_line = line;
		server->reported[line] = REPORTED_NOTHING;
	} else {
		server->dropped = 0;
	}
	if ((dropped == 0) != (server->dropped == 0))
		events_update(server);
}

static int request_watch(struct control_server *server, const struct control_channel_request *request)
{
	server->watched = request->value;
	server->dropped = 0; /* whoever begins to watch asks for the state */
	for (unsigned i = 0; i < server->lines->n_lines; i++)
		server->reported[i] = REPORTED_NOTHING;
	return 0;
}

static int request_set(struct control_server *server, const struct control_channel_request *request)
{
	return request->value > 1 ? -EINVAL : chip_outside_drive(server->lines->chip, request->line, request->value);
}

static int request_pull(struct control_server *server, const struct control_channel_request *request)
{
	if (request->value > 1)
		return -EINVAL;
	return chip_outside_pull(server->lines->chip, request->line, request->value ? CHIP_PULL_UP : CHIP_PULL_DOWN);
}

static int request_toggle(struct control_server *server, const struct control_channel_request *request)
{
	int level = chip_outside_level(server->lines->chip, request->line);

	return level < 0 ? level : chip_outside_drive(server->lines->chip, request->line, !level);
}

static const struct {
	/* Returns the reply's error. NULL: the reply says it all. */
	int (*act)(struct control_server *server, const struct control_channel_request *request);
	bool of_line;
	bool of_sim;
} requests[] = {
	[CONTROL_CHANNEL_INFO] = { .of_line = true },
	[CONTROL_CHANNEL_GET] = { .of_line = true },
	[CONTROL_CHANNEL_SET] = { .act = request_set, .of_line = true, .of_sim = true },
	[CONTROL_CHANNEL_PULL] = { .act = request_pull, .of_line = true, .of_sim = true },
	[CONTROL_CHANNEL_TOGGLE] = { .act = request_toggle, .of_line = true, .of_sim = true },
	[CONTROL_CHANNEL_WATCH] = { .act = request_watch },
};

static int request_act(struct control_server *server, const struct control_channel_request *request)
{
	if (request->type >= ARRAY_SIZE(requests) || request->type == 0)
		return -EINVAL;
	if (requests[request->type].of_line && request->line >= server->lines->n_lines)
		return -ERANGE;
	if (requests[request->type].of_sim && !chip_is_simulated(server->lines->chip, request->line))
		return -EPERM;
	return requests[request->type].act ? requests[request->type].act(server, request) : 0;
}

static void request_answer(struct control_server *server, const struct control_channel_request *request)
{
	struct control_channel_reply reply = reply_make(server, request->type, request->id);

	reply.error = request_act(server, request);
	/* After the act: what it changed shows. */
	if (request->line < server->lines->n_lines)
		reply_add_line(server, &reply, (uint16_t)request->line);
	else
		reply.line = request->line;
	reply_send(server, &reply);
}

/* Several lines of which the first is in range; what is behind the last one is left out. */
static void lines_answer(struct control_server *server, const struct control_channel_request *request)
{
	struct control_channel_reply replies[CONTROL_CHANNEL_LINES_MAX];
	unsigned n = 0;

	for (uint32_t line = request->line; n <= request->value && n < ARRAY_SIZE(replies); line++, n++) {
		if (line >= server->lines->n_lines)
			break;
		replies[n] = reply_make(server, request->type, request->id);
		reply_add_line(server, &replies[n], (uint16_t)line);
	}
	if (!replies_send(server, replies, n))
		server->unsent_lines = *request;
}

/* Whether there may be more in this turn: who asked for several lines has had it. */
static bool request_take(struct control_server *server, const struct control_channel_request *request)
{
	bool several =
		request->type == CONTROL_CHANNEL_INFO && request->value > 0 && request->line < server->lines->n_lines;

	if (several)
		lines_answer(server, request);
	else
		request_answer(server, request);
	return !several;
}

/* Not a bad message: nothing comes any more. The next worker has another channel. */
static void channel_end(struct control_server *server)
{
	loop_watch_del(&server->watch);
	server->has_unsent = false;
	server->unsent_lines.type = 0;
	server->dropped = 0;
}

/* False: there is no more to read now. */
static bool request_read(struct control_server *server)
{
	struct {
		struct control_channel_request request;
		char excess; /* so that a message that is too long shows */
	} in;
	ssize_t len = recv(server->fd, &in, sizeof(in), MSG_DONTWAIT);

	if (len < 0 && errno != EINTR)
		return false;
	if (len == 0 && fd_is_shut(server->fd)) { /* else it is a message of no bytes */
		channel_end(server);
		return false;
	}
	if (len == sizeof(in.request) && in.request.id != 0)
		return request_take(server, &in.request);
	if (len >= 0)
		log_limited(&server->log_limit, LOG_LEVEL_WARNING, server->tag,
			    "invalid message from the control process");
	return true;
}

static void unsent_send(struct control_server *server)
{
	struct control_channel_request lines = server->unsent_lines;

	server->has_unsent = false;
	server->unsent_lines.type = 0;
	if (lines.type)
		lines_answer(server, &lines);
	else
		reply_send(server, &server->unsent);
}

static void space_came(struct control_server *server)
{
	if (server->has_unsent) {
		unsent_send(server);
		events_update(server);
	} else if (server->dropped > 0) {
		/* The last one is told after all, late. */
		server->dropped--;
		event_send(server, server->dropped_line);
		events_update(server);
	}
}

static void server_ready(struct loop_watch *watch, uint32_t events)
{
	struct control_server *server = container_of(watch, struct control_server, watch);

	if (events & (EPOLLHUP | EPOLLERR)) {
		/* The supervisor is gone, and its own channel will say so. */
		loop_watch_del(watch);
		return;
	}
	/* A guest whose changes fill the channel again and again keeps no request waiting. */
	if (events & EPOLLOUT)
		space_came(server);
	if (!(events & EPOLLIN))
		return;
	for (int i = 0; i < REQUESTS_PER_TURN && !server->has_unsent; i++) {
		if (!request_read(server))
			break;
	}
}

int control_server_attach(struct control_server **out, struct loop *loop, int fd, struct lines *lines, const char *tag)
{
	struct control_server *server = pool_alloc(1, sizeof(*server));
	int ret = -ENOMEM;

	if (!server)
		return ret;
	*server = (struct control_server){ .fd = fd, .lines = lines, .tag = tag };
	server->reported = pool_alloc(lines->n_lines, sizeof(*server->reported));
	if (server->reported)
		ret = loop_watch_add(loop, &server->watch, fd, EPOLLIN, server_ready);
	if (ret < 0) {
		control_server_detach(server);
		return ret;
	}
	*out = server;
	return 0;
}

void control_server_detach(struct control_server *server)
{
	if (!server)
		return;
	loop_watch_del(&server->watch);
	pool_free(server->reported);
	pool_free(server);
}

void control_server_line_changed(struct control_server *server, uint16_t line)
{
	if (!server || !server->watched || line >= server->lines->n_lines)
		return;
	if (server->reported[line].level != line_level(server, line) ||
	    server->reported[line].direction != server->lines->state[line].direction ||
	    server->reported[line].irq_type != server->lines->state[line].irq.type)
		event_send(server, line);
}

/* Every message tells of both: any line's does. */
static void flag_set(struct control_server *server, bool *flag, bool value)
{
	bool changed = *flag != value;

	*flag = value;
	if (changed && server->watched)
		event_send(server, 0);
}

void control_server_set_connected(struct control_server *server, bool connected)
{
	if (server)
		flag_set(server, &server->connected, connected);
}

void control_server_set_ready(struct control_server *server, bool ready)
{
	if (server)
		flag_set(server, &server->ready, ready);
}
