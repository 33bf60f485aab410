/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control channel, between the control process (control/worker_client.h) and a worker (worker/control_server.h).
 *
 * A SOCK_SEQPACKET pair for each worker, made by the supervisor: what a worker does to it ends with that worker. The
 * supervisor keeps the control process's end, so that this one may be replaced, too. A control process inherits the
 * ends that there are, and gets those of workers that start later over its feed. Fixed structs, native endian.
 *
 * The control process sends requests; the worker answers each with a reply of the same id, and sends events while
 * watched. The worker never waits for the control process: an event that finds the socket full is dropped and counted,
 * and what goes out next, as soon as there is space, carries the count. Neither side trusts the other: lengths,
 * types and indices are checked.
 */
#pragma once

#include <stdint.h>

enum control_channel_type {
	CONTROL_CHANNEL_INFO = 1,   /* nothing: the reply says it all. value: so many lines more, all in one message */
	CONTROL_CHANNEL_GET = 2,    /* the level */
	CONTROL_CHANNEL_SET = 3,    /* the outside drives a simulated line: value 0 or 1 */
	CONTROL_CHANNEL_PULL = 4,   /* the outside lets go of a simulated line: value 0 pull-down, 1 pull-up */
	CONTROL_CHANNEL_TOGGLE = 5, /* CONTROL_CHANNEL_SET to the opposite of the present level */
	CONTROL_CHANNEL_WATCH = 6,  /* value 1: send events from now on; 0: no more. line unused */
	CONTROL_CHANNEL_EVENT = 7,  /* worker to control: the line, connected or ready changed; id 0 */
};

/* Lines that one CONTROL_CHANNEL_INFO asks about, and replies that one message has: the guest has its turn, too. */
#define CONTROL_CHANNEL_LINES_MAX 16

struct control_channel_request {
	uint32_t type;
	uint32_t id; /* not 0; comes back in the reply */
	uint32_t line;
	uint32_t value;
};

/* Replies and events are alike: each tells all about its line. A message has one or more. */
struct control_channel_reply {
	uint32_t type; /* the request's, or CONTROL_CHANNEL_EVENT */
	uint32_t id;
	uint32_t line;
	int32_t error; /* 0 or -errno: ERANGE no such line, EPERM a real line, EBUSY the guest drives it, EINVAL */
	/* CLOCK_MONOTONIC of the event; of a reply: before what it did, and no earlier event comes behind it. */
	uint64_t time_ns;
	uint32_t dropped;   /* events dropped since the last event or reply that went out */
	int8_t level;	    /* 0, 1, -1 unknown; on the wire for a simulated line, also when active-low; else logical */
	uint8_t direction;  /* enum gpio_direction as the guest configured it */
	uint8_t irq_type;   /* enum irq_type */
	uint8_t sim;	    /* the outside of the line can be driven */
	uint8_t connected;  /* a front-end is there */
	uint8_t ready;	    /* the guest's driver is up */
	uint16_t conflicts; /* how often a simulated line began to be driven high and low at once */
	uint8_t conflict;   /* it is so now */
	uint8_t armed;	    /* the guest waits for the line's interrupt: it is not dealing with the last one */
	uint8_t reserved[2];
};

/*
 * On the feed, a SOCK_SEQPACKET pair from the supervisor to the control process, with one fd: the control process's end of
 * the channel to the guest's new worker.
 */
struct control_channel_fed {
	uint32_t guest; /* its number in the order in which the control process was told of the guests */
};

/* The other way: lines are to be joined, or parted. One at a time: each has its reply, which comes the same way. */
struct control_channel_wire {
	uint32_t id; /* not 0 */
	uint32_t unwire;
	uint32_t guests[2], lines[2]; /* as in struct control_channel_fed; of the guest */
	uint32_t delay_us, invert;
};

struct control_channel_wired {
	uint32_t id;
	int32_t error; /* 0, or -errno with a line that says why */
	char why[248];
};
