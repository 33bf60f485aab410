/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A connection: its beginning, its messages, its end. See vhost.h for who calls it from outside. */
#pragma once

#include "vhost/device/device.h"

/* Messages are read from now on. -errno. */
int connection_listen(struct vhost_device *device);
/* Ends the connection, with a line that says why; NULL: the front-end did. has_header: it names the message at hand. */
void connection_close(struct vhost_device *device, const char *why, bool has_header);
/* Lets go of what this process holds of a connection. */
void connection_release(struct vhost_device *device);
