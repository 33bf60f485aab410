/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The session: everything of a connection that must outlive the worker process, as plain data in shared memory. No
 * pointers, no fds (those are in the fd store, see vhost.h). Zeroed memory is an empty session. Each member has its row in
 * session_fields.c, by which a program of another layout takes it over.
 *
 * Who writes: this library, in the one process that is attached. Who reads: that process, and its successor, which
 * checks all of it first (session_check), because the process that wrote it may have been in a guest's hand.
 *
 * Order of stores. A chain is in flight from the moment that it is taken until it is the driver's again; after a crash
 * the position is not trusted but derived: what is used + what is in flight + lag. So a crash between any two stores
 * loses no chain and returns none twice; at worst a request is executed again (requests are idempotent).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scm.h"
#include "vhost/state/inflight.h"
#include "vhost/state/inflight_packed.h"
#include "vhost/vhost.h"
#include "vhost/wire.h"

#define SESSION_MAGIC 0x76677069u /* "vgpi" */

#define SESSION_SLOTS_MAX      256 /* memory regions */
#define SESSION_RX_PAYLOAD_MAX 512 /* the largest payload that the message table allows is below */

/* A free slot has size 0. */
struct session_region {
	uint64_t guest_addr;
	uint64_t user_addr;
	uint64_t size;
	uint64_t mmap_offset;
};

/* The dirty log in its file; size 0: none. */
struct session_log {
	uint64_t offset, size;
};

enum session_kick {
	SESSION_KICK_NONE, /* no SET_VRING_KICK yet, or stopped */
	SESSION_KICK_FD,
	SESSION_KICK_POLLED, /* "no fd": look at the ring from time to time */
	SESSION_KICK_INBAND, /* VRING_KICK messages, and no SET_VRING_KICK */
};

/* Where a ring lies and how large it is: user addresses, or I/O virtual ones with VIRTIO_F_ACCESS_PLATFORM. */
struct session_ring_layout {
	uint32_t size;
	uint32_t flags;
	uint64_t desc, used, avail;
	uint64_t log; /* guest-physical */
};

/* Where a byte of a ring lies, whoever maps it: in which file of memory, and where for the guest. */
struct session_location {
	uint64_t dev, ino;
	uint64_t offset;
	uint64_t guest_addr;
};

/* The three areas of a ring. */
struct session_locations {
	struct session_location desc, driver, device;
};

struct session_ring {
	struct session_ring_layout layout; /* as the front-end set it */
	struct session_ring_layout ran;	   /* as it was when the ring last ran: tells pause from reset */
	uint8_t has_addr;
	uint8_t has_base; /* SET_VRING_BASE came since the last start; base is its value */
	uint8_t has_run;  /* ran, packed, position, lag and the in-flight region are valid */
	uint8_t kick;	  /* enum session_kick */
	uint8_t started;  /* a kick was seen since SET_VRING_KICK */
	uint8_t enabled;
	uint8_t broken;	     /* until it is set up anew */
	uint8_t packed;	     /* the format in which it last ran */
	uint32_t base;	     /* a position, as in SET_VRING_BASE: see ring.h */
	uint32_t position;   /* where the ring is, or was when it last ran */
	uint16_t lag;	     /* available, not used and not in flight either: as the front-end started us */
	uint8_t has_call_fd; /* SET_VRING_CALL came: calls are never messages on this connection */
	uint8_t has_err_fd;  /* SET_VRING_ERR */
	uint8_t deaths;	     /* of workers in a row that had this chain in their hands: suspect */
	uint8_t padding[3];
	uint32_t handled;    /* the head of the chain that the device is at now, and 1; 0: none */
	uint32_t suspect;    /* the same, of a worker that died */
	uint8_t transferred; /* it ran last in another process: of ran only the size is valid */
	uint8_t reconnected; /* it ran last on an earlier connection: so is ran, and see reconnect.h */
	uint8_t padding_2[2];
	uint32_t fingerprint;		    /* what ring.h, fingerprint() said when it stopped */
	struct session_locations locations; /* of ran */
};

/*
 * The message at hand, from its first byte until it is answered: see message.h for the order of stores. What taken
 * notes was taken from the socket and is not in have yet; while settling, have is about to become have_next.
 */
