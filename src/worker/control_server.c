/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The worker's side of the port.
 *
 * Nothing here waits for the control process. A reply that finds the socket full is put aside and goes out when there
 * is room, and until then no further request is read: so there is never more than one. Events have no such place: one
 * that finds the socket full is counted and forgotten; as soon as there is room the reader learns the count, and asks
 * for the state anew.
 */
#include "ipc/control_channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"
#include "chip/chip.h"
#include "gpio/lines.h"
#include "loop/loop.h"

/* The guest's requests have their turn too. */
#define PORT_REQUESTS_PER_TURN 16

/* What the reader was last told of a line. */
struct port_told {
	int8_t level;
	uint8_t direction;
};

#define TOLD_NOTHING ((struct port_told){ .level = INT8_MIN })

struct port {
	struct loop_watch watch;
	int fd; /* the caller's */
	struct lines *lines;
	const char *tag;
	bool watched;
	bool connected;
	uint32_t lost;	    /* events since the last one that went out */
	uint16_t lost_line; /* the line of the latest of them */
	bool has_unsent;
	struct port_reply unsent;
	struct log_limit log_limit;
	struct port_told *told; /* owned; one a line */
};

static struct port_reply reply_make(struct port *port, uint32_t type, uint32_t id)
{
	return (struct port_reply){
		.type = type, .id = id, .time_ns = clock_now_ns(), .level = -1, .connected = port->connected
	};
}

/* line is in range. */
static int8_t line_level(struct port *port, uint16_t line)
{
	int level = chip_is_simulated(port->lines->chip, line) ? chip_outside_level(port->lines->chip, line)
							       : lines_level(port->lines, line);

	return (int8_t)(level < 0 ? -1 : level);
}

/* line is in range. */
static void reply_add_line(struct port *port, struct port_reply *reply, uint16_t line)
{
	const struct line_state *state = &port->lines->state[line];

	reply->line = line;
	reply->level = line_level(port, line);
	reply->sim = chip_is_simulated(port->lines->chip, line);
	reply->direction = state->direction;
	reply->irq_type = state->irq.type;
	port->told[line] = (struct port_told){ .level = reply->level, .direction = reply->direction };
}

