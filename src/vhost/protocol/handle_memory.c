/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Message handlers: the memory table. */
#include <errno.h>
#include <string.h>

#include "vhost/protocol/handle.h"
#include "vhost/queue/start_stop.h"

static const char *add_region(struct vhost_device *device, const struct vhost_user_region *region, int fd)
{
	int slot = memory_add(&device->memory, region, fd);

	if (slot == -EINVAL)
		return "region is empty, wraps around, overlaps another or exceeds its file";
	if (slot == -ENOSPC)
		return "too many memory regions";
	if (slot < 0)
		return strerror(-slot);
	device_store_fd(device, VHOST_FD_MEMORY, slot, fd);
	return NULL;
}

static bool has_region(const struct vhost_device *device, const struct vhost_user_region *region)
{
	int slot = memory_find(&device->memory, region);

	return slot >= 0 && device->session->regions[slot].mmap_offset == region->mmap_offset;
}

static void remove_all(struct vhost_device *device)
{
	for (unsigned i = 0; i < device->memory.n_slots_end; i++) {
		if (device->memory.maps[i].start)
			device_store_fd(device, VHOST_FD_MEMORY, i, -1);
	}
	memory_clear(&device->memory);
}

/* Bytes behind the regions are allowed, see the message table. A table that is refused leaves no memory at all. */
const char *handle_set_mem_table(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_user_mem_table table = { 0 };
	const char *why = NULL;

	memcpy(&table, message->payload, message->header->size);
	if (table.n_regions == 0 || table.n_regions > VHOST_USER_MEM_TABLE_MAX)
		return "number of regions not in 1 to 8";
	if (table.n_regions != message->fds->n)
		return "number of file descriptors is not that of regions";
	if (message->header->size < offsetof(struct vhost_user_mem_table, regions[table.n_regions]))
		return "payload too short for its regions";

	device_flush(device);
	remove_all(device);
	for (uint32_t i = 0; i < table.n_regions && !why; i++)
		why = add_region(device, &table.regions[i], message->fds->fd[i]);
	if (why)
		remove_all(device);
	device_each_queue(device, queue_memory_changed);
	return why;
}

const char *handle_get_max_mem_slots(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	reply_u64(reply, SESSION_SLOTS_MAX);
	return NULL;
}

const char *handle_add_mem_reg(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct vhost_user_mem_reg *reg = message->payload;
	const char *why;

	if (message->replayed && has_region(device, &reg->region))
		return NULL;
	device_flush(device);
	why = add_region(device, &reg->region, message->fds->fd[0]);
	device_each_queue(device, queue_memory_changed);
	return why;
}

const char *handle_rem_mem_reg(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	const struct vhost_user_mem_reg *reg = message->payload;
	int slot;

	device_flush(device);
	slot = memory_remove(&device->memory, &reg->region);
	device_each_queue(device, queue_memory_changed);
	if (slot < 0)
		return message->replayed ? NULL : "no such region";
	device_store_fd(device, VHOST_FD_MEMORY, slot, -1);
	return NULL;
}
