/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The yardstick: another process that waits for one eventfd and writes another one, and does nothing else. What a
 * request takes beyond that is what the program under test adds to two wake-ups.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum pingpong_kind {
	PINGPONG_READ,	/* a read that waits: the floor */
	PINGPONG_EPOLL, /* epoll_wait, edge-triggered, as an event loop waits */
};

struct pingpong {
	int ping_fd, pong_fd; /* owned */
	pid_t pid;
};

void pingpong_start(struct pingpong *pingpong, enum pingpong_kind kind);
void pingpong_stop(struct pingpong *pingpong);
/* There and back: nanoseconds. */
uint64_t pingpong_once(struct pingpong *pingpong);
