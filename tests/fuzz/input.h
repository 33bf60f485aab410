/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The input of a fuzz target, read from its start as a program of small operations; and how a finding is told. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

/* 0 when there is none. */
static inline uint8_t next_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t next_u16(struct input *in)
{
	uint16_t low = next_byte(in);

	return (uint16_t)(low | next_byte(in) << 8);
}

static inline uint32_t next_u32(struct input *in)
{
	uint32_t low = next_u16(in);

	return low | (uint32_t)next_u16(in) << 16;
}

/* What must not be. In words, so that a finding tells what was found. */
#define FOUND(...)                                                                                                     \
	do {                                                                                                           \
		fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                                        \
		fprintf(stderr, __VA_ARGS__);                                                                          \
		fputc('\n', stderr);                                                                                   \
		abort();                                                                                               \
	} while (0)
#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			FOUND("%s", #condition);                                                                       \
	} while (0)
