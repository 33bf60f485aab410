/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a client that monitors was not told. */
#include "control/missed.h"

#include <stdlib.h>
#include <string.h>

#include "control/control_json.h"

void missed_deinit(struct missed *missed)
{
	free(missed->of_guests);
	free(missed->lines);
	missed->of_guests = NULL;
	missed->lines = NULL;
	missed->n_lines = 0;
	missed->any = false;
}

static bool missed_prepare(struct missed *missed)
{
	if (!missed->of_guests)
		missed->of_guests = calloc(missed->guests->n, sizeof(*missed->of_guests));
	if (!missed->lines)
		missed->lines = calloc(MISSED_LINES_MAX, sizeof(*missed->lines));
	return missed->of_guests && missed->lines;
}

bool missed_add(struct missed *missed, const struct worker_client *guest, uint64_t n)
{
	struct missed_guest *of;

	if (!missed_prepare(missed))
		return false;
	of = &missed->of_guests[guest - missed->guests->guests];
	of->n_changes += n;
	of->changed |= n == 0;
	missed->any = true;
	return true;
}

bool missed_add_line(struct missed *missed, const struct worker_client *guest,
		     const struct control_channel_reply *reply)
{
	size_t i = 0;

	if (!missed_add(missed, guest, 1))
		return false;
	while (i < missed->n_lines && (missed->lines[i].guest != guest || missed->lines[i].reply.line != reply->line))
		i++;
	if (i == MISSED_LINES_MAX)
		return false;
	missed->lines[i] = (struct missed_line){ .guest = guest, .reply = *reply };
	missed->n_lines += i == missed->n_lines;
	return true;
}

/* As they came. */
static int line_compare(const void *a, const void *b)
{
	const struct missed_line *x = a, *y = b;

	return (x->reply.time_ns > y->reply.time_ns) - (x->reply.time_ns < y->reply.time_ns);
}

void missed_tell(struct missed *missed, struct control_connection *connection)
{
	for (size_t i = 0; missed->any && i < missed->guests->n; i++) {
		const struct worker_client *guest = &missed->guests->guests[i];

		if (missed->of_guests[i].n_changes > 0)
			control_json_tell(connection, control_json_lost(guest, missed->of_guests[i].n_changes),
					  missed->of_guests[i].n_changes, false);
		if (missed->of_guests[i].changed)
			control_json_tell(connection, control_json_guest_event(guest, guest->told_ns), 1, false);
	}
	if (missed->n_lines > 0)
		qsort(missed->lines, missed->n_lines, sizeof(*missed->lines), line_compare);
	for (size_t i = 0; i < missed->n_lines; i++)
		control_json_tell(connection,
				  control_json_event("change", missed->lines[i].guest, &missed->lines[i].reply,
						     CONTROL_EDGE_NONE),
				  1, false);
	/* Who reads so slowly may not do so again. */
	missed_deinit(missed);
}
