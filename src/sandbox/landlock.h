/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A stage of the sandbox: Landlock. */
#pragma once

#include "sandbox/types.h"

/* 0 or -errno. */
int sandbox_enter_landlock(const struct sandbox *sandbox, const struct sandbox_params *params,
			   enum sandbox_stage stage);
