/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines take up their state: empty at first, full after a worker's death or an upgrade.
 *
 * What the state says and what the chip holds can differ: the earlier process may have died between the two, or may
 * have died because its memory was damaged. The state wins where it is plausible; a line request that was stored for a
 * line that does not use it is given back.
 */
#include "gpio/lines_attach.h"

#include <errno.h>

#include "base/pool.h"
#include "chip/chip.h"
#include "gpio/idle_state.h"
#include "gpio/line_chip.h"
#include "gpio/policy.h"
#include "gpio/report.h"

/* Whatever stood there, a valid state without a buffer: the ring layer gives the buffers again. */
static void state_resume(struct lines *lines, uint16_t line, bool stored)
{
	const struct line_rules *rules = &lines->rules[line];
	struct line_state *state = &lines->state[line];

	if (!policy_allows_state(rules, state)) {
		log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag,
			    "line %u: saved state is invalid, dropped", line);
		*state = (struct line_state){ .idle = idle_state_of_dropped(lines, line, stored) };
	}
	/* The earlier process died on the way from one to the other. */
	if (line_is_used(state))
		state->idle = LINE_IDLE_RELEASED;
	irq_resume(&state->irq);
	if (policy_allows_note(rules, &state->note))
		irq_resume(&state->note.irq);
	else
		state->note = (struct reconnect_note){ 0 };
}

static void state_begin(struct lines *lines, uint16_t line, enum lines_begin begin, bool stored)
{
	struct line_state *state = &lines->state[line];

	switch (begin) {
	case LINES_BEGIN_FIRST:
		*state = (struct line_state){ .idle = lines->rules[line].init };
		break;
	case LINES_BEGIN_RESUME:
		state_resume(lines, line, stored);
		break;
	case LINES_BEGIN_DROPPED:
		*state = (struct line_state){ .idle = idle_state_of_dropped(lines, line, stored) };
		break;
	}
}

static const char *const operations[] = {
	[LINES_BEGIN_FIRST] = "init",
	[LINES_BEGIN_RESUME] = "resume",
	[LINES_BEGIN_DROPPED] = "apply on-disconnect",
};

static int line_attach(struct lines *lines, uint16_t line, enum lines_begin begin, int stored_fd)
{
	struct line_state *state = &lines->state[line];
	struct chip_line_config config;
	int ret = 0;

	state_begin(lines, line, begin, stored_fd >= 0);
	config = line_chip_config(&lines->rules[line], state);
	if (stored_fd >= 0)
		ret = chip_adopt(lines->chip, line, &config, stored_fd);
	else if (line_is_held(state))
		ret = chip_configure(lines->chip, line, &config);
	if (ret < 0) {
		report_failure(lines, line, operations[begin], ret);
		if (begin == LINES_BEGIN_FIRST && line_is_held(state))
			return ret;
		/* A chip that is gone may come back, or has, and the request is of the old one: line_chip_restore() wants to know. */
		if (ret == -ENODEV)
			lines->stale[line] = line_is_held(state);
		else
			*state = (struct line_state){ .idle = LINE_IDLE_RELEASED };
	}
	/* Also on the way of a line that the chip holds and nobody wants. */
	if (!line_is_held(state))
		chip_release(lines->chip, line);
	return 0;
}

int lines_attach(struct lines *lines, struct chip *chip, const char *tag, const struct line_rules *rules,
		 enum lines_begin begin, struct line_state *state, const struct lines_host *host,
		 int (*stored_fd)(void *ctx, unsigned offset), void *stored_ctx)
{
	unsigned n_lines = chip_n_lines(chip);
	int ret;

	if (n_lines == 0 || n_lines > CHIP_LINES_MAX)
		return -ERANGE;
	*lines = (struct lines){
		.chip = chip,
		.tag = tag,
		.host = *host,
		.rules = rules,
		.state = state,
		.n_lines = (uint16_t)n_lines,
	};
	lines->stale = pool_alloc(n_lines, sizeof(*lines->stale));
	ret = lines->stale ? 0 : -ENOMEM;
	for (unsigned i = 0; ret == 0 && i < n_lines; i++)
		ret = line_attach(lines, (uint16_t)i, begin, stored_fd(stored_ctx, i));
	if (ret < 0)
		lines_detach(lines);
	return ret;
}

void lines_detach(struct lines *lines)
{
	pool_free(lines->stale);
	lines->stale = NULL;
}
