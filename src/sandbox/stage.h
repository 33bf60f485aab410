/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Parts of sandbox.h: the stages one by one. All return 0 or -errno. */
#pragma once

#include "sandbox/sandbox.h"

const char *sandbox_stage_name(enum sandbox_stage stage);
/* Whether this errno of the stage says that the kernel has no such thing, rather than that it is not allowed here. */
bool sandbox_stage_lacks(enum sandbox_stage stage, int error);
/* Why it is not entered, in words. */
const char *sandbox_stage_reason(enum sandbox_stage stage, int error);
/* In a process that is to be in the sandbox. */
int sandbox_stage_enter(const struct sandbox *sandbox, const struct sandbox_entrant *entrant, enum sandbox_stage stage);

static inline bool sandbox_has(const struct sandbox *sandbox, enum sandbox_stage stage)
{
	return sandbox->stages & 1u << stage;
}

/* privilege.c */
int sandbox_enter_privileges(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
/* Keeps the capabilities, for the stages after it. */
int sandbox_enter_user(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
int sandbox_enter_limits(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
int sandbox_enter_capabilities(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
/* The supervisor's own share: see there. with_rooms: its processes need capabilities of the host to enter rooms. */
int sandbox_keep_least(bool with_rooms);

/* namespaces.c */
/*
 * Makes the rooms that can be had: their fds; what can not be is in errors, 0 or a negative errno each. -errno: there is
 * no process to make them.
 */
int sandbox_rooms_make(struct sandbox *sandbox, int32_t errors[SANDBOX_ROOMS]);
int sandbox_enter_namespace(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
int sandbox_enter_network(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
int sandbox_enter_ipc(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
int sandbox_enter_root(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);

/* landlock.c */
int sandbox_enter_landlock(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);

/* seccomp.c, or seccomp_none.c in a build without libseccomp */
bool sandbox_filter_supported(void);
/* Makes the program: its instructions are the caller's, of malloc(). */
int sandbox_filter_make(enum sandbox_role role, struct sock_fprog *program);
int sandbox_enter_filter(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
