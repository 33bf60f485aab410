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

struct backend_channel {
	int fd; /* owned; -1: there is none */
	struct loop *loop;
	struct loop_watch watch; /* while a message waits for space */
	void (*ready)(struct backend_channel *channel);
};

/* ready() is called when there is space again, or another channel. */
void backend_channel_init(struct backend_channel *channel, struct loop *loop,
			  void (*ready)(struct backend_channel *channel));
/* The fd (-1: none) becomes the channel's, in place of the one before. */
void backend_channel_open(struct backend_channel *channel, int fd);
/* Idempotent. */
void backend_channel_close(struct backend_channel *channel);
/* 0, -EAGAIN: later (ready() will be called), or -errno: there is no channel, or it is closed now. */
int backend_channel_send(struct backend_channel *channel, enum vhost_user_backend_request request, const void *payload,
			 size_t size);
