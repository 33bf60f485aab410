// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * What a shell is too slow for, or cannot do, with lines of gpio-sim: `sim toggle PULL COUNT`,
 * `sim guard CHIP LINE VALUE MILLISECONDS`, `sim keep PID`, `sim exit PROGRAM WORD…`.
 *
 * toggle writes to the attribute PULL, up first, and prints the time it took. guard reads the attribute VALUE all the time
 * and watches the line's information: it prints how often the value was 0, and how often the line was released or told to
 * be an output. keep holds the lines that the process holds, after its end too, until SIGTERM. exit stops the program in
 * the last moment before its end, until SIGTERM; its status is that of the program.
 */
#include <fcntl.h>
#include <linux/gpio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../../frontend/line_fds.h"
#include "../../frontend/traced.h"

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
	unsigned samples = 0, low = 0, released = 0, outputs = 0;
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
		while (read(chip, &change, sizeof(change)) == sizeof(change)) {
			released += change.event_type == GPIO_V2_LINE_CHANGED_RELEASED;
			outputs += (change.info.flags & GPIO_V2_LINE_FLAG_OUTPUT) != 0;
		}
	}
	printf("samples %u low %u released %u outputs %u\n", samples, low, released, outputs);
	return samples == 0 || low || released;
}

static void wait_for_sigterm(void)
{
	sigset_t set;
	int signo;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &signo);
}

static void block_sigterm(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int keep(pid_t pid)
{
	static struct line_fds lines;

	block_sigterm();
	line_fds_copy(&lines, pid);
	printf("keeping %u\n", lines.n);
	fflush(stdout);
	wait_for_sigterm();
	return 0;
}

/* The program starts with SIGTERM as it finds it. */
static int stop_at_exit(char **argv)
{
	pid_t pid = traced_run(argv);

	block_sigterm();
	printf("at its exit\n");
	fflush(stdout);
	wait_for_sigterm();
	return traced_end(pid);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "toggle"))
		return toggle(argv[2], atoi(argv[3]));
	if (argc == 6 && !strcmp(argv[1], "guard"))
		return guard(argv[2], (unsigned)atoi(argv[3]), argv[4], atoi(argv[5]));
	if (argc == 3 && !strcmp(argv[1], "keep"))
		return keep(atoi(argv[2]));
	if (argc >= 3 && !strcmp(argv[1], "exit"))
		return stop_at_exit(argv + 2);
	fprintf(stderr, "usage: sim toggle PULL COUNT | sim guard CHIP LINE VALUE MILLISECONDS | sim keep PID | "
			"sim exit PROGRAM WORD...\n");
	return 2;
}
