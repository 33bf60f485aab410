/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Mapping a piece of a shared file. */
#include "vhost/memory/file_map.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "vhost/memory/sigbus_guard.h"

/* The page size that mmap offsets of this file must keep to: huge pages have their own. */
static uint64_t file_page_size(int fd)
{
	struct statfs fs;

	/* Of others it is not to be asked: whoever serves their file system answers. */
	if (fd_kind(fd) == FD_KIND_MEMORY && fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == HUGETLBFS_MAGIC &&
	    fs.f_bsize > 0)
		return fs.f_bsize;
	return sysconf(_SC_PAGESIZE);
}

int file_map_check(int fd, uint64_t offset, uint64_t size, struct fd_file *file)
{
	if (size == 0 || offset + (size - 1) < offset)
		return -EINVAL;
	if (!fd_file(fd, file) || offset + (size - 1) >= file->size)
		return -EINVAL;
	return 0;
}

int file_map_open(struct file_map *map, int fd, uint64_t offset, uint64_t size)
{
	uint64_t page, head, len;
	struct fd_file file;
	void *start;
	int guard, r;

	r = file_map_check(fd, offset, size, &file);
	if (r < 0)
		return r;
	page = file_page_size(fd);
	head = offset & (page - 1);
	len = (head + size + page - 1) & ~(page - 1);
	if (len < size || len > PTRDIFF_MAX)
		return -EINVAL;
	start = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)(offset - head));
	if (start == MAP_FAILED)
		return -errno;
	guard = sigbus_guard_add(start, len, page);
	if (guard < 0) {
		munmap(start, len);
		return guard;
	}
	/* A worker that crashes must not write the guest's memory into a core file. */
	madvise(start, len, MADV_DONTDUMP);
	*map = (struct file_map){
		.start = start,
		.len = len,
		.base = (uint8_t *)start + head,
		.dev = file.dev,
		.ino = file.ino,
		.guard = guard,
	};
	return 0;
}

bool file_map_has_lost(const struct file_map *map)
{
	return map->start && sigbus_guard_has_lost(map->guard);
}

void file_map_close(struct file_map *map)
{
	if (map->start) {
		sigbus_guard_remove(map->guard);
		munmap(map->start, map->len);
	}
	*map = (struct file_map){ 0 };
}
