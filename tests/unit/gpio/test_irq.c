/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Unit test of gpio/irq: its whole table (each state with each input, each matched by exactly one row below), scenarios
 * by the rows of the conformance list, and a long random walk beside a model that is written from one rule instead.
 */
#include "rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "gpio/irq.h"

static const uint8_t types[] = { IRQ_TYPE_NONE,	     IRQ_TYPE_EDGE_RISING, IRQ_TYPE_EDGE_FALLING,
				 IRQ_TYPE_EDGE_BOTH, IRQ_TYPE_LEVEL_HIGH,  IRQ_TYPE_LEVEL_LOW };

/* Sets of types, for the table. */
enum {
	N = 1 << 0,
	R = 1 << 1,
	F = 1 << 2,
	B = 1 << 3,
	H = 1 << 4,
	L = 1 << 5,
	EDGES = R | F | B,
	LEVELS = H | L,
	SOME = EDGES | LEVELS,
	ALL = N | SOME,
};

enum op {
	SET,
	EDGE,
	UNMASK,
	MASK,
	RESET,
};

enum {
	X = 2,	 /* any, in a condition */
	K = 2,	 /* kept, in a result */
	ARG = 3, /* the type that was set, in a result */
};

static const struct row {
	int from, latched, unmasked; /* the state before */
	enum op op;
	int arg;   /* set of types for SET, of edges for EDGE */
	int same;  /* SET: the type is the present one */
	int level; /* as told */
	enum irq_action action;
	int to_type, to_latched, to_unmasked; /* the state after: 0, 1, K or ARG */
} table[] = {
	/* Disabling always forgets, and returns what is held. */
	{ ALL, X, 0, SET, N, X, X, IRQ_NOTHING, 0, 0, 0 },
	{ ALL, X, 1, SET, N, X, X, IRQ_INVALID, 0, 0, 0 },
	/* The present type again. */
	{ SOME, X, X, SET, SOME, 1, X, IRQ_NOTHING, K, K, K },
	/* Another type drops the latch; only an active level fires. */
	{ ALL, X, X, SET, EDGES, 0, X, IRQ_NOTHING, ARG, 0, K },
	{ ALL, X, 0, SET, LEVELS, 0, X, IRQ_NOTHING, ARG, 0, 0 },
	{ ALL, X, 1, SET, H, 0, 1, IRQ_FIRE, ARG, 0, 0 },
	{ ALL, X, 1, SET, H, 0, 0, IRQ_NOTHING, ARG, 0, 1 },
	{ ALL, X, 1, SET, L, 0, 0, IRQ_FIRE, ARG, 0, 0 },
	{ ALL, X, 1, SET, L, 0, 1, IRQ_NOTHING, ARG, 0, 1 },
	/* Edges. */
	{ N, X, X, EDGE, CHIP_EDGE_BOTH, X, X, IRQ_NOTHING, K, K, K },
	{ R, X, X, EDGE, CHIP_EDGE_FALLING, X, X, IRQ_NOTHING, K, K, K },
	{ F, X, X, EDGE, CHIP_EDGE_RISING, X, X, IRQ_NOTHING, K, K, K },
	{ R, X, 1, EDGE, CHIP_EDGE_RISING, X, X, IRQ_FIRE, K, 0, 0 },
	{ F, X, 1, EDGE, CHIP_EDGE_FALLING, X, X, IRQ_FIRE, K, 0, 0 },
	{ B, X, 1, EDGE, CHIP_EDGE_BOTH, X, X, IRQ_FIRE, K, 0, 0 },
	{ R, X, 0, EDGE, CHIP_EDGE_RISING, X, X, IRQ_LATCHED, K, 1, 0 },
	{ F, X, 0, EDGE, CHIP_EDGE_FALLING, X, X, IRQ_LATCHED, K, 1, 0 },
	{ B, X, 0, EDGE, CHIP_EDGE_BOTH, X, X, IRQ_LATCHED, K, 1, 0 },
	{ LEVELS, X, 0, EDGE, CHIP_EDGE_BOTH, X, X, IRQ_NOTHING, K, K, 0 },
	{ H, X, 1, EDGE, CHIP_EDGE_BOTH, X, 1, IRQ_FIRE, K, 0, 0 },
	{ H, X, 1, EDGE, CHIP_EDGE_BOTH, X, 0, IRQ_NOTHING, K, K, 1 },
	{ L, X, 1, EDGE, CHIP_EDGE_BOTH, X, 0, IRQ_FIRE, K, 0, 0 },
	{ L, X, 1, EDGE, CHIP_EDGE_BOTH, X, 1, IRQ_NOTHING, K, K, 1 },
	/* A buffer comes. */
	{ N, X, X, UNMASK, 1, X, X, IRQ_NOTHING, K, K, 1 },
	{ EDGES, 0, X, UNMASK, 1, X, X, IRQ_NOTHING, K, 0, 1 },
	{ EDGES, 1, X, UNMASK, 1, X, X, IRQ_FIRE, K, 0, 0 },
	{ H, X, X, UNMASK, 1, X, 1, IRQ_FIRE, K, 0, 0 },
	{ H, X, X, UNMASK, 1, X, 0, IRQ_NOTHING, K, K, 1 },
	{ L, X, X, UNMASK, 1, X, 0, IRQ_FIRE, K, 0, 0 },
	{ L, X, X, UNMASK, 1, X, 1, IRQ_NOTHING, K, K, 1 },
	/* The ring stops; a new driver. */
	{ ALL, X, X, MASK, 1, X, X, IRQ_NOTHING, K, K, 0 },
	{ ALL, X, X, RESET, 1, X, X, IRQ_NOTHING, 0, 0, 0 },
};

