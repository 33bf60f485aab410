/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The verb wait. */
#include "ctl/wait.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/clauses.h"
#include "bench/words.h"
#include "ctl/arguments.h"
#include "ctl/print.h"

#define CONDITIONS_MAX 64

struct wait {
	struct judge judges[CONDITIONS_MAX];
	size_t n;
	bool any;
};

static bool time_take(const struct call *call, enum call_option option, const char *name, uint64_t *ns)
{
	const char *value = call->options[option];

	if (!value || words_time(value, ns) == 0)
		return true;
	error_print("%s: \"%s\" is not a time (80ms, 1.5s, 200us)", name, value);
	return false;
}

static bool conditions_take(struct wait *wait, struct arguments *arguments, uint64_t timeout_ns, uint64_t stable_ns)
{
	struct parser *parser = &arguments->parser;

	while (!parser_at_end(parser)) {
		struct expectation *expectation = &wait->judges[wait->n].expectation;

		*expectation = (struct expectation){ .within_ns = timeout_ns, .for_ns = stable_ns };
		if (wait->n++ == CONDITIONS_MAX - 1)
			return parser_fail_because(parser, "too many lines") == 0;
		if (clause_condition(parser, false, &expectation->condition) < 0)
			return false;
		if (stable_ns > 0 && condition_is_edge(&expectation->condition))
			return parser_fail_because(parser, "an edge cannot be --stable") == 0;
	}
	return wait->n > 0 || parser_fail(parser, "a line") == 0;
}

static void event_came(void *ctx, const struct line_event *event)
{
	struct wait *wait = ctx;

	for (size_t i = 0; i < wait->n; i++)
		judge_event(&wait->judges[i], event);
}

static void changes_lost(void *ctx, const char *guest, uint64_t count)
{
	error_print("%s: %llu changes were lost", guest, (unsigned long long)count);
}

/* From now on: all lines are known. */
static void judges_begin(struct wait *wait, struct board *board)
{
	const struct trace *trace = &board->trace;
	uint64_t since_ns = trace_known(trace);

	for (size_t i = 0; i < wait->n; i++) {
		const struct expectation expectation = wait->judges[i].expectation;

		judge_begin(&wait->judges[i], &expectation, since_ns, trace->lines[expectation.condition.line].base);
	}
	for (size_t i = 0; i < trace->n; i++)
		event_came(wait, &trace->events[i]);
	board->event = event_came;
	board->lost = changes_lost;
	board->ctx = wait;
}

/* Passed, failed, or open. */
static enum verdict all_verdicts(const struct wait *wait)
{
	size_t n[] = { 0, 0, 0 };

	for (size_t i = 0; i < wait->n; i++)
		n[wait->judges[i].verdict]++;
	if (wait->any ? n[VERDICT_PASS] > 0 : n[VERDICT_PASS] == wait->n)
		return VERDICT_PASS;
	return wait->any ? (n[VERDICT_FAIL] == wait->n ? VERDICT_FAIL : VERDICT_OPEN)
			 : (n[VERDICT_FAIL] > 0 ? VERDICT_FAIL : VERDICT_OPEN);
}

/* When the next judge has its verdict, if nothing comes. */
static uint64_t next_ns(const struct wait *wait)
{
	uint64_t first_ns = UINT64_MAX;

	for (size_t i = 0; i < wait->n; i++) {
		uint64_t due_ns = judge_due(&wait->judges[i]);

		if (due_ns < first_ns)
			first_ns = due_ns;
	}
	return first_ns;
}

static enum verdict lines_await(struct wait *wait, struct board *board)
{
	enum verdict verdict;

	judges_begin(wait, board);
	while ((verdict = all_verdicts(wait)) == VERDICT_OPEN && !board->failed) {
		uint64_t due_ns = next_ns(wait);

		if (clock_now_ns() > due_ns)
			board_sync(board);
		board_pump(board, board->syncs || due_ns == UINT64_MAX ? UINT64_MAX : due_ns + 1);
		for (size_t i = 0; i < wait->n; i++)
			judge_known(&wait->judges[i], trace_known(&board->trace));
		trace_forget(&board->trace, UINT64_MAX);
	}
	return verdict;
}

static void time_over_say(const struct wait *wait, const struct board *board)
{
	for (size_t i = 0; i < wait->n; i++) {
		const struct condition *condition = &wait->judges[i].expectation.condition;
		int8_t level = board->trace.lines[condition->line].present.level;
		char text[128];

		if (wait->judges[i].verdict != VERDICT_FAIL)
			continue;
		condition_print(condition, board->lines[condition->line].name, text, sizeof(text));
		error_print("wait: the time is over: no %s; the line is %s", text,
			    level < 0 ? "unknown"
			    : level   ? "active"
				      : "inactive");
		return;
	}
}

static int wait_for(struct wait *wait, struct call *call, const struct arguments *arguments)
{
	struct board board = { .link = NULL };
	enum verdict verdict;

	if (!arguments_open(arguments, call, &board))
		return EXIT_FAILED;
	verdict = lines_await(wait, &board);
	if (verdict == VERDICT_FAIL && !board.failed)
		time_over_say(wait, &board);
	for (size_t i = 0; verdict == VERDICT_PASS && wait->any && i < wait->n; i++) {
		if (wait->judges[i].verdict != VERDICT_PASS)
			continue;
		print_word(board.lines[wait->judges[i].expectation.condition.line].name);
		putchar('\n');
	}
	return arguments_close(call, &board) && verdict == VERDICT_PASS ? 0 : EXIT_FAILED;
}

int wait_call(struct call *call)
{
	static struct wait wait;
	struct arguments *arguments = arguments_make();
	uint64_t timeout_ns = JUDGE_FOREVER, stable_ns = 0;
	int status = EXIT_USAGE;
	bool good = arguments && time_take(call, CALL_TIMEOUT, "--timeout", &timeout_ns) &&
		    time_take(call, CALL_STABLE, "--stable", &stable_ns);

	wait.any = call->options[CALL_ANY];
	if (good && wait.any && call->options[CALL_ALL]) {
		error_print("--any and --all exclude each other");
		good = false;
	}
	for (int i = 0; good && i < call->n_words; i++)
		good = arguments_add(arguments, call->words[i]);
	if (good)
		status = conditions_take(&wait, arguments, timeout_ns, stable_ns) ? wait_for(&wait, call, arguments)
										  : arguments_refuse(arguments, "wait");
	arguments_free(arguments);
	return status;
}
