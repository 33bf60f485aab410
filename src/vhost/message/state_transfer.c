/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Bytes to or from an fd of any kind, up to its end. */
#include "vhost/message/state_transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/timed_io.h"
#include "base/util.h"

#define CHUNK 65536 /* a turn */

/* What has all come lies in a pipe, a socket or a file: more pieces than any of them holds. Nobody else has a turn. */
#define DRIVE_STEPS_MAX 1024

void state_transfer_init(struct state_transfer *transfer, struct loop *loop,
			 void (*done)(struct state_transfer *transfer, int error))
{
	*transfer = (struct state_transfer){ .loop = loop, .fd = -1, .done = done };
}

static void end(struct state_transfer *transfer)
{
	loop_watch_del(&transfer->watch);
	loop_defer_del(&transfer->next);
	fd_close(&transfer->fd);
}

void state_transfer_cancel(struct state_transfer *transfer)
{
	end(transfer);
	free(transfer->data);
	transfer->data = NULL;
	transfer->len = transfer->at = transfer->space = 0;
}

/* Closed first: for the other side that is the end of the data. */
static void finish(struct state_transfer *transfer, int error)
{
	end(transfer);
	transfer->done(transfer, error);
	state_transfer_cancel(transfer);
}

/* Space for one byte more than max, so that too much shows. */
static int make_space(struct state_transfer *transfer)
{
	size_t space = transfer->space ? 2 * transfer->space : CHUNK;
	uint8_t *data;

	if (transfer->len < transfer->space)
		return 0;
	if (space > transfer->max + 1)
		space = transfer->max + 1;
	data = realloc(transfer->data, space);
	if (!data)
		return -ENOMEM;
	transfer->data = data;
	transfer->space = space;
	return 0;
}

/* 1: it went on; 0: it is over; -errno. */
static int save_chunk(struct state_transfer *transfer)
{
	size_t left = transfer->len - transfer->at;
	ssize_t n;

	if (left == 0)
		return 0;
	n = timed_write(transfer->fd, transfer->data + transfer->at, left < CHUNK ? left : CHUNK);
	if (n < 0)
		return (int)n;
	transfer->at += n;
	return n > 0 ? 1 : -EIO;
}

static int load_chunk(struct state_transfer *transfer)
{
	size_t space;
	ssize_t n;
	int r;

	r = make_space(transfer);
	if (r < 0)
		return r;
	space = transfer->space - transfer->len;
	n = timed_read(transfer->fd, transfer->data + transfer->len, space < CHUNK ? space : CHUNK);
	if (n < 0)
		return (int)n;
	transfer->len += n;
	return transfer->len > transfer->max ? -EFBIG : n > 0;
}

/* Whether there may be more to do at once. */
static bool step(struct state_transfer *transfer)
{
	int r = transfer->saving ? save_chunk(transfer) : load_chunk(transfer);

	if (r == -EAGAIN)
		return false;
	if (r > 0)
		return true;
	finish(transfer, r);
	return false;
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
	step(container_of(watch, struct state_transfer, watch));
}

static void on_next(struct loop_defer *defer)
{
	struct state_transfer *transfer = container_of(defer, struct state_transfer, next);

	if (step(transfer))
		loop_defer_add(transfer->loop, &transfer->next, on_next);
}

void state_transfer_drive(struct state_transfer *transfer)
{
	unsigned steps = DRIVE_STEPS_MAX;

	while (state_transfer_is_running(transfer) && steps-- > 0 && step(transfer))
		continue;
}

static int begin(struct state_transfer *transfer, int fd)
{
	int r;

	transfer->fd = fd;
	r = fd_set_nonblock(fd);
	if (r == 0)
		r = loop_watch_add(transfer->loop, &transfer->watch, fd, transfer->saving ? EPOLLOUT : EPOLLIN,
				   on_ready);
	if (r == -EPERM) {
		loop_defer_add(transfer->loop, &transfer->next, on_next);
		r = 0;
	}
	if (r < 0)
		state_transfer_cancel(transfer);
	return r;
}

int state_transfer_save(struct state_transfer *transfer, int fd, void *data, size_t len)
{
	state_transfer_cancel(transfer);
	transfer->saving = true;
	transfer->data = data;
	transfer->len = len;
	return begin(transfer, fd);
}

int state_transfer_load(struct state_transfer *transfer, int fd, size_t max)
{
	state_transfer_cancel(transfer);
	transfer->saving = false;
	transfer->max = max;
	return begin(transfer, fd);
}
