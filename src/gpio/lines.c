/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines of the virtual chip: requests, and interrupts from the chip.
 *
 * Order of each request: check, do the operation on the chip, and only when that went well change the remembered
 * state. A worker that dies in between leaves the request in flight; its successor does it again, to the same end.
 *
 * The chip holds a line as long as its direction or its interrupt needs it (an interrupt alone makes it an input
 * without giving it a direction: Linux users of interrupts never set one).
 */
#include "gpio/lines.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "gpio/lines_internal.h"

bool line_uses_chip(const struct line_state *state)
{
	return state->direction != GPIO_DIRECTION_NONE || state->irq.type != IRQ_TYPE_NONE;
}

struct chip_line_config line_chip_config(const struct line_state *state)
{
	bool out = state->direction == GPIO_DIRECTION_OUT;

	return (struct chip_line_config){
		.direction = out ? CHIP_DIRECTION_OUT : CHIP_DIRECTION_IN,
		.value = out ? state->value : 0,
		.edges = out ? CHIP_EDGE_NONE : irq_edges(state->irq.type),
	};
}

/* Brings the chip's line in step with what the state should become. */
static int line_apply(struct lines *lines, uint16_t line, const struct line_state *state)
{
	struct chip_line_config config = line_chip_config(state);

	if (line_uses_chip(state))
		return chip_configure(lines->chip, line, &config);
	chip_release(lines->chip, line);
	chip_settle(lines->chip);
	return 0;
}

void lines_failed(struct lines *lines, unsigned line, const char *operation, int error)
{
	struct chip_line_info info;
	bool held = error == -EBUSY && chip_line_info(lines->chip, line, &info) == 0 && info.consumer[0];

	log_limited(&lines->log_limit, LOG_LEVEL_WARNING, lines->tag, "%s line %u: %s: %s%s%s%s",
		    chip_path(lines->chip), line, operation, strerror(-error), held ? " (held by \"" : "",
		    held ? info.consumer : "", held ? "\")" : "");
}

static void lines_changed(struct lines *lines, uint16_t line)
{
	if (lines->host.changed)
		lines->host.changed(lines->host.ctx, line);
}

/* Tells the user of the lines what to do with a buffer it holds. */
static void lines_answer(struct lines *lines, uint16_t line, enum irq_action action)
{
	if (action == IRQ_FIRE || action == IRQ_INVALID)
		lines->host.irq(lines->host.ctx, line, action);
}

/* The handlers of the requests: 0, or -errno for a status of ERR. *value is that of the response, 0 at first. */

static int request_get_direction(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	*value = lines->state[line].direction;
	return 0;
}

/* Everything about the line is forgotten; a held buffer goes back. */
static int line_deactivate(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line];

	if (line_uses_chip(state))
		chip_release(lines->chip, line);
	chip_settle(lines->chip);
	state->direction = GPIO_DIRECTION_NONE;
	state->value = 0;
	lines_answer(lines, line, irq_set_type(&state->irq, IRQ_TYPE_NONE, false));
	lines_changed(lines, line);
	return 0;
}

static int request_set_direction(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	struct line_state *state = &lines->state[line], next = *state;
	int ret = 0;

	if (argument == GPIO_DIRECTION_NONE)
		return line_deactivate(lines, line);
	if (argument != GPIO_DIRECTION_OUT && argument != GPIO_DIRECTION_IN)
		return -EINVAL;
	if (argument == GPIO_DIRECTION_OUT && state->irq.type != IRQ_TYPE_NONE)
		return -EINVAL;

	next.direction = (uint8_t)argument;
	/* A line that the chip holds as an input stays untouched: edges on their way would be lost. */
	if (argument == GPIO_DIRECTION_OUT || state->direction == GPIO_DIRECTION_OUT || !line_uses_chip(state))
		ret = line_apply(lines, line, &next);
	if (ret < 0) {
		lines_failed(lines, line, argument == GPIO_DIRECTION_OUT ? "set output" : "set input", ret);
		return ret;
	}
	state->direction = next.direction;
	lines_changed(lines, line);
	return 0;
}

static int request_get_value(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	int level;

	if (!line_uses_chip(&lines->state[line]))
		return -EINVAL;
	level = chip_get(lines->chip, line);
	if (level < 0) {
		lines_failed(lines, line, "get value", level);
		return level;
	}
	*value = level != 0;
	return 0;
}

static int request_set_value(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	struct line_state *state = &lines->state[line];

	if (argument > 1)
		return -EINVAL;
	if (state->direction == GPIO_DIRECTION_OUT) {
		int ret = chip_set(lines->chip, line, (uint8_t)argument);

		if (ret < 0) {
			lines_failed(lines, line, "set value", ret);
			return ret;
		}
		lines_changed(lines, line);
	}
	state->value = (uint8_t)argument;
	return 0;
}

