/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is given twice: lines, sockets, names. */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "guest/conflicts.h"

#define LINES_MAX 8
#define REAL_FD	  0 /* any that is not -1: conflicts_find() does not use it */

static struct guest guests[4];
static struct guest_chip chips[ARRAY_SIZE(guests)][2];
static struct line_rules lines[ARRAY_SIZE(guests)][LINES_MAX];
static struct diagnostics conflicts;
static char text[1024];

/*
 * A guest of these lines: "0.4 1.2" is line 4 of its chip 0 and line 2 of its chip 1. The guest's first chip is the real
 * one of that device number, or a simulated one (0); the second is device 99.
 */
static struct guest *guest_make(unsigned index, const char *name, const char *socket, uint64_t rdev, const char *words)
{
	struct guest *guest = &guests[index];
	unsigned chip, offset;
	int used;

	*guest = (struct guest){ .socket.fd = -1, .chips = chips[index], .n_chips = 2, .lines = lines[index] };
	snprintf(guest->name, sizeof(guest->name), "%s", name);
	snprintf(guest->socket.path, sizeof(guest->socket.path), "%s", socket);
	chips[index][0] =
		(struct guest_chip){ .spec.path = "first", .found = { .fd = rdev ? REAL_FD : -1, .rdev = rdev } };
	chips[index][1] = (struct guest_chip){ .spec.path = "second", .found = { .fd = REAL_FD, .rdev = 99 } };
	for (; sscanf(words, " %u.%u%n", &chip, &offset, &used) == 2; words += used)
		lines[index][guest->n_lines++] = (struct line_rules){ .chip = (uint16_t)chip, .offset = offset };
	return guest;
}

