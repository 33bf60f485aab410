/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A file whose file system is a process of the test's (FUSE), which answers when the test likes: what is done to the
 * file lasts that long. Needs /dev/fuse and the right to mount.
 */
#pragma once

#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SLOW_FILE_SIZE	  0x1000000u
#define SLOW_FILE_OPCODES 64

/* Shared with the server. */
struct slow_file_orders {
	bool hold[SLOW_FILE_OPCODES];	   /* requests of this kind are not answered as long as this stands */
	uint32_t asked[SLOW_FILE_OPCODES]; /* by enum fuse_opcode */
	uint32_t held[SLOW_FILE_OPCODES];  /* so many of them wait for an answer */
};

struct slow_file {
	int fd; /* owned: open for reading and writing; -1: there is none */
	pid_t server;
	volatile struct slow_file_orders *orders;
};

/* False, with a word, where that cannot be had. */
bool slow_file_open(struct slow_file *file);
/* The server dies: from then on everything fails, and whoever waited goes on. Idempotent. */
void slow_file_end(struct slow_file *file);
/* And closes the file. Idempotent. */
void slow_file_close(struct slow_file *file);
/* Waits until a request of that kind is held. */
bool slow_file_wait_held(struct slow_file *file, enum fuse_opcode opcode);
