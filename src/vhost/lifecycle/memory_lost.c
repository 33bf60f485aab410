/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Memory of the front-end that was lost. */
#include "vhost/lifecycle/memory_lost.h"

#include <stdio.h>

static void lost_name(const struct vhost_device *device, char *name, size_t size)
{
	const struct memory *memory = &device->memory;

	snprintf(name, size, "memory that is no longer mapped");
	if (file_map_has_lost(&device->inflight_map.file))
		snprintf(name, size, "the in-flight region");
	if (file_map_has_lost(&device->dirty_log.map))
		snprintf(name, size, "the dirty log");
	for (unsigned i = 0; i < memory->n_slots_end; i++) {
		if (file_map_has_lost(&memory->maps[i]))
			snprintf(name, size, "guest memory at 0x%llx", (unsigned long long)memory->slots[i].guest_addr);
	}
}

int vhost_contain_sigbus(void)
{
	return sigbus_guard_install();
}

void memory_lost_end(struct vhost_device *device)
{
	char name[64];

	lost_name(device, name, sizeof(name));
	log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag,
		    "closing connection: SIGBUS in %s (file truncated, or no page available)", name);
	vhost_device_disconnect(device);
	sigbus_guard_clear();
}