/* One input of the table, with arg as an index into types for SET and as one edge for EDGE. */
struct input {
	enum op op;
	int arg;
	bool level;
};

static bool is(int wanted, int actual)
{
	return wanted == X || wanted == actual;
}

static const struct row *row_of(int type_index, const struct irq *irq, const struct input *in)
{
	const struct row *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct row *row = &table[i];
		int arg = in->op == SET ? 1 << in->arg : in->op == EDGE ? in->arg : 1;

		if (!(row->from & 1 << type_index) || !is(row->latched, irq->latched) ||
		    !is(row->unmasked, irq->unmasked) || row->op != in->op || !(row->arg & arg) ||
		    !is(row->same, in->arg == type_index) || !is(row->level, in->level))
			continue;
		assert_null(found);
		found = row;
	}
	assert_non_null(found);
	return found;
}

static enum irq_action apply(struct irq *irq, const struct input *in)
{
	switch (in->op) {
	case SET:
		return irq_set_type(irq, types[in->arg], in->level);
	case EDGE:
		return irq_edge(irq, (enum chip_edge)in->arg, in->level);
	case UNMASK:
		return irq_unmask(irq, in->level);
	case MASK:
		irq_mask(irq);
		return IRQ_NOTHING;
	default:
		irq_reset(irq);
		return IRQ_NOTHING;
	}
}

static void check(int type_index, bool latched, bool unmasked, const struct input *in)
{
	struct irq irq = { .type = types[type_index], .latched = latched, .unmasked = unmasked };
	const struct row *row = row_of(type_index, &irq, in);
	enum irq_action action = apply(&irq, in);

	assert_int_equal(action, row->action);
	assert_int_equal(irq.type, row->to_type == K ? types[type_index] : row->to_type == ARG ? types[in->arg] : 0);
	assert_int_equal(irq.latched, row->to_latched == K ? latched : row->to_latched);
	assert_int_equal(irq.unmasked, row->to_unmasked == K ? unmasked : row->to_unmasked);
}

static void whole_table(void **state)
{
	for (int type = 0; type < (int)ARRAY_SIZE(types); type++) {
		for (int bits = 0; bits < 8; bits++) {
			bool latched = bits & 1, unmasked = bits & 2, level = bits & 4;

			for (int arg = 0; arg < (int)ARRAY_SIZE(types); arg++)
				check(type, latched, unmasked, &(struct input){ SET, arg, level });
			check(type, latched, unmasked, &(struct input){ EDGE, CHIP_EDGE_RISING, level });
			check(type, latched, unmasked, &(struct input){ EDGE, CHIP_EDGE_FALLING, level });
			check(type, latched, unmasked, &(struct input){ UNMASK, 0, level });
			check(type, latched, unmasked, &(struct input){ MASK, 0, level });
			check(type, latched, unmasked, &(struct input){ RESET, 0, level });
		}
	}
}

static void valid_types(void **state)
{
	static const uint32_t invalid[] = { 5, 6, 7, 9, 10, 12, 15, 16, 0x10, 0x100, 0x10001, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_true(irq_type_valid(types[i]));
	for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
		assert_false(irq_type_valid(invalid[i]));
		assert_int_equal(irq_edges(invalid[i]), CHIP_EDGE_NONE);
	}
	assert_int_equal(irq_edges(IRQ_TYPE_NONE), CHIP_EDGE_NONE);
	assert_int_equal(irq_edges(IRQ_TYPE_EDGE_RISING), CHIP_EDGE_RISING);
	assert_int_equal(irq_edges(IRQ_TYPE_EDGE_FALLING), CHIP_EDGE_FALLING);
	assert_int_equal(irq_edges(IRQ_TYPE_EDGE_BOTH), CHIP_EDGE_BOTH);
	assert_int_equal(irq_edges(IRQ_TYPE_LEVEL_HIGH), CHIP_EDGE_BOTH);
	assert_int_equal(irq_edges(IRQ_TYPE_LEVEL_LOW), CHIP_EDGE_BOTH);
}

