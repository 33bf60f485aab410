// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What gpio-cdev-uaf.c asks of gpio-sim's configfs, done by a VirtIO device: linked with --wrap.
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int __real_open(const char *path, int flags);
int __wrap_open(const char *path, int flags);
ssize_t __real_write(int fd, const void *bytes, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rmdir(const char *path);

enum { PATIENCE_MS = 60000 };

static int live_fd = -1;

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

// The chip's node below /dev, once it is there.
static bool find_chip(const char *pattern, char *path, size_t size)
{
	glob_t found;
	const bool there = glob(pattern, 0, NULL, &found) == 0;

	if (there) {
		snprintf(path, size, "/dev/%s", strrchr(found.gl_pathv[0], '/') + 1);
		globfree(&found);
	}
	return there && access(path, F_OK) == 0;
}

static bool write_word(const char *path, const char *word)
{
	const int fd = __real_open(path, O_WRONLY);
	const bool done = fd >= 0 && __real_write(fd, word, strlen(word)) == (ssize_t)strlen(word);

	close(fd);
	return done;
}

// With its driver.
static bool bind_driver(bool live)
{
	return write_word(live ? "/sys/bus/virtio/drivers/gpio_virtio/bind"
			       : "/sys/bus/virtio/drivers/gpio_virtio/unbind",
			  "virtio0");
}

// With its VirtIO device, in User-Mode Linux.
static bool plug_uml(bool live)
{
	return write_word(live ? "/sys/bus/platform/drivers/virtio-uml/bind"
			       : "/sys/bus/platform/drivers/virtio-uml/unbind",
			  "virtio-uml.0");
}

// Asks ./rig.py.
static bool ask(const char *request, char *answer, size_t size)
{
	const int port = __real_open("/dev/ttyS1", O_RDWR | O_NOCTTY);
	size_t length = 0;

	if (port < 0 || dprintf(port, "%s\n", request) < 0) {
		return false;
	}
	while (length + 1 < size && read(port, answer + length, 1) == 1 && answer[length] != '\n') {
		length++;
	}
	answer[length] = '\0';
	close(port);
	return strncmp(answer, "ok", 2) == 0;
}

static char pci_chip[80];

// With its PCI device, which the host plugs in.
static bool plug_pci(bool live)
{
	static char name[16];
	char slot[8], path[32], request[32], answer[64];

	if (!live) {
		snprintf(request, sizeof(request), "remove %s", name);
		return ask(request, answer, sizeof(answer));
	}
	if (!ask("add 4", answer, sizeof(answer)) || sscanf(answer, "ok %15s %7s", name, slot) != 2) {
		return false;
	}
	snprintf(pci_chip, sizeof(pci_chip), "/sys/bus/pci/devices/0000:00:%s.0/virtio*/gpiochip*", slot);
	for (int ms = 0; ms < PATIENCE_MS && !find_chip(pci_chip, path, sizeof(path)); ms += 10) {
		usleep(10000);
	}
	return true;
}

// How a chip comes and goes is in $PLUG.
static const struct plug {
	const char *name, *chip;
	bool (*set)(bool live);
} plugs[] = {
	{ "driver", "/sys/bus/virtio/devices/virtio0/gpiochip*", bind_driver },
	{ "uml", "/sys/bus/platform/devices/virtio-uml.0/virtio*/gpiochip*", plug_uml },
	{ "pci", pci_chip, plug_pci },
};

static const struct plug *plug(void)
{
	const char *name = getenv("PLUG");

	for (size_t i = 0; name && i < sizeof(plugs) / sizeof(plugs[0]); i++) {
		if (strcmp(plugs[i].name, name) == 0) {
			return &plugs[i];
		}
	}
	fputs("PLUG is none that is known\n", stderr);
	exit(EXIT_FAILURE);
}

// A file that holds "gpiochipN\n".
static int open_chip_name(void)
{
	char path[32];
	int fds[2] = { -1, -1 };

	if (find_chip(plug()->chip, path, sizeof(path)) && pipe(fds) == 0) {
		dprintf(fds[1], "%s\n", strrchr(path, '/') + 1);
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

// gpio-cdev-uaf.c does not look whether a chip is gone.
ssize_t __wrap_write(int fd, const void *bytes, size_t count)
{
	const bool live = memchr(bytes, '1', count) != NULL;
	char path[32];

	if (fd != live_fd) {
		return __real_write(fd, bytes, count);
	}
	if (!plug()->set(live) || find_chip(plug()->chip, path, sizeof(path)) != live) {
		fprintf(stderr, "the chip does not %s\n", live ? "come" : "go");
		exit(EXIT_FAILURE);
	}
	return (ssize_t)count;
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
