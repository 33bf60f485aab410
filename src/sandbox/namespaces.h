/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Stages of the sandbox: namespaces with nothing in them. All return 0 or -errno. */
#pragma once

#include "sandbox/types.h"

/* Makes those that can be had: their fds. The others are in errors, 0 or -errno each. -errno: no process to make them. */
int sandbox_namespaces_make(struct sandbox *sandbox, int32_t errors[SANDBOX_NAMESPACES]);
int sandbox_enter_namespace(const struct sandbox *sandbox, const struct sandbox_params *params,
			    enum sandbox_stage stage);
