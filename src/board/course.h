/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A scenario as it is gone through.
 *
 * now_ns is where in the daemon's time it is: the stamp of the last step. Windows begin there, whenever this program gets
 * to them. A rule that is broken is told of when the course has come to that time, or cannot go on without passing it: a
 * step that failed before failed first, whatever was noticed first.
 */
#pragma once

#include "bench/judge.h"
#include "bench/rules.h"
#include "bench/scenario.h"
#include "board/board.h"
#include "board/course_result.h"
#include "board/recorder.h"

/* One that is open. */
struct repeat {
	uint32_t step;
	uint32_t n; /* times that it was gone through */
	uint64_t origin_ns;
};

struct course {
	const struct scenario *scenario;
	struct course_result *result;
	struct board board;
	struct rules rules; /* by step */
	struct recorder recorder;
	uint64_t *every_ns; /* owned; by step: when a stimulus is due again; 0: not in force */
	uint64_t begin_ns, zero_ns, now_ns;
	size_t step;
	struct repeat repeats[SCENARIO_DEPTH_MAX];
	size_t depth;
	struct judge judge;
	bool judges;
	bool has_every;
	bool failed;
	uint64_t n_stimuli;
};

/* The present step failed, and this came in its place. All that return bool: false when the course has failed. */
bool course_fail(struct course *course, const char *came);
/* So did what the board did. */
bool course_fail_of_board(struct course *course);
/* No rule was broken until that time. */
bool course_rules_hold(struct course *course, uint64_t until_ns);
/* The course has come to that time. */
bool course_move_to(struct course *course, uint64_t time_ns);

/* Does what the i-th step says to its lines; gives the stamp. False: the board failed. */
bool course_drive(struct course *course, size_t i, uint64_t *time_ns);
/* Takes what comes until that time, or until something came. */
bool course_pump(struct course *course, uint64_t until_ns);
/* Waits until all that is older is known. */
bool course_reach(struct course *course, uint64_t time_ns);
/* Waits until that time has come, and moves there. */
bool course_pass(struct course *course, uint64_t time_ns);

/* The board's. */
void course_event(void *ctx, const struct line_event *event);
void course_lost(void *ctx, const char *guest, uint64_t count);
