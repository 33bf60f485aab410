/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Unit test of worker/wires/wiring: what a table and the memory of others make of the lines of a chip. The peers are this
 * test, which writes their words.
 */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "loop/loop.h"
#include "worker/wires/wiring_make.h"

#define LINES 8
#define PEERS 3
#define ROWS  32
#define MS    UINT64_C(1000000)

struct fixture {
	struct loop loop;
	struct chip_spec spec;
	struct chip_found found;
	void *state;
	struct chip *chip;
	struct wiring wiring;
	struct log_limit limit;
	int memories[PEERS];
	uint32_t *words[PEERS];
	struct wire_row rows[ROWS];
	unsigned n_rows;
	unsigned edges;
};

static void on_fetch(void *ctx, unsigned offset, unsigned n)
{
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	((struct fixture *)ctx)->edges++;
}

static void on_changed(void *ctx, unsigned offset)
{
}

static void on_drives(void *ctx, unsigned offset)
{
	wiring_drives(&((struct fixture *)ctx)->wiring, offset);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct chip_host host = { .loop = &f->loop,
					.tag = "t",
					.consumer = "c",
					.observer = { f, on_fetch, on_edge, on_changed },
					.wires = { f, on_drives } };
	struct why why;

	*state = f;
	if (loop_init(&f->loop) < 0 || chip_spec_parse("s8", 2, &f->spec) < 0 ||
	    chip_probe(&f->spec, &f->found, &why) < 0)
		return -1;
	f->state = calloc(1, f->found.state_size);
	for (unsigned i = 0; i < PEERS; i++) {
		f->memories[i] = memfd_create("words", MFD_CLOEXEC);
		if (ftruncate(f->memories[i], WIRE_MEMORY_SIZE(LINES)) < 0)
			return -1;
		f->words[i] =
			mmap(NULL, WIRE_MEMORY_SIZE(LINES), PROT_READ | PROT_WRITE, MAP_SHARED, f->memories[i], 0);
	}
	return chip_attach(&f->spec, &f->found, f->state, &host, &f->chip);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	wiring_free(&f->wiring);
	chip_detach(f->chip);
	for (unsigned i = 0; i < PEERS; i++) {
		munmap(f->words[i], WIRE_MEMORY_SIZE(LINES));
		close(f->memories[i]);
	}
	loop_deinit(&f->loop);
	free(f->state);
	free(f);
	return 0;
}

static struct wire_row *row(struct fixture *f, enum wire_row_kind kind, uint32_t line, uint32_t peer,
			    uint32_t peer_line)
{
	struct wire_row *added = &f->rows[f->n_rows++];

	*added = (struct wire_row){ .line = line, .kind = kind, .peer = peer, .peer_line = peer_line };
	snprintf(added->name, sizeof(added->name), "%c.%u", (char)('a' + peer), peer_line);
	return added;
}

static int make(struct fixture *f)
{
	struct wire_intake intake = { .n_peers = 0 };
	int table = memfd_create("table", MFD_CLOEXEC), ret;

	assert_true(pwrite(table, f->rows, f->n_rows * sizeof(f->rows[0]), 0) >= 0);
	wire_intake_take(&intake, WIRE_KEY(WIRE_MEMORY, PEERS), dup(f->memories[0]));
	for (unsigned i = 1; i < PEERS; i++) {
		wire_intake_take(&intake, WIRE_KEY(WIRE_PEER, i), dup(f->memories[i]));
		wire_intake_take(&intake, WIRE_KEY(WIRE_BELL, i), eventfd(0, EFD_CLOEXEC));
		wire_intake_take(&intake, WIRE_KEY(WIRE_RING, i), eventfd(0, EFD_CLOEXEC));
	}
	assert_true(wire_intake_take(&intake, WIRE_KEY(WIRE_TABLE, f->n_rows), table));
	wiring_free(&f->wiring);
	ret = wiring_make(&f->wiring, &intake, f->chip, "t", &f->limit);
	wire_intake_clear(&intake);
	return ret;
}

