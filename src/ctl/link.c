/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The connection to the control socket. */
#include "ctl/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

#define CLOSED "the connection was closed"

int link_open(struct link *link, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	*link = (struct link){ .path = path };
	if (strlen(path) >= sizeof(address.sun_path)) {
		error_print("%s: %s", path, strerror(ENAMETOOLONG));
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error_print("%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	link->stream = fdopen(fd, "r");
	if (!link->stream) {
		error_print("%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return 0;
}

void link_close(struct link *link)
{
	if (link->stream)
		fclose(link->stream);
	free(link->line);
	*link = (struct link){ .path = link->path };
}

/* 0 or -errno. */
static int text_send(const struct link *link, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fileno(link->stream), text, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -errno;
		if (sent > 0) {
			text += sent;
			len -= (size_t)sent;
		}
	}
	return 0;
}

/* 0 or -errno. */
static int request_send(const struct link *link, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int ret = -ENOMEM;

	if (text)
		ret = text_send(link, text, strlen(text));
	if (ret == 0)
		ret = text_send(link, "\n", 1);
	free(text);
	return ret;
}

/* end: what is said when there is none. */
static json_t *object_read(struct link *link, const char *end)
{
	ssize_t len = getline(&link->line, &link->line_size, link->stream);
	json_error_t error;
	json_t *object;

	if (len <= 0) {
		error_print("%s: %s", link->path, end);
		return NULL;
	}
	object = json_loadb(link->line, (size_t)len, 0, &error);
	if (!object)
		error_print("%s: %s", link->path, error.text);
	return object;
}

json_t *link_read(struct link *link)
{
	return object_read(link, CLOSED);
}

/* Who has closed the connection may have said why before. */
static json_t *reply_read(struct link *link, int sent)
{
	if (sent == 0 || sent == -EPIPE || sent == -ECONNRESET)
		return object_read(link, sent < 0 ? strerror(-sent) : CLOSED);
	error_print("%s: %s", link->path, strerror(-sent));
	return NULL;
}

json_t *link_exchange(struct link *link, const json_t *request)
{
	json_t *reply = reply_read(link, request_send(link, request));

	if (!reply || json_is_true(json_object_get(reply, "ok")))
		return reply;
	error_print("%s", json_string_length(json_object_get(reply, "error")) > 0
				  ? json_string_value(json_object_get(reply, "error"))
				  : "invalid reply");
	json_decref(reply);
	return NULL;
}