/* All conflicts of the first n guests, the last n_serving of which are already served. */
static const char *found(size_t n, size_t n_serving)
{
	const struct guests made = { guests, n - n_serving };
	const struct guest *serving[ARRAY_SIZE(guests)];
	size_t used = 0;

	for (size_t i = 0; i < n_serving; i++)
		serving[i] = &guests[n - n_serving + i];
	diagnostics_deinit(&conflicts);
	assert_int_equal(conflicts_find(&made, serving, n_serving, &conflicts), 0);
	text[0] = '\0';
	for (size_t i = 0; i < conflicts.n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", conflicts.texts[i]);
	return text;
}

static int teardown(void **state)
{
	diagnostics_deinit(&conflicts);
	return 0;
}

static void none(void **state)
{
	assert_string_equal(found(0, 0), "");
	guest_make(0, "a", "a.sock", 5, "0.0 0.1 1.0 1.1");
	guest_make(1, "b", "b.sock", 6, "0.0 0.1 1.2 1.3");
	guest_make(2, "c", "", 5, "0.2");
	guest_make(3, "d", "", 0, "");
	assert_string_equal(found(4, 0), "");
	assert_string_equal(found(4, 2), "");
}

static void lines_of_two_guests(void **state)
{
	guest_make(0, "a", "", 5, "0.7 0.3");
	guest_make(1, "b", "", 5, "0.1 1.3 0.3");
	assert_string_equal(found(2, 0), "first line 3 is given to both a (its line 1) and b (its line 2)\n");
}

static void a_line_of_one_guest(void **state)
{
	guest_make(0, "a", "", 5, "0.3 1.3 0.3");
	assert_string_equal(found(1, 0), "a: first line 3 is given twice: as line 0 and line 2 of the guest\n");
}

/* Each guest's simulated chip is its own, but its lines are one line each. */
static void simulated_lines(void **state)
{
	guest_make(0, "a", "", 0, "0.0 0.1");
	guest_make(1, "b", "", 0, "0.0 0.1");
	assert_string_equal(found(2, 0), "");
	assert_string_equal(found(2, 1), "");
	guest_make(1, "b", "", 0, "0.0 0.1 0.0");
	assert_string_equal(found(2, 0), "b: first line 0 is given twice: as line 0 and line 2 of the guest\n");
}

static void lines_in_a_row_are_one_message(void **state)
{
	guest_make(0, "a", "", 5, "0.0 0.1 0.2 0.3 0.4 0.6");
	guest_make(1, "b", "", 5, "0.1 0.2 0.3 0.6");
	assert_string_equal(found(2, 0), "first lines 1 to 3 are given to both a (its lines 1 to 3) and b (its lines 0 "
					 "to 2)\n"
					 "first line 6 is given to both a (its line 5) and b (its line 3)\n");
	/* Not in a row for one of them. */
	guest_make(1, "b", "", 5, "0.2 0.1 0.6 0.7");
	assert_string_equal(found(2, 0), "first line 1 is given to both a (its line 1) and b (its line 1)\n"
					 "first line 2 is given to both a (its line 2) and b (its line 0)\n"
					 "first line 6 is given to both a (its line 5) and b (its line 2)\n");
	/* One of them goes on, the other has no more. */
	guest_make(0, "a", "", 5, "0.0 0.1");
	guest_make(1, "b", "", 5, "0.0");
	assert_string_equal(found(2, 0), "first line 0 is given to both a (its line 0) and b (its line 0)\n");
	guest_make(0, "a", "", 5, "0.0 0.1 0.0 0.1");
	assert_string_equal(found(1, 0),
			    "a: first lines 0 to 1 are given twice: as lines 0 to 1 and lines 2 to 3 of the guest\n");
}

/* A run on one chip does not go on upon the next. */
static void a_run_ends_with_its_chip(void **state)
{
	guest_make(0, "a", "", 98, "0.0 1.1");
	guest_make(1, "b", "", 98, "0.0 1.1");
	assert_string_equal(found(2, 0), "first line 0 is given to both a (its line 0) and b (its line 0)\n"
					 "second line 1 is given to both a (its line 1) and b (its line 1)\n");
}

static void lines_of_three_guests(void **state)
{
	guest_make(0, "a", "", 5, "0.0 0.1");
	guest_make(1, "b", "", 5, "0.0 0.1");
	guest_make(2, "c", "", 5, "0.1 0.2");
	assert_string_equal(found(3, 0), "first lines 0 to 1 are given to both a (its lines 0 to 1) and b (its lines 0 "
					 "to 1)\n"
					 "first line 1 is given to both b (its line 1) and c (its line 0)\n");
}

static void lines_that_are_served(void **state)
{
	guest_make(0, "new", "", 5, "0.4 0.5");
	guest_make(1, "old", "", 5, "0.5");
	guest_make(2, "older", "", 6, "1.5 1.5");
	/* What is served is named first. */
	assert_string_equal(found(2, 1), "first line 5 is given to both old (its line 0) and new (its line 1)\n");
}

static void sockets(void **state)
{
	guest_make(0, "a", "x0", 0, "");
	guest_make(1, "b", "x", 0, "");
	assert_string_equal(found(2, 0), "");
	strcpy(guests[0].socket.alias, "x");
	assert_string_equal(found(2, 0), "x is the socket of both a and b\n");
	assert_string_equal(found(2, 1), "x is the socket of both b and a\n");
	strcpy(guests[1].socket.path, "x0");
	assert_string_equal(found(2, 0), "x0 is the socket of both a and b\n");
	guests[0].socket.fd = guests[1].socket.fd = 7;
	strcpy(guests[1].socket.path, "y");
	assert_string_equal(found(2, 0), "fd 7 is the socket of both a and b\n");
	guests[1].socket.fd = 8;
	assert_string_equal(found(2, 0), "");
}

static void names(void **state)
{
	guest_make(0, "a", "x", 0, "");
	guest_make(1, "a", "y", 0, "");
	assert_string_equal(found(2, 0), "two guests are called a\n");
	assert_string_equal(found(2, 1), "two guests are called a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none),
		cmocka_unit_test(lines_of_two_guests),
		cmocka_unit_test(a_line_of_one_guest),
		cmocka_unit_test(simulated_lines),
		cmocka_unit_test(lines_in_a_row_are_one_message),
		cmocka_unit_test(a_run_ends_with_its_chip),
		cmocka_unit_test(lines_of_three_guests),
		cmocka_unit_test(lines_that_are_served),
		cmocka_unit_test(sockets),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("overlap", tests, NULL, teardown);
}
