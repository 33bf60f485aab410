/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The channel for messages of the back-end's own: vhost-user.rst, "Back-end communication".
 *
 * Nothing here waits. A message is taken by the kernel whole or not at all; when it is not, the sender keeps what it
 * has to say, and says it when ready() is called. No reply is asked for, none is read: a front-end that waits for the
 * reply to a message of its own does not read this channel, and both would wait for ever.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "vhost/wire.h"

struct channel {
	int fd; /* owned; -1: there is none */
	struct loop *loop;
	struct loop_watch watch; /* while a message waits for room */
	void (*ready)(struct channel *channel);
};

/* ready() is called when there is room again, or another channel. */
void channel_init(struct channel *channel, struct loop *loop, void (*ready)(struct channel *channel));
/* The fd (-1: none) becomes the channel's, in place of the one before. */
void channel_open(struct channel *channel, int fd);
/* Idempotent. */
void channel_close(struct channel *channel);
/* 0, -EAGAIN: later (ready() will be called), or -errno: there is no channel, or it is closed now. */
int channel_send(struct channel *channel, enum vhost_user_backend_request request, const void *payload, size_t size);
