/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: the whole control process, in this one. Some clients that send anything and read when they like; guest
 * "a", whose worker is the real port on eight simulated lines; and guest "bb", whose worker is in a hostile hand. Time
 * passes only when the input says so.
 *
 *   'o' client                     connects, or leaves
 *   's' client n bytes…            sends bytes
 *   'q' client cmd keys n word…    sends a request of known words: see request_make()
 *   'n' client n                   sends the last line n times more
 *   'r' client                     reads all that there is;  'h' client: sends no more
 *   'c' n                          n others connect
 *   'l' line level                 the outside of guest a drives a line
 *   'f' first n                    so do n changes at once, one line after the other
 *   'w'                            guest a has another worker
 *   'p' how fields…                guest bb's worker says something: see op_hostile()
 *   'a' how                        what the supervisor answers, when it is asked for wires, from now on
 *   't'                            the timeout that has run for the longest is over
 *
 * Every line that a client gets is a JSON object that docs/control-protocol.md knows; none gets more replies than it
 * asked for; and a good client that comes at the end is served.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "control/client/connection.h"
#include "control_fixture.h"

#define OPS_MAX	    80
#define CLIENTS	    4
#define CROWD_MAX   48
#define LINE_MAX    600
#define REPLIES_MAX 400000

struct client {
	int fd;
	unsigned asked, answered;
	bool may_end;	  /* it did what ends it */
	size_t n_unended; /* bytes sent since the last end of a line */
	size_t n_in;
	char last[LINE_MAX]; /* line */
	char in[REPLIES_MAX];
};

static struct client clients[CLIENTS];
static struct input *program;

/* More than the process serves at a time: they say nothing, and make room for who does. */
static struct {
	int fds[CROWD_MAX];
	unsigned n;
} crowd;

static void client_close(struct client *client)
{
	fd_close(&client->fd);
	client->n_in = client->asked = client->answered = 0;
	client->n_unended = 0;
	client->may_end = false;
}

static void reply_check(struct client *client, const char *line, size_t len)
{
	json_error_t error;
	json_t *object = json_loadb(line, len, 0, &error), *ok, *event;

	if (!json_is_object(object))
		FOUND("not a JSON object: %.*s", (int)len, line);
	ok = json_object_get(object, "ok");
	event = json_object_get(object, "event");
	MUST(json_is_boolean(ok) != json_is_string(event));
	if (json_is_false(ok))
		MUST(json_is_string(json_object_get(object, "error")));
	if (ok && ++client->answered > client->asked)
		FOUND("%u replies to %u requests", client->answered, client->asked);
	json_decref(object);
}

static void client_read(struct client *client)
{
	ssize_t len = -1;
	char *end;

	errno = 0;
	while (client->fd >= 0 && (len = recv(client->fd, client->in + client->n_in, sizeof(client->in) - client->n_in,
					      MSG_DONTWAIT)) > 0) {
		client->n_in += (size_t)len;
		while ((end = memchr(client->in, '\n', client->n_in))) {
			size_t line = (size_t)(end - client->in) + 1;

			reply_check(client, client->in, line - 1);
			client->n_in -= line;
			memmove(client->in, end + 1, client->n_in);
		}
		control_fixture_turns();
	}
	MUST((len < 0 && errno != ECONNRESET) || client->may_end);
}

