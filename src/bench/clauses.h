/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Parts of steps: conditions, expectations, what a stimulus is like. */
#pragma once

#include "bench/parser.h"

/* "L=1", "L rising", "L input" ...; bare: L alone is any edge of it. 0 or -EINVAL (said), as below. */
int clause_condition(struct parser *parser, bool bare, struct condition *condition);
/* What follows the word "expect". */
int clause_expectation(struct parser *parser, struct expectation *expectation);
/* What follows the word "press", "pulse" or "blink", and the line. */
int clause_stimulus(struct parser *parser, enum stimulus_kind kind, struct stimulus_spec *spec);
