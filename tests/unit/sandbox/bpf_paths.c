/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Walks a seccomp program (classic BPF) for one system call after the other. The number of the call and the architecture
 * are known; arguments are not: there both ways are walked, and what was assumed on the way is kept.
 */
#include "bpf_paths.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CALLS_MAX 1024

struct walk {
	const struct sock_fprog *program;
	FILE *out;
	const char *call;
	uint32_t number, arch;
};

/* The accumulator: a known value, or a half of an argument under a mask. */
struct place {
	unsigned at;
	bool known;
	uint32_t value, offset, mask;
	char assumed[512];
};

/* Argument halves: little-endian, the low one first. An upper half is shown with its sign. */
static void assume(struct place *place, const char *relation, uint32_t value)
{
	size_t len = strlen(place->assumed);
	uint32_t half = (place->offset - (uint32_t)offsetof(struct seccomp_data, args)) / 4;

	snprintf(place->assumed + len, sizeof(place->assumed) - len, " %u%s&%x%s%x", half / 2, half % 2 ? "^" : "",
		 place->mask, relation, value);
}

static void load(const struct walk *walk, struct place *place, uint32_t offset)
{
	place->known = offset < offsetof(struct seccomp_data, args);
	place->offset = offset;
	place->mask = UINT32_MAX;
	if (offset == offsetof(struct seccomp_data, nr))
		place->value = walk->number;
	else if (offset == offsetof(struct seccomp_data, arch))
		place->value = walk->arch;
	else if (place->known)
		fail_msg("the program looks at the instruction pointer");
}

static void result(const struct walk *walk, const struct place *place, uint32_t action)
{
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ALLOW)
		fprintf(walk->out, "%s%s\n", walk->call, place->assumed);
	else if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		fprintf(walk->out, "%s%s: %s\n", walk->call, place->assumed,
			(action & SECCOMP_RET_DATA) == EPERM ? "EPERM" : "another errno");
	else
		assert_int_equal(action, SECCOMP_RET_KILL_PROCESS);
}

static bool jumps(const struct sock_filter *op, uint32_t value)
{
	switch (BPF_OP(op->code)) {
	case BPF_JEQ:
		return value == op->k;
	case BPF_JGT:
		return value > op->k;
	case BPF_JGE:
		return value >= op->k;
	case BPF_JSET:
		return value & op->k;
	default:
		fail_msg("unknown jump %#x", op->code);
		return false;
	}
}

/* BPF jumps forward only: this ends. */
static void walk_from(const struct walk *walk, struct place place)
{
	for (;;) {
		const struct sock_filter *op = &walk->program->filter[place.at];

		assert_true(place.at < walk->program->len);
		place.at++;
		if (op->code == (BPF_RET | BPF_K)) {
			result(walk, &place, op->k);
			return;
		}
		if (op->code == (BPF_LD | BPF_W | BPF_ABS)) {
			load(walk, &place, op->k);
		} else if (op->code == (BPF_ALU | BPF_AND | BPF_K)) {
			place.value &= op->k;
			place.mask &= op->k;
		} else if (op->code == (BPF_JMP | BPF_JA)) {
			place.at += op->k;
		} else if (BPF_CLASS(op->code) == BPF_JMP && (place.known || place.mask == 0)) {
			place.at += jumps(op, place.known ? place.value : 0) ? op->jt : op->jf;
		} else if (BPF_CLASS(op->code) == BPF_JMP && BPF_OP(op->code) == BPF_JEQ) {
			struct place other = place;

			assume(&other, "==", op->k);
			other.at += op->jt;
			walk_from(walk, other);
			place.at +=
				op->jf; /* what it is not is not worth telling: the rest of the way says what it is */
		} else {
			fail_msg("unknown instruction %#x", op->code);
		}
	}
}

void bpf_paths_print(const struct sock_fprog *program, FILE *out)
{
	uint32_t arch = seccomp_arch_native();

	for (uint32_t number = 0; number < CALLS_MAX; number++) {
		char *name = seccomp_syscall_resolve_num_arch(arch, (int)number);
		char digits[16];
		struct walk walk = { .program = program, .out = out, .call = name, .number = number, .arch = arch };

		snprintf(digits, sizeof(digits), "%u", number);
		if (!name)
			walk.call = digits;
		walk_from(&walk, (struct place){ .at = 0 });
		free(name);
	}
}
