/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reader of scenarios: what it understands, and what it says of the rest. */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "bench/scenario_parse.h"

static struct scenario scenario;
static struct parameters parameters;

static int setup(void **state)
{
	parameters = (struct parameters){ .n = 0 };
	return 0;
}

static int teardown(void **state)
{
	scenario_deinit(&scenario);
	return 0;
}

static void good(const char *text)
{
	struct why why;

	scenario_deinit(&scenario);
	if (scenario_parse(&scenario, "f", text, &parameters, &why) < 0)
		fail_msg("%s", why.text);
}

static void bad(const char *text, const char *expected)
{
	struct why why = { "" };

	scenario_deinit(&scenario);
	assert_int_equal(scenario_parse(&scenario, "f", text, &parameters, &why), -22);
	assert_string_equal(why.text, expected);
}

/* The steps' kinds, as letters. */
static void check_kinds(const char *expected)
{
	static const char letters[] = "rafsptSeXonRE";
	char kinds[128] = "";

	for (size_t i = 0; i < scenario.n_steps; i++)
		kinds[i] = letters[scenario.steps[i].kind];
	assert_string_equal(kinds, expected);
}

static void the_example_of_the_manual(void **state)
{
	good("# a comment\n"
	     "on ready\n"
	     "after 100ms  set ci.button=1\n"
	     "expect ci.led rising within 50ms\n"
	     "expect ci.led =1 for 20ms\n"
	     "pulse ci.irq 1ms # another\n"
	     "repeat 100 { toggle ci.button; after 5ms }\n");
	check_kinds("rfsXXSRtfE");
	assert_int_equal(scenario.steps[0].time_ns, SCENARIO_READY_NS);
	assert_int_equal(scenario.steps[2].row, 3);
	assert_string_equal(scenario.steps[2].text, "set ci.button=1");
	assert_string_equal(scenario.steps[4].text, "expect ci.led =1 for 20ms");
	assert_int_equal(scenario.steps[3].expectation.within_ns, 50000000);
	assert_int_equal(scenario.steps[4].expectation.for_ns, 20000000);
	assert_int_equal(scenario.steps[6].count, 100);
	assert_int_equal(scenario.steps[6].end, 9);
	assert_int_equal(scenario.steps[9].end, 6);
	assert_int_equal(scenario.n_lines, 3);
	assert_string_equal(scenario.lines[1].word, "ci.led");
	assert_true(scenario.lines[0].driven);
	assert_false(scenario.lines[1].driven);
}

static void pulses(void **state)
{
	const char *const texts[] = { "expect pulses L 10 ± 1 at 50Hz ± 5%", "expect pulses L 10+-1 at 50Hz +/-5%",
				      "expect pulses L 10±1 at 0.05kHz" };

	for (size_t i = 0; i < 3; i++) {
		const struct expectation *expectation;

		good(texts[i]);
		expectation = &scenario.steps[0].expectation;
		assert_true(expectation->pulses);
		assert_int_equal(expectation->count, 10);
		assert_int_equal(expectation->spare, 1);
		assert_int_equal(expectation->millihertz, 50000);
		assert_int_equal(expectation->off_hundredths, 500);
		assert_int_equal(expectation->within_ns, 200000000);
	}
	good("expect pulses L 0 within 1s");
	assert_int_equal(scenario.steps[0].expectation.within_ns, 1000000000);
	bad("expect pulses L 3", "f:1: behind \"3\": expected within TIME");
}

