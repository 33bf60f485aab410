/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: the reader of scenarios, and what it makes of one. What is refused is refused with its place in words; of
 * what is understood every step is whole, every stimulus comes to an end that was told, its edges in order, and a judge
 * has a verdict on every expectation when its time is over.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/rule.h"
#include "bench/scenario_parse.h"
#include "input.h"

#define EDGES_MAX 64

static void check_stimulus(const struct step *step)
{
	uint64_t duration = stimulus_duration(&step->stimulus);
	struct stimulus stimulus;
	struct stimulus_edge edge, last = { 0 };

	MUST(stimulus_is_good(&step->stimulus));
	stimulus_begin(&stimulus, &step->stimulus);
	for (unsigned i = 0; i < EDGES_MAX && stimulus_next(&stimulus, &edge); i++) {
		MUST(edge.at_ns <= duration && (i == 0 || edge.at_ns > last.at_ns));
		last = edge;
	}
}

/* The line changes a few times, then no more. */
static void check_expectation(const struct expectation *expectation)
{
	struct judge judge;

	judge_begin(&judge, expectation, 1000, (struct line_now){ .level = 0 });
	for (unsigned i = 0; i < 8; i++) {
		const struct line_event event = { .time_ns = 900 + i * i * 1000,
						  .line = expectation->condition.line,
						  .now = { .level = (int8_t)(i % 3) - 1,
							   .direction = (uint8_t)(i % 3) } };

		judge_event(&judge, &event);
	}
	MUST(judge_known(&judge, UINT64_MAX) != VERDICT_OPEN);
}

static void check_step(const struct scenario *scenario, size_t i)
{
	const struct step *step = &scenario->steps[i];

	MUST(step->text && step->row > 0 && step->item + step->n_items <= scenario->n_items);
	for (uint32_t item = step->item; item < step->item + step->n_items; item++)
		MUST(scenario->items[item].line < scenario->n_lines);
	if (step->kind == STEP_STIMULUS)
		check_stimulus(step);
	if (step->kind == STEP_EXPECT) {
		MUST(step->expectation.condition.line < scenario->n_lines);
		check_expectation(&step->expectation);
	}
	if (step->kind == STEP_ORDER || step->kind == STEP_NEVER)
		MUST(step->n_items >= 1 && step->n_items <= RULE_CONDITIONS_MAX);
	if (step->kind == STEP_EVERY)
		MUST(i + 1 < scenario->n_steps && step->time_ns > 0);
	if (step->kind == STEP_REPEAT || step->kind == STEP_END)
		MUST(step->end < scenario->n_steps && scenario->steps[step->end].end == i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parameters parameters;
	struct why why = { "" };
	struct scenario scenario;
	char *text = strndup((const char *)data, size);
	int ret;

	MUST(text);
	parameters = (struct parameters){ .n = 0 };
	MUST(parameters_set(&parameters, "given", 5, "ci.button=1 within", true) == 0);
	ret = scenario_parse(&scenario, "f", text, &parameters, &why);
	MUST(ret == 0 || strncmp(why.text, "f:", 2) == 0);
	for (size_t i = 0; ret == 0 && i < scenario.n_steps; i++)
		check_step(&scenario, i);
	scenario_deinit(&scenario);
	free(text);
	return 0;
}
