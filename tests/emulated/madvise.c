/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Preloaded where qemu-user runs a program of another machine: qemu-user answers 0 to MADV_REMOVE and does nothing, where the
 * kernel makes the pages zero. Here they are zero, too, but stay.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int madvise(void *addr, size_t len, int advice)
{
	if (advice != MADV_REMOVE)
		return (int)syscall(SYS_madvise, addr, len, advice);
	memset(addr, 0, len);
	return 0;
}
