/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the sandbox is made of. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sandbox_mode {
	SANDBOX_AUTO, /* what works here */
	SANDBOX_ON,   /* what this kernel has works here, or the start fails */
	SANDBOX_OFF,
};

/* What the user wants. */
struct sandbox_options {
	enum sandbox_mode mode;
	const char *user; /* --user; NULL: SANDBOX_USER_DEFAULT, where there is one */
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
	SANDBOX_USER_NAMESPACE,
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
#define SANDBOX_NAMESPACE_FIRST SANDBOX_USER_NAMESPACE
#define SANDBOX_NAMESPACES	(SANDBOX_ROOT - SANDBOX_NAMESPACE_FIRST + 1)

struct sandbox {
	enum sandbox_mode mode;
	uint32_t stages; /* a bit each: those that are entered */
	uid_t uid;	 /* SANDBOX_USER: whose the processes are */
	gid_t gid;
	int namespace_fds[SANDBOX_NAMESPACES];	  /* owned; -1: there is none */
	struct sock_fprog filters[SANDBOX_ROLES]; /* owned; SANDBOX_FILTER */
	char with[256], without[512];		  /* what the log is to say */
};

#define SANDBOX_NONE                                                                                                   \
	{                                                                                                              \
		.mode = SANDBOX_OFF, .namespace_fds = { -1, -1, -1, -1 }                                               \
	}

static inline bool sandbox_has(const struct sandbox *sandbox, enum sandbox_stage stage)
{
	return sandbox->stages & 1u << stage;
}

/* The user of the processes where the daemon was started as root, if there is one of this name. */
#define SANDBOX_USER_DEFAULT "vhost-device-gpio"

/* About a new process, which is to enter. */
struct sandbox_params {
	enum sandbox_role role;
	const char *tag;
	size_t fds; /* how many it may need; 0: not many */
};
