/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Times and their quantiles. */
#include "sample.h"

#include <stdlib.h>

#include "failure.h"

void sample_init(struct sample *sample, size_t max)
{
	*sample = (struct sample){ .ns = calloc(max, sizeof(*sample->ns)), .max = max };
	if (!sample->ns)
		failure("no memory for %zu times", max);
}

void sample_deinit(struct sample *sample)
{
	free(sample->ns);
	sample->ns = NULL;
}

void sample_add(struct sample *sample, uint64_t ns)
{
	if (sample->n < sample->max)
		sample->ns[sample->n++] = ns;
	sample->sorted = false;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t sample_quantile(struct sample *sample, unsigned per_mille)
{
	size_t at = sample->n * per_mille / 1000;

	if (!sample->sorted)
		qsort(sample->ns, sample->n, sizeof(*sample->ns), compare);
	sample->sorted = true;
	return sample->n ? sample->ns[at < sample->n ? at : sample->n - 1] : 0;
}
