/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines of a front-end that went away and may connect again. In between they take their on_disconnect, as for good.
 *
 * A line that this leaves as the input that it was keeps reporting the edges of its interrupt, until one is latched: in
 * the note, where the guest will find it.
 */
#include "gpio/lines_reconnect.h"

#include "chip/chip.h"
#include "gpio/line_chip.h"
#include "gpio/policy.h"
#include "gpio/report.h"

void lines_reconnect_save(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++) {
		struct line_state *state = &lines->state[i];

		state->note = (struct reconnect_note){ .direction = state->direction,
						       .value = state->value,
						       .irq = state->irq,
						       .owed = state->note.owed,
						       .head = state->head };
		irq_mask(&state->note.irq);
	}
}

void lines_reconnect_latched(struct lines *lines, uint16_t line)
{
	int ret = line_chip_apply(lines, line, &lines->state[line]);

	if (ret < 0)
		report_failure(lines, line, "disable edges", ret);
}

/*
 * The note stays, for a successor that does this again: a line that is used was restored already, and may have seen
 * edges since. What the chip refuses is as when a chip is gone: the guest's requests of this line fail until it is
 * taken anew. The guest is told of nothing, it has seen nothing.
 */
static void line_restore(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line], next;
	const struct reconnect_note *note = &state->note;
	int ret = 0;

	if (line_is_used(state))
		return;
	next = (struct line_state){
		.direction = note->direction, .value = note->value, .irq = note->irq, .head = note->head, .note = *note
	};
	if (!line_is_used(&next))
		next.idle = state->idle;
	if (!policy_allows_note(&lines->rules[line], note)) {
		log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag,
			    "line %u: state noted before the disconnect is invalid, not restored", line);
		return;
	}
	if (lines->stale[line] || !line_chip_same(&lines->rules[line], state, &next))
		ret = line_chip_apply(lines, line, &next);
	if (ret < 0)
		report_failure(lines, line, "restore after reconnect", ret);
	lines->stale[line] = ret < 0;
	irq_resume(&next.irq);
	*state = next;
	if (line_is_used(state))
		report_change(lines, line);
}

void lines_reconnect_restore(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		line_restore(lines, (uint16_t)i);
	chip_settle(lines->chip);
}
