/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The new process of a worker: what it does between fork() and worker_main(). */
#pragma once

#include "sandbox/sandbox.h"
#include "worker/worker.h"

/* Closes every fd that is not in start, enters the sandbox and is the worker. Returns the exit status. */
int worker_child_run(const struct worker_start *start, const struct sandbox *sandbox);
