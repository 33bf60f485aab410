/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The verb record: a waveform of lines, until it is interrupted; or of the time around a trigger. Before that comes, what
 * is not older than was asked for is kept in memory: half of TRACE_EVENTS_MAX changes at most.
 */
#include "ctl/record.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/clauses.h"
#include "bench/words.h"
#include "board/recorder.h"
#include "ctl/arguments.h"

#define TELL_NS 100000000u /* what is known is written so often */

struct record {
	struct board board;
	struct recorder recorder;
	int fd; /* owned; -1: none */
	bool has_trigger;
	struct condition trigger;
	struct line_now now; /* the trigger's line, before what comes next */
	uint64_t before_ns, after_ns;
	uint64_t trigger_ns; /* 0: it did not come yet */
	uint64_t kept_ns;    /* of what is older something was forgotten */
	bool is_short;	     /* more so than it was asked for */
	struct vcd_limit limit;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signo)
{
	interrupted = 1;
}

static void event_came(void *ctx, const struct line_event *event)
{
	struct record *record = ctx;

	if (!record->has_trigger || record->trigger_ns > 0 || event->line != record->trigger.line)
		return;
	if (condition_comes(&record->trigger, record->now, event->now))
		record->trigger_ns = event->time_ns;
	record->now = event->now;
}

static void changes_lost(void *ctx, const char *guest, uint64_t count)
{
	struct record *record = ctx;

	recorder_lost(&record->recorder, guest, count);
}

/* So long before that time as is kept, if nothing more was forgotten. */
static uint64_t before(const struct record *record, uint64_t time_ns)
{
	uint64_t begin_ns = time_ns > record->before_ns ? time_ns - record->before_ns : 0;

	return begin_ns > record->kept_ns ? begin_ns : record->kept_ns;
}

static void forget(struct record *record, uint64_t before_ns)
{
	struct trace *trace = &record->board.trace;
	size_t n = trace->n;

	/* Too many: the older half of it. */
	if (!record->recorder.records && n > TRACE_EVENTS_MAX / 2) {
		before_ns = trace->events[n / 2].time_ns;
		record->is_short = true;
	}
	if (before_ns > record->kept_ns)
		record->kept_ns = before_ns;
	trace_forget(trace, before_ns);
	recorder_forgot(&record->recorder, n - trace->n);
}

static int begin(struct record *record, uint64_t begin_ns)
{
	struct vcd_limit limit = record->limit;
	int ret = recorder_begin(&record->recorder, record->fd, &record->board, begin_ns);

	if (record->has_trigger && record->trigger_ns + record->after_ns - begin_ns < limit.ns)
		limit.ns = record->trigger_ns + record->after_ns - begin_ns;
	record->recorder.vcd.limit = limit;
	return ret;
}

/* Writes and forgets what has become known. 0 or -errno. */
static int step(struct record *record)
{
	uint64_t known_ns = trace_known(&record->board.trace);
	int ret = 0;

	if (!record->recorder.records && record->trigger_ns > 0)
		ret = begin(record, before(record, record->trigger_ns));
	if (ret == 0)
		ret = recorder_take(&record->recorder, &record->board.trace);
	forget(record, record->recorder.records ? known_ns : before(record, known_ns));
	return ret;
}

static bool is_over(const struct record *record)
{
	const struct vcd *vcd = &record->recorder.vcd;

	return record->recorder.records &&
	       (vcd->is_full || trace_known(&record->board.trace) > vcd->begin_ns + vcd->limit.ns);
}

/* 0 or -errno; or the board failed. */
static int go(struct record *record)
{
	struct board *board = &record->board;
	uint64_t tell_ns = clock_now_ns();
	int ret = 0;

	board->event = event_came;
	board->lost = changes_lost;
	board->ctx = record;
	record->now = board->trace.lines[record->trigger.line].present;
	if (!record->has_trigger)
		ret = begin(record, trace_known(&board->trace));
	while (ret == 0 && !interrupted && !is_over(record) && !board->failed) {
		if (clock_now_ns() >= tell_ns) {
			board_sync(board);
			tell_ns = clock_now_ns() + TELL_NS;
		}
		board_pump(board, tell_ns);
		ret = step(record);
	}
	/* What was told until now is known then. */
	while (ret == 0 && !board->failed && !is_over(record) && interrupted == 1) {
		board_reach(board, clock_now_ns());
		ret = step(record);
		interrupted = 2;
	}
	return ret;
}

static int result_say(const struct record *record, const char *file, int error)
{
	const struct recorder *recorder = &record->recorder;

	if (error < 0)
		error_print("%s: %s", file, strerror(-error));
	if (recorder->n_lost > 0)
		error_print("%llu changes were lost", (unsigned long long)recorder->n_lost);
	if (record->is_short)
		error_print("the time before the trigger is shorter: there were more than %u changes",
			    TRACE_EVENTS_MAX / 2);
	if (record->has_trigger && record->trigger_ns == 0)
		error_print("the trigger did not come");
	return error < 0 || (record->has_trigger && record->trigger_ns == 0) ? EXIT_FAILED : 0;
}

