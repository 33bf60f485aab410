/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * In a guest: how long a line of its chip takes to be read, by the kernel's own interface: "get TIMES" prints the times at
 * 50 and at 99 of a hundred, in nanoseconds. Nothing but the kernel is there, so it is linked statically.
 */
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	const size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	struct gpio_v2_line_request request = { .num_lines = 1,
						.consumer = "get",
						.config.flags = GPIO_V2_LINE_FLAG_INPUT };
	uint64_t *times = calloc(n + 1, sizeof(*times));
	int chip = open("/dev/gpiochip0", O_RDWR);

	if (!times || n == 0 || chip < 0)
		return fail("/dev/gpiochip0");
	if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0)
		return fail("line request");
	for (size_t i = 0; i < n; i++) {
		struct gpio_v2_line_values values = { .mask = 1 };
		uint64_t start = now_ns();

		if (ioctl(request.fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0)
			return fail("get");
		times[i] = now_ns() - start;
	}
	qsort(times, n, sizeof(*times), compare);
	printf("%llu %llu\n", (unsigned long long)times[n / 2], (unsigned long long)times[n * 99 / 100]);
	return 0;
}
