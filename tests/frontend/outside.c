/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* JSON Lines over the control socket: one request, one reply. Or gpio-sim. */
#include "outside.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "failure.h"
#include "wait.h"

#define REAL_MAX 8

static const struct gpio_sim *real_chips[REAL_MAX]; /* by guest */

bool outside_wants_real(void)
{
	const char *outside = getenv("OUTSIDE");

	return outside && strcmp(outside, "gpio-sim") == 0;
}

void outside_is_real(unsigned guest, const struct gpio_sim *sim)
{
	if (guest >= REAL_MAX)
		failure("too many guests with real chips");
	real_chips[guest] = sim;
}

/* The real chip that a line's name is about, or NULL; *offset is the line's. */
static const struct gpio_sim *real_chip(const char *line, unsigned *offset)
{
	unsigned guest;

	if (sscanf(line, "guest%u.dummy%u", &guest, offset) != 2 && sscanf(line, "guest%u.%u", &guest, offset) != 2)
		return NULL;
	return guest < REAL_MAX ? real_chips[guest] : NULL;
}

void outside_open(struct outside *outside, const char *path)
{
	struct connection connection;

	connection_open(&connection, path);
	*outside = (struct outside){ .fd = connection.fd };
}

void outside_close(struct outside *outside)
{
	if (outside->fd >= 0)
		close(outside->fd);
	outside->fd = -1;
}

/* The next line of the other side; NULL when it is silent for that long. */
static json_t *line_read(struct outside *outside, int timeout_ms)
{
	char *end;
	json_t *line;
	size_t len;

	while (!(end = memchr(outside->text, '\n', outside->have))) {
		ssize_t n;

		if (outside->have == sizeof(outside->text))
			failure("a line of the control socket is too long");
		if (!wait_readable(outside->fd, timeout_ms))
			return NULL;
		n = read(outside->fd, outside->text + outside->have, sizeof(outside->text) - outside->have);
		if (n <= 0)
			failure("the control socket is closed");
		outside->have += (size_t)n;
	}
	len = (size_t)(end - outside->text) + 1;
	line = json_loadb(outside->text, len, 0, NULL);
	if (!line)
		failure("the control socket says %.*s", (int)len, outside->text);
	outside->have -= len;
	memmove(outside->text, outside->text + len, outside->have);
	return line;
}

/* The request becomes ours. */
static void request_send(struct outside *outside, json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);

	if (!text || dprintf(outside->fd, "%s\n", text) < 0)
		failure("the control socket: %s", strerror(errno));
	free(text);
	json_decref(request);
}

static json_t *reply_read(struct outside *outside)
{
	json_t *reply = line_read(outside, WAIT_MS);

	if (!reply)
		failure("the control socket does not answer");
	if (!json_is_true(json_object_get(reply, "ok")))
		failure("the control socket answers %s", json_dumps(reply, JSON_COMPACT));
	return reply;
}

static json_t *exchange(struct outside *outside, json_t *request)
{
	request_send(outside, request);
	return reply_read(outside);
}

void outside_set_async(struct outside *outside, const char *line, int level)
{
	unsigned offset;
	const struct gpio_sim *sim = real_chip(line, &offset);

	outside->waits_for_edge = sim;
	if (sim)
		gpio_sim_pull(sim, offset, level);
	else
		request_send(outside, json_pack("{s:s, s:{s:i}}", "cmd", "set", "lines", line, level));
}

void outside_set_finish(struct outside *outside)
{
	if (outside->waits_for_edge)
		sleep_ms(GPIO_SIM_EDGE_MS);
	else
		json_decref(reply_read(outside));
}

void outside_set(struct outside *outside, const char *line, int level)
{
	outside_set_async(outside, line, level);
	outside_set_finish(outside);
}

void outside_pull(struct outside *outside, const char *line, int up)
{
	unsigned offset;
	const struct gpio_sim *sim = real_chip(line, &offset);
	const char *pull = up ? "pull-up" : "pull-down";

	if (sim)
		gpio_sim_drive(sim, offset, up);
	else
		json_decref(exchange(outside, json_pack("{s:s, s:{s:s}}", "cmd", "pull", "lines", line, pull)));
}

void outside_wire(struct outside *outside, const char *a, const char *b, bool invert, unsigned delay_us)
{
	json_decref(exchange(outside, json_pack("{s:s, s:[s, s], s:b, s:i}", "cmd", "wire", "lines", a, b, "invert",
						(int)invert, "delay_us", (int)delay_us)));
}

void outside_unwire(struct outside *outside, const char *a, const char *b)
{
	json_decref(exchange(outside, json_pack("{s:s, s:[s, s]}", "cmd", "unwire", "lines", a, b)));
}

int outside_get(struct outside *outside, const char *line)
{
	unsigned offset;
	const struct gpio_sim *sim = real_chip(line, &offset);
	json_t *reply, *level;
	int value;

	if (sim)
		return gpio_sim_level(sim, offset);
	reply = exchange(outside, json_pack("{s:s, s:[s]}", "cmd", "get", "lines", line));
	level = json_object_get(json_object_get(reply, "lines"), line);
	value = json_is_integer(level) ? (int)json_integer_value(level) : -1;
	json_decref(reply);
	return value;
}

void outside_monitor(struct outside *outside, const char *line)
{
	json_decref(exchange(outside, json_pack("{s:s, s:[s]}", "cmd", "monitor", "lines", line)));
}

unsigned outside_edges(struct outside *outside, int silent_ms)
{
	unsigned n = 0;
	json_t *event;

	while ((event = line_read(outside, silent_ms))) {
		n += json_is_string(json_object_get(event, "edge"));
		json_decref(event);
	}
	return n;
}
