/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario as it is gone through: what comes, what is due, and what fails. */
#include "board/course.h"

#include <stdio.h>

#include "base/clock.h"
#include "board/came.h"

#define EVENTS_KEPT 4096 /* or those of the present step, whichever are more */

/* Failures */

static bool fail_at(struct course *course, const struct step *step, const char *came)
{
	if (course->failed)
		return false;
	course->failed = true;
	course->result->row = step->row;
	snprintf(course->result->step, sizeof(course->result->step), "%s", step->text);
	snprintf(course->result->came, sizeof(course->result->came), "%s", came);
	return false;
}

static const struct step *present_step(const struct course *course)
{
	size_t last = course->scenario->n_steps - 1;

	return &course->scenario->steps[course->step < last ? course->step : last];
}

bool course_fail(struct course *course, const char *came)
{
	return fail_at(course, present_step(course), came);
}

bool course_fail_of_board(struct course *course)
{
	const struct board *board = &course->board;
	const struct step *step =
		board->tag < course->scenario->n_steps ? &course->scenario->steps[board->tag] : present_step(course);

	return fail_at(course, step, *board->why.text ? board->why.text : "the daemon is gone");
}

static bool fail_of_rule(struct course *course)
{
	const struct rule *rule = course->rules.broken;
	size_t step = (size_t)(rule - course->rules.list);
	char text[256];

	came_of_rule(rule, &course->board, course->begin_ns, text, sizeof(text));
	return fail_at(course, &course->scenario->steps[step], text);
}

/* A rule was broken before the place where the course is. */
bool course_rules_hold(struct course *course, uint64_t until_ns)
{
	if (!course->failed && course->rules.broken && course->rules.broken->time_ns <= until_ns)
		fail_of_rule(course);
	return !course->failed;
}

bool course_move_to(struct course *course, uint64_t time_ns)
{
	if (time_ns > course->now_ns)
		course->now_ns = time_ns;
	return course_rules_hold(course, course->now_ns);
}

/* What comes */

void course_event(void *ctx, const struct line_event *event)
{
	struct course *course = ctx;

	if (course->judges)
		judge_event(&course->judge, event);
}

void course_lost(void *ctx, const char *guest, uint64_t count)
{
	struct course *course = ctx;
	char text[128];

	snprintf(text, sizeof(text), "%llu changes of %.64s were lost: there is no verdict", (unsigned long long)count,
		 guest);
	recorder_lost(&course->recorder, guest, count);
	course_fail(course, text);
}

bool course_drive(struct course *course, size_t i, uint64_t *time_ns)
{
	const struct step *step = &course->scenario->steps[i];
	const struct condition *items = course->scenario->items + step->item;
	struct stimulus_spec spec = step->stimulus;
	uint64_t later_ns;

	if (step->kind == STEP_STIMULUS) {
		if (spec.seed == 0)
			spec.seed = course->result->seed + course->n_stimuli++;
		return board_stimulate(&course->board, items[0].line, &spec, i, time_ns);
	}
	for (uint32_t item = 0; item < step->n_items; item++) {
		enum board_action action = step->kind == STEP_SET ? BOARD_SET : BOARD_PULL;

		while (!course->board.failed && board_is_busy(&course->board, items[item].line))
			board_pump(&course->board, UINT64_MAX);
		if (!board_act(&course->board, items[item].line, step->kind == STEP_TOGGLE ? BOARD_TOGGLE : action,
			       items[item].value, i, item == 0 ? time_ns : &later_ns))
			return false;
	}
	return true;
}

/* Those of "every" that are due. When the next one is. */
static uint64_t every_step(struct course *course)
{
	uint64_t first_ns = UINT64_MAX, now = clock_now_ns(), time_ns;

	for (size_t i = 0; i < course->scenario->n_steps && !course->board.failed; i++) {
		const struct step *step = &course->scenario->steps[i];
		uint64_t *due_ns = &course->every_ns[i];
		uint16_t line = *due_ns > 0 ? course->scenario->items[step->item].line : 0;

		if (*due_ns > 0 && *due_ns <= now && !board_is_busy(&course->board, line)) {
			course_drive(course, i, &time_ns);
			*due_ns += course->scenario->steps[i - 1].time_ns;
		}
		if (*due_ns > 0 && *due_ns < first_ns)
			first_ns = *due_ns;
	}
	return first_ns;
}

static void events_forget(struct course *course)
{
	struct trace *trace = &course->board.trace;
	size_t n = trace->n;

	rules_forget(&course->rules, trace, course->now_ns);
	recorder_forgot(&course->recorder, n - trace->n);
}

/* Takes what comes until that time, or until something came. False: failed, here and below. */
bool course_pump(struct course *course, uint64_t until_ns)
{
	uint64_t due_ns = course->has_every ? every_step(course) : UINT64_MAX;

	if (!board_pump(&course->board, due_ns < until_ns ? due_ns : until_ns))
		return course_fail_of_board(course);
	rules_feed(&course->rules, &course->board.trace);
	recorder_take(&course->recorder, &course->board.trace);
	if (course->board.trace.n > EVENTS_KEPT)
		events_forget(course);
	return !course->failed;
}

/* Until all that is older is known. */
bool course_reach(struct course *course, uint64_t time_ns)
{
	while (!course->failed && trace_known(&course->board.trace) < time_ns) {
		if (clock_now_ns() > time_ns)
			board_sync(&course->board);
		course_pump(course, course->board.syncs ? UINT64_MAX : time_ns + 1);
	}
	return !course->failed;
}

/* Until that time has come. */
bool course_pass(struct course *course, uint64_t time_ns)
{
	while (!course->failed && clock_now_ns() < time_ns)
		course_pump(course, time_ns);
	return !course->failed && course_move_to(course, time_ns);
}
