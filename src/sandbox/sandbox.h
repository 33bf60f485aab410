/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a worker and the control process can reach: nothing but the fds that they have. The theory is in sandbox.c.
 *
 * The supervisor prepares it once, at its start (prepare.h). Then each process that it forks enters it, before it reads
 * the first byte of a peer.
 */
#pragma once

#include "sandbox/types.h"

/* Idempotent. */
void sandbox_deinit(struct sandbox *sandbox);

/* In a new process, which has closed all fds but its own and namespace_fds; these are closed. -errno (logged): it must end. */
int sandbox_enter(const struct sandbox *sandbox, const struct sandbox_params *params);
