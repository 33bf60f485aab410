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

static bool state_is_plausible(const struct line_state *state)
{
	if (state->direction > GPIO_DIRECTION_IN || state->value > 1 || !irq_type_valid(state->irq.type))
		return false;
	return state->direction != GPIO_DIRECTION_OUT || state->irq.type == IRQ_TYPE_NONE;
}

/* Whatever stood there, a valid state without a buffer: the ring layer gives the buffers again. */
static void state_sanitize(struct line_state *state)
{
	if (!state_is_plausible(state))
		*state = (struct line_state){ .direction = GPIO_DIRECTION_NONE };
	irq_mask(&state->irq);
	state->irq.latched =
		state->irq.latched && state->irq.type != IRQ_TYPE_NONE && !irq_type_is_level(state->irq.type);
}

static void line_attach(struct lines *lines, uint16_t line, int kept_fd)
{
	struct line_state *state = &lines->state[line];
	struct chip_line_config config;
	int ret = 0;

	state_sanitize(state);
	config = line_chip_config(state);
	if (kept_fd >= 0)
		ret = chip_adopt(lines->chip, line, &config, kept_fd);
	else if (line_uses_chip(state))
		ret = chip_configure(lines->chip, line, &config);
	if (ret < 0) {
		lines_failed(lines, line, "take over", ret);
		/* A chip that is gone may come back, or has, and the request is of the old one: lines_restore() wants to know. */
		if (ret == -ENODEV)
			lines->to_restore = true;
		else
			*state = (struct line_state){ .direction = GPIO_DIRECTION_NONE };
	}
	/* Also on the way of a line that the chip holds and nobody uses. */
	if (!line_uses_chip(state))
		chip_release(lines->chip, line);
}

/* One string for each line, in one block as a guest gets it; none at all when no line has a name. */
static int names_pack(struct lines *lines, char (*names)[CHIP_NAME_MAX])
{
	uint32_t size = 0;

	for (unsigned i = 0; i < lines->n_lines; i++)
		size += (uint32_t)strlen(names[i]) + 1;
	if (size == lines->n_lines)
		return 0;
	lines->names = malloc(size);
	lines->name_at = calloc(lines->n_lines, sizeof(*lines->name_at));
	if (!lines->names || !lines->name_at)
		return -ENOMEM;
	lines->names_size = size;
	for (uint32_t i = 0, at = 0; i < lines->n_lines; i++) {
		uint32_t len = (uint32_t)strlen(names[i]) + 1;

		memcpy(lines->names + at, names[i], len);
		lines->name_at[i] = at;
		at += len;
	}
	return 0;
}

static int names_init(struct lines *lines)
{
	char(*names)[CHIP_NAME_MAX] = calloc(lines->n_lines, sizeof(*names));
	unsigned dropped;
	int ret;

	if (!names)
		return -ENOMEM;
	for (unsigned i = 0; i < lines->n_lines; i++) {
		struct chip_line_info info;

		ret = chip_line_info(lines->chip, i, &info);
		if (ret < 0)
			lines_failed(lines, i, "get name", ret);
		else
			memcpy(names[i], info.name, CHIP_NAME_MAX);
	}
	dropped = names_sanitize(names, lines->n_lines);
	if (dropped > 0)
		log_info(lines->tag, "%u line names are not shown to the guest: not plain ASCII, or not unique",
			 dropped);
	ret = names_pack(lines, names);
	free(names);
	return ret;
}

int lines_attach(struct lines *lines, struct chip *chip, const char *tag, struct line_state *state,
		 const struct lines_host *host, int (*kept_fd)(void *ctx, unsigned offset), void *kept_ctx)
{
	unsigned n_lines = chip_n_lines(chip);
	int ret;

	if (n_lines == 0 || n_lines > CHIP_LINES_MAX)
		return -ERANGE;
	*lines = (struct lines){
		.chip = chip,
		.tag = tag,
		.host = *host,
		.state = state,
		.n_lines = (uint16_t)n_lines,
	};
	ret = names_init(lines);
	if (ret < 0) {
		lines_detach(lines);
		return ret;
	}
	for (unsigned i = 0; i < n_lines; i++)
		line_attach(lines, (uint16_t)i, kept_fd(kept_ctx, i));
	return 0;
}

void lines_detach(struct lines *lines)
{
	free(lines->names);
	free(lines->name_at);
	lines->names = NULL;
	lines->name_at = NULL;
	lines->names_size = 0;
}

const char *lines_name(const struct lines *lines, uint16_t line)
{
	return lines->names && line < lines->n_lines ? lines->names + lines->name_at[line] : "";
}