static int port_send(struct port *port, const struct port_reply *reply)
{
	ssize_t len;

	do {
		len = send(port->fd, reply, sizeof(*reply), MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : 0;
}

static void port_wait(struct port *port)
{
	loop_watch_modify(&port->watch,
			  (port->has_unsent ? 0 : EPOLLIN) | (port->has_unsent || port->lost > 0 ? EPOLLOUT : 0));
}

static void reply_send(struct port *port, const struct port_reply *reply)
{
	if (port_send(port, reply) != -EAGAIN)
		return;
	port->unsent = *reply;
	port->has_unsent = true;
	port_wait(port);
}

/* line is in range. */
static void event_send(struct port *port, uint16_t line)
{
	struct port_reply event = reply_make(port, PORT_EVENT, 0);
	uint32_t lost = port->lost;

	reply_add_line(port, &event, line);
	event.lost = lost;
	/* Not past a reply that waits: the reader takes what comes last for the present state. */
	if (port->has_unsent || port_send(port, &event) < 0) {
		port->lost += lost < UINT32_MAX;
		port->lost_line = line;
		port->told[line] = TOLD_NOTHING;
	} else {
		port->lost = 0;
	}
	if ((lost == 0) != (port->lost == 0))
		port_wait(port);
}

static int request_watch(struct port *port, const struct port_request *request)
{
	port->watched = request->value;
	port->lost = 0; /* whoever begins to watch asks for the state */
	for (unsigned i = 0; i < port->lines->n_lines; i++)
		port->told[i] = TOLD_NOTHING;
	return 0;
}

static int request_set(struct port *port, const struct port_request *request)
{
	return request->value > 1 ? -EINVAL : chip_outside_drive(port->lines->chip, request->line, request->value);
}

static int request_pull(struct port *port, const struct port_request *request)
{
	if (request->value > 1)
		return -EINVAL;
	return chip_outside_pull(port->lines->chip, request->line, request->value ? CHIP_PULL_UP : CHIP_PULL_DOWN);
}

static int request_toggle(struct port *port, const struct port_request *request)
{
	int level = chip_outside_level(port->lines->chip, request->line);

	return level < 0 ? level : chip_outside_drive(port->lines->chip, request->line, !level);
}

static const struct {
	int (*act)(struct port *port, const struct port_request *request); /* NULL: the reply says it all */
	bool of_line;
	bool of_sim;
} port_requests[] = {
	[PORT_INFO] = { .of_line = true },
	[PORT_GET] = { .of_line = true },
	[PORT_SET] = { .act = request_set, .of_line = true, .of_sim = true },
	[PORT_PULL] = { .act = request_pull, .of_line = true, .of_sim = true },
	[PORT_TOGGLE] = { .act = request_toggle, .of_line = true, .of_sim = true },
	[PORT_WATCH] = { .act = request_watch },
};

static int request_act(struct port *port, const struct port_request *request)
{
	if (request->type >= ARRAY_SIZE(port_requests) || request->type == 0)
		return -EINVAL;
	if (port_requests[request->type].of_line && request->line >= port->lines->n_lines)
		return -ERANGE;
	if (port_requests[request->type].of_sim && !chip_is_simulated(port->lines->chip, request->line))
		return -EPERM;
	return port_requests[request->type].act ? port_requests[request->type].act(port, request) : 0;
}

static void request_answer(struct port *port, const struct port_request *request)
{
	struct port_reply reply;
	int error = request_act(port, request);

	/* Made after the act: what it changed shows. */
	reply = reply_make(port, request->type, request->id);
	reply.error = error;
	if (request->line < port->lines->n_lines)
		reply_add_line(port, &reply, (uint16_t)request->line);
	else
		reply.line = request->line;
	reply_send(port, &reply);
}

/* False: there is no more to read now. */
static bool request_read(struct port *port)
{
	struct {
		struct port_request request;
		char excess; /* so that a message that is too long shows */
	} in;
	ssize_t len = recv(port->fd, &in, sizeof(in), MSG_DONTWAIT);

	if (len < 0 && errno != EINTR)
		return false;
	if (len == sizeof(in.request) && in.request.id != 0)
		request_answer(port, &in.request);
	else if (len >= 0)
		log_limited(&port->log_limit, LOG_LEVEL_WARNING, port->tag, "bad message from the control process");
	return true;
}

static void room_came(struct port *port)
{
	if (port->has_unsent) {
		port->has_unsent = false;
		reply_send(port, &port->unsent);
		port_wait(port);
	} else if (port->lost > 0) {
		event_send(port, port->lost_line);
	}
}

static void port_ready(struct loop_watch *watch, uint32_t events)
{
	struct port *port = container_of(watch, struct port, watch);

	if (events & (EPOLLHUP | EPOLLERR)) {
		/* The supervisor is gone, and the keeper channel will say so. */
		loop_watch_del(watch);
		return;
	}
	/* A guest whose changes fill the port again and again keeps no request waiting. */
	if (events & EPOLLOUT)
		room_came(port);
	if (!(events & EPOLLIN))
		return;
	for (int i = 0; i < PORT_REQUESTS_PER_TURN && !port->has_unsent; i++) {
		if (!request_read(port))
			break;
	}
}

int port_attach(struct port **out, struct loop *loop, int fd, struct lines *lines, const char *tag)
{
	struct port *port = calloc(1, sizeof(*port));
	struct port_reply hello;
	int ret = -ENOMEM;

	if (!port)
		return ret;
	*port = (struct port){ .fd = fd, .lines = lines, .tag = tag };
	port->told = calloc(lines->n_lines, sizeof(*port->told));
	if (port->told)
		ret = loop_watch_add(loop, &port->watch, fd, EPOLLIN, port_ready);
	if (ret < 0) {
		port_detach(port);
		return ret;
	}
	hello = reply_make(port, PORT_HELLO, 0);
	reply_send(port, &hello);
	*out = port;
	return 0;
}

void port_detach(struct port *port)
{
	if (!port)
		return;
	loop_watch_del(&port->watch);
	free(port->told);
	free(port);
}

void port_line_changed(struct port *port, uint16_t line)
{
	if (!port || !port->watched || line >= port->lines->n_lines)
		return;
	if (port->told[line].level != line_level(port, line) ||
	    port->told[line].direction != port->lines->state[line].direction)
		event_send(port, line);
}

void port_set_connected(struct port *port, bool connected)
{
	if (port)
		port->connected = connected;
}
