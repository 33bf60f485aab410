/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From a received message to its handler, and the reply or ack back. */
#pragma once

#include "vhost/device/device.h"

/*
 * Executes the message in the session's rx, as far as an earlier process did not, and answers it. 0, or -errno: the
 * connection is to be closed, *why says it in words.
 */
int dispatch_message(struct vhost_device *device, const char **why);
