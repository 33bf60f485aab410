/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The fds that are stored for one guest, and what a worker says of them. */
#include "ipc/fd_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/util.h"
#include "process/async_close.h"

#define FIRST_CAPACITY 16

void fd_store_init(struct fd_store *store, size_t max_session, size_t n_lasting)
{
	*store = (struct fd_store){ .max_session = max_session, .n_lasting = n_lasting };
}

static void tell(struct fd_store *store, uint32_t key, int fd)
{
	if (store->changed && !(key & FD_KEY_LASTING))
		store->changed(store, key, fd);
}

void fd_store_clear_session(struct fd_store *store)
{
	int *fds = calloc(store->n + 1, sizeof(*fds));
	size_t n = 0, n_fds = 0;

	for (size_t i = 0; i < store->n; i++) {
		tell(store, store->fds[i].key, -1);
		if (store->fds[i].key & FD_KEY_LASTING)
			store->fds[n++] = store->fds[i];
		else if (fds)
			fds[n_fds++] = store->fds[i].fd;
		else
			fd_close(&store->fds[i].fd);
	}
	store->n = n;
	async_close_all(fds, n_fds);
	free(fds);
}

void fd_store_close(struct fd_store *store)
{
	fd_store_clear_session(store);
	fd_store_deinit(store);
}

void fd_store_deinit(struct fd_store *store)
{
	for (size_t i = 0; i < store->n; i++)
		fd_close(&store->fds[i].fd);
	free(store->fds);
	store->fds = NULL;
	store->n = store->capacity = 0;
}

/* The fds are sorted by key: a real chip of many lines has one for each. Where key is, or belongs. */
static size_t entry_index(const struct fd_store *store, uint32_t key)
{
	size_t low = 0, high = store->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (store->fds[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool entry_is(const struct fd_store *store, size_t index, uint32_t key)
{
	return index < store->n && store->fds[index].key == key;
}

int fd_store_find(const struct fd_store *store, uint32_t key)
{
	size_t index = entry_index(store, key);

	return entry_is(store, index, key) ? store->fds[index].fd : -1;
}

int fd_store_take(struct fd_store *store, uint32_t key)
{
	size_t index = entry_index(store, key);

	return entry_is(store, index, key) ? fd_steal(&store->fds[index].fd) : -1;
}

/* Lasting keys are the highest. */
static bool session_is_full(const struct fd_store *store)
{
	return entry_index(store, FD_KEY_LASTING) >= store->max_session;
}

static int store_grow(struct fd_store *store)
{
	size_t capacity = store->capacity ? 2 * store->capacity : FIRST_CAPACITY;
	struct fd_store_entry *fds;

	if (store->n < store->capacity)
		return 0;
	fds = realloc(store->fds, capacity * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	store->fds = fds;
	store->capacity = capacity;
	return 0;
}

int fd_store_put(struct fd_store *store, uint32_t key, int fd)
{
	size_t index = entry_index(store, key);
	int ret;

	if (entry_is(store, index, key)) {
		tell(store, key, -1);
		async_close(&store->fds[index].fd);
		store->fds[index].fd = fd;
		tell(store, key, fd);
		return 0;
	}
	if (key & FD_KEY_LASTING && (key & ~FD_KEY_LASTING) >= store->n_lasting)
		return -EPROTO;
	if (!(key & FD_KEY_LASTING) && session_is_full(store))
		return -ENOSPC;
	ret = store_grow(store);
	if (ret < 0)
		return ret;
	memmove(&store->fds[index + 1], &store->fds[index], (store->n - index) * sizeof(*store->fds));
	store->fds[index] = (struct fd_store_entry){ .key = key, .fd = fd };
	store->n++;
	tell(store, key, fd);
	return 0;
}

void fd_store_remove(struct fd_store *store, uint32_t key)
{
	size_t index = entry_index(store, key);

	if (!entry_is(store, index, key))
		return;
	tell(store, key, -1);
	async_close(&store->fds[index].fd);
	store->n--;
	memmove(&store->fds[index], &store->fds[index + 1], (store->n - index) * sizeof(*store->fds));
}

#define MESSAGE sizeof(struct supervisor_channel_message)
#define REQUEST sizeof(struct supervisor_channel_request)

/* What a worker may send, by its type. */
static const struct format {
	size_t len, n_fds;
} formats[] = {
	[SUPERVISOR_CHANNEL_STORE] = { MESSAGE, 1 },	 [SUPERVISOR_CHANNEL_REMOVE] = { MESSAGE, 0 },
	[SUPERVISOR_CHANNEL_BARRIER] = { MESSAGE, 1 },	 [SUPERVISOR_CHANNEL_LINE] = { REQUEST, 0 },
	[SUPERVISOR_CHANNEL_LINE_INFO] = { REQUEST, 0 }, [SUPERVISOR_CHANNEL_MOVED] = { REQUEST, 0 },
};

union from_worker {
	struct supervisor_channel_message message;
	struct supervisor_channel_request request;
	char excess[REQUEST + 1]; /* so that a message that is too long shows */
};

static bool has_format(const struct fd_store *store, const union from_worker *in, size_t len, size_t n_fds)
{
	uint32_t type = in->message.type;

	if (type == SUPERVISOR_CHANNEL_STORE && store->lasting_ours && len == MESSAGE &&
	    in->message.key & FD_KEY_LASTING)
		return false;
	return len >= sizeof(type) && type < ARRAY_SIZE(formats) && len == formats[type].len &&
	       n_fds == formats[type].n_fds;
}

/* A Unix socket that was closed with messages of ours unread says that first, once, and only then what came before. */
static ssize_t channel_receive(int channel, union from_worker *in, int *fd, size_t *n_fds)
{
	ssize_t len = scm_recv(channel, in, sizeof(*in), fd, 1, n_fds, MSG_DONTWAIT);

	return len == -ECONNRESET ? scm_recv(channel, in, sizeof(*in), fd, 1, n_fds, MSG_DONTWAIT) : len;
}

int fd_store_receive(struct fd_store *store, int channel, struct supervisor_channel_request *request)
{
	union from_worker in = { .message.type = 0 };
	size_t n_fds;
	int fd = -1;
	int ret = FD_STORE_DONE;
	ssize_t len = channel_receive(channel, &in, &fd, &n_fds);

	if (len <= 0)
		return (int)len;
	if (!has_format(store, &in, (size_t)len, n_fds)) {
		ret = -EPROTO;
	} else if (in.message.type == SUPERVISOR_CHANNEL_STORE) {
		ret = fd_store_put(store, in.message.key, fd);
		if (ret == 0)
			return FD_STORE_DONE;
	} else if (in.message.type == SUPERVISOR_CHANNEL_REMOVE) {
		fd_store_remove(store, in.message.key);
	} else if (in.message.type != SUPERVISOR_CHANNEL_BARRIER) { /* of which the fd is closed, and that is all */
		*request = in.request;
		ret = FD_STORE_REQUEST;
	}
	fd_close(&fd);
	return ret;
}

int fd_store_receive_all(struct fd_store *store, int channel)
{
	struct supervisor_channel_request unanswered;
	int ret;

	/* What waits stays; nothing is added to it. */
	shutdown(channel, SHUT_RD);
	do {
		ret = fd_store_receive(store, channel, &unanswered);
	} while (ret > 0);
	return ret;
}
