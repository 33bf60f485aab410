/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The body of a handover image of this program's version: for handover_image.c. */
#pragma once

#include "handover/handover_format.h"

/* Takes it apart and checks every field by itself. 0, -EBADMSG or -ENOMEM; then the guests are to be freed all the same. */
int handover_body_parse(struct handover *handover, const void *body, size_t size);
/* Calls visit for the place of each fd, also where there is none (-1). A negative result ends it, and is returned. */
int handover_body_visit(const struct handover *handover, int (*visit)(void *ctx, const int32_t *fd), void *ctx);
/* The same for processes; 0 is none. */
int handover_body_visit_pids(const struct handover *handover, int (*visit)(void *ctx, const int32_t *pid), void *ctx);
