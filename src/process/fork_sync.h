/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A forked process holds copies of all fds until it has closed those that are not its own. Meanwhile nobody can give a
 * line of a chip back to the kernel, so the supervisor waits for that, and takes no message of a worker before (supervisor_channel.h:
 * KEEPER_SETTLE, KEEPER_LINE).
 */
#pragma once

struct fork_gate {
	int fds[2]; /* -1: there is no fd for it, and nobody waits */
};

/* Before fork(). */
void fork_gate_open(struct fork_gate *gate);
/* In the old process, whether fork() worked or not. Waits for a limited time. */
void fork_gate_pass(struct fork_gate *gate);