struct session_rx {
	uint32_t have; /* bytes of header and payload that arrived */
	uint32_t have_next;
	uint8_t settling;
	uint8_t n_fds;	  /* as many are stored under VHOST_FD_MESSAGE */
	uint8_t n_own;	  /* as many of them are this message's, valid from its first byte on: all or none */
	uint8_t executed; /* the reply below is all that is left to do */
	uint8_t attempts; /* so often its execution began, but for those processes that somebody killed */
	uint8_t replayed; /* an earlier process began it. */
	uint8_t padding[2];
	struct vhost_user_header header;
	uint8_t padding_2[4];
	uint8_t payload[SESSION_RX_PAYLOAD_MAX] __attribute__((aligned(8)));
	struct scm_note taken;
};

/* The reply to it. It is sent when sent notes a byte: a Unix socket takes all of so small a message, or nothing. */
struct session_tx {
	uint32_t len;	/* 0: none */
	uint8_t has_fd; /* it needs one, which only the process that made it has */
	uint8_t bytes[sizeof(struct vhost_user_header) + SESSION_RX_PAYLOAD_MAX];
	uint8_t padding[7];
	struct scm_note sent;
};

enum session_reconnect_state {
	SESSION_RECONNECT_NONE,
	SESSION_RECONNECT_CLOSING, /* the rest is valid; connection, rings and lines are being taken down */
	SESSION_RECONNECT_AWAITED, /* that is over */
};

/* What is saved of a front-end that may reconnect: see reconnect.h. Its in-flight regions stay where they are. */
struct session_reconnect {
	uint8_t state; /* enum session_reconnect_state */
	uint8_t padding[7];
	uint64_t features;
	struct session_ring rings[VHOST_QUEUES_MAX]; /* has_run, and what is valid with it; transferred: never */
};

struct session {
	uint32_t magic; /* 0: empty */
	uint32_t epoch; /* another one after each reset, and for each connection; outlives it */
	uint32_t n_queues;
	uint8_t connected;
	uint8_t has_features; /* SET_FEATURES came */
	uint8_t status;	      /* SET_STATUS */
	uint8_t transfer_ok;  /* the last transfer of the device's state is over and went well */
	uint8_t bound;	      /* to the process that wrote this, by an fd that could not be stored */
	uint8_t padding[3];
	uint32_t progress; /* moves with each answer; outlives the connection */
	uint64_t features;
	uint64_t protocol_features;
	struct session_log log;
	struct session_region regions[SESSION_SLOTS_MAX];
	struct session_ring rings[VHOST_QUEUES_MAX];
	struct session_rx rx;
	struct session_tx tx;
	struct vhost_user_inflight inflight; /* SET_INFLIGHT_FD; mmap_size 0: it did not come */
	struct session_reconnect reconnect;  /* outlives the connection, so it stands last: session_clear() */
	/* then each queue's in-flight region, of session_inflight_stride() bytes; then each queue's deferred writes */
};

/* Space for the largest ring in either format. Untouched pages of the memfd cost nothing. */
static inline size_t session_inflight_stride(void)
{
	return inflight_packed_size(VRING_SIZE_MAX);
}

static inline void *session_inflight(struct session *session, unsigned queue)
{
	return (char *)(session + 1) + queue * session_inflight_stride();
}

/*
 * What is still to be written into a held chain, when the translation of its buffer had to be asked for: by head. Valid
 * while the head is in flight.
 */
struct session_deferred_write {
	uint64_t addr;
	uint8_t len; /* 0: nothing */
	uint8_t data[VHOST_PARKED_MAX];
};

static inline struct session_deferred_write *session_deferred_writes(struct session *session, unsigned n_queues,
								     unsigned queue)
{
	return (struct session_deferred_write *)session_inflight(session, n_queues) + (size_t)queue * VRING_SIZE_MAX;
}

/* Makes it empty, for this many queues, whatever stood there. */
void session_make(struct session *session, unsigned n_queues);
/* The same, but what is saved for a reconnect stays as it is, and so do in-flight regions. */
void session_clear(struct session *session, unsigned n_queues);
/* Whether what is saved for a reconnect is in its ranges. */
bool session_reconnect_check(const struct session *session, unsigned n_queues);
/* Whether every field of a full session is in its range. What refers to memory or fds is checked when it is used. */
bool session_check(const struct session *session, unsigned n_queues);
