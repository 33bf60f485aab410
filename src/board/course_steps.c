/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What each kind of step does. */
#include "board/course_steps.h"

#include <stdio.h>

#include "base/clock.h"
#include "board/came.h"

static const struct board_guest *guest_missing(const struct board *board)
{
	for (size_t i = 0; i < board->trace.n_guests; i++) {
		if (!board->guests[i].ready)
			return &board->guests[i];
	}
	return NULL;
}

static bool step_ready(struct course *course, const struct step *step)
{
	uint64_t end_ns = clock_now_ns() + step->time_ns;
	const struct board_guest *missing;
	char text[128];

	board_look(&course->board);
	while ((missing = guest_missing(&course->board)) && clock_now_ns() < end_ns) {
		if (!course_pump(course, end_ns))
			return false;
	}
	if (missing) {
		snprintf(text, sizeof(text), "the driver of %.64s is not up", missing->name);
		return course_fail(course, text);
	}
	if (!course_reach(course, clock_now_ns()) || !course_move_to(course, trace_known(&course->board.trace)))
		return false;
	course->zero_ns = course->now_ns;
	return true;
}

static bool step_at(struct course *course, const struct step *step)
{
	return course_pass(course, course->zero_ns + step->time_ns);
}

static bool step_after(struct course *course, const struct step *step)
{
	return course_pass(course, course->now_ns + step->time_ns);
}

static bool step_drive(struct course *course, const struct step *step)
{
	uint64_t time_ns = 0;

	if (!course_drive(course, course->step, &time_ns))
		return course_fail_of_board(course);
	rules_feed(&course->rules, &course->board.trace);
	return course_move_to(course, time_ns);
}

/* The step behind it, now and again. */
static bool step_every(struct course *course, const struct step *step)
{
	course->step++;
	if (course->every_ns[course->step] > 0)
		return true;
	if (!step_drive(course, step + 1))
		return false;
	course->has_every = true;
	course->every_ns[course->step] = course->now_ns + step->time_ns;
	return true;
}

/* From now_ns on; with what is known already. */
static void judge_start(struct course *course, const struct expectation *expectation)
{
	const struct trace *trace = &course->board.trace;

	judge_begin(&course->judge, expectation, course->now_ns, trace->lines[expectation->condition.line].base);
	for (size_t i = 0; i < trace->n; i++)
		judge_event(&course->judge, &trace->events[i]);
	course->judges = true;
}

static bool step_expect(struct course *course, const struct step *step)
{
	struct judge *judge = &course->judge;
	char text[256];

	judge_start(course, &step->expectation);
	while (judge_known(judge, trace_known(&course->board.trace)) == VERDICT_OPEN) {
		uint64_t due_ns = judge_due(judge);

		if (!course_rules_hold(course, trace_known(&course->board.trace)))
			return false;
		if (clock_now_ns() > due_ns)
			board_sync(&course->board);
		if (!course_pump(course, course->board.syncs ? UINT64_MAX : due_ns + 1))
			return false;
	}
	course->judges = false;
	if (judge->verdict == VERDICT_PASS) /* the edge is not to be found again */
		return course_move_to(course, judge->time_ns + condition_is_edge(&step->expectation.condition));
	if (!course_reach(course, judge->time_ns + 1) || !course_rules_hold(course, judge->time_ns))
		return false;
	came_of_judge(judge, &course->board, text, sizeof(text));
	return course_fail(course, text);
}

static bool step_rule(struct course *course, const struct step *step)
{
	rules_start(&course->rules, course->step, step->kind == STEP_ORDER ? RULE_ORDER : RULE_NEVER,
		    course->scenario->items + step->item, step->n_items, course->now_ns, &course->board.trace);
	return course_rules_hold(course, course->now_ns);
}

static bool step_repeat(struct course *course, const struct step *step)
{
	if (step->count == 0)
		course->step = step->end;
	else
		course->repeats[course->depth++] =
			(struct repeat){ .step = (uint32_t)course->step, .origin_ns = course->now_ns };
	return true;
}

static bool step_end(struct course *course, const struct step *step)
{
	struct repeat *repeat = &course->repeats[course->depth - 1];
	const struct step *begin = &course->scenario->steps[repeat->step];

	/* Also where nothing in it waits. */
	if (!course_pump(course, 0))
		return false;
	if (++repeat->n == begin->count) {
		course->depth--;
		return true;
	}
	course->step = repeat->step;
	return begin->time_ns == 0 || course_pass(course, repeat->origin_ns + repeat->n * begin->time_ns);
}

static bool (*const functions[])(struct course *course, const struct step *step) = {
	[STEP_READY] = step_ready,    [STEP_AT] = step_at,	 [STEP_AFTER] = step_after,
	[STEP_SET] = step_drive,      [STEP_PULL] = step_drive,	 [STEP_TOGGLE] = step_drive,
	[STEP_STIMULUS] = step_drive, [STEP_EVERY] = step_every, [STEP_EXPECT] = step_expect,
	[STEP_ORDER] = step_rule,     [STEP_NEVER] = step_rule,	 [STEP_REPEAT] = step_repeat,
	[STEP_END] = step_end,
};

bool course_step(struct course *course)
{
	const struct step *step = &course->scenario->steps[course->step];

	return functions[step->kind](course, step);
}
