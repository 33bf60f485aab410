/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The connection to the control socket.
 *
 * A daemon that stands still is not waited for. One that takes its time over guests that do not answer is another
 * thing: when a reply does not come, a second connection shows which it is.
 */
#include "board/link.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define NO_ANSWER      "no answer within 10 s"
#define LINE_MAX_BYTES (16ul * 1024 * 1024) /* none that the daemon sends has one of them */
#define ANSWER_S       10
#define PROBE_S	       LINK_PROBE_S /* half of it: then it is asked, and has the other half */
#define CLOSED	       "the connection was closed"
#define NS_PER_S       1000000000u

/* One that the daemon refuses at once. */
static const char probe_text[] = "{\"cmd\":\"get\"}\n";

/* What is wrong, where it is to be said. */
static void say(const struct link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct link *link, const char *format, ...)
{
	struct why why;
	va_list words;

	va_start(words, format);
	vsnprintf(why.text, sizeof(why.text), format, words);
	va_end(words);
	if (link->why)
		*link->why = why;
	else
		error_print("%s", why.text);
}

static const char *words_of(int error)
{
	return error == -EAGAIN ? NO_ANSWER : strerror(-error);
}

/* The fd or -errno; it waits so long for the daemon to take what is sent. */
static int socket_open(const char *path, unsigned seconds)
{
	const struct timeval limit = { .tv_sec = seconds };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

int link_open(struct link *link, const char *path)
{
	*link = (struct link){ .path = path,
			       .why = link->why,
			       .fd = socket_open(path, ANSWER_S),
			       .quiet = link->quiet,
			       .repeats = link->repeats };
	if (link->fd == -ENOENT || link->fd == -ECONNREFUSED)
		say(link, "%s: %s: is there a daemon with --control %s?", path, words_of(link->fd), path);
	else if (link->fd == -EACCES)
		say(link, "%s: %s: --control-mode and --control-group of the daemon say who may connect", path,
		    words_of(link->fd));
	else if (link->fd < 0)
		say(link, "%s: %s", path, words_of(link->fd));
	return link->fd < 0 ? -1 : 0;
}

int link_reopen(struct link *link)
{
	link->fd = socket_open(link->path, ANSWER_S);
	return link->fd < 0 ? -1 : 0;
}

void link_close(struct link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	free(link->text);
	*link = (struct link){
		.path = link->path, .why = link->why, .fd = -1, .quiet = link->quiet, .repeats = link->repeats
	};
}

/* 0 or -errno. */
static int text_send(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -errno;
		if (sent > 0) {
			text += sent;
			len -= (size_t)sent;
		}
	}
	return 0;
}

static int request_send(const struct link *link, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int ret = -ENOMEM;

	if (text)
		ret = text_send(link->fd, text, strlen(text));
	if (ret == 0)
		ret = text_send(link->fd, "\n", 1);
	free(text);
	return ret;
}

static bool comes_within(int fd, int seconds)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, seconds * 1000) != 0;
}

bool link_lives(const struct link *link)
{
	int fd = socket_open(link->path, PROBE_S);
	bool lives = fd >= 0 && text_send(fd, probe_text, strlen(probe_text)) == 0 && comes_within(fd, PROBE_S);

	if (fd >= 0)
		close(fd);
	return lives;
}

/* False: nothing comes, and will not. */
static bool reply_await(const struct link *link)
{
	bool lives = true;

	while (lives && !comes_within(link->fd, PROBE_S))
		lives = link_lives(link);
	return lives || comes_within(link->fd, 0);
}

/* Takes more of what comes. Bytes, 0 at the end, or -errno. */
static ssize_t text_read(struct link *link)
{
	size_t size = link->size ? link->size : 4096;
	ssize_t len;
	char *text;

	/* Not each time, or what waits would be moved for every few bytes that come. */
	if (link->next > link->len / 2) {
		memmove(link->text, link->text + link->next, link->len - link->next);
		link->len -= link->next;
		link->next = 0;
	}
	if (link->len - link->next > LINE_MAX_BYTES)
		return -EMSGSIZE;
	if (link->len == link->size) {
		size = link->size ? 2 * link->size : size;
		text = realloc(link->text, size);
		if (!text)
			return -ENOMEM;
		link->text = text;
		link->size = size;
	}
	do {
		len = read(link->fd, link->text + link->len, link->size - link->len);
	} while (len < 0 && errno == EINTR);
	link->len += len > 0 ? (size_t)len : 0;
	return len < 0 ? -errno : len;
}

