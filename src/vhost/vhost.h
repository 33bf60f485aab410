/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * THE LIBRARY: a vhost-user back-end for any VirtIO device type.
 *
 * A device serves one front-end connection at a time. The caller accepts the connection and gives it to
 * vhost_device_connect(); the library does the messages, guest memory and rings, and calls the device's ops. All of it
 * runs in the caller's loop, in one thread; SIGPIPE must be ignored by the process. Kick, call and err fds are made
 * non-blocking: the flag is shared with the front-end, which is the price for never waiting for it.
 *
 * What must outlive the process is kept outside of it: the session (plain data in shared memory that the caller gives,
 * see session.h) and the fds (struct vhost_fd_store). vhost_device_create() on an empty session is a first start, on a
 * full one it restores what an earlier process had: connection, memory, rings, chains that were taken and not
 * returned. The device sees both the same way: queue_start, then the chains.
 *
 * Chains. vhost_queue_pop() gives a chain by value: a list of guest-physical segments, every descriptor read once and
 * the copy checked. vhost_chain_read/_write translate and copy at use, so a chain may be held for hours while guest
 * memory changes under it. A chain popped and neither pushed nor forgotten is "in flight": after queue_stop all of them
 * are the library's again; when the queue resumes they are requeued: they come out of vhost_queue_pop() first, in order.
 *
 * Nothing that a front-end or a guest sends ends the process: a malformed message ends the connection, a malformed
 * chain is returned with length 0, an invalid ring is broken (silent until it is set up anew).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fields.h"

struct loop;
struct vhost_device;
struct vhost_queue;

#define VHOST_QUEUES_MAX	 8
#define VHOST_SESSION_PARTS_MAX	 (4 + 2 * VHOST_QUEUES_MAX)
#define VHOST_DEVICE_FEATURES	 24 /* bits that are a device type's own: 0 to 23 */
#define VHOST_CONFIG_MAX	 256
#define VHOST_STATE_MAX		 1048576
#define VHOST_CHAIN_SEGMENTS_MAX 256
#define VHOST_CHAIN_DESCS_MAX	 1024 /* with the empty ones; as in QEMU. Bounds what a chain costs to read */

/* All calls come from the loop. Any but queue_ready and config_read may be NULL. */
struct vhost_ops {
	uint64_t features;		  /* the device type's own feature bits (VirtIO 0 to 23) */
	const char *const *feature_names; /* theirs, VHOST_DEVICE_FEATURES of them by bit; may be NULL, as may each */
	const char *without_features; /* told when not all of them are negotiated: what that means, and why; or NULL */
	unsigned n_queues;	      /* 1 to VHOST_QUEUES_MAX */
	uint32_t config_size;	      /* of the configuration space, up to VHOST_CONFIG_MAX */
	/*
	 * VIRTIO_F_ACCESS_PLATFORM may be offered. QEMU 9.0 and later take it for the guest whatever iommu_platform=
	 * says, and a device with the bit that is not behind the machine's virtual IOMMU does not start there.
	 */
	bool iommu;
	/* How long rings are looked at after the last chain before a kick is waited for (busy_poll.h); 0: not at all. */
	uint32_t busy_poll_us;
	/* What a session brings is restored with its rings broken: the processes before died again and again. */
	bool restore_broken;
	/* The process before did not die of what it was at, somebody killed it: that does not count against a chain. */
	bool restore_blameless;

