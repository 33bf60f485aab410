/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The fds that are kept for one session, and what a worker says of them. */
#include "ipc/fd_store.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/util.h"
#include "process/async_close.h"

#define KEPT_FIRST_CAPACITY 16

void kept_init(struct kept_set *set, size_t max_session, size_t n_lasting)
{
	*set = (struct kept_set){ .max_session = max_session, .n_lasting = n_lasting };
}

void kept_clear_session(struct kept_set *set)
{
	int *fds = calloc(set->n + 1, sizeof(*fds));
	size_t n = 0, n_fds = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (set->fds[i].key & KEEPER_KEY_LASTING)
			set->fds[n++] = set->fds[i];
		else if (fds)
			fds[n_fds++] = set->fds[i].fd;
		else
			fd_close(&set->fds[i].fd);
	}
	set->n = n;
	closer_close_all(fds, n_fds);
	free(fds);
}

void kept_end(struct kept_set *set)
{
	kept_clear_session(set);
	kept_deinit(set);
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
		closer_close(&set->fds[place].fd);
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

void kept_drop(struct kept_set *set, uint32_t key)
{
	size_t place = kept_place(set, key);

	if (!kept_has(set, place, key))
		return;
	closer_close(&set->fds[place].fd);
	set->n--;
	memmove(&set->fds[place], &set->fds[place + 1], (set->n - place) * sizeof(*set->fds));
}

/* What a worker may send, by its type. */
static const struct shape {
	size_t len, n_fds;
} shapes[] = {
	[KEEPER_KEEP] = { sizeof(struct keeper_message), 1 },	[KEEPER_DROP] = { sizeof(struct keeper_message), 0 },
	[KEEPER_SETTLE] = { sizeof(struct keeper_message), 1 }, [KEEPER_LINE] = { sizeof(struct keeper_question), 0 },
	[KEEPER_INFO] = { sizeof(struct keeper_question), 0 },
};

union from_worker {
	struct keeper_message message;
	struct keeper_question question;
	char excess[sizeof(struct keeper_question) + 1]; /* so that a message that is too long shows */
};

static bool has_shape(const union from_worker *in, size_t len, size_t n_fds)
{
	uint32_t type = in->message.type;

	return len >= sizeof(type) && type < ARRAY_SIZE(shapes) && len == shapes[type].len &&
	       n_fds == shapes[type].n_fds;
}

/* A Unix socket that was closed with messages of ours unread says that first, once, and only then what came before. */
static ssize_t channel_receive(int channel, union from_worker *in, int *fd, size_t *n_fds)
{
	ssize_t len = scm_recv(channel, in, sizeof(*in), fd, 1, n_fds, MSG_DONTWAIT);

	return len == -ECONNRESET ? scm_recv(channel, in, sizeof(*in), fd, 1, n_fds, MSG_DONTWAIT) : len;
}

int kept_receive(struct kept_set *set, int channel, struct keeper_question *question)
{
	union from_worker in = { .message.type = 0 };
	size_t n_fds;
	int fd = -1;
	int ret = KEPT_DONE;
	ssize_t len = channel_receive(channel, &in, &fd, &n_fds);

	if (len <= 0)
		return (int)len;
	if (!has_shape(&in, (size_t)len, n_fds)) {
		ret = -EPROTO;
	} else if (in.message.type == KEEPER_KEEP) {
		ret = kept_put(set, in.message.key, fd);
		if (ret == 0)
			return KEPT_DONE;
	} else if (in.message.type == KEEPER_DROP) {
		kept_drop(set, in.message.key);
	} else if (in.message.type != KEEPER_SETTLE) { /* of which the fd is closed, and that is all */
		*question = in.question;
		ret = KEPT_ASKED;
	}
	fd_close(&fd);
	return ret;
}

int kept_receive_rest(struct kept_set *set, int channel)
{
	struct keeper_question unanswered;
	int ret;

	/* What waits stays; nothing is added to it. */
	shutdown(channel, SHUT_RD);
	do {
		ret = kept_receive(set, channel, &unanswered);
	} while (ret > 0);
	return ret;
}

int kept_send_chip(int channel, uint32_t number)
{
	const struct keeper_message message = { .type = KEEPER_CHIP, .key = number };
	ssize_t len = scm_send(channel, &message, sizeof(message), NULL, 0, MSG_DONTWAIT);

	return len < 0 ? (int)len : 0;
}