static void begin(struct fixture *f, uint64_t now_ns)
{
	assert_int_equal(make(f), 0);
	wiring_begin(&f->wiring, now_ns);
}

/* A peer's line brings this from now on. */
static void bring(struct fixture *f, unsigned peer, unsigned line, uint32_t brings)
{
	uint32_t *word = &f->words[peer][line];

	*word = ((*word & ~0xffffu) + WIRE_WORD_COUNT_IN) | (*word & WIRE_WORD_BITS) << WIRE_WORD_BEFORE | brings;
}

static void look(struct fixture *f, unsigned peer, uint64_t now_ns)
{
	wiring_look(&f->wiring, UINT64_C(1) << peer, now_ns);
}

static void input(struct fixture *f, unsigned line)
{
	const struct chip_line_config config = { .direction = CHIP_DIRECTION_IN, .edges = CHIP_EDGE_BOTH };

	assert_int_equal(chip_configure(f->chip, line, &config), 0);
}

static void output(struct fixture *f, unsigned line, uint8_t value, uint8_t drive)
{
	const struct chip_line_config config = { .direction = CHIP_DIRECTION_OUT,
						 .value = value,
						 .settings.drive = drive };

	assert_int_equal(chip_configure(f->chip, line, &config), 0);
}

/* Line 1, joined to b.2 and c.3. */
static void a_net_of_three(struct fixture *f)
{
	row(f, WIRE_ROW_LINE, 1, 0, 1)->first = 1;
	row(f, WIRE_ROW_MEMBER, 1, 1, 2);
	row(f, WIRE_ROW_MEMBER, 1, 2, 3);
	row(f, WIRE_ROW_LISTENER, 1, 1, 0);
	row(f, WIRE_ROW_LISTENER, 1, 2, 0);
}

/* Line 1, fed by a gate from b.2. */
static void a_gate(struct fixture *f, uint32_t delay_us, bool invert)
{
	struct wire_row *gate;

	row(f, WIRE_ROW_LINE, 1, 0, 1)->first = 1;
	gate = row(f, WIRE_ROW_GATE, 1, 1, 2);
	gate->delay_us = delay_us;
	gate->invert = invert;
}

static void wired_and(void **state)
{
	struct fixture *f = *state;

	a_net_of_three(f);
	begin(f, 0);
	output(f, 1, 1, CHIP_DRIVE_OPEN_DRAIN);
	bring(f, 1, 2, CHIP_PULLS_UP);
	look(f, 1, 0);
	assert_int_equal(chip_get(f->chip, 1), 1);
	for (unsigned low = 0; low < 8; low++) {
		bring(f, 1, 2, CHIP_PULLS_UP | (low & 1 ? CHIP_DRIVES_LOW : 0));
		look(f, 1, 0);
		bring(f, 2, 3, low & 2 ? CHIP_DRIVES_LOW : 0);
		look(f, 2, 0);
		assert_int_equal(chip_set(f->chip, 1, !(low & 4)), 0);
		assert_int_equal(chip_get(f->chip, 1), low == 0);
		assert_int_equal(f->words[0][1] & WIRE_WORD_BITS, low & 4 ? CHIP_DRIVES_LOW : 0);
	}
}

static void peers_are_told_of_what_changes(void **state)
{
	struct fixture *f = *state;
	uint32_t count;

	a_net_of_three(f);
	begin(f, 0);
	assert_int_equal(f->wiring.told, 6);
	f->wiring.told = 0;
	output(f, 1, 1, CHIP_DRIVE_PUSH_PULL);
	assert_int_equal(f->wiring.told, 6);
	count = f->words[0][1] >> WIRE_WORD_COUNT;
	f->wiring.told = 0;
	chip_set(f->chip, 1, 1);
	output(f, 2, 1, CHIP_DRIVE_PUSH_PULL); /* which has no wire */
	bring(f, 1, 2, CHIP_DRIVES_HIGH);
	look(f, 1, 0);
	assert_int_equal(f->wiring.told, 0);
	chip_set(f->chip, 1, 0);
	chip_set(f->chip, 1, 1);
	assert_int_equal((f->words[0][1] >> WIRE_WORD_COUNT) - count, 2);
	assert_int_equal(f->words[0][1] >> WIRE_WORD_BEFORE & WIRE_WORD_BITS, CHIP_DRIVES_LOW);
	assert_int_equal(f->words[0][2], 0);
}