	/* Writes the whole configuration space, little-endian. */
	void (*config_read)(void *ctx, void *config);
	/* The driver's features, of the device type and reserved ones. */
	void (*features_set)(void *ctx, uint64_t features);
	/*
	 * A new driver begins (the device was reset), or the connection is gone for good: back to the initial state. No
	 * queue is running then. VirtIO 1.3, 2.4 "Device Reset".
	 */
	void (*reset)(void *ctx);
	/*
	 * A front-end went that may reconnect, see reconnect.h; all three or none. reconnect_save: the device's state is
	 * to be saved, nothing else changes. reconnect_reset: the initial state, but what was saved stays.
	 * reconnect_restore: as saved; a reset drops that instead. Each may be called again by the next process. No queue
	 * runs.
	 */
	void (*reconnect_save)(void *ctx);
	void (*reconnect_reset)(void *ctx);
	void (*reconnect_restore)(void *ctx);
	/* From now on chains may be popped and pushed. What was in flight at the last queue_stop comes out first. */
	void (*queue_start)(void *ctx, unsigned index, struct vhost_queue *queue);
	/*
	 * No more: held chains are to be forgotten. Pushes of the same turn were published, unless the connection is
	 * gone.
	 */
	void (*queue_stop)(void *ctx, unsigned index);
	/* All that was pushed so far is the driver's. May be NULL. */
	void (*queue_published)(void *ctx, unsigned index);
	/* There may be chains: pop until there is none. */
	void (*queue_ready)(void *ctx, unsigned index, struct vhost_queue *queue);
	/*
	 * The device's own state, for another process to go on with: vhost-user.rst, "Migrating back-end state". All
	 * three or none; no queue runs. state_save writes state_size bytes, VHOST_STATE_MAX at most. state_load trusts
	 * nothing, and takes all of it or nothing: 0 or -errno.
	 */
	size_t (*state_size)(void *ctx);
	void (*state_save)(void *ctx, void *data);
	int (*state_load)(void *ctx, const void *data, size_t len);
	/* The front-end connected, or disconnected: then (after reset) vhost_device_connect() may be called again. */
	void (*connected)(void *ctx, bool connected);
};

/*
 * Of the fds that are stored; with an index the key of one, see vhost_fd_key(). A later program finds them by it: a
 * number is never given to anything else.
 */
enum vhost_fd_kind {
	VHOST_FD_CONNECTION = 1,
	VHOST_FD_BACKEND_REQ = 2,
	VHOST_FD_KICK = 3,   /* by queue */
	VHOST_FD_CALL = 4,   /* by queue */
	VHOST_FD_ERR = 5,    /* by queue */
	VHOST_FD_MEMORY = 6, /* by slot */
	VHOST_FD_INFLIGHT = 7,
	VHOST_FD_LOG = 8,
	VHOST_FD_LOG_CALL = 9,
	VHOST_FD_MESSAGE = 10, /* what the message being received brought, by its place in it */
	VHOST_FD_KIND_END = 11,
};

static inline uint32_t vhost_fd_key(enum vhost_fd_kind kind, unsigned index)
{
	return (uint32_t)kind << 16 | index;
}

#define VHOST_FDS_MAX 328 /* never more at a time */

/* Where the session's fds outlive this process. */
struct vhost_fd_store {
	void *ctx;
	/* fd stays the library's. -errno: it cannot be stored, and nothing is under key any more. */
	int (*put)(void *ctx, uint32_t key, int fd);
	void (*drop)(void *ctx, uint32_t key);
	/* What an earlier process left under key: becomes the library's; -1 when there is nothing. */
	int (*take)(void *ctx, uint32_t key);
};

/* Bytes of session memory for a device with this many queues; zeroed memory is an empty session. 8-byte aligned. */
size_t vhost_session_size(unsigned n_queues);
/* Where in it a uint32_t lies that is another one after each message and each batch of chains that were answered. */
size_t vhost_session_progress_at(void);
/*
 * What lies where in it, by tables (base/fields.h): VHOST_SESSION_PARTS_MAX parts at most; returns how many. In the part
 * "session" are two numbers that others may look for: "progress", which is that one, and "epoch", another one after
 * each reset and for each connection.
 */
unsigned vhost_session_parts(unsigned n_queues, struct field_part parts[VHOST_SESSION_PARTS_MAX]);

/*
 * ops, session and tag outlive the device; fd_store is copied. A full session that is invalid is dropped with a
 * log line: then the device starts empty. -errno; when memory or the like was lacking, a full session stays what it is.
 */
int vhost_device_create(struct vhost_device **device, struct loop *loop, const struct vhost_ops *ops, void *ctx,
			void *session, const struct vhost_fd_store *fd_store, const char *tag);
/*
 * Installs a handler for SIGBUS, once a process: a front-end that makes the files of its memory shorter ends its session
 * then, and not the process. A SIGBUS that comes from anywhere else does what it did before.
 */
