/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The memory of a guest, a file, for the tests of rings: guest address = user address = place in the file. That these
 * are of different types is tested in test_memory.
 */
#pragma once

#include "vhost/memory/memory.h"

extern struct memory memory;
extern uint8_t *file;

/* A file of file_size bytes, of which the first region_size are the guest's. 0 or -1. */
int guest_file_open(size_t region_size, size_t file_size);
void guest_file_close(void);
