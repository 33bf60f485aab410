/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of wires/wire_list and wire_nets: which wires there can be, and what they make of lines. */
#include "wires_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "wires/wire_nets.h"

static struct wire_list list;
static struct why why;

static int teardown(void **state)
{
	wire_list_deinit(&list);
	return 0;
}

static void add(const struct wire_guests *guests, const char *words)
{
	if (fixture_wire(&list, guests, words, &why) < 0)
		fail_msg("%s: %s", words, why.text);
}

static void refuse(const struct wire_guests *guests, const char *words, const char *reason)
{
	unsigned n = list.n;

	if (fixture_wire(&list, guests, words, &why) == 0)
		fail_msg("%s is taken", words);
	assert_string_equal(why.text, reason);
	assert_int_equal(list.n, n);
}

static void what_cannot_be(void **state)
{
	const struct wire_guests *guests = fixture_guests(3);

	add(guests, "a.x0 b.x0");
	refuse(guests, "a.x0 d.x0", "there is no guest \"d\"");
	refuse(guests, "a.y b.x0", "a has no line \"y\"");
	refuse(guests, "a.8 b.x0", "a has no line 8");
	refuse(guests, "a.x0 a.0", "both ends are a.x0");
	refuse(guests, "a.0 b.0", "a.x0 and b.x0 are wired already");
	refuse(guests, "b.0 a.0 invert", "b.x0 and a.x0 are wired already");
	refuse(guests, "a.x1 c.x7", "c.x7 is a real line: wires join simulated ones");
	refuse(guests, "c.x7 a.x1", "c.x7 is a real line: wires join simulated ones");
}

static void circles_of_gates_are_refused(void **state)
{
	static const char circle[] = "inverted or delayed wires would go in a circle, which never settles";
	const struct wire_guests *guests = fixture_guests(3);

	/* A circle of plain wires is one net. */
	add(guests, "a.0 b.0");
	add(guests, "b.0 c.0");
	add(guests, "c.0 a.0");
	/* A gate within a net. */
	refuse(guests, "a.0 b.1 invert c.9", "test: wire: \"c.9\" is one line too many: a wire has two ends");
	add(guests, "a.1 b.1");
	add(guests, "b.1 c.1");
	refuse(guests, "a.1 c.1 invert", circle);
	/* Rings of one, two and three inverters; of wires that are only late. */
	add(guests, "a.2 b.2 invert");
	refuse(guests, "b.2 a.2 invert", "b.x2 and a.x2 are wired already");
	add(guests, "b.2 c.2 invert");
	refuse(guests, "c.2 a.2 invert", circle);
	refuse(guests, "c.2 a.2 delay=1ms", circle);
	/* A plain wire may close one as well. */
	refuse(guests, "c.2 a.2", circle);
	add(guests, "c.2 a.3");
	add(guests, "a.4 a.2");
	refuse(guests, "a.3 a.4", circle);
	/* Two ways to the same net are none. */
	add(guests, "a.2 c.2 delay=1us");
}

static void nets_and_gates(void **state)
{
	const struct wire_guests *guests = fixture_guests(3);
	struct wire_nets nets;

	add(guests, "c.1 a.5");
	add(guests, "b.2 c.1");
	add(guests, "b.3 a.0 invert delay=2us");
	assert_int_equal(wire_nets_make(&nets, &list, guests, &why), 0);
	assert_int_equal(nets.n, 5); /* a.0 a.5 b.2 b.3 c.1 */
	assert_int_equal(nets.nodes[0].line, 0);
	assert_int_equal(nets.nodes[0].net, 0);
	assert_int_equal(nets.nodes[1].net, 1);
	assert_int_equal(nets.nodes[2].net, 1);
	assert_int_equal(nets.nodes[3].net, 3);
	assert_int_equal(nets.nodes[4].net, 1);
	assert_int_equal(nets.n_gates, 1);
	assert_int_equal(nets.gates[0].from, 3);
	assert_int_equal(nets.gates[0].to, 0);
	assert_true(nets.gates[0].invert);
	assert_int_equal(nets.gates[0].delay_us, 2);
	wire_nets_deinit(&nets);
	/* A guest that is not there: its wires wait. */
	assert_int_equal(wire_nets_make(&nets, &list, fixture_guests(2), &why), 0);
	assert_int_equal(nets.n, 2);
	assert_int_equal(nets.n_gates, 1);
	wire_nets_deinit(&nets);
}

static void wires_are_taken_out(void **state)
{
	const struct wire_guests *guests = fixture_guests(2);
	const struct wire_end ends[2] = { { "b", 0 }, { "a", 0 } };

	add(guests, "a.0 b.0 invert");
	add(guests, "a.1 b.1");
	assert_int_equal(wire_list_remove(&list, guests, ends, &why), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.wires[0].ends[0].line, 1);
	assert_int_equal(wire_list_remove(&list, guests, ends, &why), -ENOENT);
	assert_string_equal(why.text, "there is no wire between b.x0 and a.x0");
	add(guests, "a.0 b.0");
}

static void there_is_an_end(void **state)
{
	const struct wire_guests *guests = fixture_guests(128);
	char words[96];

	/* 64 lines in one net, and no more. */
	for (unsigned i = 1; i < 64; i++) {
		snprintf(words, sizeof(words), "%s.0 %s.0", guests->guests[i - 1]->name, guests->guests[i]->name);
		add(guests, words);
	}
	refuse(guests, "a.1 a.0", "more than 64 lines would be joined");
	teardown(NULL);
	for (unsigned i = 0; i <= WIRES_MAX; i++) {
		snprintf(words, sizeof(words), "%s.%u %s.%u", guests->guests[i / 64 * 2]->name, i % 8,
			 guests->guests[i / 64 * 2 + 1]->name, i / 8 % 8);
		if (i < WIRES_MAX)
			add(guests, words);
		else
			refuse(guests, words, "more than 1024 wires");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_cannot_be, teardown),
		cmocka_unit_test_teardown(circles_of_gates_are_refused, teardown),
		cmocka_unit_test_teardown(nets_and_gates, teardown),
		cmocka_unit_test_teardown(wires_are_taken_out, teardown),
		cmocka_unit_test_teardown(there_is_an_end, teardown),
	};

	return cmocka_run_group_tests_name("wire_list", tests, NULL, NULL);
}
