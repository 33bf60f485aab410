/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Tells when a GPIO chip's device node comes or goes, and when a path to one changes. */
#include "broker/chip_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

#define DEVICE_PREFIX "gpiochip"

/*
 * udev sets owner and mode after the node was made (IN_ATTRIB), and makes its symbolic links after that. A node that
 * goes brings no chip, but from then on the paths to the one that is to come are followed.
 */
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE)

/* As many as the kernel follows in one path. */
#define LINKS_MAX 40

static void node_changed(struct chip_watch *watch, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", watch->directory, name) < (int)sizeof(path))
		watch->changed(watch->ctx, path);
}

static void event_take(struct chip_watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		watch->changed(watch->ctx, NULL);
	else if (event->len == 0)
		return;
	else if (event->wd == watch->directory_wd && strncmp(event->name, DEVICE_PREFIX, strlen(DEVICE_PREFIX)) == 0)
		node_changed(watch, event->name);
	else if (watch->n_path_wds > 0)
		watch->changed(watch->ctx, "");
}

static void events_ready(struct loop_watch *loop_watch, uint32_t events)
{
	struct chip_watch *watch = container_of(loop_watch, struct chip_watch, watch);
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len = read(watch->fd, buffer, sizeof(buffer));
	const struct inotify_event *event;

	for (ssize_t at = 0; at < len; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(buffer + at);
		event_take(watch, event);
	}
}

int chip_watch_start(struct chip_watch *watch, const char *directory, struct loop *loop,
		     void (*changed)(void *ctx, const char *path), void *ctx)
{
	int ret;

	*watch = (struct chip_watch){ .directory = directory, .ctx = ctx, .changed = changed };
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return -errno;
	watch->directory_wd = inotify_add_watch(watch->fd, directory, EVENTS);
	ret = watch->directory_wd < 0 ? -errno : 0;
	if (ret == 0)
		ret = loop_watch_add(loop, &watch->watch, watch->fd, EPOLLIN, events_ready);
	if (ret < 0)
		fd_close(&watch->fd);
	return ret;
}

static bool is_noted(const struct chip_watch *watch, int wd)
{
	for (unsigned i = 0; i < watch->n_path_wds; i++) {
		if (watch->path_wds[i] == wd)
			return true;
	}
	return false;
}

/* False: it is not there, or not to be watched. The directory of the nodes is noted too: a path may begin there. */
static bool directory_follow(struct chip_watch *watch, const char *path)
{
	int wd = inotify_add_watch(watch->fd, path, EVENTS | IN_ONLYDIR | IN_MASK_ADD);

	if (wd < 0 && errno != ENOENT && errno != ENOTDIR)
		log_limited(&watch->log_limit, LOG_LEVEL_WARNING, "supervisor",
			    "cannot watch %s for chips that come back: %s", path, strerror(errno));
	if (wd < 0 || is_noted(watch, wd))
		return wd >= 0;
	if (watch->n_path_wds == CHIP_WATCH_PATHS_MAX) {
		log_limited(&watch->log_limit, LOG_LEVEL_WARNING, "supervisor",
			    "cannot watch %s for chips that come back: too many directories", path);
		if (wd != watch->directory_wd)
			inotify_rm_watch(watch->fd, wd);
		return false;
	}
	watch->path_wds[watch->n_path_wds++] = wd;
	return true;
}

/* From the root on: whatever is made below a directory that is watched by then is not missed. */
static void directories_follow(struct chip_watch *watch, const char *path)
{
	char prefix[PATH_MAX];

	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(end - path), path);
		if (!directory_follow(watch, prefix))
			return;
	}
}

/* Where the symbolic link leads to, in its place. False: it is none. */
static bool link_follow(char path[PATH_MAX])
{
	char target[PATH_MAX], whole[2 * PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	const char *name = strrchr(path, '/') + 1;

	if (len <= 0)
		return false;
	target[len] = '\0';
	snprintf(whole, sizeof(whole), "%.*s%s", target[0] == '/' ? 0 : (int)(name - path), path, target);
	return snprintf(path, PATH_MAX, "%s", whole) < PATH_MAX;
}

void chip_watch_follow(struct chip_watch *watch, const char *path)
{
	char at[PATH_MAX];
	unsigned links = 0;

	/* The grammar has absolute paths only. */
	if (!watch->watch.loop || path[0] != '/' || snprintf(at, sizeof(at), "%s", path) >= (int)sizeof(at))
		return;
	do {
		directories_follow(watch, at);
	} while (links++ < LINKS_MAX && link_follow(at));
}

void chip_watch_unfollow(struct chip_watch *watch)
{
	for (unsigned i = 0; i < watch->n_path_wds; i++) {
		if (watch->path_wds[i] != watch->directory_wd)
			inotify_rm_watch(watch->fd, watch->path_wds[i]);
	}
	watch->n_path_wds = 0;
}

void chip_watch_stop(struct chip_watch *watch)
{
	if (!watch->watch.loop)
		return;
	loop_watch_del(&watch->watch);
	fd_close(&watch->fd);
}
