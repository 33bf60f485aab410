/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The lines of the virtual chip: requests, and interrupts from the chip.
 *
 * Order of each request: check, remember what an output is to be, do the operation on the chip, remember the others. A
 * worker that dies in between leaves the request in flight; its successor brings the chip in step with what is
 * remembered, and does the request again, to the same end: so no output goes back to an older level on the way. What the
 * chip refuses is forgotten again. An interrupt's type is remembered afterwards: to set the present one again is to
 * change nothing, also not what is latched.
 *
 * The chip holds a line for the guest as long as its direction or its interrupt needs it (an interrupt alone makes it an input
 * without giving it a direction: Linux users of interrupts never set one).
 */
#include "gpio/lines.h"

#include <errno.h>

#include "base/barrier.h"
#include "base/fault.h"
#include "base/util.h"
#include "chip/chip.h"
#include "gpio/line_chip.h"
#include "gpio/lines_reconnect.h"
#include "gpio/policy.h"
#include "gpio/report.h"

/* The handlers of the requests: 0, or -errno for a status of ERR. *value is that of the response, 0 at first. */

static int request_get_direction(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	*value = lines->state[line].direction;
	return 0;
}

/* Everything about the line is forgotten, but its idle state if the guest does not use it; a held buffer goes back. */
static int line_deactivate(struct lines *lines, uint16_t line)
{
	struct line_state *state = &lines->state[line];
	bool used = line_is_used(state);

	state->direction = GPIO_DIRECTION_NONE;
	compiler_barrier();
	state->value = 0;
	if (used)
		line_chip_apply(lines, line, &(struct line_state){ .idle = LINE_IDLE_RELEASED });
	fault_point(FAULT_CHIP_DONE);
	chip_settle(lines->chip);
	report_irq(lines, line, irq_set_type(&state->irq, IRQ_TYPE_NONE, false));
	report_change(lines, line);
	return 0;
}

static int request_set_direction(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	struct line_state *state = &lines->state[line], next = *state;
	uint8_t before = state->direction;
	bool untouched;
	int ret = 0;

	if (argument == GPIO_DIRECTION_NONE)
		return line_deactivate(lines, line);
	if (argument != GPIO_DIRECTION_OUT && argument != GPIO_DIRECTION_IN)
		return -EINVAL;
	if (argument == GPIO_DIRECTION_OUT && state->irq.type != IRQ_TYPE_NONE)
		return -EINVAL;

	next.direction = (uint8_t)argument;
	/* A line that the guest uses as an input stays untouched: edges on their way would be lost. */
	untouched = argument == GPIO_DIRECTION_IN && state->direction != GPIO_DIRECTION_OUT && line_is_used(state);
	state->direction = next.direction;
	compiler_barrier();
	if (!untouched)
		ret = line_chip_apply(lines, line, &next);
	fault_point(FAULT_CHIP_DONE);
	if (ret < 0) {
		state->direction = before;
		report_failure(lines, line, argument == GPIO_DIRECTION_OUT ? "set output" : "set input", ret);
		return ret;
	}
	state->idle = LINE_IDLE_RELEASED;
	report_change(lines, line);
	return 0;
}

static int request_get_value(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	int level;

	if (!line_is_used(&lines->state[line]))
		return -EINVAL;
	level = chip_get(lines->chip, line);
	if (level < 0) {
		report_failure(lines, line, "get value", level);
		return level;
	}
	*value = level != 0;
	return 0;
}

static int request_set_value(struct lines *lines, uint16_t line, uint32_t argument, uint8_t *value)
{
	struct line_state *state = &lines->state[line];
	uint8_t before = state->value;

	if (argument > 1)
		return -EINVAL;
	state->value = (uint8_t)argument;
	compiler_barrier();
	if (state->direction == GPIO_DIRECTION_OUT) {
		int ret = chip_set(lines->chip, line, (uint8_t)argument);

		fault_point(FAULT_CHIP_DONE);
		if (ret < 0) {
			state->value = before;
			report_failure(lines, line, "set value", ret);
			return ret;
		}
		report_change(lines, line);
	}
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
	enum irq_action action;
	bool was_idle, is_other = argument != state->irq.type;
	int ret = 0;

	if (!lines->irq_enabled || !irq_type_valid(argument))
		return -EINVAL;
	if (state->direction == GPIO_DIRECTION_OUT && argument != IRQ_TYPE_NONE)
		return -EINVAL;

	if (is_other) {
		next.irq.type = (uint8_t)argument;
		ret = line_chip_apply(lines, line, &next);
		chip_settle(lines->chip);
		if (ret == 0) {
			ret = present_level(lines, line, argument);
			if (ret < 0)
				line_chip_apply(lines, line, state); /* as it was, if the chip still can */
		}
	}
	if (ret < 0) {
		report_failure(lines, line, "set interrupt", ret);
		return ret;
	}
	/* Also when the type is the present one: NONE once more returns a buffer that came while it was NONE. */
	action = irq_set_type(&state->irq, argument, ret > 0);
	was_idle = line_is_used(state) && state->idle != LINE_IDLE_RELEASED;
	if (was_idle)
		state->idle = LINE_IDLE_RELEASED;
	report_irq(lines, line, action);
	if (was_idle || is_other)
		report_change(lines, line);
	return 0;
}