static void stimuli(void **state)
{
	good("press b; press b hold 20ms bounce 5ms,7; press b --bounce 1ms --hold 30ms\n"
	     "blink b 10Hz; blink b --hz 10Hz --count 3; every 100ms toggle b c; every 1s pulse b 1ms\n");
	check_kinds("SSSSSeteS");
	assert_int_equal(scenario.steps[0].stimulus.length_ns, STIMULUS_HOLD_NS);
	assert_int_equal(scenario.steps[1].stimulus.length_ns, 20000000);
	assert_int_equal(scenario.steps[1].stimulus.bounce_ns, 5000000);
	assert_int_equal(scenario.steps[1].stimulus.seed, 7);
	assert_int_equal(scenario.steps[2].stimulus.length_ns, 30000000);
	assert_int_equal(scenario.steps[4].stimulus.count, 3);
	bad("press b hold 5ms bounce 5ms", "f:1: \"5ms\": too short");
	bad("press b bounce 5ms,x", "f:1: \"5ms,x\": expected TIME[,SEED] (5ms, 5ms,7)");
	bad("press b for 5ms", "f:1: \"for\": expected hold TIME or bounce TIME[,SEED]");
	bad("pulse b 5", "f:1: \"5\": expected a time (80ms, 1.5s, 200us)");
	bad("blink b 5ms", "f:1: \"5ms\": expected a rate (50Hz, 1.2kHz)");
	bad("every 5ms expect b=1 within 1ms", "f:1: \"1ms\": expected toggle, press, pulse or blink behind \"every\"");
	bad("every 5ms pulse b 5ms", "f:1: \"5ms\": \"every\" has to be longer than what it repeats");
	bad("every 5ms", "f:1: behind \"5ms\": expected toggle, press, pulse or blink");
	bad("every 5ms blink b 5Hz", "f:1: \"5Hz\": \"every\" has to be longer than what it repeats");
}

static void rules(void **state)
{
	good("order: reset before power rising before led=1\nnever L=1 while M=0 and N input\nnever L rising");
	check_kinds("onn");
	assert_int_equal(scenario.steps[0].n_items, 3);
	assert_int_equal(scenario.items[0].kind, CONDITION_EDGE);
	assert_int_equal(scenario.items[1].kind, CONDITION_RISING);
	assert_int_equal(scenario.items[2].value, 1);
	assert_int_equal(scenario.steps[1].item, 3);
	assert_int_equal(scenario.items[5].value, LINE_DIRECTION_INPUT);
	bad("order: a", "f:1: behind \"a\": expected before");
	bad("never a=1 while b rising", "f:1: \"rising\": expected a level or a direction behind \"while\"");
	bad("never a", "f:1: behind \"a\": expected =0, =1, rising, falling, changes, input or output");
}

static void names_in_quotes(void **state)
{
	good("expect ci.\"Red LED\"=1 within 1s\nset \"rising\"=1 \"a=b\" = 0\ntoggle \"a\\\"b\\\\\" # \"\n");
	assert_string_equal(scenario.lines[0].word, "ci.Red LED");
	assert_string_equal(scenario.lines[1].word, "rising");
	assert_string_equal(scenario.lines[2].word, "a=b");
	assert_string_equal(scenario.lines[3].word, "a\"b\\");
	bad("set \"a", "f:1: \"\"a\": the quotes have no end");
	bad("\"set\" a=1", "f:1: \"set\": expected on, at, after, every, set, pull, toggle, press, pulse, blink, "
			   "expect, order, never, repeat, let or }");
}

static void parameters_are_replaced(void **state)
{
	parameters_set(&parameters, "hold", 4, "20ms", true);
	good("let hold = 80ms\nlet line = ci.button; let n=3\npress $line hold ${hold}\nrepeat $n { toggle $line }\n"
	     "expect x$$=1 within 1s # $unknown\n");
	assert_string_equal(scenario.lines[0].word, "ci.button");
	assert_int_equal(scenario.steps[0].stimulus.length_ns, 20000000);
	assert_string_equal(scenario.steps[0].text, "press ci.button hold 20ms");
	assert_int_equal(scenario.steps[1].count, 3);
	assert_string_equal(scenario.lines[1].word, "x$");
	assert_true(parameters.list[0].used);
	parameters_reset(&parameters);
	assert_int_equal(parameters.n, 1);
	assert_false(parameters.list[0].used);
	bad("toggle $line", "f:1: unknown parameter \"line\"; let line = ..., or --set");
	bad("toggle $", "f:1: \"$\": expected $NAME, ${NAME} or $$");
	bad("toggle ${a", "f:1: \"${a\": expected $NAME, ${NAME} or $$");
	bad("let 1 = 2", "f:1: \"2\": expected a name of letters, digits and _, and a value, not too long or many");
	bad("let a", "f:1: behind \"a\": expected =");
	bad("let a =", "f:1: behind \"=\": expected a value");
}

