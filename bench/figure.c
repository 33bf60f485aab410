/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Figures as lines with tabs, and times as files for the picture. */
#include "figure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

void figure_print(const char *name, double value, const char *unit, double ratio, const char *of)
{
	printf("%s\t%.4g\t%s\t", name, value, unit);
	if (ratio > 0)
		printf("%.3g\t%s\n", ratio, of);
	else
		printf("-\t-\n");
	fflush(stdout);
}

static void quantile_print(const char *name, const char *suffix, unsigned per_mille, struct sample *times,
			   struct sample *yardstick, const char *of)
{
	double value = (double)sample_quantile(times, per_mille), share = 0;
	char full[128];

	if (yardstick)
		share = value / (double)sample_quantile(yardstick, per_mille);
	snprintf(full, sizeof(full), "%s/%s", name, suffix);
	figure_print(full, value / 1000, "us", share, of);
}

/* One per mille a line: "share microseconds". */
static void picture_write(const char *name, struct sample *times)
{
	const char *dir = getenv("BENCH_TIMES");
	char path[512];
	FILE *file;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	for (char *p = path + strlen(dir) + 1; *p; p++)
		*p = *p == '/' ? '-' : *p;
	file = fopen(path, "we");
	if (!file)
		failure("%s: %s", path, strerror(errno));
	for (unsigned i = 0; i < 1000; i++)
		fprintf(file, "%.3f %.3f\n", i / 1000.0, (double)sample_quantile(times, i) / 1000);
	fclose(file);
}

void figure_times(const char *name, struct sample *times, struct sample *yardstick, const char *of)
{
	quantile_print(name, "p50", 500, times, yardstick, of);
	quantile_print(name, "p99", 990, times, yardstick, of);
	picture_write(name, times);
}
