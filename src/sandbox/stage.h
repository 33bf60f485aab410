/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The stages of the sandbox, each by its number. */
#pragma once

#include "sandbox/types.h"

const char *sandbox_stage_name(enum sandbox_stage stage);
/* Whether this errno of the stage says that the kernel has no such thing, rather than that it is not allowed here. */
bool sandbox_stage_lacks(enum sandbox_stage stage, int error);
/* Why it is not entered, in words. */
const char *sandbox_stage_reason(enum sandbox_stage stage, int error);
/* In a process that is to be in the sandbox. 0 or -errno. */
int sandbox_stage_enter(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage);
