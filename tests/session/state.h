/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The state of a device whose rings are stopped, taken from it and given to it through an fd: vhost-user.rst,
 * "Migrating back-end state". What must go well fails the test when it does not.
 */
#pragma once

#include "session.h"

#define STATE_MAX  65536
#define STATE_DONE 0x100u /* SET_DEVICE_STATE_FD: no fd of the back-end's, no error */

struct saved {
	uint8_t data[STATE_MAX];
	size_t len;
};

/* What the messages say: the first is STATE_DONE; the second 0 when all went well. The fd stays the caller's. */
uint64_t state_transfer(struct session *session, uint32_t direction, int fd);
uint64_t state_check(struct session *session);

/* Begins a transfer through a pipe that holds so many bytes (0: the usual). Returns this end of it, the caller's. */
int state_begin(struct session *session, uint32_t direction, int pipe_size);
/* Until the end of the state, or as many bytes as there is room for. */
size_t state_read(int fd, uint8_t *data, size_t size);

void state_save(struct session *session, struct saved *saved);
/* What CHECK_DEVICE_STATE says. */
uint64_t state_load(struct session *session, const void *data, size_t len);
