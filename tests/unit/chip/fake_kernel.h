/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A kernel with one GPIO chip, for tests: ioctl() is this file's (ld --wrap=ioctl). Its line requests
 * are ends of socket pairs, into which the test writes events.
 */
#pragma once

#include <stdint.h>

#include "chip/cdev_uapi.h"

#define KERNEL_LINES 4

struct fake_kernel {
	unsigned long fail_number; /* this ioctl fails with fail_errno */
	int fail_errno;
	const char *meanwhile; /* events that come while a line is reconfigured */
	int eintr;	       /* so many ioctls are interrupted by a signal */
	unsigned n_lines;
	uint64_t bits;		/* what GET_VALUES says */
	const char *labels[16]; /* by the minor number of the device; NULL: one without a terminator */
	uint16_t gone;		/* chips that were unplugged: bits by the same number */
	struct {
		const char *name;   /* NULL: "line N" */
		const char *holder; /* NULL: odd lines are held by "somebody" */
	} lines[16];
	unsigned free_after;	   /* so many looks at a line nobody holds any more; 0: never so */
	unsigned infos;		   /* looks at a line */
	unsigned fail_line;	   /* requests of this offset + 1 fail with fail_errno; 0: none */
	int fail_request;	   /* this line request, counted from 1, fails with fail_errno; 0: none */
	unsigned long fail_offset; /* line info of this offset + 1 fails with EIO; 0: of none */
	/* What was asked for last, and how often. */
	struct gpio_v2_line_request request;
	struct gpio_v2_line_config config;
	struct gpio_v2_line_values set;
	int requests, configs;
	char offsets[64]; /* of all requests: a digit each */
	char journal[64]; /* R request, I line info, C configuration, G get, S set */
	int peer;	  /* owned: the kernel's end of the last line request, or -1 */
};

extern struct fake_kernel kernel;

void kernel_boot(void);
void kernel_halt(void);
/* Writes events: 'r' or 'f', or another byte for an id that means nothing. */
void kernel_events(const char *ids);
