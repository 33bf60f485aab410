/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Stages of the sandbox: privileges, user, limits, capabilities. All return 0 or -errno. */
#pragma once

#include "sandbox/types.h"

int sandbox_enter_privileges(const struct sandbox *sandbox, const struct sandbox_params *params,
			     enum sandbox_stage stage);
/* Keeps the capabilities, for the stages after it. */
int sandbox_enter_user(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage);
int sandbox_enter_limits(const struct sandbox *sandbox, const struct sandbox_params *params, enum sandbox_stage stage);
int sandbox_enter_capabilities(const struct sandbox *sandbox, const struct sandbox_params *params,
			       enum sandbox_stage stage);
/* The supervisor's own share: see there. with_namespaces: its processes need capabilities of the host to enter them. */
int sandbox_keep_least(bool with_namespaces);