int vhost_contain_sigbus(void);
/* Frees what this process holds; session and stored fds stay as they are. */
void vhost_device_free(struct vhost_device *device);

/* A front-end; the fd becomes the device's, whatever the result. Not to be called while one is connected. -errno. */
int vhost_device_connect(struct vhost_device *device, int fd);
bool vhost_device_is_connected(const struct vhost_device *device);
/* Whether the front-end of this connection has closed it, although that was not noticed yet. */
bool vhost_device_is_hung_up(const struct vhost_device *device);
/* Whether the front-end, or the last one, sent anything: who only looks whether somebody listens does not. */
bool vhost_device_has_spoken(const struct vhost_device *device);
/* Ends the connection and the session; ops reset and connected(false) are called. */
void vhost_device_disconnect(struct vhost_device *device);

/*
 * Guest-physical address, or with VIRTIO_F_ACCESS_PLATFORM an I/O virtual one: a type of its own, not to be mixed up
 * with front-end user addresses.
 */
struct guest_addr {
	uint64_t value;
};

struct vhost_segment {
	struct guest_addr addr;
	uint32_t len; /* not 0 */
};

/* A chain: n_read device-readable segments, then n_write device-writable ones. */
struct vhost_chain {
	uint16_t head;
	uint16_t n_read, n_write;
	uint32_t read_len, write_len; /* sums */
	struct vhost_segment segments[VHOST_CHAIN_SEGMENTS_MAX];
};

/* 1: a chain; 0: none now (queue_ready will be called); -errno: the queue is broken or stopped. */
int vhost_queue_pop(struct vhost_queue *queue, struct vhost_chain *chain);
/* When vhost_queue_pop() has returned 0: whether no chain is left that waits for another turn or for a translation. */
bool vhost_queue_is_drained(const struct vhost_queue *queue);
/*
 * Lets the device take what is available in the queue of that index now, kicked for or not, because a chain of the other
 * queue, which it is at, comes after that. At most so many chains, or as many as fit a turn, all at the cost of the other
 * queue's turn. False: there may be more (the queue is stopped, or see vhost_queue_is_drained()).
 */
bool vhost_queue_look(struct vhost_queue *other, unsigned index, uint32_t chains);
/* Copies the first len readable bytes. -EMSGSIZE when there are fewer, -EFAULT when they are not in guest memory. */
int vhost_chain_read(struct vhost_queue *queue, const struct vhost_chain *chain, void *data, size_t len);
/* Whether there are len writable bytes, and in guest memory. */
bool vhost_chain_is_writable(struct vhost_queue *queue, const struct vhost_chain *chain, size_t len);
/*
 * Copies as much of data as there is writable space for, from its start. Returns how many bytes were written: what is
 * not in guest memory ends it.
 */
uint32_t vhost_chain_write(struct vhost_queue *queue, const struct vhost_chain *chain, const void *data, size_t len);
/*
 * Whether the chain of this head was in flight when the queue started and was not popped yet: to be asked in
 * queue_start. False, too, when the queue has what to write into it.
 */
bool vhost_queue_is_requeued(const struct vhost_queue *queue, uint16_t head);
/* What was pushed is the driver's now, and not only at the end of the turn. */
void vhost_queue_publish(struct vhost_queue *queue);
/* Returns the chain to the driver with this used length: at the end of the turn at the latest. Then it is called, too. */
void vhost_queue_push(struct vhost_queue *queue, uint16_t head, uint32_t written);

#define VHOST_PARKED_MAX 7

/* A chain held for long, by its head and its first writable segment: 16 bytes instead of 4 KiB. */
struct vhost_parked {
	struct guest_addr addr;
	uint32_t len; /* 0: nothing writable */
	uint16_t head;
};

struct vhost_parked vhost_chain_park(const struct vhost_chain *chain);
/*
 * Writes up to VHOST_PARKED_MAX bytes and returns the chain to the driver. Where the translation of the buffer is not
 * known any more (VIRTIO_F_ACCESS_PLATFORM) it is asked for, and that happens when it comes. True: the driver gets it
 * also when this process dies now. False: from ops queue_published on.
 */
bool vhost_parked_return(struct vhost_queue *queue, const struct vhost_parked *parked, const void *data, size_t len);
