/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor channel, between a worker (supervisor_call.h) and the supervisor (fd_store.h, line_broker.h).
 *
 * A worker hands the fds of its session to the supervisor, which stores a duplicate of each until told otherwise, so
 * that a successor of the worker finds them (inherited over fork) under the same keys. These messages have no reply: what
 * was sent is stored, because the supervisor reads the channel to its end before it starts a successor.
 *
 * A worker has no fd of a chip, only those of its lines. It asks for each: the supervisor knows which lines are the
 * guest's and what the host forces on them, requests the line, stores the fd and replies with a duplicate. One request
 * at a time; a worker waits for the reply, the supervisor for nobody. The reply comes over the channel itself and not
 * over an fd that came with the request, as would be simpler for the worker: such an fd could be any socket, and the
 * supervisor would speak there in its own name.
 *
 * SOCK_SEQPACKET, fixed structs. The worker is not trusted: unknown types, wrong lengths, lines that are not its own and
 * more fds than the session may have end that worker.
 *
 * A worker that moves the session into other memory (worker/session_move.h) says so and waits: from the reply on that is
 * the session. A supervisor that knows nothing of such memory, since another program has taken its place meanwhile,
 * refuses, and the next worker moves the session again.
 *
 * A line of a real chip is given back to the kernel only when the supervisor has closed its duplicate, too. A worker
 * that must know when sends the end of a pipe behind the removals: when the supervisor gets to it, it closes it (as
 * BARRIER=1 of sd_notify(3)).
 *
 * After an upgrade the new supervisor serves the old program's workers until they are replaced: what they say (also
 * SUPERVISOR_CHANNEL_STORE of a line that they have requested themselves, as they once did) must be understood. They are
 * told nothing, but of wires. So numbers and structs below are the same for ever.
 */
#pragma once

#include <stdint.h>

#include "chip/chip.h"

enum supervisor_channel_type {
	/* Worker to supervisor, struct supervisor_channel_message. */
	SUPERVISOR_CHANNEL_STORE = 1,	/* with one fd: store it under key; replaces what was there */
	SUPERVISOR_CHANNEL_REMOVE = 2,	/* close what is under key, if anything */
	SUPERVISOR_CHANNEL_BARRIER = 3, /* with one fd: close it; key unused */
	/* Supervisor to worker, struct supervisor_channel_message. */
	SUPERVISOR_CHANNEL_CHIP = 4, /* the guest's chip of number key is back */
	SUPERVISOR_CHANNEL_WIRE = 9, /* of wires: see wire_channel.h; with one fd, or none */
	/* Worker to supervisor, struct supervisor_channel_request. */
	SUPERVISOR_CHANNEL_LINE = 5,	  /* request this line and store it under its key */
	SUPERVISOR_CHANNEL_LINE_INFO = 6, /* what does the kernel say of this line? */
	SUPERVISOR_CHANNEL_MOVED = 8, /* the session is in the memory beside (line: 1), or cannot be moved there (0) */
	/* Supervisor to worker, struct supervisor_channel_reply; with one fd when it is the line asked for. */
	SUPERVISOR_CHANNEL_REPLY = 7,
};

/*
 * Keys are opaque, but for this bit: what is stored under such a key outlives a session that is dropped. Lines of a chip
 * do, so that no output lets go before a worker has put it into its idle state.
 */
#define FD_KEY_LASTING (1u << 31)

struct supervisor_channel_message {
	uint32_t type;
	uint32_t key;
};

/* What the host forces on the line is not in it: the supervisor knows. */
struct supervisor_channel_request {
	uint32_t type;
	uint32_t line; /* of the guest */
	/* Of struct chip_line_config; 0 in SUPERVISOR_CHANNEL_LINE_INFO. */
	uint8_t direction, value, edges;
	uint8_t reserved;
};

struct supervisor_channel_reply {
	uint32_t type;
	int32_t error; /* 0 or -errno */
	/* Of struct chip_line_info, to SUPERVISOR_CHANNEL_LINE_INFO. */
	char name[CHIP_NAME_MAX], consumer[CHIP_NAME_MAX];
	uint8_t used, direction;
	uint8_t reserved[2];
};
