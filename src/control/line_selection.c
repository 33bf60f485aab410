/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines that one request of a control client is about. */
#include "control/line_selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int line_selection_init(struct line_selection *lines, const struct worker_clients *guests,
			const struct request *request, struct why *why)
{
	int ret = 0;

	*lines = (struct line_selection){ .guests = guests, .all = request->n == 0 };
	if (request->from)
		ret = line_lookup(guests, request->from, &lines->at, why);
	lines->named = calloc(request->n + 1, sizeof(*lines->named));
	if (!lines->named)
		ret = why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	for (; lines->n_named < request->n && ret == 0; lines->n_named++)
		ret = line_lookup(guests, request->words[lines->n_named], &lines->named[lines->n_named], why);
	if (ret < 0)
		line_selection_deinit(lines);
	return ret;
}

void line_selection_deinit(struct line_selection *lines)
{
	free(lines->named);
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
