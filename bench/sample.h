/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A set of measured times. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample {
	uint64_t *ns; /* owned */
	size_t n, max;
	bool sorted;
};

void sample_init(struct sample *sample, size_t max);
void sample_deinit(struct sample *sample);
void sample_add(struct sample *sample, uint64_t ns);
/* The time below which that share (0 to 1000 per mille) of the sample lies. Sorts it. */
uint64_t sample_quantile(struct sample *sample, unsigned per_mille);
