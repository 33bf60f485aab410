/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Reads a file into memory that is not larger than it must be. */
#include "config/config_text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "config/utf8.h"

/* For a pipe or FIFO: a supervisor that reads the file again has guests to serve. */
#define PATIENCE_MS 5000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False: it is too late. Files are always ready; a FIFO that nobody writes to never is. */
static bool await(int fd, int64_t deadline_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t left = deadline_ms - now_ms();

	return left > 0 && poll(&pfd, 1, (int)left) != 0;
}

/* Until the end, or one byte more than may be. Bytes or -errno. */
static ssize_t read_all(int fd, char *text)
{
	const int64_t deadline_ms = now_ms() + PATIENCE_MS;
	size_t len = 0;

	while (len <= CONFIG_TEXT_MAX) {
		ssize_t n;

		if (!await(fd, deadline_ms))
			return -ETIMEDOUT;
		n = read(fd, text + len, CONFIG_TEXT_MAX + 1 - len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static unsigned line_of(const char *text, size_t at)
{
	unsigned line = 1;

	while (at-- > 0)
		line += *text++ == '\n';
	return line;
}

static int check(const char *path, const char *text, size_t len, struct why *why)
{
	const char *zero = memchr(text, '\0', len);
	size_t good = utf8_span(text, len);

	if (len > CONFIG_TEXT_MAX)
		why_fail(EINVAL, why, "%s: more than %lu bytes", path, CONFIG_TEXT_MAX);
	else if (zero && (size_t)(zero - text) < good)
		why_fail(EINVAL, why, "%s:%u: a zero byte", path, line_of(text, (size_t)(zero - text)));
	else if (good < len)
		why_fail(EINVAL, why, "%s:%u: not UTF-8", path, line_of(text, good));
	else
		return 0;
	return -EINVAL;
}

static int fd_read(const char *path, int fd, char *text, struct why *why)
{
	ssize_t len = read_all(fd, text);

	if (len < 0)
		return why_fail(EINVAL, why, "%s: %s", path,
				len == -ETIMEDOUT ? "its end does not come" : strerror((int)-len));
	text[len] = '\0';
	return check(path, text, (size_t)len, why);
}

int config_text_read(const char *path, char **text, struct why *why)
{
	char *whole, *fitting;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return why_fail(EINVAL, why, "%s: %s", path, strerror(errno));
	whole = malloc(CONFIG_TEXT_MAX + 2);
	ret = whole ? fd_read(path, fd, whole, why) : -ENOMEM;
	fd_close(&fd);
	if (ret < 0) {
		free(whole);
		return ret;
	}
	fitting = realloc(whole, strlen(whole) + 1);
	*text = fitting ? fitting : whole;
	return 0;
}
