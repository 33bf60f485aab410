/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The keeper protocol: both sides of it. */
#include "daemon/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"

#define KEPT_FIRST_CAPACITY 16
#define SETTLE_MS	    1000

static int keeper_send(int channel, enum keeper_type type, uint32_t key, const int *fd, int flags)
{
	struct keeper_message message = { .type = type, .key = key };
	ssize_t len = scm_send(channel, &message, sizeof(message), fd, fd ? 1 : 0, flags);

	return len < 0 ? (int)len : 0;
}

int keeper_keep(int channel, uint32_t key, int fd)
{
	return keeper_send(channel, KEEPER_KEEP, key, &fd, 0);
}

int keeper_drop(int channel, uint32_t key)
{
	return keeper_send(channel, KEEPER_DROP, key, NULL, 0);
}

int keeper_settle(int channel)
{
	struct pollfd pfd;
	int fds[2];
	int ret;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	ret = keeper_send(channel, KEEPER_SETTLE, 0, &fds[1], 0);
	fd_close(&fds[1]);
	pfd = (struct pollfd){ .fd = fds[0] }; /* the other end being closed is always told */
	while (ret == 0) {
		ret = poll(&pfd, 1, SETTLE_MS);
		if (ret > 0)
			break;
		ret = ret == 0 ? -ETIMEDOUT : errno == EINTR ? 0 : -errno;
	}
	fd_close(&fds[0]);
	return ret < 0 ? ret : 0;
}

int keeper_send_chip(int channel, uint32_t number, int fd)
{
	return keeper_send(channel, KEEPER_CHIP, number, &fd, MSG_DONTWAIT);
}

int keeper_receive_chip(int channel, uint32_t *number)
{
	struct keeper_message message;
	size_t n_fds;
	int fd = -1;
	ssize_t len = scm_recv(channel, &message, sizeof(message), &fd, 1, &n_fds, MSG_DONTWAIT);

	if (len == sizeof(message) && message.type == KEEPER_CHIP && n_fds == 1) {
		*number = message.key;
		return fd;
	}
	fd_close(&fd);
	return len < 0 ? (int)len : -ECONNRESET;
}

void kept_init(struct kept_set *set, size_t max_session, size_t n_lasting)
{
	*set = (struct kept_set){ .max_session = max_session, .n_lasting = n_lasting };
}

void kept_clear_session(struct kept_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (set->fds[i].key & KEEPER_KEY_LASTING)
			set->fds[n++] = set->fds[i];
		else
			fd_close(&set->fds[i].fd);
	}
	set->n = n;
}

void kept_deinit(struct kept_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		fd_close(&set->fds[i].fd);
	free(set->fds);
	set->fds = NULL;
	set->n = set->capacity = 0;
}

/* The fds are sorted by key: a real chip of many lines has one for each. Where key is, or belongs. */
static size_t kept_place(const struct kept_set *set, uint32_t key)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->fds[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool kept_has(const struct kept_set *set, size_t place, uint32_t key)
{
	return place < set->n && set->fds[place].key == key;
}

int kept_find(const struct kept_set *set, uint32_t key)
{
	size_t place = kept_place(set, key);

	return kept_has(set, place, key) ? set->fds[place].fd : -1;
}

int kept_take(struct kept_set *set, uint32_t key)
{
	size_t place = kept_place(set, key);

	return kept_has(set, place, key) ? fd_steal(&set->fds[place].fd) : -1;
}

/* Lasting keys are the highest. */
static bool session_is_full(const struct kept_set *set)
{
	return kept_place(set, KEEPER_KEY_LASTING) >= set->max_session;
}

static int kept_grow(struct kept_set *set)
{
	size_t capacity = set->capacity ? 2 * set->capacity : KEPT_FIRST_CAPACITY;
	struct kept_fd *fds;

	if (set->n < set->capacity)
		return 0;
	fds = realloc(set->fds, capacity * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	set->fds = fds;
	set->capacity = capacity;
	return 0;
}

int kept_put(struct kept_set *set, uint32_t key, int fd)
{
	size_t place = kept_place(set, key);
	int ret;

	if (kept_has(set, place, key)) {
		fd_close(&set->fds[place].fd);
		set->fds[place].fd = fd;
		return 0;
	}
	if (key & KEEPER_KEY_LASTING && (key & ~KEEPER_KEY_LASTING) >= set->n_lasting)
		return -EPROTO;
	if (!(key & KEEPER_KEY_LASTING) && session_is_full(set))
		return -ENOSPC;
	ret = kept_grow(set);
	if (ret < 0)
		return ret;
	memmove(&set->fds[place + 1], &set->fds[place], (set->n - place) * sizeof(*set->fds));
	set->fds[place] = (struct kept_fd){ .key = key, .fd = fd };
	set->n++;
	return 0;
}

static int kept_drop(struct kept_set *set, uint32_t key)
{
	size_t place = kept_place(set, key);

	if (!kept_has(set, place, key))
		return 0;
	fd_close(&set->fds[place].fd);
	set->n--;
	memmove(&set->fds[place], &set->fds[place + 1], (set->n - place) * sizeof(*set->fds));
	return 0;
}

static int kept_settle(int *fd)
{
	fd_close(fd);
	return 0;
}

int kept_receive(struct kept_set *set, int channel)
{
	struct {
		struct keeper_message message;
		char excess; /* so that a message that is too long shows */
	} in;
	ssize_t len;
	size_t n_fds;
	int fd = -1;
	int ret = -EPROTO;

	len = scm_recv(channel, &in, sizeof(in), &fd, 1, &n_fds, MSG_DONTWAIT);
	if (len == -ECONNRESET) /* a Unix socket's word for an end with messages of ours unread; we send none */
		return 0;
	if (len <= 0)
		return len < 0 ? (int)len : 0;
	if (len == sizeof(in.message)) {
		if (in.message.type == KEEPER_KEEP && n_fds == 1)
			ret = kept_put(set, in.message.key, fd);
		else if (in.message.type == KEEPER_DROP && n_fds == 0)
			ret = kept_drop(set, in.message.key);
		else if (in.message.type == KEEPER_SETTLE && n_fds == 1)
			ret = kept_settle(&fd);
	}
	if (ret < 0) {
		if (n_fds > 0)
			fd_close(&fd);
		return ret;
	}
	return 1;
}

int kept_receive_rest(struct kept_set *set, int channel)
{
	int ret = 1;

	/* What waits stays; nothing is added to it. */
	shutdown(channel, SHUT_RD);
	while (ret > 0)
		ret = kept_receive(set, channel);
	return ret;
}
