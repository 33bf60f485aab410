/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Steps of a scenario, by the word that they begin with. */
#pragma once

#include "bench/parser.h"

/* All steps of the row that the parser has. 0 or -errno (said). */
int statements_read(struct parser *parser);
