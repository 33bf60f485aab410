/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image as bytes: putting it together, taking it apart. Pure: no fd is touched here. */
#pragma once

#include "handover/handover_format.h"

/* The bytes of an image in the making. */
struct handover_writer {
	char *bytes; /* owned */
	size_t size, capacity;
	bool failed; /* out of memory */
};

/* The body is written piece by piece, in order, each padded to a multiple of 8. */
void handover_put(struct handover_writer *writer, const void *data, size_t size);
/* Puts the frame around the body: fds and pids are found in it. 0, or -ENOMEM, or -EINVAL: the body is none. */
int handover_seal(struct handover_writer *writer);
void handover_writer_deinit(struct handover_writer *writer);

/*
 * Finds fds and pids, of any version's image. bytes is aligned to 8 and outlives handover. 0; -EBADMSG: it is no image;
 * -EPROTONOSUPPORT: of an unknown version: fds and pids are good, the rest is empty.
 */
int handover_open(struct handover *handover, const void *bytes, size_t size);
/* Takes the body apart, after handover_open(). 0; -EBADMSG: it is invalid; -ENOMEM. */
int handover_decode(struct handover *handover, const void *bytes);
void handover_deinit(struct handover *handover);

/* The fds of a decoded image have other numbers here: to[i] is now that of the i-th. Writes to the image's bytes. */
void handover_renumber(struct handover *handover, const int *to);
