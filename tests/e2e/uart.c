// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * Runs in a guest: `uart CHIP LINE BAUD TEXT` sends the text on a line, 8N1, bit by bit, as a driver without a UART does.
 *
 * A guest has no say in when it runs. Who is late by more than a part of a bit has sent something else: it is sent again,
 * all of it, and now and then at half the rate, until it was in time by this guest's own clock. Prints the rate.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/gpio.h>

#define TRIES	  8 /* at a rate */
#define IDLE_BITS 12
#define NS_PER_S  1000000000u

static uint64_t bit_ns; /* its length */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Whether that was in time: less than half a bit late, and some. */
static bool put(int fd, bool level, uint64_t due_ns)
{
	struct gpio_v2_line_values values = { .bits = level, .mask = 1 };

	while (now_ns() < due_ns)
		;
	if (ioctl(fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0) {
		perror("uart: set");
		exit(1);
	}
	return now_ns() - due_ns < bit_ns * 2 / 5;
}

static bool send_text(int fd, const char *text)
{
	uint64_t due_ns = now_ns() + IDLE_BITS * bit_ns;
	bool good = true;

	for (; *text && good; text++) {
		/* A start bit, eight of data, and a stop bit. */
		unsigned frame = (unsigned)(uint8_t)*text << 1 | 1u << 9;

		for (unsigned i = 0; i < 10 && good; i++, due_ns += bit_ns)
			good = put(fd, frame >> i & 1, due_ns);
	}
	put(fd, true, due_ns);
	return good;
}

static int line_request(const char *path, unsigned line)
{
	struct gpio_v2_line_request request = { .num_lines = 1, .consumer = "uart" };
	int chip = open(path, O_RDWR);

	request.offsets[0] = line;
	request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
	request.config.num_attrs = 1;
	request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
	request.config.attrs[0].attr.values = 1;
	request.config.attrs[0].mask = 1;
	if (chip < 0 || ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) {
		perror("uart: line");
		exit(1);
	}
	return request.fd;
}

int main(int argc, char **argv)
{
	struct timespec idle = { 0 };
	unsigned long baud, tries = 1;
	int fd;

	if (argc != 5)
		return 2;
	baud = strtoul(argv[3], NULL, 10);
	bit_ns = NS_PER_S / baud;
	fd = line_request(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
	while (!send_text(fd, argv[4])) {
		if (tries++ % TRIES != 0)
			continue;
		baud /= 2;
		if (baud < 5) {
			fprintf(stderr, "uart: late again and again\n");
			return 1;
		}
		bit_ns = NS_PER_S / baud;
	}
	/* The last stop bit, and some. */
	idle.tv_nsec = (long)(IDLE_BITS * bit_ns);
	if (idle.tv_nsec >= (long)NS_PER_S)
		idle = (struct timespec){ .tv_sec = 1 };
	nanosleep(&idle, NULL);
	printf("%lu\n", baud);
	return 0;
}