/*
 * What irq_set_type() is to be told: the present level, looked at once the chip reports edges, so that no change falls
 * in between. Edge types do not ask.
 */
static int present_level(struct lines *lines, uint16_t line, uint32_t type)
{
	return irq_type_is_level(type) ? chip_get(lines->chip, line) : 0;
}

static int request_set_irq_type(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	struct line_state *state = &lines->state[line], next = *state;
	int ret = 0;

	if (!lines->irq_enabled || !irq_type_valid(argument))
		return -EINVAL;
	if (state->direction == GPIO_DIRECTION_OUT && argument != IRQ_TYPE_NONE)
		return -EINVAL;

	if (argument != state->irq.type) {
		next.irq.type = (uint8_t)argument;
		ret = line_apply(lines, line, &next);
		if (ret == 0) {
			ret = present_level(lines, line, argument);
			if (ret < 0)
				line_apply(lines, line, state); /* as it was, if the chip still can */
		}
	}
	if (ret < 0) {
		lines_failed(lines, line, "set interrupt", ret);
		return ret;
	}
	/* Also when the type is the present one: NONE once more returns a buffer that came while it was NONE. */
	lines_answer(lines, line, irq_set_type(&state->irq, argument, ret > 0));
	return 0;
}

struct gpio_response lines_request(struct lines *lines, const struct gpio_request *request)
{
	static int (*const handlers[])(struct lines * lines, uint16_t line, uint32_t argument, uint8_t * value) = {
		[GPIO_MSG_GET_DIRECTION] = request_get_direction, [GPIO_MSG_SET_DIRECTION] = request_set_direction,
		[GPIO_MSG_GET_VALUE] = request_get_value,	  [GPIO_MSG_SET_VALUE] = request_set_value,
		[GPIO_MSG_SET_IRQ_TYPE] = request_set_irq_type,
	};
	struct gpio_response response = { .status = GPIO_STATUS_ERR };
	uint8_t value = 0;

	if (request->type >= ARRAY_SIZE(handlers) || !handlers[request->type] || request->gpio >= lines->n_lines)
		return response;
	if (handlers[request->type](lines, request->gpio, request->value, &value) == 0)
		response = (struct gpio_response){ .status = GPIO_STATUS_OK, .value = value };
	return response;
}

/* For an interrupt that fires by level: a level that cannot be read is not active. */
static bool line_is_level(struct lines *lines, uint16_t line)
{
	int level = chip_get(lines->chip, line);

	if (level < 0)
		lines_failed(lines, line, "get level for interrupt", level);
	return level > 0;
}

enum irq_action lines_unmask(struct lines *lines, uint16_t line)
{
	struct irq *irq;

	if (line >= lines->n_lines)
		return IRQ_INVALID;
	irq = &lines->state[line].irq;
	if (irq->unmasked)
		return IRQ_INVALID; /* the second buffer of the line; the first stays */
	return irq_unmask(irq, irq_type_is_level(irq->type) && line_is_level(lines, line));
}

void lines_mask_all(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		irq_mask(&lines->state[i].irq);
}

void lines_edge(struct lines *lines, unsigned offset, enum chip_edge edge, bool level)
{
	struct irq *irq;

	if (offset >= lines->n_lines)
		return;
	irq = &lines->state[offset].irq;
	/* The edge may have waited: a level type looks at what is now, also when that costs one more operation. */
	if (irq->unmasked && irq_type_is_level(irq->type))
		level = line_is_level(lines, (uint16_t)offset);
	lines_answer(lines, (uint16_t)offset, irq_edge(irq, edge, level));
	lines_changed(lines, (uint16_t)offset);
}

void lines_reset(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++) {
		struct line_state *state = &lines->state[i];
		bool used = line_uses_chip(state);

		if (used)
			chip_release(lines->chip, i);
		*state = (struct line_state){ .direction = GPIO_DIRECTION_NONE };
		if (used)
			lines_changed(lines, (uint16_t)i);
	}
	chip_settle(lines->chip);
}

/* A level that became active meanwhile is told; edges of that time are lost, nobody saw them. */
static void line_restore(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line];
	int ret;

	if (!line_uses_chip(state))
		return;
	ret = line_apply(lines, line, state);
	if (ret < 0)
		lines_failed(lines, line, "restore", ret);
	else if (state->irq.unmasked && irq_type_is_level(state->irq.type))
		lines_answer(lines, line, irq_edge(&state->irq, CHIP_EDGE_NONE, line_is_level(lines, line)));
	lines_changed(lines, line);
}

void lines_restore(struct lines *lines)
{
	lines->to_restore = false;
	for (unsigned i = 0; i < lines->n_lines; i++)
		line_restore(lines, (uint16_t)i);
}

int lines_level(struct lines *lines, uint16_t line)
{
	return line < lines->n_lines ? chip_get(lines->chip, line) : -EINVAL;
}
