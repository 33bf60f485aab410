/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Tells when a GPIO chip's device node appears or becomes accessible: inotify on /dev, so nothing wakes up while nothing
 * happens. Whose chip it is, the caller finds out.
 */
#pragma once

#include "loop/loop.h"

struct chip_watch {
	struct loop_watch watch;
	int fd; /* owned; valid while watch.loop is not NULL */
	void *ctx;
	void (*appeared)(void *ctx, const char *path);
};

/* ctx and appeared are called from the loop. -errno. */
int chip_watch_start(struct chip_watch *watch, struct loop *loop, void (*appeared)(void *ctx, const char *path),
		     void *ctx);
/* Tells about the device nodes that are there now. */
void chip_watch_look(struct chip_watch *watch);
void chip_watch_stop(struct chip_watch *watch);
