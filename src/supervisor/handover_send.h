/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor hands over what it serves to the next program, described by a handover image: by exec in this very process
 * (SIGUSR2), or by way of the service manager's fd store (SIGUSR1).
 */
#pragma once

#include "service/sd_notify.h"
#include "supervisor/processes.h"
#include "supervisor/upgrade.h"

/* The image of all that is served now. -errno. In any case it is the caller's to deinit. */
int handover_send_image(const struct processes *processes, struct record_writer *image);
/* Does not return, but for a failure, which is logged: then nothing has changed. */
void handover_send_exec(const struct processes *processes, const struct program *program);
/*
 * Called when no process runs any more. The sockets are the store's then: closing the processes leaves them where they
 * are. A failure is logged: nobody gets them, the guests' sessions end.
 */
void handover_send_store(struct processes *processes, struct sd_notify *notify);
