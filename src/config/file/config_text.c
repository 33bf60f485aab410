/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Reads a file into memory. */
#include "config/file/config_text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

/* For a pipe or FIFO: a supervisor that reads the file again has guests to serve. */
#define TIMEOUT_MS 5000

static int64_t now_ms(void)
{
	return (int64_t)(clock_now_ns() / 1000000);
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
	const int64_t deadline_ms = now_ms() + TIMEOUT_MS;
	size_t len = 0;

	while (len <= CONFIG_TEXT_MAX) {
		ssize_t n;

		if (!await(fd, deadline_ms))
			return -ETIMEDOUT;
		n = read(fd, text + len, CONFIG_TEXT_MAX + 1 - len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n == 0)
			break;
		len += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)len;
}

int config_text_read(const char *path, char **text, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *bytes = calloc(1, CONFIG_TEXT_MAX + 2), *fitting;
	ssize_t len = fd < 0 ? -errno : bytes ? read_all(fd, bytes) : -ENOMEM;
	int ret = 0;

	fd_close(&fd);
	if (len == -ETIMEDOUT)
		ret = why_at(why, path, "no end of file within %d s", TIMEOUT_MS / 1000);
	else if (len < 0)
		ret = why_at(why, path, "%s", strerror((int)-len));
	else if (len > (ssize_t)CONFIG_TEXT_MAX)
		ret = why_at(why, path, "more than %lu bytes", CONFIG_TEXT_MAX);
	else if (strlen(bytes) < (size_t)len)
		ret = why_at(why, path, "not a text file");
	if (ret < 0) {
		free(bytes);
		return ret;
	}
	/* A large chunk that is freed lets the heap of the daemon grow to its size. */
	fitting = realloc(bytes, (size_t)len + 1);
	*text = fitting ? fitting : bytes;
	return 0;
}
