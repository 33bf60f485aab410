/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines take up their state: empty at first, full after a worker's death or an upgrade.
 *
 * What the state says and what the chip holds can differ: the earlier process may have died between the two, or may
 * have died because its memory was damaged. The state wins where it is plausible; a line request that was kept for a
 * line that does not use it is given back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpio/lines_internal.h"

bool line_state_plausible(const struct lines *lines, uint16_t line, const struct line_state *state)
{
	const struct line_rules *rules = &lines->rules[line];

	if (state->direction > GPIO_DIRECTION_IN || state->value > 1 || !irq_type_valid(state->irq.type))
		return false;
	if (state->direction == GPIO_DIRECTION_OUT && state->irq.type != IRQ_TYPE_NONE)
		return false;
	return rules_allow_direction(rules, state->direction) && rules_allow_irq(rules, state->irq.type) &&
	       (rules_allow_value(rules) || state->value == 0) && rules_allow_rest(rules, state->rest);
}

/*
 * What becomes of a line of which only the rules are known, and what the kernel says. Adopting a request configures it,
 * so an output can not be asked for its level before it is given one.
 */
static uint8_t line_lost_fate(struct lines *lines, uint16_t line, bool kept)
{
	const struct line_rules *rules = &lines->rules[line];
	struct chip_line_info info;

	if (rules->on_disconnect != LINE_REST_HOLD)
		return rules->on_disconnect;
	if (kept && rules_allow_rest(rules, LINE_REST_INPUT) && chip_line_info(lines->chip, line, &info) == 0 &&
	    info.used && info.direction == CHIP_DIRECTION_IN)
		return LINE_REST_INPUT;
	if (kept)
		log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag,
			    "line %u can not be held: what the guest left is not known", line);
	return LINE_REST_RELEASED;
}

/* Whatever stood there, a valid state without a buffer: the ring layer gives the buffers again. */
static void state_resume(struct lines *lines, uint16_t line, bool kept)
{
	struct line_state *state = &lines->state[line];

	if (!line_state_plausible(lines, line, state)) {
		log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag, "line %u: its saved state makes no sense",
			    line);
		*state = (struct line_state){ .rest = line_lost_fate(lines, line, kept) };
	}
	/* The earlier process died on the way from one to the other. */
	if (line_is_used(state))
		state->rest = LINE_REST_RELEASED;
	irq_resume(&state->irq);
	if (line_left_plausible(lines, line, &state->left))
		irq_resume(&state->left.irq);
	else
		state->left = (struct line_left){ 0 };
}

static void state_begin(struct lines *lines, uint16_t line, enum lines_begin begin, bool kept)
{
	struct line_state *state = &lines->state[line];

	switch (begin) {
	case LINES_BEGIN_FIRST:
		*state = (struct line_state){ .rest = lines->rules[line].init };
		break;
	case LINES_BEGIN_RESUME:
		state_resume(lines, line, kept);
		break;
	case LINES_BEGIN_DROPPED:
		*state = (struct line_state){ .rest = line_lost_fate(lines, line, kept) };
		break;
	}
}

static const char *begin_words(enum lines_begin begin)
{
	static const char *const words[] = {
		[LINES_BEGIN_FIRST] = "init",
		[LINES_BEGIN_RESUME] = "take over",
		[LINES_BEGIN_DROPPED] = "leave after the session was dropped",
	};

	return words[begin];
}

static int line_attach(struct lines *lines, uint16_t line, enum lines_begin begin, int kept_fd)
{
	struct line_state *state = &lines->state[line];
	struct chip_line_config config;
	int ret = 0;

	state_begin(lines, line, begin, kept_fd >= 0);
	config = line_chip_config(&lines->rules[line], state);
	if (kept_fd >= 0)
		ret = chip_adopt(lines->chip, line, &config, kept_fd);
	else if (line_is_held(state))
		ret = chip_configure(lines->chip, line, &config);
	if (ret < 0) {
		lines_failed(lines, line, begin_words(begin), ret);
		if (begin == LINES_BEGIN_FIRST && line_is_held(state))
			return ret;
		/* A chip that is gone may come back, or has, and the request is of the old one: lines_restore() wants to know. */
		if (ret == -ENODEV)
			lines->lost[line] = line_is_held(state);
		else
			*state = (struct line_state){ .rest = LINE_REST_RELEASED };
	}
	/* Also on the way of a line that the chip holds and nobody wants. */
	if (!line_is_held(state))
		chip_release(lines->chip, line);
	return 0;
}

/* One string for each line, in one block as a guest gets it; none at all when no line has a name. */
static int names_pack(struct lines *lines)
{
	uint32_t size = 0;

	for (unsigned i = 0; i < lines->n_lines; i++)
		size += (uint32_t)strnlen(lines->rules[i].name, CHIP_NAME_MAX - 1) + 1;
	if (size == lines->n_lines)
		return 0;
	lines->names = malloc(size);
	lines->name_at = calloc(lines->n_lines, sizeof(*lines->name_at));
	if (!lines->names || !lines->name_at)
		return -ENOMEM;
	lines->names_size = size;
	for (uint32_t i = 0, at = 0; i < lines->n_lines; i++) {
		uint32_t len = (uint32_t)strnlen(lines->rules[i].name, CHIP_NAME_MAX - 1);

		memcpy(lines->names + at, lines->rules[i].name, len);
		lines->names[at + len] = '\0';
		lines->name_at[i] = at;
		at += len + 1;
	}
	return 0;
}

int lines_attach(struct lines *lines, struct chip *chip, const char *tag, const struct line_rules *rules,
		 enum lines_begin begin, struct line_state *state, const struct lines_host *host,
		 int (*kept_fd)(void *ctx, unsigned offset), void *kept_ctx)
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
	lines->lost = calloc(n_lines, sizeof(*lines->lost));
	ret = lines->lost ? names_pack(lines) : -ENOMEM;
	for (unsigned i = 0; ret == 0 && i < n_lines; i++)
		ret = line_attach(lines, (uint16_t)i, begin, kept_fd(kept_ctx, i));
	if (ret < 0)
		lines_detach(lines);
	return ret;
}

void lines_detach(struct lines *lines)
{
	free(lines->lost);
	free(lines->names);
	free(lines->name_at);
	lines->lost = NULL;
	lines->names = NULL;
	lines->name_at = NULL;
	lines->names_size = 0;
}

const char *lines_name(const struct lines *lines, uint16_t line)
{
	return lines->names && line < lines->n_lines ? lines->names + lines->name_at[line] : "";
}
