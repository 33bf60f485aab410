/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The state of a device, for the library's own files: the message handlers and the connection. */
#pragma once

#include "base/log.h"
#include "loop/loop.h"
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
	struct iotlb iotlb;
	struct queue_host queue_host;
	struct vhost_queue queues[VHOST_QUEUES_MAX];
	int fd; /* owned: the connection */
	struct loop_watch watch;
	struct loop_after after;
	struct backend_channel backend_channel;
	struct state_transfer state_transfer; /* of the device's state */
	struct message_fds rx_fds;
	struct log_limit log_limit; /* of what was refused */
	struct log_limit close_limit, leave_limit, reconnect_limit,
		reset_limit;		 /* connections closed, left, back; resets */
	struct log_limit fd_store_limit; /* fds that can not be kept */
	bool has_spoken;		 /* the front-end sent a message */
	bool was_reset;			 /* the present stop of all queues was already reported to be a reset */
	/* What was last logged as negotiated; 0: nothing yet. */
	uint64_t reported_features, reported_protocol_features;
};

static inline bool device_negotiated(const struct vhost_device *device, enum vhost_user_protocol_feature feature)
{
	return device->session->protocol_features & 1ull << feature;
}

/* What this device offers. */
uint64_t device_features(const struct vhost_device *device);
uint64_t device_protocol_features(const struct vhost_device *device);

/* transfer.done */
void device_transfer_done(struct state_transfer *transfer, int error);

/* Whether this feature bit is negotiated. */
bool device_has(const struct vhost_device *device, uint64_t feature);
/* What the negotiated features mean for memory: whether writes are marked and addresses translated. */
void device_apply_features(struct vhost_device *device);
/* What was pushed is published while memory and translations still stand as they are. */
void device_flush(struct vhost_device *device);

/* handle_iotlb.c */
/* The channel to the front-end has room, or is another one: what was not asked yet is asked. */
void device_iotlb_channel_ready(struct vhost_device *device);
/* The channel is another one: what is waited for is to be asked again. */
void device_iotlb_channel_changed(struct vhost_device *device);
/* struct queue_host: ask */
bool device_iotlb_ask(struct queue_host *host);
/* Forgets all translations. */
void device_iotlb_clear(struct vhost_device *device);

/* memory_lost.c: ends the session, with a line that says why, when memory of it went away. */
void memory_lost_check(struct vhost_device *device);

/* Hands the fd to the fd_store (-1: takes what is under the key out of it). */
void device_store_fd(struct vhost_device *device, enum vhost_fd_kind kind, unsigned index, int fd);

/* connection.c */
/* Messages are read from now on. -errno. */
int connection_listen(struct vhost_device *device);
/* Ends the connection, with a line that says why. NULL: the front-end left. has_header: it names the message at hand. */
void connection_close(struct vhost_device *device, const char *why, bool has_header);
/* Lets go of what this process holds of a connection. */
void connection_release(struct vhost_device *device);

/* restore.c: what an earlier process left is taken up, in this order. */
/* -errno: it can not be, and the session is to be dropped. */
int restore_connection(struct vhost_device *device);
void restore_queues(struct vhost_device *device);
void restore_message(struct vhost_device *device);

/* one_way.c */
/* Nothing comes in over this fd, if it is a socket. */
void one_way_shut(const struct vhost_device *device, int fd);
/* The connection is over: what is in its sockets is thrown away, before anybody else closes them. */
void one_way_shut_all(const struct vhost_device *device);

/* The device's initial state: rings stopped and disabled, nothing in flight, ops reset. The connection stays. */
void device_reset(struct vhost_device *device);
