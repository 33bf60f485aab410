/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lines that one request of a control client is about. */
#include "control/line_selection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int control_lines_init(struct control_lines *lines, const struct control_guests *guests,
		       const struct control_request *request, struct why *why)
{
	int ret = 0;

	*lines = (struct control_lines){ .guests = guests, .all = request->n == 0 };
	if (request->from)
		ret = control_find(guests, request->from, &lines->at, why);
	lines->named = calloc(request->n + 1, sizeof(*lines->named));
	if (!lines->named)
		ret = why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	for (; lines->n_named < request->n && ret == 0; lines->n_named++)
		ret = control_find(guests, request->words[lines->n_named], &lines->named[lines->n_named], why);
	if (ret < 0)
		control_lines_deinit(lines);
	return ret;
}

void control_lines_deinit(struct control_lines *lines)
{
	free(lines->named);
	*lines = (struct control_lines){ .guests = NULL };
}

static int ref_compare(const void *a, const void *b)
{
	const struct control_ref *x = a, *y = b;

	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

void control_lines_sort(struct control_lines *lines)
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

bool control_lines_over(const struct control_lines *lines)
{
	return lines->all ? lines->at.guest >= lines->guests->n : lines->next >= lines->n_named;
}

struct control_ref control_lines_present(const struct control_lines *lines)
{
	return lines->all ? lines->at : lines->named[lines->next];
}

static void guest_advance(struct control_lines *lines)
{
	lines->at.guest++;
	lines->at.line = 0;
}

void control_lines_advance(struct control_lines *lines)
{
	if (!lines->all)
		lines->next++;
	else if (++lines->at.line >= lines->guests->guests[lines->at.guest].n_lines)
		guest_advance(lines);
}

void control_lines_skip(struct control_lines *lines)
{
	if (lines->all)
		guest_advance(lines);
	else
		lines->next++;
}

bool control_lines_passed(const struct control_lines *lines, const struct control_guest *guest, uint32_t line)
{
	struct control_ref ref = { (uint16_t)(guest - lines->guests->guests), (uint16_t)line };
	const struct control_ref *found;

	if (lines->all)
		return ref_compare(&ref, &lines->at) < 0;
	found = bsearch(&ref, lines->named, lines->n_named, sizeof(ref), ref_compare);
	return found && (size_t)(found - lines->named) < lines->next;
}

bool control_lines_have_guest(const struct control_lines *lines, const struct control_guest *guest)
{
	for (size_t i = 0; i < lines->n_named; i++) {
		if (&lines->guests->guests[lines->named[i].guest] == guest)
			return true;
	}
	return lines->all;
}
