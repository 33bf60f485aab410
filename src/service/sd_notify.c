/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Notifications to the service manager.
 *
 * Our own code, not libsystemd: the protocol is one datagram, its manual page (sd_notify(3), "Notes") invites to that,
 * and there is no static libsystemd. The manager knows us by the credentials that the kernel adds to the datagram.
 */
#include "service/sd_notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/fd.h"
#include "base/scm.h"
#include "base/text.h"
#include "base/util.h"
#include "loop/timer.h"

#define TAG	       "notify"
#define SEND_TIMEOUT_S 1
#define NS_PER_US      1000u
#define BARRIER_MS     5000

/* The length, or -errno. A first '@' stands for the NUL of an abstract address. */
static int address_make(struct sockaddr_un *address, const char *word)
{
	size_t len = strlen(word);
	/* A path needs its NUL; an abstract name is as long as it is. */
	size_t size = word[0] == '@' ? len : len + 1;

	if (word[0] != '/' && (word[0] != '@' || len < 2))
		return -EAFNOSUPPORT;
	if (size > sizeof(address->sun_path))
		return -ENAMETOOLONG;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, word, len);
	if (word[0] == '@')
		address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + size);
}

static int socket_connect(struct sd_notify *notify, const char *word)
{
	const struct timeval timeout = { .tv_sec = SEND_TIMEOUT_S };
	struct sockaddr_un address;
	int len = address_make(&address, word);
	int ret = 0;

	if (len < 0)
		return len;
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd < 0)
		return -errno;
	if (connect(notify->fd, (struct sockaddr *)&address, (socklen_t)len) < 0 ||
	    setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0) {
		ret = -errno;
		fd_close(&notify->fd);
	}
	return ret;
}

/* The watchdog of another process is none of ours: an ancestor's variables may have come down to us. */
static uint64_t watchdog_read(const char *usec_word, const char *pid_word)
{
	uint64_t usec, pid;

	if (!usec_word)
		return 0;
	if (pid_word) {
		if (decimal_parse(pid_word, INT32_MAX, &pid) < 0 || pid == 0) {
			log_warning(TAG, "WATCHDOG_PID=%s: not a process id; no watchdog", pid_word);
			return 0;
		}
		if (pid != (uint64_t)getpid())
			return 0;
	}
	if (decimal_parse(usec_word, UINT64_MAX / NS_PER_US, &usec) < 0 || usec == 0) {
		log_warning(TAG, "WATCHDOG_USEC=%s: not a time in microseconds; no watchdog", usec_word);
		return 0;
	}
	return usec * NS_PER_US;
}

void sd_notify_init(struct sd_notify *notify)
{
	const char *word = getenv("NOTIFY_SOCKET");
	int ret;

	*notify = SD_NOTIFY_NONE;
	if (word && *word) {
		ret = socket_connect(notify, word);
		if (ret < 0)
			log_warning(TAG, "NOTIFY_SOCKET=%s: %s; the service manager is not notified", word,
				    strerror(-ret));
	}
	if (notify->fd >= 0)
		notify->watchdog_ns = watchdog_read(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void sd_notify_deinit(struct sd_notify *notify)
{
	loop_timer_del(&notify->watchdog);
	fd_close(&notify->fd);
}

static void message_send(struct sd_notify *notify, const char *message, int flags)
{
	ssize_t sent;

	if (notify->fd < 0)
		return;
	do {
		sent = send(notify->fd, message, strlen(message), MSG_NOSIGNAL | flags);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		log_limited(&notify->log_limit, LOG_LEVEL_WARNING, TAG, "cannot notify the service manager: %s",
			    strerror(errno));
}

void sd_notify_send(struct sd_notify *notify, const char *format, ...)
{
	char message[SD_NOTIFY_MESSAGE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	message_send(notify, message, 0);
}

void sd_notify_status(struct sd_notify *notify, const char *format, ...)
{
	char text[SD_NOTIFY_MESSAGE_SIZE - sizeof("STATUS=")];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* A newline would begin another variable; a status that is not UTF-8 is thrown away whole. */
	text_make_ascii(text);
	sd_notify_send(notify, "STATUS=%s", text);
}

void sd_notify_ready(struct sd_notify *notify)
{
	sd_notify_send(notify, "READY=1");
}

void sd_notify_reloading(struct sd_notify *notify)
{
	sd_notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_now_ns() / NS_PER_US);
}

void sd_notify_stopping(struct sd_notify *notify)
{
	sd_notify_send(notify, "STOPPING=1");
}

int sd_notify_store(struct sd_notify *notify, const char *name, int fd)
{
	char message[SD_NOTIFY_MESSAGE_SIZE];
	ssize_t sent;

	if (notify->fd < 0)
		return -ENOTCONN;
	/* Nobody is at the other end, which is as it should be: the manager is not to look. */
	snprintf(message, sizeof(message), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	sent = scm_send(notify->fd, message, strlen(message), &fd, 1, 0);
	return sent < 0 ? (int)sent : 0;
}

int sd_notify_barrier(struct sd_notify *notify)
{
	static const char message[] = "BARRIER=1";
	struct pollfd pfd;
	int fds[2];
	ssize_t ret;

	if (notify->fd < 0)
		return -ENOTCONN;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	ret = scm_send(notify->fd, message, strlen(message), &fds[1], 1, 0);
	fd_close(&fds[1]);
	pfd = (struct pollfd){ .fd = fds[0] }; /* POLLHUP is always reported */
	while (ret >= 0) {
		ret = poll(&pfd, 1, BARRIER_MS);
		if (ret > 0)
			break;
		ret = ret == 0 ? -ETIMEDOUT : errno == EINTR ? 0 : -errno;
	}
	fd_close(&fds[0]);
	return ret < 0 ? (int)ret : 0;
}

void sd_notify_unstore(struct sd_notify *notify, const char *name)
{
	sd_notify_send(notify, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

static void watchdog_feed(struct loop_timer *timer)
{
	/* Not waiting: the next one comes soon, and a delayed one proves as much. */
	message_send(container_of(timer, struct sd_notify, watchdog), "WATCHDOG=1", MSG_DONTWAIT);
}

int sd_notify_watchdog_start(struct sd_notify *notify, struct loop *loop)
{
	uint64_t interval_ns = notify->watchdog_ns / 2;

	if (notify->fd < 0 || notify->watchdog_ns == 0)
		return 0;
	if (interval_ns < SD_NOTIFY_WATCHDOG_MIN_NS)
		interval_ns = SD_NOTIFY_WATCHDOG_MIN_NS;
	return loop_timer_set(loop, &notify->watchdog, interval_ns, interval_ns, watchdog_feed);
}
