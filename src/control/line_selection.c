/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines that one request of a control client is about. */
#include "control/line_selection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_json.h"
#include "control/line_pattern.h"

/* Words for several lines: each is compared with all. */
#define PATTERNS_MAX 8

static void line_note(struct line_selection *lines, struct line_ref ref, const char *word)
{
	lines->named[lines->n_named] = ref;
	lines->words[lines->n_named++] = word;
}

/* Those of this guest that fit. -E2BIG: too many. */
static int guest_lines_note(struct line_selection *lines, uint16_t index, const char *pattern)
{
	const struct worker_client *guest = &lines->guests->guests[index];

	for (uint32_t i = 0; i < guest->n_lines; i++) {
		if (!line_pattern_fits(pattern, worker_client_line_name(guest, i)))
			continue;
		if (lines->n_named == LINE_SELECTION_MAX)
			return -E2BIG;
		line_note(lines, (struct line_ref){ index, (uint16_t)i }, NULL);
	}
	return 0;
}

/* A guest's name alone stands for all of its lines; a pattern with a dot is one for both names. */
static int several_note(struct line_selection *lines, const char *word)
{
	const char *dot = strchr(word, '.');
	char guest[CONTROL_WORD_MAX];
	int ret = 0;

	snprintf(guest, sizeof(guest), "%.*s", (int)(dot ? dot - word : 0), word);
	for (size_t i = 0; i < lines->guests->n && ret == 0; i++) {
		const char *name = lines->guests->guests[i].name;

		if (!line_pattern_is(word) && strcmp(name, word) == 0)
			ret = guest_lines_note(lines, (uint16_t)i, "*");
		else if (line_pattern_is(word) && (!dot || line_pattern_fits(guest, name)))
			ret = guest_lines_note(lines, (uint16_t)i, dot ? dot + 1 : word);
	}
	return ret;
}

/* One word. What is the name of a line is that line, whatever else it could mean. */
static int word_note(struct line_selection *lines, const char *word, unsigned *n_patterns, struct why *why)
{
	size_t before = lines->n_named;
	struct line_ref ref;
	int ret = line_lookup(lines->guests, word, &ref, why);

	if (ret == 0 && *n_patterns > 0 && lines->n_named == LINE_SELECTION_MAX)
		ret = -E2BIG;
	else if (ret == 0)
		line_note(lines, ref, word);
	else if (lines->several && ret == -ENOENT && ++*n_patterns <= PATTERNS_MAX)
		ret = several_note(lines, word) < 0 ? -E2BIG : lines->n_named > before ? 0 : ret;
	if (ret == -E2BIG)
		return why_fail(E2BIG, why, "\"%.64s\": more than %d lines in one request", word, LINE_SELECTION_MAX);
	return ret;
}

int line_selection_init(struct line_selection *lines, const struct worker_clients *guests,
			const struct request *request, struct why *why)
{
	const struct request_command *command = request->command;
	unsigned n_patterns = 0;
	size_t room = request->n + LINE_SELECTION_MAX;
	int ret = 0;

	*lines = (struct line_selection){ .guests = guests,
					  .all = request->n == 0,
					  .several = command->words != REQUEST_WORDS_VALUES &&
						     command->words != REQUEST_WORDS_TWO && !command->once };
	if (request->from)
		ret = line_lookup(guests, request->from, &lines->at, why);
	lines->named = calloc(room, sizeof(*lines->named));
	lines->words = calloc(room, sizeof(*lines->words));
	if (!lines->named || !lines->words) {
		line_selection_deinit(lines);
		return why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	}
	for (size_t i = 0; i < request->n && ret == 0; i++)
		ret = word_note(lines, request->words[i], &n_patterns, why);
	if (ret < 0)
		line_selection_deinit(lines);
	return ret;
}

void line_selection_deinit(struct line_selection *lines)
{
	free(lines->named);
	free(lines->words);
	*lines = (struct line_selection){ .guests = NULL };
}

static int ref_compare(const void *a, const void *b)
{
	const struct line_ref *x = a, *y = b;

	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

void line_selection_sort(struct line_selection *lines)
{
	size_t n = 1;

	if (lines->all)
		return;
	qsort(lines->named, lines->n_named, sizeof(*lines->named), ref_compare);
	for (size_t i = 1; i < lines->n_named; i++) {
		if (ref_compare(&lines->named[i], &lines->named[n - 1]) != 0)
			lines->named[n++] = lines->named[i];
	}
	lines->n_named = n;
}

bool line_selection_over(const struct line_selection *lines)
{
	return lines->all ? lines->at.guest >= lines->guests->n : lines->next >= lines->n_named;
}

struct line_ref line_selection_present(const struct line_selection *lines)
{
	return lines->all ? lines->at : lines->named[lines->next];
}

static void guest_advance(struct line_selection *lines)
{
	lines->at.guest++;
	lines->at.line = 0;
}

void line_selection_advance(struct line_selection *lines)
{
	if (!lines->all)
		lines->next++;
	else if (++lines->at.line >= lines->guests->guests[lines->at.guest].n_lines)
		guest_advance(lines);
}

void line_selection_skip(struct line_selection *lines)
{
	if (lines->all)
		guest_advance(lines);
	else
		lines->next++;
}

bool line_selection_passed(const struct line_selection *lines, const struct worker_client *guest, uint32_t line)
{
	struct line_ref ref = { (uint16_t)(guest - lines->guests->guests), (uint16_t)line };
	const struct line_ref *found;

	if (lines->all)
		return ref_compare(&ref, &lines->at) < 0;
	found = bsearch(&ref, lines->named, lines->n_named, sizeof(ref), ref_compare);
	return found && (size_t)(found - lines->named) < lines->next;
}

bool line_selection_has_guest(const struct line_selection *lines, const struct worker_client *guest)
{
	for (size_t i = 0; i < lines->n_named; i++) {
		if (&lines->guests->guests[lines->named[i].guest] == guest)
			return true;
	}
	return lines->all;
}
