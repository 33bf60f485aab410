/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario: steps and lines. */
#include "bench/scenario.h"

#include <stdlib.h>

void scenario_deinit(struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->n_lines; i++)
		free(scenario->lines[i].word);
	for (size_t i = 0; i < scenario->n_texts; i++)
		free(scenario->texts[i]);
	free(scenario->lines);
	free(scenario->texts);
	free(scenario->items);
	free(scenario->steps);
	*scenario = (struct scenario){ .n_steps = 0 };
}
