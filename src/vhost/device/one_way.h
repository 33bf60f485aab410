/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Sockets that a front-end gave, and the connection itself, can have anything in them: an end of the connection, which
 * then never ends, or what takes whoever closes it last as long as the front-end likes. So nothing comes into what only
 * we write to (User-Mode Linux has sockets for calls); a kick socket is read anyway; and when the connection ends
 * nothing is left in what the fd store closes.
 */
#pragma once

#include "vhost/device/device.h"

/* Nothing comes in over this fd, if it is a socket. */
void one_way_shut(const struct vhost_device *device, int fd);
/* The connection is over: what is in its sockets is thrown away, before anybody else closes them. */
void one_way_shut_all(const struct vhost_device *device);
