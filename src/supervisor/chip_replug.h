/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chips of a guest that were unplugged and come back. */
#pragma once

#include "supervisor/worker_process.h"

/*
 * A chip's device node appeared at path: whether it may be one of this guest's chips that is gone, one that had this
 * very path when by_path. *rdev is what that chip was known by.
 */
bool chip_replug_matches(const struct worker_process *process, const char *path, bool by_path, uint64_t *rdev);
/* The chip that was known by rdev, if the guest has lines of it, is back at path: its worker and their successors learn it. */
void chip_replug_take(struct worker_process *process, uint64_t rdev, const char *path);
