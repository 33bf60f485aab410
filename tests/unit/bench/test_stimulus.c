/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The edges of a stimulus, and the quantities that describe it. */
#include "rows.h"

#include <string.h>

#include "bench/stimulus.h"
#include "bench/words.h"

#define EDGES_MAX 64

static struct stimulus_edge edges[EDGES_MAX];

static unsigned edges_take(const struct stimulus_spec *spec)
{
	struct stimulus stimulus;
	unsigned n = 0;

	assert_true(stimulus_is_good(spec));
	stimulus_begin(&stimulus, spec);
	memset(edges, 0, sizeof(edges));
	while (n < EDGES_MAX && stimulus_next(&stimulus, &edges[n]))
		n++;
	return n;
}

static void check_edge(unsigned i, uint64_t at_ns, enum stimulus_action action)
{
	assert_int_equal(edges[i].at_ns, at_ns);
	assert_int_equal(edges[i].action, action);
}

static void a_pulse(void **state)
{
	const struct stimulus_spec spec = { .kind = STIMULUS_PULSE, .length_ns = 1000000 };

	assert_int_equal(edges_take(&spec), 2);
	check_edge(0, 0, STIMULUS_ACTIVE);
	check_edge(1, 1000000, STIMULUS_IDLE);
	assert_int_equal(stimulus_duration(&spec), 1000000);
}

static void a_blinking(void **state)
{
	struct stimulus_spec spec = { .kind = STIMULUS_BLINK, .length_ns = 1001, .count = 3 };

	assert_int_equal(edges_take(&spec), 6);
	check_edge(1, 500, STIMULUS_IDLE);
	check_edge(4, 2002, STIMULUS_ACTIVE);
	check_edge(5, 2502, STIMULUS_IDLE);
	spec.count = 0;
	assert_int_equal(edges_take(&spec), EDGES_MAX);
	assert_true(stimulus_duration(&spec) == UINT64_MAX);
}

static void a_press(void **state)
{
	const struct stimulus_spec spec = { .kind = STIMULUS_PRESS, .length_ns = 80000000 };

	assert_int_equal(edges_take(&spec), 2);
	check_edge(0, 0, STIMULUS_ACTIVE);
	check_edge(1, 80000000, STIMULUS_RELEASE);
}

/* Contact and release, each first, last, and an odd number of edges, in order and in their time. */
static void a_press_bounces(void **state)
{
	unsigned seen = 0;

	for (uint64_t seed = 1; seed < 2000; seed++) {
		const struct stimulus_spec spec = {
			.kind = STIMULUS_PRESS, .length_ns = 10000, .bounce_ns = 1000, .seed = seed
		};
		unsigned n = edges_take(&spec), contacts = 0;

		assert_in_range(n, 6, 22);
		seen |= 1u << n;
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(edges[i].action, i % 2 ? STIMULUS_RELEASE : STIMULUS_ACTIVE);
			assert_true(i == 0 || edges[i].at_ns > edges[i - 1].at_ns);
			contacts += edges[i].at_ns < 1000;
			assert_true(edges[i].at_ns < 1000 || (edges[i].at_ns >= 10000 && edges[i].at_ns < 11000));
		}
		assert_int_equal(contacts % 2, 1);
		assert_in_range(contacts, 3, 11);
		assert_int_equal(edges[contacts].at_ns, 10000);
	}
	assert_int_equal(seen, 0x555540);
}

static void the_same_seed_gives_the_same(void **state)
{
	struct stimulus_spec spec = { .kind = STIMULUS_PRESS, .length_ns = 90000000, .bounce_ns = 5000000, .seed = 7 };
	struct stimulus_edge first[EDGES_MAX];
	unsigned n = edges_take(&spec);

	memcpy(first, edges, sizeof(first));
	assert_int_equal(edges_take(&spec), n);
	assert_memory_equal(first, edges, sizeof(first));
	spec.seed = 8;
	edges_take(&spec);
	assert_memory_not_equal(first, edges, sizeof(first));
}

static void what_has_no_room(void **state)
{
	struct stimulus_spec spec = { .kind = STIMULUS_PRESS, .length_ns = 5000, .bounce_ns = 5000 };

	assert_false(stimulus_is_good(&spec));
	spec.bounce_ns = 999;
	assert_false(stimulus_is_good(&spec));
	spec = (struct stimulus_spec){ .kind = STIMULUS_BLINK, .length_ns = 1 };
	assert_false(stimulus_is_good(&spec));
}

static void check_time(const char *word, int ret, uint64_t expected)
{
	uint64_t ns = 99;

	assert_int_equal(words_time(word, &ns), ret);
	assert_int_equal(ns, ret == 0 ? expected : 99);
}

static void quantities(void **state)
{
	uint64_t value = 99, seed;
	uint32_t count;

	check_time("80ms", 0, 80000000);
	check_time("1.5s", 0, 1500000000);
	check_time("0.0000015s", 0, 1500);
	check_time("200us", 0, 200000);
	check_time("200µs", 0, 200000);
	check_time("7ns", 0, 7);
	check_time("2min", 0, 120000000000);
	check_time("1.9ns", 0, 1);
	check_time("80", -22, 0);
	check_time("ms", -22, 0);
	check_time("", -22, 0);
	check_time("1.ms", -22, 0);
	check_time(".5ms", -22, 0);
	check_time("1,5ms", -22, 0);
	check_time("-1ms", -22, 0);
	check_time("1ms ", -22, 0);
	check_time("1234567890ms", -22, 0);
	check_time("999999999min", -22, 0);
	assert_int_equal(words_rate("50Hz", &value), 0);
	assert_int_equal(value, 50000);
	assert_int_equal(words_rate("0.5Hz", &value), 0);
	assert_int_equal(value, 500);
	assert_int_equal(words_rate("0Hz", &value), -22);
	assert_int_equal(words_rate("5hz", &value), -22);
	assert_int_equal(words_percent("2.5%", &value), 0);
	assert_int_equal(value, 250);
	assert_int_equal(words_count("12", 12, &count), 0);
	assert_int_equal(words_count("13", 12, &count), -22);
	assert_int_equal(words_bounce("5ms,7", &value, &seed), 0);
	assert_int_equal(value, 5000000);
	assert_int_equal(seed, 7);
	assert_int_equal(words_bounce("5ms", &value, &seed), 0);
	assert_int_equal(seed, 0);
	assert_int_equal(words_bounce("5ms,", &value, &seed), -22);
	assert_int_equal(words_bounce("5ms,0", &value, &seed), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pulse),
		cmocka_unit_test(a_blinking),
		cmocka_unit_test(a_press),
		cmocka_unit_test(a_press_bounces),
		cmocka_unit_test(the_same_seed_gives_the_same),
		cmocka_unit_test(what_has_no_room),
		cmocka_unit_test(quantities),
	};

	return cmocka_run_group_tests_name("stimulus", tests, NULL, NULL);
}
