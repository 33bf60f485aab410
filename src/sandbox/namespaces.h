/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Stages of the sandbox: namespaces with nothing in them. All return 0 or -errno. */
#pragma once

#include "sandbox/types.h"

/* In a process that is there for that, which enters it. *fd is the caller's. */
int sandbox_namespace_make(enum sandbox_stage stage, int *fd);
int sandbox_enter_namespace(const struct sandbox *sandbox, const struct sandbox_params *params,
			    enum sandbox_stage stage);
