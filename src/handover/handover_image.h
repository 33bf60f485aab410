/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image as bytes: putting it together, taking it apart. Pure: no fd is touched here. */
#pragma once

#include "handover/handover_format.h"

/* Writes it. 0; -ENOMEM; -EINVAL: an fd or a process has two owners. In any case image is to be given to its deinit. */
int handover_encode(const struct handover *handover, struct record_writer *image);

/* Reads the frame, of any version's image. bytes outlives lists. 0, or -EBADMSG: it is no image, lists is empty. */
int handover_open(struct handover_lists *lists, void *bytes, size_t size);
/*
 * Takes the body apart. to: NULL, or the fds have other numbers here, to[i] is that of the i-th of the list; then the
 * image's bytes are changed. -EBADMSG: it is invalid; -EPROTONOSUPPORT: it has something that must be understood, and is
 * not; -ENOMEM; with why. In any case handover is to be given to handover_deinit().
 */
int handover_decode(const struct handover_lists *lists, const int *to, struct handover *handover, struct why *why);
/* Closes nothing. */
void handover_deinit(struct handover *handover);
