/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Unit test of worker/wires/wires: bells, and when lines are looked at. The peer is this test, which may do with a bell what
 * a process in a guest's hand may.
 */
#include "rows.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/timed_io.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "ipc/wire_channel.h"
#include "loop/loop.h"
#include "worker/wires/bell_limit.h"
#include "worker/wires/wires.h"

#define LINES	8
#define IN	1 /* what the peer drives */
#define LATE	2 /* follows IN, the peer's, LATE_US later */
#define OUT	3 /* what it is told of */
#define LATE_US 200000
#define WAIT_NS (UINT64_C(5) * 1000 * 1000 * 1000)

static const uint64_t once = 1;

struct fixture {
	struct loop loop;
	struct chip_spec spec;
	struct chip_found found;
	void *state;
	struct chip *chip;
	struct wires *wires;
	int memory, theirs, bell, ring;
	uint32_t *words; /* the peer's */
	unsigned edges[LINES];
};

static void on_fetch(void *ctx, unsigned offset, unsigned n)
{
}

static void on_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	((struct fixture *)ctx)->edges[offset]++;
}

static void on_changed(void *ctx, unsigned offset)
{
}

static int words_make(void)
{
	int fd = memfd_create("words", MFD_CLOEXEC);

	return fd >= 0 && ftruncate(fd, WIRE_MEMORY_SIZE(LINES)) == 0 ? fd : -1;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct chip_host host = {
		.loop = &f->loop, .tag = "t", .consumer = "c", .observer = { f, on_fetch, on_edge, on_changed }
	};
	struct why why;

	*state = f;
	f->memory = words_make();
	f->theirs = words_make();
	f->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->ring = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->words = mmap(NULL, WIRE_MEMORY_SIZE(LINES), PROT_READ | PROT_WRITE, MAP_SHARED, f->theirs, 0);
	if (timed_io_init() < 0 || loop_init(&f->loop) < 0 || chip_spec_parse("s8", 2, &f->spec) < 0 ||
	    chip_probe(&f->spec, &f->found, &why) < 0)
		return -1;
	f->state = calloc(1, f->found.state_size);
	f->wires = wires_new(&f->loop, "t");
	host.wires = wires_of_chip(f->wires);
	if (chip_attach(&f->spec, &f->found, f->state, &host, &f->chip) < 0)
		return -1;
	wires_attach(f->wires, f->chip);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	wires_free(f->wires);
	chip_detach(f->chip);
	munmap(f->words, WIRE_MEMORY_SIZE(LINES));
	fd_close(&f->memory);
	fd_close(&f->theirs);
	fd_close(&f->bell);
	fd_close(&f->ring);
	loop_deinit(&f->loop);
	free(f->state);
	free(f);
	return 0;
}

static void tell(struct fixture *f, const struct wire_row *rows, unsigned n)
{
	int table = memfd_create("table", MFD_CLOEXEC);

	assert_int_equal(pwrite(table, rows, n * sizeof(rows[0]), 0), n * sizeof(rows[0]));
	wires_message(f->wires, WIRE_KEY(WIRE_MEMORY, 2), fcntl(f->memory, F_DUPFD_CLOEXEC, 0));
	wires_message(f->wires, WIRE_KEY(WIRE_PEER, 1), fcntl(f->theirs, F_DUPFD_CLOEXEC, 0));
	wires_message(f->wires, WIRE_KEY(WIRE_BELL, 1), fcntl(f->bell, F_DUPFD_CLOEXEC, 0));
	wires_message(f->wires, WIRE_KEY(WIRE_RING, 1), fcntl(f->ring, F_DUPFD_CLOEXEC, 0));
	wires_message(f->wires, WIRE_KEY(WIRE_TABLE, n), table);
	assert_int_equal(loop_turn(&f->loop, 0), 0);
}

