/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What becomes of a guest's lines when its session ends with no worker that could see to it: killed, stuck or crashed, or
 * gone by a word of its own, which is no evidence. The rules are the host's, and the supervisor has a request of each
 * line that is in use.
 */
#pragma once

#include "base/log.h"
#include "guest/guest.h"
#include "ipc/fd_store.h"

/*
 * Every line of a real chip takes its on_disconnect, also one that the guest did not use, as gpio/idle_state does it; but
 * an output that is to be held just stays what it is, where the rules allow that. Done twice it changes nothing. What
 * the chip refuses is logged, and that line released. No worker runs, or it is stuck and was killed.
 */
void idle_lines_enter(const struct guest *guest, struct fd_store *store, struct log_limit *limit);
