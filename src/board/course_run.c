/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario, from its beginning to its end. */
#include "board/course_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "board/board_open.h"
#include "board/course.h"
#include "board/course_steps.h"

static void steps_go(struct course *course)
{
	const struct scenario *scenario = course->scenario;

	for (course->step = 0; course->step < scenario->n_steps && !course->failed; course->step++) {
		course_step(course);
		course->result->n_steps++;
	}
	course->has_every = false;
	if (!course->failed && !board_finish(&course->board))
		course_fail_of_board(course);
	if (course_reach(course, clock_now_ns()))
		course_rules_hold(course, UINT64_MAX);
}

/* Beginning and end */

static bool lines_open(struct course *course, struct link *link)
{
	const struct scenario *scenario = course->scenario;
	const char *words[SCENARIO_LINES_MAX];
	size_t which, i;

	for (i = 0; i < scenario->n_lines; i++)
		words[i] = scenario->lines[i].word;
	if (!board_open(&course->board, link, words, scenario->n_lines, &which)) {
		course_fail_of_board(course);
		course->result->row = which < scenario->n_lines ? scenario->lines[which].row : 0;
		course->result->step[0] = '\0';
		return false;
	}
	for (i = 0; i < scenario->n_lines; i++) {
		char text[160];

		if (!scenario->lines[i].driven || course->board.lines[i].sim)
			continue;
		snprintf(text, sizeof(text), "%s is a real line: read and watch only", course->board.lines[i].name);
		course_fail(course, text);
		course->result->row = scenario->lines[i].row;
		course->result->step[0] = '\0';
		return false;
	}
	return true;
}

static void edges_note(const struct course *course)
{
	struct course_result *result = course->result;
	struct line_event edges[TRACE_RECENT];

	result->n_edges = trace_last_edges(&course->board.trace, edges, TRACE_RECENT);
	for (size_t i = 0; i < result->n_edges; i++) {
		struct course_edge *edge = &result->edges[i];

		*edge = (struct course_edge){ .rising = edges[i].now.level > 0 };
		if (edges[i].time_ns > course->begin_ns)
			edge->time_ns = edges[i].time_ns - course->begin_ns;
		snprintf(edge->line, sizeof(edge->line), "%.79s", course->board.lines[edges[i].line].name);
	}
}

/* All that was told until now, whatever the course came to. */
static void record_end(struct course *course)
{
	if (!course->board.failed)
		board_reach(&course->board, clock_now_ns());
	if (recorder_end(&course->recorder, &course->board.trace) < 0)
		course_fail(course, "the recording cannot be written");
}

static void go(struct course *course, struct link *link, int record_fd)
{
	if (!lines_open(course, link))
		return;
	course->board.event = course_event;
	course->board.lost = course_lost;
	course->board.ctx = course;
	course->begin_ns = course->zero_ns = course->now_ns = trace_known(&course->board.trace);
	if (record_fd >= 0 && recorder_begin(&course->recorder, record_fd, &course->board, course->begin_ns) < 0)
		course_fail(course, "the recording cannot be written");
	steps_go(course);
	course->result->time_ns = trace_known(&course->board.trace) - course->begin_ns;
	if (course->failed) {
		edges_note(course);
		board_finish(&course->board);
	}
	if (record_fd >= 0)
		record_end(course);
}

void course_run(const struct scenario *scenario, struct link *link, uint64_t seed, int record_fd,
		struct course_result *result)
{
	struct course *course = calloc(1, sizeof(*course));

	*result = (struct course_result){ .file = result->file, .seed = seed };
	snprintf(result->came, sizeof(result->came), "out of memory");
	if (!course)
		return;
	*course = (struct course){ .scenario = scenario, .result = result };
	course->every_ns = calloc(scenario->n_steps + 1, sizeof(*course->every_ns));
	if (course->every_ns && rules_init(&course->rules, scenario->n_steps) == 0) {
		go(course, link, record_fd);
		result->passed = !course->failed;
	}
	rules_deinit(&course->rules);
	board_close(&course->board);
	free(course->every_ns);
	free(course);
}