static void pulses_show(void **state)
{
	struct fixture *f = *state;

	a_net_of_three(f);
	begin(f, 0);
	input(f, 1);
	bring(f, 1, 2, CHIP_DRIVES_HIGH);
	bring(f, 1, 2, CHIP_DRIVES_LOW);
	look(f, 1, 0);
	assert_int_equal(f->edges, 2);
	look(f, 1, 0);
	assert_int_equal(f->edges, 2);
	/* One that cannot be seen behind another driver is none. */
	bring(f, 2, 3, CHIP_DRIVES_LOW);
	look(f, 2, 0);
	bring(f, 1, 2, 0);
	bring(f, 1, 2, CHIP_DRIVES_LOW);
	look(f, 1, 0);
	assert_int_equal(f->edges, 2);
}

/* What a predecessor has not seen: the number of changes that it had seen is in our memory. */
static void a_successor_sees_what_was_missed(void **state)
{
	struct fixture *f = *state;

	a_gate(f, 0, false);
	begin(f, 0);
	input(f, 1);
	bring(f, 1, 2, CHIP_DRIVES_HIGH);
	bring(f, 1, 2, CHIP_DRIVES_LOW);
	begin(f, 0);
	assert_int_equal(f->edges, 2);
	begin(f, 0);
	assert_int_equal(f->edges, 2);
	bring(f, 1, 2, CHIP_DRIVES_HIGH);
	begin(f, 0);
	assert_int_equal(f->edges, 3);
}

static void an_inverter(void **state)
{
	struct fixture *f = *state;

	a_gate(f, 0, true);
	begin(f, 0);
	assert_int_equal(chip_outside_level(f->chip, 1), 1);
	assert_int_equal(f->words[0][1] & WIRE_WORD_BITS, WIRE_GATE_HIGH);
	bring(f, 1, 2, CHIP_DRIVES_HIGH);
	look(f, 1, 0);
	assert_int_equal(chip_outside_level(f->chip, 1), 0);
	/* It drives: who drives against it has a conflict. */
	output(f, 1, 1, CHIP_DRIVE_PUSH_PULL);
	assert_int_equal(chip_outside_level(f->chip, 1), -ENOTUNIQ);
}

static void a_delay(void **state)
{
	struct fixture *f = *state;

	a_gate(f, 5000, false);
	begin(f, 0);
	assert_true(wiring_due_ns(&f->wiring) == WIRING_NEVER);
	bring(f, 1, 2, CHIP_DRIVES_HIGH);
	look(f, 1, 10 * MS);
	bring(f, 1, 2, CHIP_DRIVES_LOW);
	look(f, 1, 12 * MS);
	assert_true(wiring_due_ns(&f->wiring) == 15 * MS);
	wiring_settle(&f->wiring, 15 * MS - 1);
	assert_int_equal(chip_outside_level(f->chip, 1), 0);
	wiring_settle(&f->wiring, 15 * MS);
	assert_int_equal(chip_outside_level(f->chip, 1), 1);
	wiring_settle(&f->wiring, 17 * MS);
	assert_int_equal(chip_outside_level(f->chip, 1), 0);
	assert_true(wiring_due_ns(&f->wiring) == WIRING_NEVER);
	/* A successor's delay begins anew; until then the line is what it was. */
	bring(f, 1, 2, CHIP_DRIVES_HIGH);
	look(f, 1, 20 * MS);
	begin(f, 22 * MS);
	assert_int_equal(chip_outside_level(f->chip, 1), 0);
	wiring_settle(&f->wiring, 27 * MS);
	assert_int_equal(chip_outside_level(f->chip, 1), 1);
}

