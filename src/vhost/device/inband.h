/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Calls and errors of rings as messages: vhost-user.rst, "In-band notifications". */
#pragma once

#include "vhost/device/device.h"

/* struct queue_host: notify: there is no fd for it, now or at all. */
void inband_notify(struct queue_host *host, struct vhost_queue *queue, enum queue_notice notice);
/* Sends what waits for the back-end channel. */
void inband_send_pending(struct vhost_device *device);
