/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of wires/wire_board: what a worker is told, and that what it gets of others is for reading only. */
#include "wires_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "ipc/supervisor_channel.h"
#include "unit/lowest_fd.h"
#include "wires/wire_board.h"

static struct wire_board board;
static struct why why;
static int ours, theirs, lowest;

static int setup(void **state)
{
	lowest = lowest_fd();
	return scm_pair(&ours, &theirs);
}

/* Nothing stays open. */
static int teardown(void **state)
{
	wire_board_deinit(&board);
	fd_close(&ours);
	fd_close(&theirs);
	return lowest_fd() == lowest ? 0 : -1;
}

static void settle(const struct wire_guests *guests, const char *words)
{
	if (words)
		assert_int_equal(fixture_wire(&board.list, guests, words, &why), 0);
	assert_int_equal(wire_board_settle(&board, guests, &why), 0);
}

/* The next message, which must be this one; its fd, or -1. */
static int hear(enum wire_message message, unsigned number)
{
	struct supervisor_channel_message in;
	size_t n;
	int fd = -1;

	assert_int_equal(scm_recv(theirs, &in, sizeof(in), &fd, 1, &n, MSG_DONTWAIT), sizeof(in));
	assert_int_equal(in.type, SUPERVISOR_CHANNEL_WIRE);
	assert_int_equal(WIRE_KEY_MESSAGE(in.key), message);
	assert_int_equal(WIRE_KEY_NUMBER(in.key), number);
	return fd;
}

static void hear_nothing(void)
{
	char byte;

	assert_int_equal(recv(theirs, &byte, 1, MSG_DONTWAIT), -1);
}

static void hear_and_close(enum wire_message message, unsigned number)
{
	int fd = hear(message, number);

	assert_true(fd >= 0);
	close(fd);
}

static void a_worker_is_told_once(void **state)
{
	const struct wire_guests *guests = fixture_guests(3);
	uint64_t told = WIRES_NEVER;

	settle(guests, NULL);
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	hear_nothing();
	settle(guests, "a.1 b.2");
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	hear_and_close(WIRE_MEMORY, 2);
	hear_and_close(WIRE_PEER, 1);
	hear_and_close(WIRE_BELL, 1);
	hear_and_close(WIRE_RING, 1);
	hear_and_close(WIRE_TABLE, 3); /* the line, b's, and who is told */
	hear_nothing();
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	/* A wire that is none of its own. */
	settle(guests, "b.3 c.3");
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	hear_nothing();
	/* The others are gone: so are their memory and bells. */
	settle(fixture_guests(1), NULL);
	assert_int_equal(board.n_memories + board.n_bells, 0);
	assert_int_equal(wire_board_tell(&board, fixture_guests(1), 0, ours, &told), 0);
	assert_int_equal(hear(WIRE_NONE, 0), -1);
	assert_int_equal(wire_board_tell(&board, fixture_guests(1), 0, ours, &told), 0);
	hear_nothing();
	told = WIRES_UNKNOWN;
	assert_int_equal(wire_board_tell(&board, fixture_guests(1), 0, ours, &told), 0);
	assert_int_equal(hear(WIRE_NONE, 0), -1);
}

