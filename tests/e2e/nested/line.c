// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * Holds lines of /dev/gpiochip0 and counts their edges, told what to do by the host's lines on the console.
 *
 * It speaks what scripts/guest/init speaks ("ID COMMAND", answered by "@@end ID STATUS") in one process: in a guest that
 * is slow to start programs, a check is then a matter of milliseconds. The commands:
 *   in FROM TO, out FROM TO VALUE, arm FROM TO rising|falling|both, free FROM TO
 *   set LINE VALUE, get LINE, events FROM TO, wait LINE COUNT MILLISECONDS, quiet MILLISECONDS, quit,
 *   again LINE COUNT: input and free, without a pause
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX 64

static struct line {
	int fd; /* -1: not held */
	unsigned rising, falling, lost, last_seqno;
	bool gone; /* its chip */
	char last; /* 'r', 'f', or '-': none since it was armed */
} lines[LINES_MAX];

static int chip = -1;

static long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int fail(const char *what, int line)
{
	printf("%s %d: %s\n", what, line, strerror(errno));
	return 1;
}

static void line_free(struct line *line)
{
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
}

static int line_configure(int offset, uint64_t flags, int value)
{
	struct line *line = &lines[offset];
	struct gpio_v2_line_request request = { .offsets = { (unsigned)offset }, .num_lines = 1, .consumer = "line" };
	struct gpio_v2_line_config config = { .flags = flags };

	/* The number of its interrupt goes with the request. */
	if (flags & (GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING))
		line_free(line);
	if (flags & GPIO_V2_LINE_FLAG_OUTPUT) {
		config.num_attrs = 1;
		config.attrs[0].mask = 1;
		config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
		config.attrs[0].attr.values = (uint64_t)value;
	}
	if (line->fd >= 0)
		return ioctl(line->fd, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config) ? fail("configure", offset) : 0;
	request.config = config;
	request.event_buffer_size = 1024;
	if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request))
		return fail("request", offset);
	*line = (struct line){ .fd = request.fd, .last = '-' };
	fcntl(line->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

static int line_value(int offset, unsigned long number, int value)
{
	struct gpio_v2_line_values values = { .mask = 1, .bits = value ? 1 : 0 };

	if (ioctl(lines[offset].fd, number, &values))
		return fail("value", offset);
	if (number == GPIO_V2_LINE_GET_VALUES_IOCTL)
		printf("%d\n", (int)(values.bits & 1));
	return 0;
}

static void line_read(struct line *line)
{
	struct gpio_v2_line_event events[64];
	ssize_t len;

	while (line->fd >= 0 && (len = read(line->fd, events, sizeof(events))) > 0) {
		for (size_t i = 0; i < (size_t)len / sizeof(events[0]); i++) {
			bool rising = events[i].id == GPIO_V2_LINE_EVENT_RISING_EDGE;

			line->rising += rising;
			line->falling += !rising;
			line->lost += events[i].line_seqno - line->last_seqno - 1;
			line->last_seqno = events[i].line_seqno;
			line->last = rising ? 'r' : 'f';
		}
	}
}

/* Reads what is ready. A chip that is gone is ready for ever with nothing to read: that line is not looked at again. */
static void read_ready(const struct pollfd *fds)
{
	for (int i = 0; i < LINES_MAX; i++) {
		if (fds[i].revents & POLLIN)
			line_read(&lines[i]);
		if (fds[i].revents & (POLLERR | POLLHUP))
			lines[i].gone = true;
	}
}

/* Reads edges until something is on the console (if asked for), a line has count of them, or the time is over. */
static void serve(bool console, const struct line *wanted, unsigned count, int milliseconds)
{
	long deadline = now_ms() + milliseconds, left = 0;
	struct pollfd fds[LINES_MAX + 1];

	/* What is there already comes first: the first look does not wait. */
	for (bool first = true; first || left > 0; first = false) {
		for (int i = 0; i < LINES_MAX; i++)
			fds[i] = (struct pollfd){ .fd = lines[i].gone ? -1 : lines[i].fd, .events = POLLIN };
		fds[LINES_MAX] = (struct pollfd){ .fd = console ? 0 : -1, .events = POLLIN };
		if (poll(fds, LINES_MAX + 1, (int)left) < 0)
			return;
		read_ready(fds);
		if (fds[LINES_MAX].revents || (wanted && wanted->rising + wanted->falling + wanted->lost >= count))
			return;
		left = milliseconds < 0 ? 1000 : deadline - now_ms();
	}
}

static void print_events(int offset)
{
	const struct line *line = &lines[offset];

	printf("%d: rising %u falling %u lost %u last %c\n", offset, line->rising, line->falling, line->lost,
	       line->last);
}

static uint64_t edge_flags(const char *word)
{
	if (!strcmp(word, "rising"))
		return GPIO_V2_LINE_FLAG_EDGE_RISING;
	if (!strcmp(word, "falling"))
		return GPIO_V2_LINE_FLAG_EDGE_FALLING;
	return GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
}

static int each(const char *verb, const char *word, int offset)
{
	if (!strcmp(verb, "in"))
		return line_configure(offset, GPIO_V2_LINE_FLAG_INPUT, 0);
	if (!strcmp(verb, "out"))
		return line_configure(offset, GPIO_V2_LINE_FLAG_OUTPUT, atoi(word));
	if (!strcmp(verb, "arm"))
		return line_configure(offset, GPIO_V2_LINE_FLAG_INPUT | edge_flags(word), 0);
	if (!strcmp(verb, "free"))
		line_free(&lines[offset]);
	else if (!strcmp(verb, "events"))
		print_events(offset);
	else
		return 127;
	return 0;
}

static int command(const char *text)
{
	char verb[16] = "", word[16] = "";
	int first = 0, second = 0;

	if (sscanf(text, "%15s %d %d %15s", verb, &first, &second, word) < 1)
		return 127;
	if (!strcmp(verb, "quiet")) {
		serve(false, NULL, 0, first);
		return 0;
	}
	if (first < 0 || first >= LINES_MAX)
		return 127;
	if (!strcmp(verb, "wait")) {
		serve(false, &lines[first], (unsigned)second, atoi(word));
		print_events(first);
		return 0;
	}
	if (!strcmp(verb, "again")) {
		for (int i = 0; i < second; i++) {
			if (line_configure(first, GPIO_V2_LINE_FLAG_INPUT, 0))
				return 1;
			line_free(&lines[first]);
		}
		return 0;
	}
	if (!strcmp(verb, "get"))
		return line_value(first, GPIO_V2_LINE_GET_VALUES_IOCTL, 0);
	if (!strcmp(verb, "set"))
		return line_value(first, GPIO_V2_LINE_SET_VALUES_IOCTL, second);
	serve(false, NULL, 0, 0);
	for (int i = first; i <= second && i < LINES_MAX; i++) {
		int status = each(verb, word, i);

		if (status)
			return status;
	}
	return 0;
}

/* Its input must not be read ahead of what poll() tells: the console's lines come one by one, and short. */
static bool read_line(char *line, size_t size)
{
	size_t len = 0;

	while (len < size - 1 && read(0, &line[len], 1) == 1) {
		if (line[len] == '\n') {
			line[len] = '\0';
			return true;
		}
		len++;
	}
	return false;
}

int main(void)
{
	char text[256];

	/* The init that started this gave it no input. */
	if (dup2(open("/dev/console", O_RDWR), 0) < 0)
		return fail("console", 0);
	chip = open("/dev/gpiochip0", O_RDWR);
	if (chip < 0)
		return fail("chip", 0);
	for (int i = 0; i < LINES_MAX; i++)
		lines[i].fd = -1;
	printf("\n@@line\n");
	fflush(stdout);
	for (;;) {
		char *words;

		serve(true, NULL, 0, -1);
		if (poll(&(struct pollfd){ .fd = 0, .events = POLLIN }, 1, 0) <= 0)
			continue;
		if (!read_line(text, sizeof(text)))
			return 1;
		words = strchr(text, ' ');
		if (!words)
			continue;
		*words++ = '\0';
		if (!strcmp(words, "quit"))
			return 0;
		printf("\n@@end %s %d\n", text, command(words));
		fflush(stdout);
	}
}
