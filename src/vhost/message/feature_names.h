/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The names of feature bits, for people. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FEATURE_NAMES_MAX 1024 /* enough for all of them */

/*
 * "VERSION_1 EVENT_IDX / MQ REPLY_ACK": features, then protocol features, each in the order of their bits. device_names
 * are those of the device type's own bits, see vhost_ops. A bit without a name appears as its number.
 */
void feature_names(char *text, size_t size, uint64_t features, uint64_t protocol_features,
		   const char *const *device_names);