/* The next line, which may be blank, of what has come. */
static bool line_take(struct link *link)
{
	char *end = link->next < link->len ? memchr(link->text + link->next, '\n', link->len - link->next) : NULL;

	if (!end)
		return false;
	*end = '\0';
	link->line = link->text + link->next;
	link->next = (size_t)(end + 1 - link->text);
	return true;
}

/* The next line, which may be blank. 1, 0 at the end, or -errno. */
static int line_read(struct link *link, bool in_time)
{
	while (!line_take(link)) {
		ssize_t len;

		if (in_time && !reply_await(link))
			return -EAGAIN;
		len = text_read(link);
		if (len <= 0)
			return (int)len;
	}
	return 1;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r")] == '\0';
}

/* The line as an object. NULL: it is none (said). */
static json_t *object_make(const struct link *link)
{
	json_error_t error;
	json_t *object = json_loads(link->line, 0, &error);

	if (!object)
		say(link, "%s: %s", link->path, error.text);
	return object;
}

static void end_say(const struct link *link, int ret, const char *end)
{
	if (!link->quiet)
		say(link, "%s: %s", link->path, ret == 0 || ret == -ECONNRESET ? end : words_of(ret));
}

/* in_time: it is one that was asked for. end: what is said when there is none. */
static json_t *object_read(struct link *link, bool in_time, const char *end)
{
	int ret;

	do {
		ret = line_read(link, in_time);
	} while (ret > 0 && is_blank(link->line));
	if (ret > 0)
		return object_make(link);
	end_say(link, ret, end);
	return NULL;
}

int link_take(struct link *link, json_t **object)
{
	do {
		if (!line_take(link))
			return 0;
	} while (is_blank(link->line));
	*object = object_make(link);
	return *object ? 1 : -1;
}

int link_fill(struct link *link)
{
	ssize_t len = text_read(link);

	if (len > 0)
		return 0;
	end_say(link, (int)len, CLOSED);
	return -1;
}

int link_next(struct link *link, uint64_t until_ns, json_t **object)
{
	int ret;

	while ((ret = link_take(link, object)) == 0) {
		uint64_t now_ns = clock_now_ns(), left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
		const struct timespec left = { (time_t)(left_ns / NS_PER_S), (long)(left_ns % NS_PER_S) };
		struct pollfd pfd = { .fd = link->fd, .events = POLLIN };

		if (ppoll(&pfd, 1, until_ns == UINT64_MAX ? NULL : &left, NULL) == 0)
			return 0;
		if (link_fill(link) < 0)
			return -1;
	}
	return ret;
}

json_t *link_read(struct link *link)
{
	return object_read(link, false, CLOSED);
}

/* Who has closed the connection may have said why before. */
static json_t *reply_read(struct link *link, int sent)
{
	if (sent == 0 || sent == -EPIPE || sent == -ECONNRESET)
		return object_read(link, true, sent < 0 ? words_of(sent) : CLOSED);
	end_say(link, sent, CLOSED);
	return NULL;
}

int link_send(struct link *link, const json_t *request)
{
	int ret = request_send(link, request);

	if (ret < 0)
		end_say(link, ret, words_of(ret));
	return ret < 0 ? -1 : 0;
}

json_t *link_ask(struct link *link, const json_t *request)
{
	return reply_read(link, request_send(link, request));
}

json_t *link_exchange(struct link *link, const json_t *request)
{
	json_t *reply = link_ask(link, request);

	link->refused = reply && !json_is_true(json_object_get(reply, "ok"));
	if (!link->refused)
		return reply;
	if (link->repeats)
		puts(link->line);
	say(link, "%s",
	    json_string_length(json_object_get(reply, "error")) > 0 ? json_string_value(json_object_get(reply, "error"))
								    : "invalid reply");
	json_decref(reply);
	return NULL;
}
