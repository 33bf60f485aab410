/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a process in the sandbox tries: all that it is there to stop. */
#pragma once

#include <stddef.h>

/* What stops it when the filter is not there. */
enum second {
	NOTHING, /* it reaches nobody else */
	DENIED,
	DENIED_TO_USER, /* where the process has another user than root */
};

struct attempt {
	const char *what;
	int (*try)(void); /* 0 when it was done, else -1 with errno */
	enum second second;
};

extern const struct attempt attempts[];
extern const size_t n_attempts;

/* Some of them. */
int try_open(void);
int try_openat2(void);
int try_create(void);
int try_exec(void);
int try_connect(void);
