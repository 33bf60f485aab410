/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Log lines to stderr: "<level>: <tag>: text", one write(2) a line, with journald's "<3>" prefixes when stderr is a
 * journal stream (JOURNAL_STREAM names it). The tag says whose line it is: "guest0", "guest0/eventq".
 * Text that came from a peer is made printable before it is written.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Lines above this level are not written. The start value is LOG_LEVEL_INFO. */
void log_set_level(enum log_level max);
bool log_enabled(enum log_level level);

/* "error", "warning", "info", "debug". 0, or -EINVAL for any other word. */
int log_level_parse(const char *word, enum log_level *level);

void log_write(enum log_level level, const char *tag, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_error(tag, ...)   log_write(LOG_LEVEL_ERROR, tag, __VA_ARGS__)
#define log_warning(tag, ...) log_write(LOG_LEVEL_WARNING, tag, __VA_ARGS__)
#define log_info(tag, ...)    log_write(LOG_LEVEL_INFO, tag, __VA_ARGS__)
#define log_debug(tag, ...)                                                                                            \
	do {                                                                                                           \
		if (log_enabled(LOG_LEVEL_DEBUG))                                                                      \
			log_write(LOG_LEVEL_DEBUG, tag, __VA_ARGS__);                                                  \
	} while (0)

/*
 * For what a peer can cause: at most LOG_LIMIT_BURST lines in LOG_LIMIT_WINDOW_NS from one limit, and in the long run,
 * however slowly a peer goes about it, LOG_LIMIT_STOCK and one more each LOG_LIMIT_REFILL_NS. The first line that is let
 * through after a pause says how many were left out. Zero-initialised is ready.
 */
#define LOG_LIMIT_BURST	    5
#define LOG_LIMIT_WINDOW_NS (10ull * 1000 * 1000 * 1000)
#define LOG_LIMIT_STOCK	    60
#define LOG_LIMIT_REFILL_NS (60ull * 1000 * 1000 * 1000)

struct log_limit {
	uint64_t window_start_ns, refilled_ns;
	uint32_t written; /* in this window */
	uint32_t spent;	  /* of the stock */
	uint32_t left_out;
};

void log_limited(struct log_limit *limit, enum log_level level, const char *tag, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
