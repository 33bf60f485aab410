/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The memory of a guest, a file. */
#include "guest_file.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct memory memory;
static struct file_map maps[SESSION_SLOTS_MAX];
uint8_t *file;

static struct session_region slots[SESSION_SLOTS_MAX];
static size_t mapped;
static int fd;

int guest_file_open(size_t region_size, size_t file_size)
{
	const struct vhost_user_region region = { .size = region_size };

	memset(slots, 0, sizeof(slots));
	memory_init(&memory, slots, maps);
	fd = memfd_create("guest", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)file_size) < 0 || memory_add(&memory, &region, fd) < 0)
		return -1;
	mapped = file_size;
	file = mmap(NULL, file_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return file == MAP_FAILED ? -1 : 0;
}

void guest_file_close(void)
{
	memory_clear(&memory);
	munmap(file, mapped);
	close(fd);
}
