/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Where the path of a socket leads, by whatever words: "a.sock" and "./a.sock" are one place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/guest_settings.h"

/* The directory that the socket is to be in, as it is written. */
void socket_directory(const char *path, char directory[SOCKET_PATH_SIZE]);
/* Of equal places the hash is equal. */
uint32_t socket_place_hash(const char *path);
bool socket_place_same(const char *a, const char *b);