/* Line IN is joined with the peer's, and LATE follows that one, too; the peer is told of OUT, if that is wired. */
static void join(struct fixture *f, bool out)
{
	const struct wire_row rows[] = {
		{ .line = IN, .kind = WIRE_ROW_LINE },
		{ .line = IN, .kind = WIRE_ROW_MEMBER, .peer = 1, .peer_line = IN },
		{ .line = LATE, .kind = WIRE_ROW_LINE },
		{ .line = LATE, .kind = WIRE_ROW_GATE, .peer = 1, .peer_line = IN, .delay_us = LATE_US, .name = "p.1" },
		{ .line = OUT, .kind = WIRE_ROW_LINE },
		{ .line = OUT, .kind = WIRE_ROW_LISTENER, .peer = 1 },
	};

	tell(f, rows, sizeof(rows) / sizeof(rows[0]) - (out ? 0 : 2));
}

static void make_input(struct fixture *f, unsigned line)
{
	const struct chip_line_config input = { .direction = CHIP_DIRECTION_IN, .edges = CHIP_EDGE_BOTH };

	assert_int_equal(chip_configure(f->chip, line, &input), 0);
}

static void line_bring(struct fixture *f, unsigned line, uint32_t brings)
{
	uint32_t *word = &f->words[line];

	*word = ((*word & ~0xffffu) + WIRE_WORD_COUNT_IN) | (*word & WIRE_WORD_BITS) << WIRE_WORD_BEFORE | brings;
}

static void bring(struct fixture *f, uint32_t brings)
{
	line_bring(f, IN, brings);
}

static void ring(int bell)
{
	assert_int_equal(write(bell, &once, sizeof(once)), sizeof(once));
}

