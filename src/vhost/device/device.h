/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A device, as the library's own files see it: what it is made of, what they share. */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
#include "vhost/device/busy_poll.h"
#include "vhost/memory/dirty_log.h"
#include "vhost/memory/inflight_map.h"
#include "vhost/memory/iotlb.h"
#include "vhost/memory/memory.h"
#include "vhost/message/backend_channel.h"
#include "vhost/message/message.h"
#include "vhost/message/state_transfer.h"
#include "vhost/queue/queue.h"
#include "vhost/state/session.h"
#include "vhost/vhost.h"

struct vhost_device {
	struct loop *loop;
	const struct vhost_ops *ops;
	void *ctx;
	const char *tag;
	struct session *session;
	struct vhost_fd_store fd_store;
	struct dirty_log dirty_log;
	struct memory memory;
	struct inflight_map inflight_map; /* the front-end's regions, if it gave some */
	struct queue_host queue_host;
	int fd; /* owned: the connection */
	struct loop_watch watch;
	struct loop_after after;
	struct busy_poll busy_poll;
	struct backend_channel backend_channel;
	struct state_transfer state_transfer;
	struct message_fds rx_fds;
	struct log_limit log_limit;						 /* of what was refused */
	struct log_limit close_limit, leave_limit, reconnect_limit, reset_limit; /* of connections, and of resets */
	struct log_limit fd_store_limit;					 /* of fds that cannot be stored */
	bool has_spoken;							 /* the front-end sent a message */
	bool was_reset;			 /* the present stop of all queues was already taken for a reset */
	struct log_limit left_out_limit; /* of sessions without a feature of the device type */
	bool reported_left_out;		 /* this session is one of them, and that was logged */
	/* What was last logged as negotiated; 0: nothing yet. */
	uint64_t reported_features, reported_protocol_features;
	/* Last, since most of them no guest uses: what is not written to takes no memory. */
	struct vhost_queue queues[VHOST_QUEUES_MAX];
	struct file_map maps[SESSION_SLOTS_MAX]; /* memory's */
	struct iotlb iotlb;
};

static inline bool device_negotiated(const struct vhost_device *device, enum vhost_user_protocol_feature feature)
{
	return device->session->protocol_features & 1ull << feature;
}

/* Whether this feature bit is negotiated. */
static inline bool device_has(const struct vhost_device *device, uint64_t feature)
{
	return device->session->features & feature;
}

/* What this device offers. */
uint64_t device_features(const struct vhost_device *device);
uint64_t device_protocol_features(const struct vhost_device *device);

/* What the negotiated features mean for memory: whether writes are marked and addresses translated. */
void device_apply_features(struct vhost_device *device);
void device_each_queue(struct vhost_device *device, void (*fn)(struct vhost_queue *queue));
/* What was pushed is published while memory and translations still stand as they are. */
void device_flush(struct vhost_device *device);
/* "Suspended device state": no ring runs. All of it is in the session then, and nothing changes it. */
bool device_is_suspended(const struct vhost_device *device);
/* Puts the fd into the fd store (-1: drops what is under the key). */
void device_store_fd(struct vhost_device *device, enum vhost_fd_kind kind, unsigned index, int fd);
/* ops reset: what there is of the session is another one from now on. */
void device_begin_anew(struct vhost_device *device);
/* The device's initial state: rings stopped and disabled, nothing in flight, ops reset. The connection stays. */
void device_reset(struct vhost_device *device);
