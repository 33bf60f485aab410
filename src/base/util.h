/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Small macros that every layer uses. */
#pragma once

#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The owner of an embedded member: how a watch, a defer or a timer finds the object it belongs to. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
