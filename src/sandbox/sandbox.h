/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a worker and the control process can reach: nothing but the fds that they have. The theory is in sandbox.c.
 *
 * The supervisor prepares it once, at its start: what does not work here is found out before any socket is there. Then
 * each process that it forks enters it, before it reads the first byte of a peer.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/why.h"

enum sandbox_mode {
	SANDBOX_AUTO, /* what works here */
	SANDBOX_ON,   /* what this kernel has works here, or the start fails */
	SANDBOX_OFF,
};

/* Who enters. */
enum sandbox_role {
	SANDBOX_WORKER,
	SANDBOX_CONTROL,
	SANDBOX_ROLES,
};

/* In the order in which they are entered. */
enum sandbox_stage {
	SANDBOX_PRIVILEGES,
	SANDBOX_USER,
	SANDBOX_NAMESPACE,
	SANDBOX_NETWORK,
	SANDBOX_IPC,
	SANDBOX_ROOT,
	SANDBOX_LIMITS,
	SANDBOX_LANDLOCK,
	SANDBOX_CAPABILITIES,
	SANDBOX_FILTER,
	SANDBOX_STAGES,
};

/* The stages that are namespaces. */
#define SANDBOX_ROOM_FIRST SANDBOX_NAMESPACE
#define SANDBOX_ROOMS	   (SANDBOX_ROOT - SANDBOX_ROOM_FIRST + 1)

struct sandbox {
	enum sandbox_mode mode;
	uint32_t stages; /* a bit each: those that are entered */
	uid_t uid;	 /* SANDBOX_USER: whose the processes are */
	gid_t gid;
	int room_fds[SANDBOX_ROOMS];		  /* owned; -1: there is none */
	struct sock_fprog filters[SANDBOX_ROLES]; /* owned; SANDBOX_FILTER */
	char with[256], without[512];		  /* what the log is to say */
};

#define SANDBOX_NONE                                                                                                   \
	{                                                                                                              \
		.mode = SANDBOX_OFF, .room_fds = { -1, -1, -1, -1 }                                                    \
	}

/* What sandbox_prepare() is told. */
struct sandbox_wish {
	enum sandbox_mode mode;
	const char *user; /* --user; NULL: SANDBOX_USER_DEFAULT, where there is one */
};

#define SANDBOX_USER_DEFAULT "vhost-device-gpio"

/* NULL, or why this build can not do --sandbox=on. */
const char *sandbox_refuses_on(void);

/*
 * Makes what the processes are to enter, tries it in a process of its own, and gives up what the supervisor itself does
 * not need. -errno, with a line that says what and why.
 */
int sandbox_prepare(struct sandbox *sandbox, const struct sandbox_wish *wish, struct why *why);
/* Says in the log what it is made of, and what was left out. */
void sandbox_tell(const struct sandbox *sandbox);
/* Idempotent. */
void sandbox_deinit(struct sandbox *sandbox);

/* A new process, which is to enter. */
struct sandbox_entrant {
	enum sandbox_role role;
	const char *tag;
	size_t fds; /* how many it may need; 0: not many */
};

/* In that process, which has given up all fds but its own and room_fds; these are closed. -errno (logged): it must end. */
int sandbox_enter(const struct sandbox *sandbox, const struct sandbox_entrant *entrant);
