/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Results of scenarios, for people and for machines. */
#include "board/report.h"

#include "base/text.h"

#define NS_PER_S 1e9

/* A scenario's text, the name of its file and those of lines may have anything in them. */
static void print_text(FILE *file, const char *text)
{
	for (; *text; text++)
		fputc(*text == '\t' ? ' ' : text_as_line(*text), file);
}

/* "file:row", or the file alone. */
static void print_place(FILE *file, const struct course_result *result)
{
	print_text(file, result->file);
	if (result->row > 0)
		fprintf(file, ":%u", result->row);
}

static void print_edges(FILE *file, const struct course_result *result, const char *before)
{
	if (result->n_edges > 0)
		fprintf(file, "%sthe last %zu edge%s, in seconds from the beginning:\n", before, result->n_edges,
			result->n_edges == 1 ? "" : "s");
	for (size_t i = 0; i < result->n_edges; i++) {
		const struct course_edge *edge = &result->edges[i];

		fprintf(file, "%s%12.6f  %-7s  ", before, (double)edge->time_ns / NS_PER_S,
			edge->rising ? "rising" : "falling");
		print_text(file, edge->line);
		fputc('\n', file);
	}
}

static void print_words(FILE *file, const char *before, const char *what, const char *text)
{
	fprintf(file, "%s%s", before, what);
	print_text(file, text);
	fputc('\n', file);
}

static void print_failure(FILE *file, const struct course_result *result, const char *before)
{
	fputs(before, file);
	print_place(file, result);
	fprintf(file, ": failed\n");
	if (*result->step)
		print_words(file, before, "expected: ", result->step);
	print_words(file, before, "came:     ", result->came);
	fprintf(file, "%sagain:    --seed %llu\n", before, (unsigned long long)result->seed);
	print_edges(file, result, before);
}

void report_print(const struct course_result *result)
{
	if (!result->passed) {
		print_failure(stdout, result, "");
		return;
	}
	print_text(stdout, result->file);
	printf(": passed, %zu steps in %.3f s\n", result->n_steps, (double)result->time_ns / NS_PER_S);
}

void report_print_tap_plan(size_t n)
{
	printf("1..%zu\n", n);
}

void report_print_tap(const struct course_result *result, size_t number)
{
	printf("%sok %zu - ", result->passed ? "" : "not ", number);
	print_text(stdout, result->file);
	putchar('\n');
	if (!result->passed)
		print_failure(stdout, result, "# ");
}

static void write_xml(FILE *file, const char *text)
{
	static const struct {
		char c;
		const char *words;
	} escapes[] = { { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" }, { '"', "&quot;" } };

	for (; *text; text++) {
		const char *words = NULL;

		for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
			words = *text == escapes[i].c ? escapes[i].words : words;
		if (words)
			fputs(words, file);
		else
			fputc(text_as_line(*text), file);
	}
}

static void write_case(FILE *file, const struct course_result *result)
{
	fputs("  <testcase name=\"", file);
	write_xml(file, result->file);
	fprintf(file, "\" time=\"%.6f\"%s>\n", (double)result->time_ns / NS_PER_S, result->passed ? "/" : "");
	if (result->passed)
		return;
	fputs("    <failure message=\"", file);
	write_xml(file, *result->step ? result->step : result->came);
	fputs("\">", file);
	write_xml(file, result->file);
	fprintf(file, ":%u: ", result->row);
	write_xml(file, result->came);
	fprintf(file, "; again: --seed %llu\n", (unsigned long long)result->seed);
	print_edges(file, result, "");
	fputs("</failure>\n  </testcase>\n", file);
}

void report_write_junit(FILE *file, const struct course_result *results, size_t n)
{
	size_t n_failed = 0;

	for (size_t i = 0; i < n; i++)
		n_failed += !results[i].passed;
	fprintf(file,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"vgpioctl\" tests=\"%zu\" "
		"failures=\"%zu\">\n",
		n, n_failed);
	for (size_t i = 0; i < n; i++)
		write_case(file, &results[i]);
	fputs("</testsuite>\n", file);
}
