/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * In-flight regions of split rings in the front-end's hand, which reads and writes them itself: vhost-user.rst,
 * "Inflight I/O tracking". What must go well fails the test when it does not.
 */
#pragma once

#include "session.h"

/* A region as the front-end keeps it; to be given to shared_free(). */
struct shared {
	struct vu_inflight wire;
	int fd;
	char *map;
};

/* Has the back-end make one for the rings of the session; or makes one, at offset in its file. */
void shared_get(struct session *s, struct shared *shared);
void shared_make(struct shared *shared, uint16_t queue_size, uint64_t offset, uint64_t size);
void shared_free(struct shared *shared);

/* The part of a queue, whose size is shared_stride() bytes; how many of its descriptors are in flight. */
uint64_t shared_stride(uint16_t queue_size);
struct vu_inflight_split *shared_queue(const struct shared *shared, unsigned queue);
unsigned shared_inflight(const struct shared *shared, unsigned queue);

/* Connected, negotiated, memory: the rings come later. Returns when what the messages brought is closed. */
void shared_prepare(struct session *s);
/* With the base of a front-end that does not know better: the used index. */
void shared_start_rings(struct session *s);
/* All of it, with a region of the back-end's. */
void shared_start(struct session *s, struct shared *shared);
/* The same front-end again, with memory and rings as they are, without a word of good-bye. */
void shared_reconnect(struct session *s, const struct shared *shared);
