/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Missing translations of a virtual IOMMU, asked for over the back-end channel: vhost-user.rst, "IOMMU support".
 * Nothing waits: a queue that misses a translation is looked at again when one comes.
 */
#pragma once

#include "vhost/device/device.h"

/* struct queue_host: ask */
bool translation_ask(struct queue_host *host);
/* The back-end channel has space, or is another one: what was not asked yet is asked. */
void translation_channel_ready(struct vhost_device *device);
/* The channel is another one: what is waited for is to be asked again. */
void translation_channel_changed(struct vhost_device *device);
