/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The configfs and sysfs files of gpio-sim (Linux, Documentation/admin-guide/gpio/gpio-sim.rst). */
#include "gpio_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "wait.h"

#define CONFIG_DIR "/sys/kernel/config/gpio-sim"

static void __attribute__((format(printf, 1, 2))) make_dir(const char *format, ...)
{
	char path[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	if (mkdir(path, 0755) < 0)
		failure("%s: %s", path, strerror(errno));
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		failure("%s: \"%s\": %s", path, text, strerror(errno));
	close(fd);
}

static void read_file(const char *dir, const char *name, char *text, size_t size)
{
	char path[320];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, size - 1);
	if (len < 0)
		failure("%s: %s", path, strerror(errno));
	close(fd);
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void line_make(const struct gpio_sim *sim, const struct gpio_sim_line *line)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/bank0/line%u", sim->config, line->offset);
	make_dir("%s", dir);
	if (line->name)
		write_file(dir, "name", line->name);
	if (!line->hog)
		return;
	make_dir("%s/hog", dir);
	write_file(dir, "hog/name", line->hog);
	write_file(dir, "hog/direction", line->hog_direction);
}

void gpio_sim_make(struct gpio_sim *sim, unsigned n_lines, const char *label, const struct gpio_sim_line *lines)
{
	static unsigned count;
	char number[16], bank[80];

	*sim = (struct gpio_sim){ .n_lines = n_lines };
	snprintf(sim->config, sizeof(sim->config), CONFIG_DIR "/test-%d-%u", (int)getpid(), count++);
	make_dir("%s", sim->config);
	make_dir("%s/bank0", sim->config);
	snprintf(bank, sizeof(bank), "%s/bank0", sim->config);
	snprintf(number, sizeof(number), "%u", n_lines);
	write_file(bank, "num_lines", number);
	if (label)
		write_file(bank, "label", label);
	for (; lines && (lines->name || lines->hog); lines++)
		line_make(sim, lines);
}

void gpio_sim_make_dummy(struct gpio_sim *sim, unsigned n_lines)
{
	gpio_sim_make(sim, n_lines, NULL, NULL);
	for (unsigned i = 0; i < n_lines; i++) {
		char name[16];

		snprintf(name, sizeof(name), "dummy%u", i);
		line_make(sim, &(struct gpio_sim_line){ .offset = i, .name = name });
	}
	gpio_sim_set_live(sim, true);
}

void gpio_sim_set_live(struct gpio_sim *sim, bool live)
{
	char device[32], chip[20];

	if (sim->live != live)
		write_file(sim->config, "live", live ? "1" : "0");
	sim->live = live;
	if (!live)
		return;
	read_file(sim->config, "dev_name", device, sizeof(device));
	read_file(sim->config, "bank0/chip_name", chip, sizeof(chip));
	snprintf(sim->sysfs, sizeof(sim->sysfs), "/sys/devices/platform/%s/%s", device, chip);
	snprintf(sim->path, sizeof(sim->path), "/dev/%s", chip);
	if (sscanf(chip, "gpiochip%u", &sim->number) != 1)
		failure("gpio-sim made \"%s\"", chip);
}

void gpio_sim_remove(struct gpio_sim *sim)
{
	char path[128];

	if (!sim->config[0])
		return;
	gpio_sim_set_live(sim, false);
	for (unsigned i = 0; i < sim->n_lines; i++) {
		snprintf(path, sizeof(path), "%s/bank0/line%u/hog", sim->config, i);
		rmdir(path);
		*strrchr(path, '/') = '\0';
		rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/bank0", sim->config);
	rmdir(path);
	if (rmdir(sim->config) < 0)
		failure("%s: %s", sim->config, strerror(errno));
	sim->config[0] = '\0';
}

void gpio_sim_pull(const struct gpio_sim *sim, unsigned line, bool up)
{
	char name[32];

	snprintf(name, sizeof(name), "sim_gpio%u/pull", line);
	write_file(sim->sysfs, name, up ? "pull-up" : "pull-down");
}

void gpio_sim_drive(const struct gpio_sim *sim, unsigned line, bool up)
{
	gpio_sim_pull(sim, line, up);
	sleep_ms(GPIO_SIM_EDGE_MS);
}

bool gpio_sim_level(const struct gpio_sim *sim, unsigned line)
{
	char name[32], text[8];

	snprintf(name, sizeof(name), "sim_gpio%u/value", line);
	read_file(sim->sysfs, name, text, sizeof(text));
	return text[0] == '1';
}

int gpio_sim_open_level(const struct gpio_sim *sim, unsigned line)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/sim_gpio%u/value", sim->sysfs, line);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		failure("%s: %s", path, strerror(errno));
	return fd;
}

unsigned gpio_sim_interrupts(const char *consumer)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[256];
	unsigned sum = 0, n;

	if (!file)
		failure("/proc/interrupts: %s", strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (strstr(line, consumer) && sscanf(line, "%*s %u", &n) == 1)
			sum += n;
	fclose(file);
	return sum;
}
