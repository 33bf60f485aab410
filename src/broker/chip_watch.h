/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Tells when a GPIO chip's device node comes, goes or becomes accessible, and when a path to one changes that is waited
 * for: inotify, so nothing wakes up while nothing happens. Whose chip it is, the caller finds out.
 */
#pragma once

#include "base/log.h"
#include "loop/loop.h"

#define CHIP_WATCH_PATHS_MAX 64

struct chip_watch {
	struct loop_watch watch;
	int fd; /* owned; valid while watch.loop is not NULL */
	const char *directory;
	int directory_wd;
	int path_wds[CHIP_WATCH_PATHS_MAX]; /* directories of paths that are followed */
	unsigned n_path_wds;
	struct log_limit log_limit;
	void *ctx;
	void (*changed)(void *ctx, const char *path);
};

/*
 * The device nodes gpiochip* of this directory; its name outlives the watch. changed is called from the loop, with the
 * path of the node; "": a path that is followed changed; NULL: the kernel has lost count, anything may have. -errno.
 */
int chip_watch_start(struct chip_watch *watch, const char *directory, struct loop *loop,
		     void (*changed)(void *ctx, const char *path), void *ctx);
/*
 * Follows the path, which may lead to nothing yet, over its directories and symbolic links, as far as there are any: to
 * be called again after each change. What it leads to is to be looked at afterwards.
 */
void chip_watch_follow(struct chip_watch *watch, const char *path);
/* No path is followed any more. */
void chip_watch_unfollow(struct chip_watch *watch);
void chip_watch_stop(struct chip_watch *watch);
