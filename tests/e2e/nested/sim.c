// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * What a shell is too slow for, on a line of gpio-sim: `sim toggle PULL COUNT`, `sim guard CHIP LINE VALUE MILLISECONDS`.
 *
 * toggle writes to the attribute PULL, up first, and prints the time it took. guard reads the attribute VALUE all the time
 * and watches the line's information: it prints how often the value was 0, and how often the line was released.
 */
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int toggle(const char *path, int count)
{
	static const char *const pulls[] = { "pull-up", "pull-down" };
	long start = now_ms();
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return fail(path);
	for (int i = 0; i < count; i++) {
		if (pwrite(fd, pulls[i % 2], strlen(pulls[i % 2]), 0) < 0)
			return fail(path);
	}
	printf("edges %d ms %ld\n", count, now_ms() - start);
	return 0;
}

static int guard(const char *chip_path, unsigned line, const char *path, int milliseconds)
{
	struct gpio_v2_line_info info = { .offset = line };
	struct gpio_v2_line_info_changed change;
	unsigned samples = 0, low = 0, released = 0;
	long end = now_ms() + milliseconds;
	int chip = open(chip_path, O_RDWR | O_NONBLOCK), fd = open(path, O_RDONLY);
	char value;

	if (chip < 0 || fd < 0 || ioctl(chip, GPIO_V2_GET_LINEINFO_WATCH_IOCTL, &info))
		return fail(chip_path);
	printf("guarding\n");
	fflush(stdout);
	while (now_ms() < end) {
		if (pread(fd, &value, 1, 0) != 1)
			return fail(path);
		samples++;
		low += value != '1';
		while (read(chip, &change, sizeof(change)) == sizeof(change))
			released += change.event_type == GPIO_V2_LINE_CHANGED_RELEASED;
	}
	printf("samples %u low %u released %u\n", samples, low, released);
	return samples == 0 || low || released;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "toggle"))
		return toggle(argv[2], atoi(argv[3]));
	if (argc == 6 && !strcmp(argv[1], "guard"))
		return guard(argv[2], (unsigned)atoi(argv[3]), argv[4], atoi(argv[5]));
	fprintf(stderr, "usage: sim toggle PULL COUNT | sim guard CHIP LINE VALUE MILLISECONDS\n");
	return 2;
}
