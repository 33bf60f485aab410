/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The interrupt of one line as VirtIO 1.3, 5.18.7 "Device Operation: eventq" has it, written from one rule: a buffer that
 * is held goes back when something is pending. Beside src/gpio/irq, which is a table of cases.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gpio/irq.h"

struct irq_model {
	uint32_t type;
	bool held;    /* the device has the line's buffer */
	bool latched; /* an edge that nobody was told of */
	bool firing;  /* one that is being told */
	unsigned unread_edges;
};

static inline bool irq_model_is_edge(uint32_t type)
{
	return type >= 1 && type <= 3;
}

static inline bool irq_model_is_valid(uint32_t type)
{
	return type <= 4 || type == 8;
}

static inline enum irq_action irq_model_judge(struct irq_model *model, bool level)
{
	bool pending = irq_model_is_edge(model->type) ? model->latched
		       : model->type == 4	      ? level
		       : model->type == 8	      ? !level
						      : false;

	if (!model->held || !pending)
		return IRQ_NOTHING;
	model->firing = irq_model_is_edge(model->type);
	model->held = model->latched = false;
	return IRQ_FIRE;
}

static inline enum irq_action irq_model_set_type(struct irq_model *model, uint32_t type, bool level)
{
	bool held = model->held;

	if (!irq_model_is_valid(type))
		return IRQ_NOTHING;
	if (type == 0) {
		*model = (struct irq_model){ .type = 0 };
		return held ? IRQ_INVALID : IRQ_NOTHING;
	}
	if (type == model->type)
		return IRQ_NOTHING;
	model->type = type;
	model->latched = false;
	return irq_model_judge(model, level);
}

/* rising: 1, falling: 2, as the edge types are. */
static inline enum irq_action irq_model_edge(struct irq_model *model, unsigned edge, bool level)
{
	bool wanted = irq_model_is_edge(model->type) && edge & model->type;
	enum irq_action action;

	if (irq_model_is_edge(model->type) && !wanted)
		return IRQ_NOTHING;
	if (wanted)
		model->latched = true;
	action = irq_model_judge(model, level);
	return wanted && action == IRQ_NOTHING ? IRQ_LATCHED : action;
}

static inline enum irq_action irq_model_unmask(struct irq_model *model, bool level)
{
	model->held = true;
	return irq_model_judge(model, level);
}
