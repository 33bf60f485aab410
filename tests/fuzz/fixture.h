/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A vhost device in this process, with its keeper, and the front-end's side of it: the connection, guest memory, and
 * the messages that set up two rings. What the device is, the target says.
 *
 * The guest's memory is one region: buffers below BENCH_RINGS, then two rings with their three areas each. Guest
 * addresses begin at 0, user addresses at BENCH_USER_BASE.
 */
#pragma once

#include "input.h"
#include "loop/loop.h"
#include "vhost/state/session.h"
#include "vhost/vhost.h"
#include "vhost/wire.h"

#define BENCH_MEMORY_SIZE   0x20000u
#define BENCH_USER_BASE	    0x10000000ull
#define BENCH_RING(ring)    (0x8000u + (ring)*0x8000u)
#define BENCH_AVAIL	    0x4000u /* from there */
#define BENCH_USED	    0x6000u
#define BENCH_QUEUES	    2
#define BENCH_INFLIGHT_SIZE 0x4000u

/* The kind of a set-up: 2 to the power of the lowest three bits is the rings' size. */
#define BENCH_EVENT_IDX 0x08u
#define BENCH_PACKED	0x10u
#define BENCH_ONE_MORE	0x20u /* packed rings: one entry more */
#define BENCH_LOGGED	0x40u
#define BENCH_IOMMU	0x80u /* guest addresses are I/O virtual ones */

struct bench_device {
	const struct vhost_ops *ops;
	void *ctx;
	void (*attach)(void); /* before the library's device; the loop is there. May be NULL, as may the others */
	void (*detach)(void); /* after it */
	void (*check)(void);
};

struct bench {
	const struct bench_device *what; /* NULL: a whole worker, see worker_fixture.h */
	struct loop *loop;
	struct vhost_device *device;
	struct session *session;
	size_t session_size;
	struct vhost_ops ops;  /* with a virtual IOMMU on offer */
	void (*connect)(void); /* makes front_fd a connection; NULL: to the device */
	void (*check)(void);   /* at the end of bench_turns(): what must always be; may be NULL */
	int front_fd;	       /* the front-end's end of the connection */
	int memory_fd, inflight_fd, state_fd;
	int channel_fds[2]; /* of SET_BACKEND_REQ_FD: the front-end's, the device's */
	int kick_fds[BENCH_QUEUES];
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

extern struct bench bench;

void bench_start(const struct bench_device *what);
/* The front-end leaves; nothing may be left of it. */
void bench_end(void);

/* The front-end's side alone; session, loop and connect are the caller's. */
void bench_front_open(void);
void bench_front_close(void);
/* If there is no front-end, one comes. */
void bench_connect(void);

/* The worker dies, a successor attaches to the session: bench_detach(), bench_attach(). */
void bench_detach(void);
void bench_attach(void);

/* Some turns of the loop, what the device says is taken, and a front-end comes if there is none. */
void bench_turns(void);
/* The front-end leaves, seen by the device, and the next one comes. */
void bench_reconnect(void);

/* Bytes on the connection, as they are. Nothing happens yet. */
void bench_send(const void *data, size_t len, const int *fds, size_t n_fds);
/* A message, and what follows of it; fd -1: none. */
void bench_message(uint32_t id, uint32_t flags, const void *payload, uint32_t size, int fd);
void bench_vring_state(uint32_t id, uint32_t index, uint32_t num);
void bench_event_fd(uint32_t id, uint64_t index, uint64_t count);
/* The fd that a message of this id wants, or -1. */
int bench_fd_for(uint32_t id);
void bench_kick(unsigned ring);
/* Another kick fd, that is ready: the ring is stopped and started. */
void bench_kick_anew(unsigned ring);
void bench_iotlb(uint8_t type, uint8_t page, uint8_t pages, uint8_t perm);

/* Everything up to running rings, empty ones. */
void bench_setup(uint8_t kind);

/* How a front-end comes back: the lowest two bits are what it says of where the rings are, see ring_base(). */
#define BENCH_BACK_INFLIGHT 0x04u /* with the in-flight region that is in the file */

/* The front-end leaves without a word, and comes back: the rings are as they were, so is memory. */
void bench_come_back(uint8_t how);
/* Both rings stop, as for a pause of the machine, and go on. */
void bench_pause(void);
void bench_go_on(void);
/* The state of a paused device into state_fd, and from there. */
void bench_state_save(void);
void bench_state_load(void);

/* All of the guest's memory is zero. */
void bench_memory_clear(void);

static inline uint8_t *bench_ring_at(unsigned ring, unsigned offset)
{
	return bench.memory + BENCH_RING(ring) + offset;
}
