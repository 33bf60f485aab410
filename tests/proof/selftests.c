// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What gpio-cdev-uaf.c asks of gpio-sim's configfs, done by the VirtIO device virtio0: linked with --wrap.
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define DEVICE "virtio0"
#define DRIVER "/sys/bus/virtio/drivers/gpio_virtio"

int __real_open(const char *path, int flags);
int __wrap_open(const char *path, int flags);
ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rmdir(const char *path);

static int live_fd = -1;

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

// A file that holds "gpiochipN\n".
static int open_chip_name(void)
{
	glob_t found;
	int fds[2] = { -1, -1 };

	if (glob("/sys/bus/virtio/devices/" DEVICE "/gpiochip*", 0, NULL, &found) == 0 && pipe(fds) == 0) {
		const char *name = strrchr(found.gl_pathv[0], '/') + 1;

		if (__real_write(fds[1], name, strlen(name)) < 0 || __real_write(fds[1], "\n", 1) < 0) {
			return -1;
		}
		close(fds[1]);
	}
	return fds[0];
}

int __wrap_open(const char *path, int flags)
{
	if (ends_with(path, "/live")) {
		live_fd = __real_open("/dev/null", flags);
		return live_fd;
	}
	return ends_with(path, "/chip_name") ? open_chip_name() : __real_open(path, flags);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t count)
{
	const bool live = memchr(bytes, '1', count) != NULL;
	ssize_t done;

	if (fd != live_fd) {
		return __real_write(fd, bytes, count);
	}
	fd = __real_open(live ? DRIVER "/bind" : DRIVER "/unbind", O_WRONLY);
	done = __real_write(fd, DEVICE, strlen(DEVICE));
	close(fd);
	return done == (ssize_t)strlen(DEVICE) ? (ssize_t)count : -1;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return 0;
}

int __wrap_rmdir(const char *path)
{
	(void)path;
	return 0;
}
