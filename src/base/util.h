/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Small macros that every layer uses. */
#pragma once

#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * For what is large, on the way of every request, and written before it is read: all else on the stack is set to zero
 * (meson.build).
 */
#ifndef __has_attribute
#define __has_attribute(x) 0
#endif
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#else
#define UNINITIALIZED
#endif

/* The owner of an embedded member: how a watch, a defer or a timer finds the object it belongs to. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