/* Whether a turn would find something to do. */
static bool has_work(const struct fixture *f)
{
	struct pollfd pfd = { .fd = f->loop.epoll_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

static void wait_level(struct fixture *f, bool level)
{
	uint64_t end_ns = clock_now_ns() + WAIT_NS;

	while (chip_outside_level(f->chip, IN) != level && clock_now_ns() < end_ns)
		assert_int_equal(loop_turn(&f->loop, 100), 0);
	assert_int_equal(chip_outside_level(f->chip, IN), level);
}

/* However often it rings, it costs so much work and no more, and what it changes is seen. */
static void a_bell_that_is_rung_without_end(void **state)
{
	struct fixture *f = *state;
	const unsigned rings = 50000;
	unsigned answered = 0;
	uint64_t begin_ns, ns;
	bool level = false;

	join(f, true);
	begin_ns = clock_now_ns();
	for (unsigned i = 0; i < rings; i++) {
		if (i % 1000 == 0) {
			level = !level;
			bring(f, level ? CHIP_DRIVES_HIGH : CHIP_DRIVES_LOW);
		}
		ring(f->bell);
		answered += has_work(f);
		assert_int_equal(loop_turn(&f->loop, 0), 0);
	}
	ns = clock_now_ns() - begin_ns;
	print_message("of %u rings in %llu us %u were answered\n", rings, (unsigned long long)ns / 1000, answered);
	/* Each pause may end with one more. */
	assert_true(answered <= BELLS_AT_ONCE + ns / BELL_EACH_NS + ns / 1000000 + 2);
	wait_level(f, level);
	/* The last word, rung for once in a pause. */
	bring(f, level ? CHIP_DRIVES_LOW : CHIP_DRIVES_HIGH);
	ring(f->bell);
	wait_level(f, !level);
}

static void drive(struct fixture *f, bool level)
{
	assert_int_equal(chip_outside_drive(f->chip, OUT, level), 0);
	assert_int_equal(loop_turn(&f->loop, 0), 0);
}

/* One that is full is not written to at each change: each time that may wait. The peer is rung for in the end. */
static void a_bell_that_is_full(void **state)
{
	const uint64_t full = 0xfffffffffffffffeull;
	struct fixture *f = *state;
	uint64_t rings, begin_ns;
	struct pollfd pfd = { .fd = f->ring, .events = POLLIN };

	join(f, true);
	assert_int_equal(read(f->ring, &rings, sizeof(rings)), sizeof(rings));
	drive(f, true);
	assert_int_equal(read(f->ring, &rings, sizeof(rings)), sizeof(rings));
	assert_int_equal(rings, 1);
	assert_int_equal(write(f->ring, &full, sizeof(full)), sizeof(full));
	begin_ns = clock_now_ns();
	drive(f, false);
	assert_int_equal(read(f->ring, &rings, sizeof(rings)), sizeof(rings));
	for (unsigned i = 0; i < 100; i++)
		drive(f, i % 2);
	if (clock_now_ns() - begin_ns < 900000000)
		assert_int_equal(poll(&pfd, 1, 0), 0);
	while (poll(&pfd, 1, 0) == 0 && clock_now_ns() - begin_ns < WAIT_NS)
		assert_int_equal(loop_turn(&f->loop, 100), 0);
	assert_int_equal(read(f->ring, &rings, sizeof(rings)), sizeof(rings));
}

/* Wires that come and go elsewhere take nothing from what a delayed one holds. */
static void what_is_held_when_others_come(void **state)
{
	struct fixture *f = *state;
	uint64_t begin_ns;

	join(f, false);
	make_input(f, LATE);
	bring(f, CHIP_DRIVES_HIGH);
	ring(f->bell);
	assert_int_equal(loop_turn(&f->loop, 0), 0);
	bring(f, CHIP_DRIVES_LOW);
	ring(f->bell);
	assert_int_equal(loop_turn(&f->loop, 0), 0);
	begin_ns = clock_now_ns();
	for (unsigned i = 0; f->edges[LATE] < 2 && clock_now_ns() - begin_ns < WAIT_NS; i++) {
		join(f, i % 2 == 0);
		assert_int_equal(loop_turn(&f->loop, LATE_US / 5000), 0);
	}
	assert_int_equal(f->edges[LATE], 2);
	assert_int_equal(chip_outside_level(f->chip, LATE), 0);
}

/* Lines with a past are joined: what they did before that is no pulse. */
static void a_line_that_joins_makes_no_pulse(void **state)
{
	static const struct wire_row rows[] = {
		{ .line = IN, .kind = WIRE_ROW_LINE },
		{ .line = IN, .kind = WIRE_ROW_MEMBER, .peer = 1, .peer_line = IN },
		{ .line = IN, .kind = WIRE_ROW_MEMBER, .peer = 1, .peer_line = 5 },
	};
	struct fixture *f = *state;

	make_input(f, IN);
	for (unsigned i = 0; i < 3; i++) {
		line_bring(f, IN, CHIP_DRIVES_HIGH);
		line_bring(f, IN, 0);
		line_bring(f, 5, CHIP_DRIVES_HIGH);
		line_bring(f, 5, 0);
	}
	tell(f, rows, 2);
	assert_int_equal(f->edges[IN], 0);
	tell(f, rows, 3);
	assert_int_equal(f->edges[IN], 0);
	tell(f, rows, 2);
	assert_int_equal(f->edges[IN], 0);
	/* What comes with nobody looking meanwhile is one. */
	bring(f, CHIP_DRIVES_HIGH);
	bring(f, 0);
	tell(f, rows, 3);
	assert_int_equal(f->edges[IN], 2);
}

/* A line that was parted begins with the level that there is, not with that of its last gate. */
static void a_gate_begins_with_what_is(void **state)
{
	static const struct wire_row others[] = {
		{ .line = OUT, .kind = WIRE_ROW_LINE },
		{ .line = OUT, .kind = WIRE_ROW_LISTENER, .peer = 1 },
	};
	struct fixture *f = *state;

	bring(f, CHIP_DRIVES_HIGH);
	join(f, true);
	assert_int_equal(chip_outside_level(f->chip, LATE), 1);
	tell(f, others, 2);
	assert_int_equal(chip_outside_level(f->chip, LATE), 0);
	bring(f, CHIP_DRIVES_LOW);
	join(f, true);
	assert_int_equal(chip_outside_level(f->chip, LATE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bell_that_is_rung_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bell_that_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_held_when_others_come, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_that_joins_makes_no_pulse, setup, teardown),
		cmocka_unit_test_setup_teardown(a_gate_begins_with_what_is, setup, teardown),
	};

	return cmocka_run_group_tests_name("wires", tests, NULL, NULL);
}
