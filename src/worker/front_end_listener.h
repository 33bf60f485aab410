/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where front-ends come in: a worker serves one at a time. */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
#include "vhost/vhost.h"

struct front_end_listener {
	const char *tag;
	struct loop_watch watch;
	struct vhost_device *device;
	uint32_t *accepts; /* the supervisor looks at it: who takes front-ends is alive */
	struct log_limit refused_limit, connected_limit, gone_limit, accept_limit;
};

/* Listens on fd, which stays the caller's, for the device, which outlives the listener, as accepts does. -errno. */
int front_end_listener_open(struct front_end_listener *listener, struct loop *loop, int fd, struct vhost_device *device,
			    uint32_t *accepts, const char *tag);
/* Idempotent. */
void front_end_listener_close(struct front_end_listener *listener);
