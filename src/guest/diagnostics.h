/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A list of texts, one line each: what is wrong with a configuration, or worth a word. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct diagnostics {
	char **texts; /* owned */
	size_t n;
	bool out_of_memory; /* at least one text is missing */
};

void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diagnostics_deinit(struct diagnostics *diagnostics);