/* Any bytes are a valid state: nothing fires that has no type, and every walk from there ends in the table again. */
static void hostile_state(void **state)
{
	for (unsigned type = 0; type < 256; type++) {
		for (unsigned other = 0; other < 256; other++) {
			struct irq irq = { .type = (uint8_t)type,
					   .latched = (uint8_t)other,
					   .unmasked = (uint8_t)~other };
			bool known = irq_type_valid(type) && type != IRQ_TYPE_NONE;

			if (!known) {
				assert_int_equal(irq_edge(&irq, CHIP_EDGE_BOTH, true), IRQ_NOTHING);
				assert_int_equal(irq_unmask(&irq, true), IRQ_NOTHING);
			} else {
				irq_edge(&irq, CHIP_EDGE_BOTH, true);
				irq_unmask(&irq, true);
			}
			irq_set_type(&irq, IRQ_TYPE_EDGE_RISING, false);
			irq_set_type(&irq, IRQ_TYPE_NONE, false);
			assert_int_equal(irq.type | irq.latched | irq.unmasked, 0);
		}
	}
}

static void invalid_type_changes_nothing(void **state)
{
	struct irq irq = { .type = IRQ_TYPE_EDGE_RISING, .latched = 1 };

	assert_int_equal(irq_set_type(&irq, 5, true), IRQ_NOTHING);
	assert_int_equal(irq_set_type(&irq, 0x10001, true), IRQ_NOTHING);
	assert_int_equal(irq.type, IRQ_TYPE_EDGE_RISING);
	assert_int_equal(irq.latched, 1);
}

static void masked_until_buffer_then_latched_once(void **state)
{
	struct irq irq = { 0 };

	assert_int_equal(irq_set_type(&irq, IRQ_TYPE_EDGE_BOTH, true), IRQ_NOTHING);
	for (int i = 0; i < 5; i++)
		assert_int_equal(irq_edge(&irq, i & 1 ? CHIP_EDGE_FALLING : CHIP_EDGE_RISING, !(i & 1)), IRQ_LATCHED);
	assert_int_equal(irq_unmask(&irq, true), IRQ_FIRE);
	assert_int_equal(irq_unmask(&irq, true), IRQ_NOTHING);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_FALLING, false), IRQ_FIRE);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_LATCHED);
}

static void level_is_not_latched_and_repeats(void **state)
{
	struct irq irq = { 0 };

	irq_set_type(&irq, IRQ_TYPE_LEVEL_HIGH, false);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_NOTHING);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_FALLING, false), IRQ_NOTHING);
	assert_int_equal(irq_unmask(&irq, false), IRQ_NOTHING);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_FIRE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(irq_unmask(&irq, true), IRQ_FIRE);
	assert_int_equal(irq_unmask(&irq, false), IRQ_NOTHING);
}

/* A process that dies between firing and publishing: its successor's driver sees the edge once. */
static void fired_edge_outlives_its_process(void **state)
{
	struct irq irq = { .type = IRQ_TYPE_EDGE_RISING }, dead;

	irq_unmask(&irq, false);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_FIRE);
	assert_int_equal(irq.firing, 1);

	/* Not published: the buffer is replayed. */
	dead = irq;
	irq_resume(&dead);
	irq_resume_fired(&dead, true);
	assert_int_equal(irq_unmask(&dead, true), IRQ_FIRE);
	irq_fired(&dead);
	assert_int_equal(irq_unmask(&dead, true), IRQ_NOTHING);

	/* Published: it does not. */
	dead = irq;
	irq_resume(&dead);
	irq_resume_fired(&dead, false);
	assert_int_equal(irq_unmask(&dead, true), IRQ_NOTHING);

	/* One more that came meanwhile stays. */
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_LATCHED);
	irq_resume(&irq);
	irq_resume_fired(&irq, false);
	assert_int_equal(irq_unmask(&irq, true), IRQ_FIRE);
}

static void level_leaves_nothing(void **state)
{
	struct irq irq = { .type = IRQ_TYPE_LEVEL_HIGH, .unread_edges = 3, .firing = 1 };

	irq_resume(&irq);
	irq_resume_fired(&irq, true);
	assert_int_equal(irq_unmask(&irq, false), IRQ_NOTHING);
	irq_mask(&irq);
	assert_int_equal(irq_unmask(&irq, true), IRQ_FIRE);
	assert_int_equal(irq.firing, 0);
}

static void edge_that_may_have_been_fetched_is_one(void **state)
{
	struct irq irq = { .type = IRQ_TYPE_EDGE_FALLING, .unread_edges = 2 };

	irq_resume(&irq);
	assert_int_equal(irq.unread_edges, 0);
	assert_int_equal(irq_unmask(&irq, true), IRQ_FIRE);
}

