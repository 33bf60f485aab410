/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where front-ends come in: a worker serves one at a time. */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
#include "vhost/vhost.h"

struct worker_door {
	const char *tag;
	struct loop_watch watch;
	struct vhost_device *device;
	struct log_limit refused_limit, came_limit, left_limit, accept_limit;
};

/* Listens on fd, which stays the caller's, for the device, which outlives the door. -errno. */
int worker_door_open(struct worker_door *door, struct loop *loop, int fd, struct vhost_device *device, const char *tag);
/* Idempotent. */
void worker_door_close(struct worker_door *door);
