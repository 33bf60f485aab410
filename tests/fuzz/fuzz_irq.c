/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: the interrupt automaton beside a model, step by step. Each byte is an operation and its argument:
 *
 *   0x00 type      the driver sets the type, any number       0x10 edge | level << 2   an edge
 *   0x20 | level   the driver gives a buffer                  0x30                     the ring stops
 *   0x40           what fired is the driver's                 0x50 n                   n edges are being fetched
 *   0x60           a successor takes up                       0x70 | comes_again       and learns what fired
 *   0x80           reset                                      0x90 byte...             any bytes, as a hostile session
 */
#include <string.h>

#include "input.h"
#include "irq_model.h"

static struct irq irq;
static struct irq_model model;

static void same(enum irq_action got, enum irq_action wanted)
{
	if (got != wanted)
		FOUND("action %d, the model's is %d", got, wanted);
	if (irq.type != model.type || irq.latched != model.latched || irq.unmasked != model.held ||
	    irq.firing != model.firing || irq.unread_edges != model.unread_edges)
		FOUND("another state: type %u %u, latched %d %d, held %d %d, firing %d %d", irq.type, model.type,
		      irq.latched, model.latched, irq.unmasked, model.held, irq.firing, model.firing);
}

static void op_set_type(uint8_t argument, struct input *in)
{
	uint32_t type = next_byte(in);

	if (type == UINT8_MAX)
		type = next_u32(in);
	MUST(irq_type_valid(type) == irq_model_is_valid(type));
	same(irq_set_type(&irq, type, argument & 1), irq_model_set_type(&model, type, argument & 1));
}

static void op_edge(uint8_t argument, struct input *in)
{
	bool level = argument & 4;

	same(irq_edge(&irq, argument & 3, level), irq_model_edge(&model, argument & 3, level));
}

static void op_unmask(uint8_t argument, struct input *in)
{
	if (!irq.unmasked)
		same(irq_unmask(&irq, argument & 1), irq_model_unmask(&model, argument & 1));
}

static void op_mask(uint8_t argument, struct input *in)
{
	irq_mask(&irq);
	model.held = false;
	same(IRQ_NOTHING, IRQ_NOTHING);
}

static void op_fired(uint8_t argument, struct input *in)
{
	irq_fired(&irq);
	model.firing = false;
	same(IRQ_NOTHING, IRQ_NOTHING);
}

static void op_fetch(uint8_t argument, struct input *in)
{
	irq.unread_edges = next_byte(in);
	model.unread_edges = irq.unread_edges;
}

/* One edge too many is better than one too few. */
static void op_resume(uint8_t argument, struct input *in)
{
	irq_resume(&irq);
	model.held = false;
	model.latched = irq_model_is_edge(model.type) && (model.latched || model.unread_edges > 0);
	model.firing = irq_model_is_edge(model.type) && model.firing;
	model.unread_edges = 0;
	same(IRQ_NOTHING, IRQ_NOTHING);
}

static void op_resume_fired(uint8_t argument, struct input *in)
{
	irq_resume_fired(&irq, argument & 1);
	model.latched = model.latched || (model.firing && argument & 1);
	model.firing = false;
	same(IRQ_NOTHING, IRQ_NOTHING);
}

static void op_reset(uint8_t argument, struct input *in)
{
	irq_reset(&irq);
	model = (struct irq_model){ .type = 0 };
	same(IRQ_NOTHING, IRQ_NOTHING);
}

/* Any bytes are a valid state: every call on them returns, and an answer is one that there is. */
static void op_damage(uint8_t argument, struct input *in)
{
	uint8_t bytes[sizeof(irq)];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = next_byte(in);
	memcpy(&irq, bytes, sizeof(irq));
	irq_resume(&irq);
	MUST(!irq.unmasked && !irq.unread_edges && irq.latched <= 1 && irq.firing <= 1);
	irq_resume_fired(&irq, argument & 1);
	MUST(irq_edge(&irq, CHIP_EDGE_BOTH, argument & 2) <= IRQ_INVALID);
	MUST(irq_unmask(&irq, argument & 4) <= IRQ_FIRE);
	op_reset(0, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const ops[])(uint8_t argument, struct input * in) = {
		op_set_type, op_edge,	op_unmask,	 op_mask,  op_fired,
		op_fetch,    op_resume, op_resume_fired, op_reset, op_damage,
	};
	struct input in = { data, size };

	op_reset(0, &in);
	while (in.left > 0) {
		uint8_t op = next_byte(&in);

		if (op >> 4 < (int)(sizeof(ops) / sizeof(*ops)))
			ops[op >> 4](op & 15, &in);
	}
	return 0;
}
