/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The port: how the control process reaches the lines of one worker.
 *
 * A SOCK_SEQPACKET pair per guest, made by the supervisor, which keeps both ends so that either process may be
 * replaced. Fixed structs, native endian. The control process sends requests; the worker answers each with a reply of
 * the same id, and sends events while watched. The worker never waits for the control process: an event that finds the
 * socket full is dropped and counted, and the next one that goes out, as soon as there is room, carries the count.
 * Neither side trusts the other: lengths, types and indices are checked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "chip/chip.h"

enum port_type {
	PORT_INFO = 1,	 /* nothing: the reply says it all */
	PORT_GET = 2,	 /* the level */
	PORT_SET = 3,	 /* the outside drives a simulated line: value 0 or 1 */
	PORT_PULL = 4,	 /* the outside lets go of a simulated line: value 0 pull-down, 1 pull-up */
	PORT_TOGGLE = 5, /* PORT_SET to the opposite of the present level */
	PORT_WATCH = 6,	 /* value 1: send events from now on; 0: no more. line unused */
	PORT_EVENT = 7,	 /* worker to control: line changed; id 0 */
	PORT_HELLO = 8,	 /* worker to control: a worker starts, nothing is watched yet; id 0 */
};

struct port_request {
	uint32_t type;
	uint32_t id; /* not 0; comes back in the reply */
	uint32_t line;
	uint32_t value;
};

struct port_reply {
	uint32_t type; /* the request's, or PORT_EVENT */
	uint32_t id;
	uint32_t line;
	int32_t error;	   /* 0 or -errno: ERANGE no such line, EPERM a real line, EBUSY the guest drives it, EINVAL */
	uint64_t time_ns;  /* CLOCK_MONOTONIC of the event */
	uint32_t lost;	   /* events dropped since the last one that went out */
	int8_t level;	   /* 0, 1, -1 unknown; on the wire for a simulated line, also when active-low; else logical */
	uint8_t direction; /* enum gpio_direction as the guest configured it */
	uint8_t irq_type;  /* enum irq_type */
	uint8_t sim;	   /* the outside of the line can be driven */
	uint8_t connected; /* a front-end is there */
	uint8_t reserved[7];
};

/* Replies and events are alike: each tells all about its line. */

struct lines;
struct loop;
struct port;

/* Worker's side. fd stays the caller's; lines outlive the port. -errno. */
int port_attach(struct port **port, struct loop *loop, int fd, struct lines *lines, const char *tag);
void port_detach(struct port *port);
/* Direction or level of the line may have changed (lines_host.changed). A port of NULL is none. */
void port_line_changed(struct port *port, uint16_t line);
void port_set_connected(struct port *port, bool connected);
