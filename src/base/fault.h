/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fault injection: instants at which a worker is made to die. Nothing of it is in the program that is installed: only
 * vhost-device-gpio-faulty, which the tests run, is built with FAULT_INJECTION. There the environment variable
 * VGPIO_FAULTS names a file with a struct fault_plan, which the test and all processes of the program share.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum fault_point {
	FAULT_NONE,
	/* A message: its fds kept, all of it still in the socket; some of it taken, which nobody noted. */
	FAULT_MESSAGE_FDS_STORED,
	FAULT_MESSAGE_TAKEN,
	FAULT_MESSAGE_HEADER,	/* between header and payload */
	FAULT_MESSAGE_RECEIVED, /* all of it, before it is executed */
	FAULT_MESSAGE_EXECUTED, /* nobody noted that */
	FAULT_REPLY_READY,	/* it is noted, and the reply not sent */
	FAULT_REPLY_SENT,	/* nobody noted that */
	FAULT_MESSAGE_ANSWERED, /* before the message is over */
	FAULT_MESSAGE_OVER,	/* before its fds are given back */
	/* A chain. */
	FAULT_CHAIN_POPPED,
	FAULT_CHIP_DONE, /* the chip did it, nobody noted that */
	FAULT_CHAIN_PUT, /* not published */
	FAULT_PUBLISHED, /* the latch not used up, the driver not called */
	/* Edges. */
	FAULT_EDGES_READ, /* not latched */
	FAULT_EDGE_FIRED, /* the buffer not put */
	/* A front-end that leaves, and one that comes back. */
	FAULT_RECONNECT_SAVED,	  /* the lines as they were */
	FAULT_RECONNECT_RESET,	  /* the lines at rest, the connection not over */
	FAULT_RECONNECT_RESTORED, /* rings and lines as they were, nobody noted that */
	/* For ever, as a message or a chain that kills does. */
	FAULT_SESSION_MOVING, /* one part of it */
	FAULT_SESSION_MOVED,  /* nobody was told */
	FAULT_SESSION_TOLD,   /* nothing was done with it */

	FAULT_POISON_MESSAGE, /* SET_LOG_FD */
	FAULT_POISON_CHAIN,   /* a request of type 0x666 */
	FAULT_POINTS,
};

struct fault_plan {
	uint32_t point;	  /* enum fault_point */
	int32_t skip;	  /* passages that nothing happens at */
	uint32_t deaths;  /* so often, at the passages after that */
	uint32_t died;	  /* so often it did */
	uint32_t patient; /* not 0: the supervisor takes no number of deaths for a crash loop */
	uint32_t by_call; /* not 0: by a system call that the sandbox does not have, rather than SIGKILL */
};

#ifdef FAULT_INJECTION
/* Kills this process when it is the plan's turn. */
void fault_point(enum fault_point point);
bool fault_is_patient(void);
/* VGPIO_FAULT_STAGE=NAME=ERRNO: a stage of the sandbox that fails. 0 or -errno. */
int fault_stage(const char *name);
#else
static inline void fault_point(enum fault_point point)
{
}

static inline bool fault_is_patient(void)
{
	return false;
}

static inline int fault_stage(const char *name)
{
	return 0;
}
#endif
