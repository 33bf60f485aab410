/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A vhost device in this process, with its fd store, and the front-end's side of it: the connection, guest memory, and
 * the messages that set up two rings. What the device is, the target says.
 *
 * The guest's memory is one region: buffers below FIXTURE_RINGS, then two rings with their three areas each. Guest
 * addresses begin at 0, user addresses at FIXTURE_USER_BASE.
 */
#pragma once

#include "input.h"
#include "loop/loop.h"
#include "vhost/state/session.h"
#include "vhost/vhost.h"
#include "vhost/wire.h"

#define FIXTURE_MEMORY_SIZE   0x20000u
#define FIXTURE_USER_BASE     0x10000000ull
#define FIXTURE_RING(ring)    (0x8000u + (ring)*0x8000u)
#define FIXTURE_AVAIL	      0x4000u /* from there */
#define FIXTURE_USED	      0x6000u
#define FIXTURE_QUEUES	      2
#define FIXTURE_INFLIGHT_SIZE 0x4000u

/* The kind of a set-up: 2 to the power of the lowest three bits is the rings' size. */
#define FIXTURE_EVENT_IDX 0x08u
#define FIXTURE_PACKED	  0x10u
#define FIXTURE_ONE_MORE  0x20u /* packed rings: one entry more */
#define FIXTURE_LOGGED	  0x40u
#define FIXTURE_IOMMU	  0x80u /* guest addresses are I/O virtual ones */

struct fixture_device {
	const struct vhost_ops *ops;
	void *ctx;
	void (*attach)(void); /* before the library's device; the loop is there. May be NULL, as may the others */
	void (*detach)(void); /* after it */
	void (*check)(void);
};

struct fixture {
	const struct fixture_device *what; /* NULL: a whole worker, see worker_fixture.h */
	struct loop *loop;
	struct vhost_device *device;
	struct session *session;
	size_t session_size;
	struct vhost_ops ops;  /* with a virtual IOMMU on offer */
	void (*connect)(void); /* makes front_fd a connection; NULL: to the device */
	void (*check)(void);   /* at the end of fixture_turns(): what must always be; may be NULL */
	int front_fd;	       /* the front-end's end of the connection */
	int memory_fd, inflight_fd, state_fd;
	int channel_fds[2]; /* of SET_BACKEND_REQ_FD: the front-end's, the device's */
	int kick_fds[FIXTURE_QUEUES];
	uint8_t *memory;
	uint8_t kind;
	uint16_t size; /* of the rings */
	bool packed;
	bool damaged; /* what is kept and what the session says need not go together any more */
	unsigned connections;
	unsigned fds_before;
	void (*replies)(const uint8_t *data, size_t len); /* what the device said; may be NULL */
	struct {
		uint32_t key;
		int fd;
	} kept[VHOST_FDS_MAX];
	unsigned n_kept;
};

extern struct fixture fixture;

void fixture_start(const struct fixture_device *what);
/* The front-end leaves; nothing may be left of it. */
void fixture_end(void);

/* The front-end's side alone; session, loop and connect are the caller's. */
void fixture_front_open(void);
void fixture_front_close(void);
/* If there is no front-end, one comes. */
void fixture_connect(void);

/* The worker dies, a successor attaches to the session: fixture_detach(), fixture_attach(). */
void fixture_detach(void);
void fixture_attach(void);

/* Some turns of the loop, what the device says is taken, and a front-end comes if there is none. */
void fixture_turns(void);
/* The front-end leaves, seen by the device, and the next one comes. */
void fixture_reconnect(void);

/* Bytes on the connection, as they are. Nothing happens yet. */
void fixture_send(const void *data, size_t len, const int *fds, size_t n_fds);
/* A message, and what follows of it; fd -1: none. */
void fixture_message(uint32_t id, uint32_t flags, const void *payload, uint32_t size, int fd);
void fixture_vring_state(uint32_t id, uint32_t index, uint32_t num);
void fixture_event_fd(uint32_t id, uint64_t index, uint64_t count);
/* The fd that a message of this id wants, or -1. */
int fixture_fd_for(uint32_t id);
void fixture_kick(unsigned ring);
/* Another kick fd, that is ready: the ring is stopped and started. */
void fixture_kick_anew(unsigned ring);
void fixture_iotlb(uint8_t type, uint8_t page, uint8_t pages, uint8_t perm);

/* Everything up to running rings, empty ones. */
void fixture_setup(uint8_t kind);

/* How a front-end comes back: the lowest two bits are what it says of where the rings are, see ring_base(). */
#define FIXTURE_BACK_INFLIGHT 0x04u /* with the in-flight region that is in the file */

/* The front-end leaves without a word, and comes back: the rings are as they were, so is memory. */
void fixture_come_back(uint8_t how);
/* Both rings stop, as for a pause of the machine, and go on. */
void fixture_pause(void);
void fixture_go_on(void);
/* The state of a paused device into state_fd, and from there. */
void fixture_state_save(void);
void fixture_state_load(void);

/* All of the guest's memory is zero. */
void fixture_memory_clear(void);

static inline uint8_t *fixture_ring_at(unsigned ring, unsigned offset)
{
	return fixture.memory + FIXTURE_RING(ring) + offset;
}
