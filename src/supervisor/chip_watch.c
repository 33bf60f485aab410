/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Tells when a GPIO chip's device node appears. */
#include "supervisor/chip_watch.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"

#define DEVICE_DIRECTORY "/dev"
#define DEVICE_PREFIX	 "gpiochip"

/* udev sets owner and mode after the node was made: IN_ATTRIB. */
#define DEVICE_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

static void entry_seen(struct chip_watch *watch, const char *name)
{
	char path[sizeof(DEVICE_DIRECTORY) + 64];

	if (strncmp(name, DEVICE_PREFIX, strlen(DEVICE_PREFIX)) != 0 || strlen(name) > 60)
		return;
	snprintf(path, sizeof(path), "%s/%s", DEVICE_DIRECTORY, name);
	watch->appeared(watch->ctx, path);
}

static void directory_ready(struct loop_watch *loop_watch, uint32_t events)
{
	struct chip_watch *watch = container_of(loop_watch, struct chip_watch, watch);
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len = read(watch->fd, buffer, sizeof(buffer));
	const struct inotify_event *event;

	for (ssize_t at = 0; at < len; at += (ssize_t)(sizeof(*event) + event->len)) {
		event = (const struct inotify_event *)(buffer + at);
		if (event->len > 0)
			entry_seen(watch, event->name);
	}
}

int chip_watch_start(struct chip_watch *watch, struct loop *loop, void (*appeared)(void *ctx, const char *path),
		     void *ctx)
{
	int ret;

	watch->ctx = ctx;
	watch->appeared = appeared;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return -errno;
	ret = inotify_add_watch(watch->fd, DEVICE_DIRECTORY, DEVICE_EVENTS) < 0 ? -errno : 0;
	if (ret == 0)
		ret = loop_watch_add(loop, &watch->watch, watch->fd, EPOLLIN, directory_ready);
	if (ret < 0)
		fd_close(&watch->fd);
	return ret;
}

void chip_watch_look(struct chip_watch *watch)
{
	DIR *dir = watch->watch.loop ? opendir(DEVICE_DIRECTORY) : NULL;
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		entry_seen(watch, entry->d_name);
	closedir(dir);
}

void chip_watch_stop(struct chip_watch *watch)
{
	if (!watch->watch.loop)
		return;
	loop_watch_del(&watch->watch);
	fd_close(&watch->fd);
}
