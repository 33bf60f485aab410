/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The drop-in command line, that of the Rust program: --socket-path PATH, --socket-count N, --device-list D1[:D2...]
 * make the guests guest0 ... guestN-1 on the sockets PATH0 ... PATHN-1.
 */
#pragma once

#include <stddef.h>

#include "daemon/guest.h"

/* The words as the user gave them; count NULL stands for "1". */
struct dropin_words {
	const char *path;
	const char *count;
	const char *devices;
};

/*
 * 0: *guests (owned by the caller from now on) and *n_guests are the guests. -EINVAL: the words make no guests, why
 * says in one line which word and where. -ENOMEM.
 */
int dropin_parse(const struct dropin_words *words, struct guest **guests, size_t *n_guests, char *why, size_t why_size);