static int record_go(struct record *record, struct call *call, const struct arguments *arguments)
{
	const char *file = call->options[CALL_OUTPUT];
	struct sigaction action = { .sa_handler = on_signal };
	int error, status;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!arguments_open(arguments, call, &record->board))
		return EXIT_FAILED;
	record->fd = strcmp(file, "-") == 0 ? dup(STDOUT_FILENO)
					    : open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	error = record->fd < 0 ? -errno : go(record);
	if (recorder_end(&record->recorder, &record->board.trace) < 0 && error == 0)
		error = record->recorder.vcd.error;
	status = result_say(record, file, error);
	if (record->fd >= 0)
		close(record->fd);
	return arguments_close(call, &record->board) ? status : EXIT_FAILED;
}

/* "L:rising", "L:0". */
static int trigger_take(struct record *record, const struct call *call, struct arguments *arguments)
{
	const char *value = call->options[CALL_TRIGGER], *colon = value ? strrchr(value, ':') : NULL;
	char line[128];
	int ret = -EINVAL;

	record->has_trigger = value;
	if (!value)
		return 0;
	if (!colon || colon == value || (size_t)(colon - value) >= sizeof(line)) {
		why_fail(EINVAL, &arguments->why,
			 "--trigger: \"%.128s\" is not L:rising, L:falling, L:changes, L:0 or L:1", value);
		return -EINVAL;
	}
	snprintf(line, sizeof(line), "%.*s", (int)(colon - value), value);
	if (lexer_argument(&arguments->parser.lexer, line, &arguments->why) == 0 &&
	    (strlen(colon) != 2 || lexer_argument(&arguments->parser.lexer, "=", &arguments->why) == 0) &&
	    lexer_argument(&arguments->parser.lexer, colon + 1, &arguments->why) == 0)
		ret = clause_condition(&arguments->parser, false, &record->trigger);
	return ret;
}

static int words_take(struct record *record, const struct call *call, struct arguments *arguments)
{
	uint16_t line;
	int ret = 0;

	for (int i = 0; i < call->n_words && ret == 0; i++)
		ret = parser_line(&arguments->parser, call->words[i], false, &line);
	return ret < 0 ? ret : trigger_take(record, call, arguments);
}

static bool times_take(struct record *record, const struct call *call)
{
	static const struct {
		enum call_option option;
		const char *name;
	} options[] = { { CALL_BEFORE, "--before" }, { CALL_AFTER, "--after" } };
	uint64_t *values[] = { &record->before_ns, &record->after_ns };

	for (size_t i = 0; i < 2; i++) {
		const char *value = call->options[options[i].option];

		*values[i] = i * 1000000000u;
		if (value && !call->options[CALL_TRIGGER]) {
			error_print("%s needs --trigger", options[i].name);
			return false;
		}
		if (value && words_time(value, values[i]) < 0) {
			error_print("%s: \"%s\" is not a time (80ms, 1.5s, 200us)", options[i].name, value);
			return false;
		}
	}
	return true;
}

/* "10s", "1000000", "20MB". */
static int limit_parse(struct vcd_limit *limit, const char *word)
{
	uint32_t count = 0;

	if (words_count(word, UINT32_MAX, &count) == 0) {
		limit->changes = count;
		return count > 0 ? 0 : -EINVAL;
	}
	return words_time(word, &limit->ns) == 0 ? 0 : words_size(word, &limit->bytes);
}

/* Several, parted by commas. */
static bool limit_take(struct record *record, const struct call *call)
{
	const char *value = call->options[CALL_LIMIT];

	record->limit = (struct vcd_limit){ UINT64_MAX, UINT64_MAX, WORDS_VALUE_MAX };
	while (value) {
		size_t len = strcspn(value, ",");
		char word[32];

		snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), value);
		if (len >= sizeof(word) || limit_parse(&record->limit, word) < 0) {
			error_print("--limit: \"%s\" is not a time, a number of changes or a size (10s, 5000, 20MB)",
				    word);
			return false;
		}
		value = value[len] ? value + len + 1 : NULL;
	}
	return true;
}

int record_call(struct call *call)
{
	static struct record record = { .fd = -1 };
	struct arguments *arguments;
	int status = EXIT_USAGE;

	if (!call->options[CALL_OUTPUT]) {
		error_print("record needs -o FILE");
		return EXIT_USAGE;
	}
	if (call->options[CALL_TRIGGER] && call->n_words == 0) {
		error_print("--trigger needs the lines to record");
		return EXIT_USAGE;
	}
	if (!times_take(&record, call) || !limit_take(&record, call))
		return EXIT_USAGE;
	arguments = arguments_make();
	if (arguments)
		status = words_take(&record, call, arguments) < 0 ? arguments_refuse(arguments, "record")
								  : record_go(&record, call, arguments);
	arguments_free(arguments);
	return status;
}
