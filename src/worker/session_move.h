/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A session is moved, once, from the memory that a program of another layout left into memory of ours: member by
 * member, by name. What it holds is believed as little as ever: who uses it checks it.
 */
#pragma once

#include "base/memory_form.h"

/*
 * from_fd has memory of the form from, which nobody writes to any more but may; to_fd is all zeros, and has one that
 * memory_form_plan() made of it. Pages of which there is nothing are not touched. 0; -EOVERFLOW: a value does not fit,
 * which why names; another -errno. The old memory is as it was.
 */
int session_move(const struct memory_form *from, int from_fd, const struct memory_form *to, int to_fd, struct why *why);
