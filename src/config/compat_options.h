/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The command line of the Rust program: --socket-path PATH, --socket-count N, --device-list D1[:D2...]
 * make the guests guest0 ... guestN-1 on the sockets PATH0 ... PATHN-1.
 */
#pragma once

#include <stddef.h>

#include "base/why.h"
#include "config/guest_config.h"

/* The words as the user gave them. */
struct compat_options {
	const char *path;  /* NULL: the sockets come from elsewhere */
	const char *count; /* NULL: "1" */
	const char *devices;
	int fd; /* the one guest's socket, or -1 */
};

/*
 * Fills configs, which is empty, with a guest for each device; each has one chip, whole, and no where. With one guest the
 * path itself is its alias. -EINVAL: the words make no guests, why says in one line which word and where. -ENOMEM.
 */
int compat_options_parse(const struct compat_options *words, struct guest_configs *configs, struct why *why);
