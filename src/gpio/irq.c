/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The interrupt automaton of one line.
 *
 * A type is wanted edges and, for the level types, the level that is active: the table below. Only edge types latch.
 * Whoever fires uses up the latch and the buffer: the line is masked until the driver gives another one.
 */
#include "gpio/irq.h"

#include "base/barrier.h"
#include "base/util.h"

enum irq_kind {
	IRQ_KIND_INVALID, /* of a type that does not exist: behaves as NONE */
	IRQ_KIND_NONE,
	IRQ_KIND_EDGE,
	IRQ_KIND_LEVEL,
};

static const struct irq_trigger {
	enum irq_kind kind;
	enum chip_edge edges;
	bool active_level;
} irq_triggers[] = {
	[IRQ_TYPE_NONE] = { IRQ_KIND_NONE, CHIP_EDGE_NONE, false },
	[IRQ_TYPE_EDGE_RISING] = { IRQ_KIND_EDGE, CHIP_EDGE_RISING, false },
	[IRQ_TYPE_EDGE_FALLING] = { IRQ_KIND_EDGE, CHIP_EDGE_FALLING, false },
	[IRQ_TYPE_EDGE_BOTH] = { IRQ_KIND_EDGE, CHIP_EDGE_BOTH, false },
	[IRQ_TYPE_LEVEL_HIGH] = { IRQ_KIND_LEVEL, CHIP_EDGE_BOTH, true },
	[IRQ_TYPE_LEVEL_LOW] = { IRQ_KIND_LEVEL, CHIP_EDGE_BOTH, false },
};

static const struct irq_trigger *irq_trigger(uint32_t type)
{
	static const struct irq_trigger invalid = { IRQ_KIND_INVALID, CHIP_EDGE_NONE, false };

	return type < ARRAY_SIZE(irq_triggers) ? &irq_triggers[type] : &invalid;
}

bool irq_type_valid(uint32_t type)
{
	return irq_trigger(type)->kind != IRQ_KIND_INVALID;
}

enum chip_edge irq_edges(uint32_t type)
{
	return irq_trigger(type)->edges;
}

/* A level is looked at again whenever a buffer comes: only edges are remembered. In this order: see irq.h. */
static enum irq_action irq_fire(struct irq *irq, const struct irq_trigger *trigger)
{
	irq->firing = trigger->kind == IRQ_KIND_EDGE;
	compiler_barrier();
	irq->latched = 0;
	irq->unmasked = 0;
	return IRQ_FIRE;
}

static bool level_is_active(const struct irq_trigger *trigger, bool level)
{
	return trigger->kind == IRQ_KIND_LEVEL && level == trigger->active_level;
}

static enum irq_action irq_disable(struct irq *irq)
{
	bool held = irq->unmasked;

	irq_reset(irq);
	return held ? IRQ_INVALID : IRQ_NOTHING;
}

enum irq_action irq_set_type(struct irq *irq, uint32_t type, bool level)
{
	if (type == IRQ_TYPE_NONE)
		return irq_disable(irq);
	if (type == irq->type || !irq_type_valid(type))
		return IRQ_NOTHING;
	irq->type = (uint8_t)type;
	irq->latched = 0;
	return irq->unmasked && level_is_active(irq_trigger(type), level) ? irq_fire(irq, irq_trigger(type))
									  : IRQ_NOTHING;
}

enum irq_action irq_edge(struct irq *irq, enum chip_edge edge, bool level)
{
	const struct irq_trigger *trigger = irq_trigger(irq->type);

	if (trigger->kind == IRQ_KIND_LEVEL)
		return irq->unmasked && level_is_active(trigger, level) ? irq_fire(irq, trigger) : IRQ_NOTHING;
	/* Also an edge that was seen under an earlier type, or that nobody asked for. */
	if (!(edge & trigger->edges))
		return IRQ_NOTHING;
	if (irq->unmasked)
		return irq_fire(irq, trigger);
	irq->latched = 1;
	return IRQ_LATCHED;
}

enum irq_action irq_unmask(struct irq *irq, bool level)
{
	const struct irq_trigger *trigger = irq_trigger(irq->type);
	bool pending = trigger->kind == IRQ_KIND_EDGE ? irq->latched : level_is_active(trigger, level);

	irq->unmasked = 1;
	return pending ? irq_fire(irq, trigger) : IRQ_NOTHING;
}

void irq_mask(struct irq *irq)
{
	irq->unmasked = 0;
}

void irq_fired(struct irq *irq)
{
	irq->firing = 0;
}

void irq_resume(struct irq *irq)
{
	bool is_edge = irq_trigger(irq->type)->kind == IRQ_KIND_EDGE;

	irq_mask(irq);
	irq->latched = is_edge && (irq->latched || irq->unread_edges);
	irq->firing = is_edge && irq->firing;
	compiler_barrier();
	irq->unread_edges = 0;
}

void irq_resume_fired(struct irq *irq, bool replayed)
{
	if (irq->firing && replayed)
		irq->latched = 1;
	compiler_barrier();
	irq->firing = 0;
}

void irq_reset(struct irq *irq)
{
	*irq = (struct irq){ .type = IRQ_TYPE_NONE };
}
