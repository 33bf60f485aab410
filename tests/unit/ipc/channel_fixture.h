/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A supervisor channel, its worker's end, and the store behind the other. */
#pragma once

#include "rows.h"

#include "ipc/fd_store.h"
#include "worker/supervisor_call.h"

#define STORE_MAX     3
#define STORE_LASTING 2

struct fixture {
	int worker, supervisor;
	struct fd_store store;
	struct supervisor_call client;
	int lowest; /* the lowest free fd: tells of a leak at the end */
};

/* cmocka fixtures: *state is the fixture; at the end no fd has leaked. */
int fixture_up(void **state);
int fixture_down(void **state);

/* Takes a message off the supervisor's end: what fd_store_receive() says. */
int receive(struct fixture *fixture);
/* The worker stores a fresh pipe's reading end, with mark in it: so the stored fd can be known. */
void store_fd(struct fixture *fixture, uint32_t key, char mark);
