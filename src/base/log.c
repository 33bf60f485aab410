/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Log lines to stderr.
 *
 * A line is put together in a buffer of fixed size and written with one write(2), so that the lines of several
 * processes that share a stderr do not mix. Every byte of the text that is not printable ASCII is written as \xNN:
 * what a peer sent can neither forge a line of its own nor reach the terminal's control sequences.
 *
 * Nobody waits long for a reader of stderr that has stopped, a pager or a logger in trouble: guests are served without a
 * log, too. The first line that finds no room waits READER_TIMEOUT_MS; it, and those after it as long as there is none,
 * are lost and counted.
 */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/util.h"

#define LOG_TEXT_MAX 512
#define LOG_LINE_MAX 640
#define LOG_CUT	     "..."

#define READER_TIMEOUT_MS 1000

static const struct {
	const char *word;
	const char *journal_prefix; /* sd-daemon(3): the syslog priority */
} log_levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "<3>" },
	[LOG_LEVEL_WARNING] = { "warning", "<4>" },
	[LOG_LEVEL_INFO] = { "info", "<6>" },
	[LOG_LEVEL_DEBUG] = { "debug", "<7>" },
};

static enum log_level log_max = LOG_LEVEL_INFO;
static enum { JOURNAL_UNKNOWN, JOURNAL_NO, JOURNAL_YES } log_journal;

struct log_line {
	char bytes[LOG_LINE_MAX];
	size_t len;
	bool cut;
};

/* systemd.exec(5), "$JOURNAL_STREAM": "<device>:<inode>" of the stream that leads to the journal. */
static bool stderr_is_journal(void)
{
	const char *words = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (!words || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(words, own) == 0;
}

static void log_find_journal(void)
{
	log_journal = stderr_is_journal() ? JOURNAL_YES : JOURNAL_NO;
}

void log_set_level(enum log_level max)
{
	log_max = max;
	/* At start, rather than at the first line, which may come when a sandbox is up. */
	log_find_journal();
}

bool log_enabled(enum log_level level)
{
	return level <= log_max;
}

int log_level_parse(const char *word, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_SIZE(log_levels); i++) {
		if (strcmp(word, log_levels[i].word) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Room for LOG_CUT and the newline is kept. */
static void line_add(struct log_line *line, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (; *text && !line->cut; text++) {
		unsigned char c = (unsigned char)*text;
		bool printable = c >= 0x20 && c < 0x7f;
		size_t need = printable ? 1 : 4;

		if (line->len + need + sizeof(LOG_CUT) > sizeof(line->bytes)) {
			line->cut = true;
		} else if (printable) {
			line->bytes[line->len++] = (char)c;
		} else {
			line->bytes[line->len++] = '\\';
			line->bytes[line->len++] = 'x';
			line->bytes[line->len++] = hex[c >> 4];
			line->bytes[line->len++] = hex[c & 15];
		}
	}
}

/* A pipe has room when a whole line fits. Another process may be quicker, but not often. */
static bool has_room(int timeout_ms)
{
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
	int n;

	do {
		n = poll(&pfd, 1, timeout_ms);
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

static void bytes_write(const char *bytes, size_t len)
{
	while (write(STDERR_FILENO, bytes, len) < 0 && errno == EINTR)
		;
}

static void lost_tell(uint32_t n)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%swarning: log: %" PRIu32 " lines were lost: nobody read them\n",
			   log_journal == JOURNAL_YES ? log_levels[LOG_LEVEL_WARNING].journal_prefix : "", n);

	bytes_write(text, (size_t)len);
}

static void line_write(struct log_line *line)
{
	static uint32_t lost;

	if (line->cut) {
		memcpy(line->bytes + line->len, LOG_CUT, strlen(LOG_CUT));
		line->len += strlen(LOG_CUT);
	}
	line->bytes[line->len++] = '\n';
	if (!has_room(lost > 0 ? 0 : READER_TIMEOUT_MS)) {
		lost += lost < UINT32_MAX;
		return;
	}
	if (lost > 0)
		lost_tell(lost);
	lost = 0;
	bytes_write(line->bytes, line->len);
}

/* left_out: how many lines of a limit were not written before this one. */
static void log_vwrite(enum log_level level, const char *tag, uint32_t left_out, const char *format, va_list args)
{
	int saved = errno; /* the caller's */
	struct log_line line = { .len = 0 };
	char text[LOG_TEXT_MAX];
	int len;

	if (log_journal == JOURNAL_UNKNOWN)
		log_find_journal();
	if (log_journal == JOURNAL_YES)
		line_add(&line, log_levels[level].journal_prefix);
	line_add(&line, log_levels[level].word);
	line_add(&line, ": ");
	if (tag && *tag) {
		line_add(&line, tag);
		line_add(&line, ": ");
	}
	len = vsnprintf(text, sizeof(text), format, args);
	if (len > 0)
		line_add(&line, text);
	if (len >= (int)sizeof(text))
		line_add(&line, LOG_CUT);
	if (left_out > 0) {
		snprintf(text, sizeof(text), " (%" PRIu32 " like this left out before)", left_out);
		line_add(&line, text);
	}
	line_write(&line);
	errno = saved;
}

void log_write(enum log_level level, const char *tag, const char *format, ...)
{
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	log_vwrite(level, tag, 0, format, args);
	va_end(args);
}

static void limit_refill(struct log_limit *limit, uint64_t now)
{
	uint64_t n = (now - limit->refilled_ns) / LOG_LIMIT_REFILL_NS;

	if (n >= limit->spent) {
		limit->spent = 0;
		limit->refilled_ns = now;
	} else {
		limit->spent -= (uint32_t)n;
		limit->refilled_ns += n * LOG_LIMIT_REFILL_NS;
	}
}

static bool limit_allows(struct log_limit *limit, uint64_t now)
{
	limit_refill(limit, now);
	if (limit->window_start_ns == 0 || now - limit->window_start_ns >= LOG_LIMIT_WINDOW_NS) {
		limit->window_start_ns = now;
		limit->written = 0;
	}
	return limit->written < LOG_LIMIT_BURST && limit->spent < LOG_LIMIT_STOCK;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *tag, const char *format, ...)
{
	uint32_t left_out;
	va_list args;

	if (!log_enabled(level))
		return;
	if (!limit_allows(limit, clock_now_ns())) {
		if (limit->left_out < UINT32_MAX)
			limit->left_out++;
		return;
	}
	limit->written++;
	limit->spent++;
	left_out = limit->left_out;
	limit->left_out = 0;
	va_start(args, format);
	log_vwrite(level, tag, left_out, format, args);
	va_end(args);
}