static void client_send(struct client *client, const char *data, size_t len)
{
	ssize_t sent;

	if (client->fd < 0)
		return;
	sent = send(client->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	for (ssize_t i = 0; i < sent; i++) {
		client->asked += data[i] == '\n';
		client->n_unended = data[i] == '\n' ? 0 : client->n_unended + 1;
		client->may_end |= client->n_unended >= CONTROL_LINE_MAX;
	}
}

static struct client *next_client(struct input *in)
{
	return &clients[next_byte(in) % CLIENTS];
}

static void client_open(struct client *client)
{
	client->fd = control_fixture_connect();
	client->may_end = crowd.n > 0;
	client->asked = 1; /* what it leaves without an end, or a line too long, is answered, too */
}

static void op_open(struct input *in)
{
	struct client *client = next_client(in);

	if (client->fd >= 0)
		client_close(client);
	else
		client_open(client);
}

static void op_send(struct input *in)
{
	struct client *client = next_client(in);
	char data[256];
	uint8_t n = next_byte(in);

	for (unsigned i = 0; i < n; i++)
		data[i] = (char)next_byte(in);
	client_send(client, data, n);
}

static size_t word_put(char *text, size_t at, const char *format, const char *word)
{
	return at + (size_t)snprintf(text + at, LINE_MAX - at, format, word);
}

/*
 * A command, its lines as an array, an object with values, or neither, and a place to go on from. Each word is one of
 * the table.
 */
static size_t request_make(struct input *in, char *text)
{
	static const char *const commands[] = { "info", "get", "set", "pull", "toggle", "monitor", "x", "" };
	static const char *const words[] = { "a.0",	  "a.1",     "button", "0",	  "7",	  "bb.0",
					     "bb.name",	  "a.lamp",  "bb.3",   "missing", "a.99", "zz.1",
					     "a.\\u00e9", "bb.evil", "",       "a.x" };
	static const char *const values[] = { "0", "1", "\"pull-up\"", "\"pull-down\"", "2", "null", "[]", "1.0" };
	static const char *const of_wires[] = { "wire", "unwire", "wires", "wire" };
	uint8_t command = next_byte(in), keys = next_byte(in), n = next_byte(in) % 12;
	bool object = keys & 1;
	size_t at =
		word_put(text, 0, "{\"cmd\":\"%s\"", command >= 0xf0 ? of_wires[command % 4] : commands[command % 8]);

	if (keys & 2)
		at = word_put(text, at, ",\"from\":\"%s\"", words[keys >> 4]);
	if (keys & 4)
		at = word_put(text, at, ",\"%s\":1", "other");
	if (command >= 0xf0 && keys & 8)
		at = word_put(text, at, ",\"invert\":%s", keys & 16 ? "true" : "3");
	if (command >= 0xf0 && keys & 32)
		at = word_put(text, at, ",\"delay_us\":%s", keys & 64 ? "5000" : "99999999999");
	if (n > 0)
		at = word_put(text, at, ",\"lines\":%s", object ? "{" : "[");
	for (unsigned i = 0; i < n; i++) {
		uint8_t word = next_byte(in);

		at = word_put(text, at, i > 0 ? ",\"%s\"" : "\"%s\"", words[word % 16]);
		if (object)
			at = word_put(text, at, ":%s", values[word >> 5]);
	}
	if (n > 0)
		at = word_put(text, at, "%s", object ? "}" : "]");
	return word_put(text, at, "}%s", "\n");
}

static void op_request(struct input *in)
{
	struct client *client = next_client(in);
	size_t len = request_make(in, client->last);

	client_send(client, client->last, len);
}

static void op_again(struct input *in)
{
	struct client *client = next_client(in);
	uint8_t n = next_byte(in);

	while (n-- > 0)
		client_send(client, client->last, strlen(client->last));
}

static void op_read(struct input *in)
{
	client_read(next_client(in));
}

static void op_half_close(struct input *in)
{
	struct client *client = next_client(in);

	if (client->fd >= 0)
		shutdown(client->fd, SHUT_WR);
	client->may_end = true;
}

static void op_crowd(struct input *in)
{
	for (uint8_t n = next_byte(in); n > 0 && crowd.n < CROWD_MAX; n--) {
		crowd.fds[crowd.n++] = control_fixture_connect();
		control_fixture_turns();
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i].may_end = true;
}

static void crowd_close(void)
{
	while (crowd.n > 0)
		fd_close(&crowd.fds[--crowd.n]);
}

static bool run_op(struct input *in)
{
	static void (*const ops[256])(struct input * in) = {
		['o'] = op_open,
		['s'] = op_send,
		['q'] = op_request,
		['n'] = op_again,
		['r'] = op_read,
		['h'] = op_half_close,
		['c'] = op_crowd,
		['l'] = control_fixture_drive,
		['f'] = control_fixture_flood,
		['w'] = control_fixture_restart,
		['p'] = control_fixture_hostile,
		['a'] = control_fixture_wire,
		['t'] = control_fixture_time,
	};
	uint8_t op = next_byte(in);

	if (ops[op])
		ops[op](in);
	return ops[op];
}

/* Whatever was before: one reply, and it is the right one. */
static void check_served(void)
{
	static const char request[] = "{\"cmd\":\"set\",\"lines\":{\"a.2\":1}}\n";
	static const char wanted[] = "{\"ok\":true,\"lines\":{\"a.2\":1}}\n";
	struct client *client = &clients[0];
	char reply[sizeof(wanted)] = "";

	for (unsigned i = 0; i < CLIENTS; i++)
		client_close(&clients[i]);
	control_fixture_turns();
	client_open(client);
	client_send(client, request, sizeof(request) - 1);
	for (unsigned i = 0; i < 100 && recv(client->fd, reply, sizeof(reply), MSG_DONTWAIT | MSG_PEEK) <= 0; i++)
		control_fixture_turns();
	(void)!recv(client->fd, reply, sizeof(reply), MSG_DONTWAIT);
	if (strncmp(reply, wanted, sizeof(wanted) - 1) != 0)
		FOUND("at the end: %s", reply);
	client_close(client);
}

/* In the place of loop_run(): the process is set up. */
static void live(void)
{
	int n_ops = 0;

	while (n_ops++ < OPS_MAX && run_op(program))
		control_fixture_turns();
	check_served();
	crowd_close();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	program = &in;
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = (struct client){ .fd = -1 };
	control_fixture_run(live);
	return 0;
}