/* Before anything is done. Every GET is free, and so is giving back. */
static bool request_is_locked(const struct line_rules *rules, const struct gpio_request *request)
{
	switch (request->type) {
	case GPIO_MSG_SET_DIRECTION:
		return !policy_allows_direction(rules, request->value);
	case GPIO_MSG_SET_VALUE:
		return !policy_allows_value(rules);
	case GPIO_MSG_SET_IRQ_TYPE:
		return !policy_allows_irq(rules, request->value);
	default:
		return false;
	}
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
	if (request_is_locked(&lines->rules[request->gpio], request)) {
		log_limited(&lines->locked_log_limit, LOG_LEVEL_DEBUG, lines->tag,
			    "line %u: request %u with value %u refused by the host's rules", request->gpio,
			    request->type, request->value);
		return response;
	}
	if (handlers[request->type](lines, request->gpio, request->value, &value) == 0)
		response = (struct gpio_response){ .status = GPIO_STATUS_OK, .value = value };
	return response;
}

enum irq_action lines_unmask(struct lines *lines, uint16_t line)
{
	struct irq *irq;

	if (line >= lines->n_lines)
		return IRQ_INVALID;
	irq = &lines->state[line].irq;
	if (irq->unmasked)
		return IRQ_INVALID; /* the second buffer of the line; the first stays */
	return irq_unmask(irq, irq_type_is_level(irq->type) && line_chip_level(lines, line));
}

void lines_mask_all(struct lines *lines)
{
	for (unsigned i = 0; i < lines->n_lines; i++)
		irq_mask(&lines->state[i].irq);
}

void lines_fired(struct lines *lines, uint16_t line)
{
	irq_fired(&lines->state[line].irq);
}

void lines_resume_fired(struct lines *lines, uint16_t line, bool replayed)
{
	irq_resume_fired(&lines->state[line].irq, replayed);
}

/* The interrupt that an edge of the line is for: the guest's, or that of the one whose front-end is away. */
static struct irq *line_irq(struct line_state *state)
{
	return line_is_used(state) ? &state->irq : &state->note.irq;
}

static void on_fetch(void *ctx, unsigned offset, unsigned n_edges)
{
	struct lines *lines = ctx;

	if (offset >= lines->n_lines)
		return;
	compiler_barrier();
	line_irq(&lines->state[offset])->unread_edges = n_edges < UINT8_MAX ? (uint8_t)n_edges : UINT8_MAX;
	compiler_barrier();
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	struct lines *lines = ctx;
	enum irq_action action;
	struct irq *irq;

	if (offset >= lines->n_lines)
		return;
	irq = line_irq(&lines->state[offset]);
	fault_point(FAULT_EDGES_READ);
	/* The edge may have waited: a level type looks at what is now, also when that costs one more operation. */
	if (irq->unmasked && irq_type_is_level(irq->type))
		level = line_chip_level(lines, (uint16_t)offset);
	action = irq_edge(irq, edge, level);
	/* It is noted now; were it noted after the answer, a death in between would make two of it. */
	compiler_barrier();
	if (irq->unread_edges == 1)
		irq->unread_edges = 0;
	compiler_barrier();
	if (irq == &lines->state[offset].note.irq && action == IRQ_LATCHED)
		lines_reconnect_latched(lines, (uint16_t)offset);
	report_irq(lines, (uint16_t)offset, action);
	report_change(lines, (uint16_t)offset);
}

static void on_changed(void *ctx, unsigned offset)
{
	struct lines *lines = ctx;

	if (offset < lines->n_lines)
		report_change(lines, (uint16_t)offset);
}

struct chip_observer lines_observer(struct lines *lines)
{
	return (struct chip_observer){ lines, on_fetch, on_edge, on_changed };
}

int lines_level(struct lines *lines, uint16_t line)
{
	return line < lines->n_lines ? chip_get(lines->chip, line) : -EINVAL;
}