static void memory_of_others_cannot_be_written(void **state)
{
	const struct wire_guests *guests = fixture_guests(2);
	uint64_t told = WIRES_NEVER;
	int own, other, flags;
	void *map;

	settle(guests, "a.1 b.2");
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	own = hear(WIRE_MEMORY, 2);
	other = hear(WIRE_PEER, 1);
	map = mmap(NULL, WIRE_MEMORY_SIZE(FIXTURE_LINES), PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
	assert_true(map != MAP_FAILED);
	munmap(map, WIRE_MEMORY_SIZE(FIXTURE_LINES));
	map = mmap(NULL, WIRE_MEMORY_SIZE(FIXTURE_LINES), PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	assert_true(map == MAP_FAILED);
	assert_int_equal(errno, EACCES);
	map = mmap(NULL, WIRE_MEMORY_SIZE(FIXTURE_LINES), PROT_READ, MAP_SHARED, other, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map, WIRE_MEMORY_SIZE(FIXTURE_LINES), PROT_READ | PROT_WRITE), -1);
	assert_int_equal(pwrite(other, "x", 1, 0), -1);
	munmap(map, WIRE_MEMORY_SIZE(FIXTURE_LINES));
	/* Nobody's size is changed under anybody's mapping. */
	flags = fcntl(own, F_GET_SEALS);
	assert_true((flags & F_SEAL_SHRINK) && (flags & F_SEAL_GROW) && (flags & F_SEAL_SEAL));
	assert_int_equal(ftruncate(own, 0), -1);
	close(own);
	close(other);
}

/* A worker that does not read: an error, and all is said anew when it does. */
static void a_full_channel_is_tried_again(void **state)
{
	const struct wire_guests *guests = fixture_guests(2);
	const struct supervisor_channel_message filler = { .type = SUPERVISOR_CHANNEL_CHIP };
	struct supervisor_channel_message in;
	uint64_t told = WIRES_NEVER;

	settle(guests, "a.1 b.2");
	while (send(ours, &filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), -EAGAIN);
	assert_int_equal(told, WIRES_UNKNOWN);
	while (recv(theirs, &in, sizeof(in), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	hear_and_close(WIRE_MEMORY, 2);
}

/* A wire that goes and comes, of which the worker hears neither: it is told all the same, since the bells are others. */
static void what_was_not_said_is_not_taken_for_said(void **state)
{
	const struct wire_guests *guests = fixture_guests(2);
	const struct supervisor_channel_message filler = { .type = SUPERVISOR_CHANNEL_CHIP };
	struct supervisor_channel_message in;
	uint64_t told = WIRES_NEVER;
	int fd;

	settle(guests, "a.1 b.2");
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	for (size_t n; scm_recv(theirs, &in, sizeof(in), &fd, 1, &n, MSG_DONTWAIT) > 0;)
		close(fd);
	while (send(ours, &filler, sizeof(filler), MSG_DONTWAIT) > 0)
		;
	board.list.n = 0;
	settle(guests, NULL);
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), -EAGAIN);
	while (recv(theirs, &in, sizeof(in), MSG_DONTWAIT) > 0)
		;
	settle(guests, "a.1 b.2");
	assert_int_equal(wire_board_tell(&board, guests, 0, ours, &told), 0);
	hear_and_close(WIRE_MEMORY, 2);
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* Workers have memory and bells of before. */
static void what_cannot_be_takes_nothing_away(void **state)
{
	const struct wire_guests *guests = fixture_guests(80);
	ino_t before;
	char words[96];

	for (unsigned i = 1; i <= WIRE_PEERS_MAX; i++) {
		snprintf(words, sizeof(words), "a.%u %s.0", i % 4, guests->guests[i]->name);
		settle(guests, words);
	}
	before = inode(board.memories[0].fd);
	snprintf(words, sizeof(words), "a.1 %s.0", guests->guests[WIRE_PEERS_MAX + 1]->name);
	assert_int_equal(fixture_wire(&board.list, guests, words, &why), 0);
	assert_int_equal(wire_board_settle(&board, guests, &why), -E2BIG);
	board.list.n--;
	settle(guests, NULL);
	assert_int_equal(inode(board.memories[0].fd), before);
}

/* Of two that are wired to others meanwhile, too. */
static void bells_of_pairs_that_are_none_go(void **state)
{
	const struct wire_guests *guests = fixture_guests(3);

	settle(guests, "a.1 b.1");
	settle(guests, "b.2 c.2");
	assert_int_equal(board.n_bells, 4);
	settle(guests, "a.3 c.3");
	assert_int_equal(board.n_bells, 6);
	board.list.n--;
	settle(guests, NULL);
	assert_int_equal(board.n_bells, 4);
	assert_int_equal(board.n_memories, 3);
}

static void too_many_peers(void **state)
{
	const struct wire_guests *guests = fixture_guests(80);
	char words[96];

	for (unsigned i = 1; i <= WIRE_PEERS_MAX; i++) {
		snprintf(words, sizeof(words), "a.%u %s.0", i % 4, guests->guests[i]->name);
		settle(guests, words);
	}
	snprintf(words, sizeof(words), "a.1 %s.0", guests->guests[WIRE_PEERS_MAX + 1]->name);
	assert_int_equal(fixture_wire(&board.list, guests, words, &why), 0);
	assert_int_equal(wire_board_settle(&board, guests, &why), -E2BIG);
	assert_string_equal(why.text, "a would be wired to more than 63 guests");
	assert_int_equal(board.nets.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_worker_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_of_others_cannot_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_channel_is_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_not_said_is_not_taken_for_said, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_takes_nothing_away, setup, teardown),
		cmocka_unit_test_setup_teardown(bells_of_pairs_that_are_none_go, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_peers, setup, teardown),
	};

	return cmocka_run_group_tests_name("wire_board", tests, NULL, NULL);
}