static void braces(void **state)
{
	good("repeat 2 {\n  repeat 3 every 1ms { toggle a }\n\n}\nrepeat 1 { }");
	check_kinds("RRtEERE");
	assert_int_equal(scenario.steps[0].end, 4);
	assert_int_equal(scenario.steps[1].end, 3);
	assert_int_equal(scenario.steps[1].time_ns, 1000000);
	bad("repeat 2 {\ntoggle a\n", "f:1: the } of this repeat is missing");
	bad("toggle a }", "f:1: \"}\": nothing is open");
	bad("repeat 2 toggle a", "f:1: \"toggle\": expected {");
	bad("repeat x {", "f:1: \"x\": expected a number up to 1000000000");
	bad("repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 {\n"
	    "repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 { repeat 1 {",
	    "f:2: \"{\": repeated too deep");
}

static void what_is_wrong_is_named(void **state)
{
	bad("on\n", "f:1: behind \"on\": expected ready");
	bad("\n\nfrob", "f:3: \"frob\": expected on, at, after, every, set, pull, toggle, press, pulse, blink, expect, "
			"order, never, repeat, let or }");
	bad("set a", "f:1: behind \"a\": expected =");
	bad("set a=2", "f:1: \"2\": expected 0 or 1");
	bad("set a=1 b", "f:1: behind \"b\": expected =");
	bad("set =1", "f:1: \"=\": expected a line");
	bad("pull a=1x", "f:1: \"1x\": expected pull-up or pull-down");
	bad("toggle", "f:1: behind \"toggle\": expected a line");
	bad("expect", "f:1: behind \"expect\": expected a line");
	bad("expect a=1", "f:1: behind \"1\": expected within TIME or for TIME");
	bad("expect a rising", "f:1: behind \"rising\": expected within TIME");
	bad("expect a rising for 5ms", "f:1: \"for\": expected within TIME");
	bad("expect a=1 within 5", "f:1: \"5\": expected a time (80ms, 1.5s, 200us)");
	bad("expect a=1 within", "f:1: behind \"within\": expected a time (80ms, 1.5s, 200us)");
	bad("after 1s expect a=1 within 1ms x", "f:1: \"x\": expected within TIME or for TIME");
	bad("pulse a 1ms toggle b", "f:1: \"toggle\": expected ; or the end of the line");
}

static void a_line_that_is_too_long(void **state)
{
	static char text[5000];

	memset(text, 'x', 2000);
	bad(text, "f:1: the line is longer than 1023 bytes");
	/* Also by what is replaced in it. */
	memset(text, 'x', 255);
	text[255] = '\0';
	assert_int_equal(parameters_set(&parameters, "a", 1, text, true), 0);
	bad("toggle $a$a$a$a$a", "f:1: the line is longer than 1023 bytes");
	memset(text, ';', 1000);
	text[1000] = '\0';
	bad(text, "f:1: more than 256 words in a line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_example_of_the_manual, setup, teardown),
		cmocka_unit_test_setup_teardown(pulses, setup, teardown),
		cmocka_unit_test_setup_teardown(stimuli, setup, teardown),
		cmocka_unit_test_setup_teardown(rules, setup, teardown),
		cmocka_unit_test_setup_teardown(names_in_quotes, setup, teardown),
		cmocka_unit_test_setup_teardown(parameters_are_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(braces, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_that_is_too_long, setup, teardown),
	};

	return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