/* However fast it changes: so many are held, and the last level comes. */
static void a_delay_holds_so_many(void **state)
{
	struct fixture *f = *state;

	a_gate(f, 5000, false);
	begin(f, 0);
	input(f, 1);
	for (unsigned i = 1; i <= 1001; i++) {
		bring(f, 1, 2, i % 2 ? CHIP_DRIVES_HIGH : CHIP_DRIVES_LOW);
		look(f, 1, i);
	}
	wiring_settle(&f->wiring, 10 * MS);
	assert_int_equal(chip_outside_level(f->chip, 1), 1);
	assert_true(f->edges <= WIRE_HELD_MAX);
	assert_true(f->edges >= WIRE_HELD_MAX - 2);
}

/* A peer may write anything at any time. */
static void whatever_a_peer_writes(void **state)
{
	struct fixture *f = *state;

	a_net_of_three(f);
	row(f, WIRE_ROW_LINE, 2, 0, 2);
	row(f, WIRE_ROW_GATE, 2, 1, 2)->delay_us = 1;
	begin(f, 0);
	srand(1);
	for (unsigned i = 0; i < 100000; i++) {
		f->words[1][2] = (uint32_t)rand() << 8 ^ (uint32_t)rand();
		look(f, 1, i);
		wiring_settle(&f->wiring, i);
		/* What our lines bring is ours alone. */
		assert_int_equal(f->words[0][1] & WIRE_WORD_BITS, 0);
		assert_true(f->words[0][2] & (WIRE_GATE_LOW | WIRE_GATE_HIGH));
	}
}

static void tables_that_are_none(void **state)
{
	struct fixture *f = *state;
	struct wire_row good[ROWS];
	unsigned n;

	a_net_of_three(f);
	row(f, WIRE_ROW_LINE, 4, 0, 4);
	row(f, WIRE_ROW_GATE, 4, 1, 2);
	memcpy(good, f->rows, sizeof(good));
	n = f->n_rows;
	assert_int_equal(make(f), 0);
#define BAD(statement)                                                                                                 \
	do {                                                                                                           \
		memcpy(f->rows, good, sizeof(good));                                                                   \
		f->n_rows = n;                                                                                         \
		statement;                                                                                             \
		assert_int_equal(make(f), -EBADMSG);                                                                   \
	} while (0)
	BAD(f->rows[0].kind = WIRE_ROW_MEMBER);
	BAD(f->rows[1].kind = 17);
	BAD(f->rows[1].line = 2);
	BAD(f->rows[1].peer = PEERS);
	BAD(f->rows[1].peer_line = LINES);
	BAD(f->rows[1].peer_line = UINT32_MAX);
	BAD(f->rows[0].line = LINES);
	BAD(f->rows[5].line = 1);
	BAD(f->rows[5].line = 0);
	BAD(f->rows[6].gate = 1);
	BAD(f->rows[6].delay_us = UINT32_MAX);
	BAD(memset(f->rows[2].name, 'x', sizeof(f->rows[2].name)));
	BAD(f->rows[1].kind = WIRE_ROW_LISTENER); /* before a member */
#undef BAD
	memcpy(f->rows, good, sizeof(good));
	f->n_rows = 0;
	assert_int_equal(make(f), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wired_and, setup, teardown),
		cmocka_unit_test_setup_teardown(peers_are_told_of_what_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(pulses_show, setup, teardown),
		cmocka_unit_test_setup_teardown(a_successor_sees_what_was_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(an_inverter, setup, teardown),
		cmocka_unit_test_setup_teardown(a_delay, setup, teardown),
		cmocka_unit_test_setup_teardown(a_delay_holds_so_many, setup, teardown),
		cmocka_unit_test_setup_teardown(whatever_a_peer_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(tables_that_are_none, setup, teardown),
	};

	return cmocka_run_group_tests_name("wiring", tests, NULL, NULL);
}
