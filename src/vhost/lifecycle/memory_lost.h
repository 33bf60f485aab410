/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Memory of the front-end that was lost (see sigbus_guard.h): the end of its session, and of nothing else. */
#pragma once

#include "vhost/device/device.h"
#include "vhost/memory/sigbus_guard.h"

/* Ends the session, with a line that says why. */
void memory_lost_end(struct vhost_device *device);

/* To be called at the end of each turn. */
static inline void memory_lost_check(struct vhost_device *device)
{
	if (sigbus_guard_tripped())
		memory_lost_end(device);
}