static void none_forgets_and_returns(void **state)
{
	struct irq irq = { 0 };

	irq_set_type(&irq, IRQ_TYPE_EDGE_RISING, false);
	irq_edge(&irq, CHIP_EDGE_RISING, true);
	assert_int_equal(irq_set_type(&irq, IRQ_TYPE_NONE, true), IRQ_NOTHING);
	irq_set_type(&irq, IRQ_TYPE_EDGE_RISING, true);
	assert_int_equal(irq_unmask(&irq, true), IRQ_NOTHING);
	assert_int_equal(irq_set_type(&irq, IRQ_TYPE_NONE, true), IRQ_INVALID);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_NOTHING);
}

static void held_while_none(void **state)
{
	struct irq irq = { 0 };

	assert_int_equal(irq_unmask(&irq, true), IRQ_NOTHING);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_NOTHING);
	assert_int_equal(irq_set_type(&irq, IRQ_TYPE_EDGE_RISING, true), IRQ_NOTHING);
	assert_int_equal(irq_edge(&irq, CHIP_EDGE_RISING, true), IRQ_FIRE);
}

/* The model: one wire, one buffer, and one rule that is looked at after whatever happened. */
struct model {
	int type;
	bool wire, held, pending;
};

static bool model_rule(struct model *m)
{
	bool fires = false;

	if (m->held) {
		if (m->type == 4 || m->type == 8)
			fires = m->wire == (m->type == 4);
		else
			fires = m->pending && m->type;
	}
	if (fires)
		m->held = m->pending = false;
	return fires;
}

static enum irq_action model_step(struct model *m, int what, int type)
{
	bool was_pending = m->pending;

	if (what == 0 && type == 0) {
		bool held = m->held;

		m->type = 0;
		m->held = m->pending = false;
		return held ? IRQ_INVALID : IRQ_NOTHING;
	}
	if (what == 0 && type != m->type) {
		m->type = type;
		m->pending = was_pending = false;
	} else if (what == 1) {
		m->wire = !m->wire;
		was_pending = false;
		if ((m->wire && (m->type == 1 || m->type == 3)) || (!m->wire && (m->type == 2 || m->type == 3)))
			m->pending = true;
		else if (m->pending)
			was_pending = true;
	} else if (what == 2) {
		m->held = true;
	} else if (what == 3) {
		m->held = false;
	}
	if (model_rule(m))
		return IRQ_FIRE;
	return what == 1 && m->pending && !was_pending ? IRQ_LATCHED : IRQ_NOTHING;
}

static void random_walk_beside_model(void **state)
{
	struct model m = { 0 };
	struct irq irq = { 0 };
	unsigned seed = 20240607;

	for (int i = 0; i < 2000000; i++) {
		int what = rand_r(&seed) % 8, type = types[(unsigned)rand_r(&seed) % ARRAY_SIZE(types)];
		enum irq_action expected, actual = IRQ_NOTHING;

		what = what >= 5 ? 1 + what % 2 : what == 4 ? 1 : what;
		if (what == 2 && m.held)
			continue;
		expected = model_step(&m, what, type);
		if (what == 0)
			actual = irq_set_type(&irq, (uint32_t)type, m.wire);
		else if (what == 1)
			actual = irq_edge(&irq, m.wire ? CHIP_EDGE_RISING : CHIP_EDGE_FALLING, m.wire);
		else if (what == 2)
			actual = irq_unmask(&irq, m.wire);
		else
			irq_mask(&irq);
		assert_int_equal(actual, expected);
		assert_int_equal(irq.unmasked, m.held);
		assert_int_equal(irq.type, m.type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST("S-02 S-05", fired_edge_outlives_its_process),
		ROW_TEST("S-06", level_leaves_nothing),
		ROW_TEST("S-05", edge_that_may_have_been_fetched_is_one),
		ROW_TEST("G-52", valid_types),
		ROW_TEST("G-53 G-54 G-55 G-56 G-59 G-61 G-64 G-65 G-68 G-69 G-73", whole_table),
		cmocka_unit_test(hostile_state),
		ROW_TEST("G-52", invalid_type_changes_nothing),
		ROW_TEST("G-55 G-56 G-57 G-61", masked_until_buffer_then_latched_once),
		ROW_TEST("G-54 G-58 G-59", level_is_not_latched_and_repeats),
		ROW_TEST("G-64 G-65 G-66", none_forgets_and_returns),
		ROW_TEST("G-73 G-74", held_while_none),
		cmocka_unit_test(random_walk_beside_model),
	};

	return cmocka_run_group_tests_name("gpio/irq", tests, NULL, NULL);
}
