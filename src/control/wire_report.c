/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Wires as JSON objects. */
#include "control/wire_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_json.h"

static struct line_ref end_ref(const struct control_channel_wire *wire, unsigned end)
{
	return (struct line_ref){ (uint16_t)wire->guests[end], (uint16_t)wire->lines[end] };
}

int wire_report_begin(struct wire_report *report, const struct wire_client *client, const struct worker_clients *guests,
		      struct line_selection *lines)
{
	size_t n = client ? client->n : 0;

	*report = (struct wire_report){ .wires = calloc(n + 1, sizeof(*report->wires)),
					.n = n,
					.silent = calloc(guests->n + 1, sizeof(*report->silent)),
					.report = json_array() };
	*lines = (struct line_selection){ .guests = guests, .named = calloc(2 * n + 1, sizeof(*lines->named)) };
	if (!report->wires || !report->silent || !report->report || !lines->named)
		return -ENOMEM;
	if (n > 0)
		memcpy(report->wires, client->wires, n * sizeof(*report->wires));
	for (size_t i = 0; i < n; i++) {
		lines->named[lines->n_named++] = end_ref(&report->wires[i], 0);
		lines->named[lines->n_named++] = end_ref(&report->wires[i], 1);
	}
	return 0;
}

void wire_report_deinit(struct wire_report *report)
{
	free(report->wires);
	free(report->silent);
	json_decref(report->report);
	json_decref(report->wire);
	*report = (struct wire_report){ .n = 0 };
}

static void wire_begin(struct wire_report *report, const struct control_channel_wire *wire)
{
	json_decref(report->wire);
	report->wire = json_pack("{s:[], s:b, s:I, s:[]}", "lines", "invert", (int)wire->invert, "delay_us",
				 (json_int_t)wire->delay_us, "levels");
	report->conflict = false;
	report->conflicts = 0;
}

static void end_add(struct wire_report *report, const struct worker_client *guest, uint32_t line,
		    const struct control_channel_reply *reply)
{
	char word[CONTROL_WORD_MAX];

	control_json_word(guest, line, word);
	json_array_append_new(json_object_get(report->wire, "lines"), json_string(word));
	json_array_append_new(json_object_get(report->wire, "levels"),
			      reply && reply->level >= 0 ? json_integer(reply->level) : json_null());
	if (!reply)
		return;
	report->conflict |= reply->conflict != 0;
	if (reply->conflicts > report->conflicts)
		report->conflicts = reply->conflicts;
}

static void wire_end(struct wire_report *report)
{
	json_object_set_new(report->wire, "conflict", json_boolean(report->conflict));
	json_object_set_new(report->wire, "conflicts", json_integer(report->conflicts));
	json_array_append_new(report->report, report->wire);
	report->wire = NULL;
}

static void line_add(struct wire_report *report, struct line_selection *lines,
		     const struct control_channel_reply *reply)
{
	struct line_ref ref = line_selection_present(lines);

	if (lines->next % 2 == 0)
		wire_begin(report, &report->wires[lines->next / 2]);
	end_add(report, &lines->guests->guests[ref.guest], ref.line, reply);
	if (lines->next % 2 == 1)
		wire_end(report);
	line_selection_advance(lines);
}

void wire_report_line(struct wire_report *report, struct line_selection *lines,
		      const struct control_channel_reply *reply)
{
	if (!reply)
		report->silent[line_selection_present(lines).guest] = true;
	line_add(report, lines, reply);
	while (!line_selection_over(lines) && report->silent[line_selection_present(lines).guest])
		line_add(report, lines, NULL);
}
