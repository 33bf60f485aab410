// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * LD_PRELOAD for a User-Mode Linux kernel: to it, the FP state of a process on this host has $FPSTATE bytes.
 *
 * It stands before ptrace() and answers for NT_X86_XSTATE as Linux does on such a host: PTRACE_GETREGSET gives what fits
 * and tells how much that was; PTRACE_SETREGSET takes the whole and nothing less (EFAULT). Registers in the first $FPSTATE
 * bytes that this processor has are really read and written. What follows them, where this processor has less, are
 * registers that no process changes: one that is to get them with another content is an error (EIO). Registers of this
 * processor that such a host has not stay in their process as they are.
 */
#include <cpuid.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

/* In the XSAVE format: legacy registers, a header, whose first word tells which components are there, components. */
#define HEADER	    512
#define HEADER_END  576
#define LEAF_XSTATE 0xd

static size_t size;
static uint64_t hidden; /* the components that end beyond size */
static long (*next)(int request, pid_t pid, void *addr, void *data);
/* The processor's own; static, since some that call ptrace() have a stack of a page. */
static uint8_t state[32768];

static unsigned char tail(size_t at)
{
	return (unsigned char)(at * 37 + 11);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static uint64_t components_beyond(void)
{
	uint64_t mask = 0;

	for (unsigned i = 2; i < 63; i++) {
		unsigned len, offset, unused;

		__cpuid_count(LEAF_XSTATE, i, len, offset, unused, unused);
		if (len && offset + len > size)
			mask |= (uint64_t)1 << i;
	}
	return mask;
}

static uint64_t components(void)
{
	uint64_t mask;

	memcpy(&mask, &state[HEADER], sizeof(mask));
	return mask;
}

static void set_components(uint64_t mask)
{
	memcpy(&state[HEADER], &mask, sizeof(mask));
}

static long fail(int error)
{
	errno = error;
	return -1;
}

/* Reads the processor's own; its length in *have. */
static long state_get(pid_t pid, size_t *have)
{
	struct iovec all = { state, sizeof(state) };
	long result = next(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all);

	*have = all.iov_len;
	return result;
}

static long get(pid_t pid, struct iovec *to)
{
	size_t have;

	if (to->iov_len % sizeof(uint64_t))
		return fail(EINVAL);
	if (state_get(pid, &have))
		return -1;
	set_components(components() & ~hidden);
	for (size_t i = have; i < size; i++)
		state[i] = tail(i);
	to->iov_len = least(to->iov_len, size);
	memcpy(to->iov_base, state, to->iov_len);
	return 0;
}

static long set(pid_t pid, struct iovec *from)
{
	const uint8_t *bytes = from->iov_base;
	uint64_t kept;
	size_t have;

	if (from->iov_len % sizeof(uint64_t))
		return fail(EINVAL);
	from->iov_len = least(from->iov_len, size);
	if (from->iov_len != size)
		return fail(EFAULT);
	if (state_get(pid, &have))
		return -1;
	for (size_t i = have; i < size; i++) {
		if (bytes[i] != tail(i)) {
			dprintf(STDERR_FILENO, "fpstate: byte %zu of %zu is not what it was\n", i, size);
			return fail(EIO);
		}
	}
	kept = components() & hidden;
	memcpy(state, bytes, least(size, have));
	set_components((components() & ~hidden) | kept);
	return next(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &(struct iovec){ state, have });
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list rest;
	pid_t pid;
	void *addr, *data;

	va_start(rest, request);
	pid = va_arg(rest, pid_t);
	addr = va_arg(rest, void *);
	data = va_arg(rest, void *);
	va_end(rest);
	if (request == PTRACE_GETREGSET && addr == (void *)NT_X86_XSTATE)
		return get(pid, data);
	if (request == PTRACE_SETREGSET && addr == (void *)NT_X86_XSTATE)
		return set(pid, data);
	return next((int)request, pid, addr, data);
}

__attribute__((constructor)) static void start(void)
{
	const char *word = getenv("FPSTATE");

	size = word ? strtoul(word, NULL, 10) : 0;
	if (size < HEADER_END || size > sizeof(state) || size % sizeof(uint64_t)) {
		dprintf(STDERR_FILENO, "fpstate: FPSTATE must be from %d to %zu, in steps of 8\n", HEADER_END,
			sizeof(state));
		_exit(1);
	}
	hidden = components_beyond();
	*(void **)&next = dlsym(RTLD_NEXT, "ptrace");
}
