/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The front-end went without a word and may come back: what its guest made of each line is noted in line_state.left,
 * and put back when it is known to be the same one. In between the lines take their fate, as for good.
 *
 * A line that its fate leaves as the input that it was keeps reporting the edges of its interrupt, until one is latched:
 * in the note, where the guest will find it.
 */
#include "gpio/lines_internal.h"

void lines_remember(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++) {
		struct line_state *state = &lines->state[i];

		state->left = (struct line_left){ state->direction, state->value, state->irq, state->head };
		irq_mask(&state->left.irq);
	}
}

enum chip_edge line_left_edges(const struct line_left *left)
{
	bool waits = !left->irq.latched && !irq_type_is_level(left->irq.type);

	return waits ? irq_edges(left->irq.type) : CHIP_EDGE_NONE;
}

/* No guest looks: the first edge is all that it will be told of. */
void line_left_edge(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line];
	int ret = line_apply(lines, line, state);

	if (ret < 0)
		lines_failed(lines, line, "stop looking for edges", ret);
}

bool line_left_plausible(const struct lines *lines, uint16_t line, const struct line_left *left)
{
	const struct line_state state = { .direction = left->direction, .value = left->value, .irq = left->irq };

	return line_state_plausible(lines, line, &state);
}

/*
 * The note stays, for a successor that does this again: a line that is used has come back already, and may have seen
 * edges since. What the chip refuses is as when a chip is gone: the guest's requests of this line fail until it is
 * taken anew. The guest is told of nothing, it has seen nothing.
 */
static void line_come_back(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line], next;
	const struct line_left *left = &state->left;
	int ret = 0;

	if (line_is_used(state))
		return;
	next = (struct line_state){
		.direction = left->direction, .value = left->value, .irq = left->irq, .head = left->head, .left = *left
	};
	if (!line_is_used(&next))
		next.rest = state->rest;
	if (!line_left_plausible(lines, line, left)) {
		log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag, "line %u: what was noted makes no sense",
			    line);
		return;
	}
	if (lines->lost[line] || !line_stays(&lines->rules[line], state, &next))
		ret = line_apply(lines, line, &next);
	if (ret < 0)
		lines_failed(lines, line, "take again", ret);
	lines->lost[line] = ret < 0;
	irq_resume(&next.irq);
	*state = next;
	if (line_is_used(state))
		lines_changed(lines, line);
}

void lines_come_back(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		line_come_back(lines, (uint16_t)i);
	chip_settle(lines->chip);
}
