/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What an earlier process had of a connection is restored: its fds, memory, rings, and the message at hand. */
#pragma once

#include "vhost/device/device.h"

/* In this order. -errno: it cannot be restored, and the session is to be dropped. */
int restore_connection(struct vhost_device *device);
/* Lets the device look at the rings. */
void restore_queues(struct vhost_device *device);
/* Executes or answers the message at hand, as far as it was not. */
void restore_message(struct vhost_device *device);
