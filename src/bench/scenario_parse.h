/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A scenario, from its text to its steps. */
#pragma once

#include "base/why.h"
#include "bench/parameters.h"
#include "bench/scenario.h"

/*
 * Reads the text, which name is the file of. Parameters that it uses are marked as used. 0; -ENOMEM; -EINVAL: why says
 * file, line, word, and what was expected. To be deinitialised in any case.
 */
int scenario_parse(struct scenario *scenario, const char *name, const char *text, struct parameters *parameters,
		   struct why *why);
