/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The words for lines: what is made of them, and which are refused with which message. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "config/lines_grammar.h"
#include "guest_config_text.h"

static struct guest_configs configs;
static struct why why;

static struct guest_config *guest_make(void)
{
	struct guest_config *guest;

	guest_configs_deinit(&configs);
	guest = guest_configs_add(&configs);
	snprintf(guest->where, sizeof(guest->where), "--guest");
	why.text[0] = '\0';
	return guest;
}

static int parse(const char *text)
{
	return lines_parse("--guest", text, guest_make(), &why);
}

static int deinit(void **state)
{
	guest_configs_deinit(&configs);
	return 0;
}

static const struct {
	const char *words;
	const char *meaning;
} good[] = {
	/* Chips. */
	{ "@0", "N0[0]" },
	{ "@gpiochip12", "N12[gpiochip12]" },
	{ "@2147483647", "N2147483647[2147483647]" },
	{ "@/dev/gpiochip-exp", "P[/dev/gpiochip-exp]" },
	{ "@pinctrl-rp1", "L[pinctrl-rp1]" },
	{ "@7e200000.gpio@sim@1", "L[7e200000.gpio]S[sim]N1[1]" },
	{ "@\"my chip, left\" {1}", "L[my chip, left]{1}" },
	{ "@chip,left {1}", "L[chip,left]{1}" },
	{ "@/dev/my chip{1}", "P[/dev/my chip]{1}" },
	{ "@0{1=\"it's # 1\":2=it's#2}", "N0[0]{1=it's # 1:2=it's#2}" },
	{ "@\"sim\"@\"0\"@\"gpiochip1\"@\"/dev/x\"", "L[sim]L[0]L[gpiochip1]L[/dev/x]" },
	{ "@\"/soc/gpio@18{1}\"{2}", "L[/soc/gpio@18{1}]{2}" },
	{ "@gpiochip", "L[gpiochip]" },
	{ "@gpiochip0x", "L[gpiochip0x]" },
	{ "@a234567890123456789012345678901", "L[a234567890123456789012345678901]" },
	/* Lines, also ACRN's. */
	{ "@gpiochip0{1:6:reset=shutdown}@gpiochip1{0=reset}",
	  "N0[gpiochip0]{1:6:\"reset\"=shutdown}N1[gpiochip1]{0=reset}" },
	{ "@gpiochip0{0:1:2:3}@gpiochip1{0}", "N0[gpiochip0]{0:1:2:3}N1[gpiochip1]{0}" },
	{ "@gpiochip1{0=pin1:1=pin2:3}", "N1[gpiochip1]{0=pin1:1=pin2:3}" },
	{ "@0{4-7:7-7:0-65529}", "N0[0]{4-7:7:0-65529}" },
	{ "@0{65534:007}", "N0[0]{65534:7}" },
	{ "@0{GPIO-4:4th:a.b/c+d:-x}", "N0[0]{\"GPIO-4\":\"4th\":\"a.b/c+d\":\"-x\"}" },
	{ "@0{\"17\"=a:\"4-7\":\"Red LED Vdd\"=led}", "N0[0]{\"17\"=a:\"4-7\":\"Red LED Vdd\"=led}" },
	{ "@0{\"a:b,c}d=e@f{\"=\"g:h\"}", "N0[0]{\"a:b,c}d=e@f{\"=g:h}" },
	{ "@0{\"\\\"a\\\\\\;\"}", "N0[0]{\"\"a\\;\"}" },
	{ " @ 0 { 17 = door , input , bias = pull-up : 4-7 } @1 ", "N0[0]{17=door !out bias2:4-7}N1[1]" },
	{ "@0{1=1234567890123456789012345678901}", "N0[0]{1=1234567890123456789012345678901}" },
	{ "@0{1}@0{2}@0{1}", "N0[0]{1}N0[0]{2}N0[0]{1}" },
	/* Attributes. */
	{ "@0{1,input:2,output:3,ro:4,no-irq:5,active-low}", "N0[0]{1 !out:2 !in:3 !out !value:4 !irq:5 low}" },
	{ "@0{1,bias=pull-up:2,bias=pull-down:3,bias=disabled:4,bias=as-is}", "N0[0]{1 bias2:2 bias3:3 bias1:4}" },
	{ "@0{1,drive=open-drain:2,drive=open-source:3,drive=push-pull}", "N0[0]{1 drive1:2 drive2:3}" },
	{ "@0{1,debounce=1us:2,debounce=5ms:3,debounce=2s}", "N0[0]{1 1us:2 5000us:3 2000000us}" },
	{ "@0{1,debounce=4294967295us:2,debounce=4294967ms:3,debounce=4294s}",
	  "N0[0]{1 4294967295us:2 4294967000us:3 4294000000us}" },
	{ "@0{1,init=output-low:2,init=output-high:3,init=input}", "N0[0]{1 init2:2 init3:3 init1}" },
	{ "@0{1,on-disconnect=release:2,on-disconnect=hold:3,on-disconnect=input:4,on-disconnect=output-low:"
	  "5,on-disconnect=output-high}",
	  "N0[0]{1 away0:2 away4:3 away1:4 away2:5 away3}" },
	{ "@0{1,input,ro,no-irq,init=input,on-disconnect=hold,debounce=1ms,active-low,bias=disabled}",
	  "N0[0]{1 !out !value !irq low bias1 1000us init1 away4}" },
	{ "@0{1,output,no-irq,drive=open-drain,init=output-high,on-disconnect=output-low}",
	  "N0[0]{1 !in !irq drive1 init3 away2}" },
	{ "@0{1,output,init=input,on-disconnect=input}", "N0[0]{1 !in init1 away1}" },
	{ "@0{4-7,input,bias=pull-up}", "N0[0]{4-7 !out bias2}" },
};

static void words_and_their_meaning(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (parse(good[i].words) < 0)
			fail_msg("refused: %s: %s", good[i].words, why.text);
		assert_string_equal(guest_config_text(&configs.guests[0]), good[i].meaning);
	}
}

static const struct {
	const char *words;
	const char *text;
} refusals[] = {
	/* The grammar: column and what stands there. */
	{ "", "--guest: lines, column 1: expected '@' and a chip at the end" },
	{ "gpiochip0", "--guest: lines, column 1: expected '@' and a chip at \"gpiochip0\"" },
	{ "@", "--guest: lines, column 2: expected a chip at the end" },
	{ "@0@", "--guest: lines, column 4: expected a chip at the end" },
	{ "@{1}", "--guest: lines, column 2: expected a chip at \"{1}\"" },
	{ "@0}", "--guest: lines, column 3: unquoted special character at \"}\"" },
	{ "@a\"b\"", "--guest: lines, column 3: unquoted special character at \"\"b\"\"" },
	{ "@0{1}x", "--guest: lines, column 6: expected '@' and a chip at \"x\"" },
	{ "@0{1}}", "--guest: lines, column 6: expected '@' and a chip at \"}\"" },
	{ "@\"a\"b", "--guest: lines, column 5: unexpected text at \"b\"" },
	{ "@\"a", "--guest: lines, column 2: unterminated quote at \"\"a\"" },
	{ "@\"a\\\"", "--guest: lines, column 2: unterminated quote at \"\"a\\\"\"" },
	{ "@\"a\\", "--guest: lines, column 2: unterminated quote at \"\"a\\\"" },
	{ "@0{", "--guest: lines, column 4: expected a line at the end" },
	{ "@0{}", "--guest: lines, column 4: expected a line at \"}\"" },
	{ "@0{1:}", "--guest: lines, column 6: expected a line at \"}\"" },
	{ "@0{:1}", "--guest: lines, column 4: expected a line at \":1}\"" },
	{ "@0{=a}", "--guest: lines, column 4: expected a line at \"=a}\"" },
	{ "@0{1", "--guest: lines, column 5: expected ':' or '}' at the end" },
	{ "@0{1=a", "--guest: lines, column 7: expected ':' or '}' at the end" },
	{ "@0{1:2@1", "--guest: lines, column 7: unquoted special character at \"@1\"" },
	{ "@0{G@5}", "--guest: lines, column 5: unquoted special character at \"@5}\"" },
	{ "@0{\"Red LED}", "--guest: lines, column 4: unterminated quote at \"\"Red LED}\"" },
	{ "@0{\"a\" \"b\"}", "--guest: lines, column 8: unexpected text at \"\"b\"}\"" },
	{ "@0{1=}", "--guest: lines, column 6: expected a name at \"}\"" },
	{ "@0{1=a=b}", "--guest: lines, column 7: unquoted special character at \"=b}\"" },
	{ "@0{1,}", "--guest: lines, column 6: expected an attribute at \"}\"" },
	{ "@0{1,=a}", "--guest: lines, column 6: expected an attribute at \"=a}\"" },
	{ "@0{1,bias=}", "--guest: lines, column 11: expected a value at \"}\"" },
	{ "@0{1,bias=pull-up=1}", "--guest: lines, column 18: unquoted special character at \"=1}\"" },
	{ "@0{1,2:3,4 and so much more that it is cut",
	  "--guest: line 1: \"2\" is no attribute (':' separates lines)" },
	{ "@0{1:2x@4 and so much more that it is cut",
	  "--guest: lines, column 8: unquoted special character at \"@4 and so much more that\"" },
	/* Chips. */
	{ "@2147483648", "--guest: chip \"2147483648\": the number is too large" },
	{ "@gpiochip99999999999999999999999", "--guest: chip \"gpiochip99999999999999999999999\": the number is too "
					      "large" },
	{ "@12345678901234567890123456789012x",
	  "--guest: chip \"1234567890123456789012345678901...\" is too long (33 bytes, at most 31)" },
	{ "@/dev/"
	  "6789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678",
	  "--guest: chip \"/dev/67890123456789012345678901234567890123456789012345678901234\" is too long (108 bytes, "
	  "at most 107)" },
	{ "@\"\"", "--guest: chip \"\": a name cannot be empty" },
	{ "@\"a\tb\"", "--guest: chip \"a\tb\": a name is printable ASCII only" },
	{ "@a\\b\xc3\xa4", "--guest: chip \"a\\b\xc3\xa4\": a name is printable ASCII only" },
	{ "@\"a\\n\"", "--guest: chip \"a\\n\": a backslash may only precede \", \\ or ;" },
	/* Lines and names. */
	{ "@0{65535}", "--guest: line 65535: out of range (a chip's last line is at most 65534)" },
	{ "@0{1-99999999999999999999}",
	  "--guest: line 99999999999999999999: out of range (a chip's last line is at most 65534)" },
	{ "@0{18446744073709551617}",
	  "--guest: line 18446744073709551617: out of range (a chip's last line is at most 65534)" },
	{ "@0{7-4}", "--guest: line 7-4: the range is reversed" },
	{ "@0{1-}", "--guest: \"1-\" is neither an offset nor a range (quote a name)" },
	{ "@0{-1}", "--guest: \"-1\" is neither an offset nor a range (quote a name)" },
	{ "@0{1-2-3}", "--guest: \"1-2-3\" is neither an offset nor a range (quote a name)" },
	{ "@0{4-7=leds}", "--guest: line 4-7: a range cannot have one name, \"leds\"" },
	{ "@0{\"\"}", "--guest: line \"\": a name cannot be empty" },
	{ "@0{1=\"\"}", "--guest: line 1: the name \"\": a name cannot be empty" },
	{ "@0{1=t\xc3\xbcr}", "--guest: line 1: the name \"t\xc3\xbcr\": a name is printable ASCII only" },
	{ "@0{1=a\x7f}", "--guest: line 1: the name \"a\x7f\": a name is printable ASCII only" },
	{ "@0{1=\"a\tb\"}", "--guest: line 1: the name \"a\tb\": a name is printable ASCII only" },
	{ "@0{1=12345678901234567890123456789012}",
	  "--guest: line 1: the name \"1234567890123456789012345678901...\" is too long (32 bytes, at most 31)" },
	{ "@0{\"12345678901234567890123456789012\"}",
	  "--guest: line \"1234567890123456789012345678901...\" is too long (32 bytes, at most 31)" },
	{ "@0{0-65533:7:8}", "--guest: line 8: more than 65535 lines for the guest" },
	{ "@0{0-65533}@1{0}@2{7-8}", "--guest: line 7-8: more than 65535 lines for the guest" },
	/* Attributes. */
	{ "@0{1:17,bias=pullup}", "--guest: line 17: unknown bias \"pullup\" (pull-up, pull-down, disabled)" },
	{ "@0{1,drive=hard}", "--guest: line 1: unknown drive \"hard\" (push-pull, open-drain, open-source)" },
	{ "@0{1,init=low}", "--guest: line 1: unknown init \"low\" (output-low, output-high, input)" },
	{ "@0{1,on-disconnect=low}",
	  "--guest: line 1: unknown on-disconnect \"low\" (release, hold, input, output-low, output-high)" },
	{ "@0{1,init=hold}", "--guest: line 1: unknown init \"hold\" (output-low, output-high, input)" },
	{ "@0{\"a b\"=c,active_low}",
	  "--guest: line \"a b\": unknown attribute \"active_low\"; did you mean \"active-low\"?" },
	{ "@0{4-7,inptu}", "--guest: line 4-7: unknown attribute \"inptu\"; did you mean \"input\"?" },
	{ "@0{1,on_disconect=hold}",
	  "--guest: line 1: unknown attribute \"on_disconect\"; did you mean \"on-disconnect\"?" },
	{ "@0{1,mode=input}", "--guest: line 1: unknown attribute \"mode\"; did you mean \"input\"?" },
	{ "@0{1,bias}", "--guest: line 1: bias needs a value (pull-up, pull-down, disabled)" },
	{ "@0{1,debounce}", "--guest: line 1: debounce needs a value (5ms)" },
	{ "@0{1,pull-up}", "--guest: line 1: unknown attribute \"pull-up\"; did you mean \"bias=pull-up\"?" },
	{ "@0{1,input=yes}", "--guest: line 1: input takes no value" },
	{ "@0{1,wire}", "--guest: line 1: wire needs a value (GUEST.LINE)" },
	{ "@0{1,wire=ci.led,wire=ci.led}", "--guest: line 1: wire is given twice" },
	{ "@0{1,input,input}", "--guest: line 1: input is given twice" },
	{ "@0{1,bias=as-is,bias=as-is}", "--guest: line 1: bias is given twice" },
	{ "@0{1,debounce=5}", "--guest: line 1: debounce: \"5\" has no unit (us, ms, s); did you mean \"5ms\"?" },
	{ "@0{1,debounce=0us}", "--guest: line 1: debounce: \"0us\" is out of range (1us to 4294967295us)" },
	{ "@0{1,debounce=4294967296us}",
	  "--guest: line 1: debounce: \"4294967296us\" is out of range (1us to 4294967295us)" },
	{ "@0{1,debounce=4295s}", "--guest: line 1: debounce: \"4295s\" is out of range (1us to 4294967295us)" },
	{ "@0{1,debounce=1.5ms}", "--guest: line 1: debounce: \"1.5ms\" is not a time (200us, 5ms, 1s)" },
	{ "@0{1,debounce=ms}", "--guest: line 1: debounce: \"ms\" is not a time (200us, 5ms, 1s)" },
	{ "@0{1,debounce=5m}", "--guest: line 1: debounce: \"5m\" is not a time (200us, 5ms, 1s)" },
	{ "@0{1,debounce=-5ms}", "--guest: line 1: debounce: \"-5ms\" is not a time (200us, 5ms, 1s)" },
	/* Contradictions name both words. */
	{ "@0{1,output,input}", "--guest: line 1: \"input\" and \"output\" cannot be combined" },
	{ "@0{1,output,ro}", "--guest: line 1: \"ro\" and \"output\" cannot be combined" },
	{ "@0{1,input,drive=push-pull}", "--guest: line 1: \"input\" and \"drive=push-pull\" cannot be combined" },
	{ "@0{1,ro,drive=open-drain}", "--guest: line 1: \"ro\" and \"drive=open-drain\" cannot be combined" },
	{ "@0{1,init=output-low,input}", "--guest: line 1: \"input\" and \"init=output-low\" cannot be combined" },
	{ "@0{1,ro,init=output-high}", "--guest: line 1: \"ro\" and \"init=output-high\" cannot be combined" },
	{ "@0{1,input,on-disconnect=output-low}",
	  "--guest: line 1: \"input\" and \"on-disconnect=output-low\" cannot be combined" },
	{ "@0{1,ro,on-disconnect=output-high}",
	  "--guest: line 1: \"ro\" and \"on-disconnect=output-high\" cannot be combined" },
	{ "@0{1,output,debounce=5ms}", "--guest: line 1: \"output\" and \"debounce=5ms\" cannot be combined" },
};

static void refusals_name_word_and_place(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (parse(refusals[i].words) != -EINVAL)
			fail_msg("not refused: %s", refusals[i].words);
		assert_string_equal(why.text, refusals[i].text);
	}
}

static void each_line_knows_its_place(void **state)
{
	const struct config_chip *chip;

	assert_int_equal(parse("@0{17:4-7:\"a b\":a234567890123456789012345678901=x}"), 0);
	chip = &configs.guests[0].chips[0];
	assert_string_equal(chip->lines[0].where, "--guest: line 17");
	assert_string_equal(chip->lines[1].where, "--guest: line 4-7");
	assert_string_equal(chip->lines[2].where, "--guest: line \"a b\"");
	assert_string_equal(chip->lines[3].where, "--guest: line \"a234567890123456789012345678901\"");
}

/* text n times, after before. */
static char *repeat(const char *before, const char *text, unsigned n)
{
	char *all = malloc(strlen(before) + n * strlen(text) + 1), *end = all;

	end += sprintf(end, "%s", before);
	while (n--)
		end += sprintf(end, "%s", text);
	return all;
}

static void as_many_chips_as_allowed(void **state)
{
	char *text = repeat("", "@0", CONFIG_CHIPS_MAX);

	assert_int_equal(parse(text), 0);
	assert_int_equal(configs.guests[0].n_chips, CONFIG_CHIPS_MAX);
	free(text);
	text = repeat("", "@0", CONFIG_CHIPS_MAX + 1);
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(why.text, "--guest: lines: more than 1024 chips");
	free(text);
}

static void as_many_lines_as_allowed(void **state)
{
	char *text = repeat("@0{0", ":0", CHIP_LINES_MAX - 1);

	text = realloc(text, strlen(text) + 16);
	strcat(text, "}");
	assert_int_equal(parse(text), 0);
	assert_int_equal(configs.guests[0].chips[0].n_lines, CHIP_LINES_MAX);
	text[strlen(text) - 1] = '\0';
	strcat(text, ":0}");
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(why.text, "--guest: lines: more than 65535 lines");
	free(text);
}

static void one_chip_and_one_line(void **state)
{
	struct config_chip chip = { 0 };
	struct config_line line = { 0 };

	assert_int_equal(lines_chip_parse("--guest", "foo@1,{b", &chip, &why), 0);
	assert_int_equal(chip.kind, CONFIG_CHIP_LABEL);
	assert_string_equal(chip.word, "foo@1,{b");
	assert_int_equal(lines_chip_parse("--guest", "\"0\" x", &chip, &why), -EINVAL);
	assert_string_equal(why.text, "--guest: chip, column 5: unexpected text at \"x\"");
	assert_int_equal(lines_line_parse("--guest", "17", guest_make(), &line, &why), 0);
	assert_int_equal(line.first, 17);
	assert_int_equal(configs.guests[0].n_lines, 1);
	assert_int_equal(lines_line_parse("--guest", "4-7", guest_make(), &line, &why), -EINVAL);
	assert_string_equal(why.text, "--guest: line 4-7: expected one line, not a range");
	line = (struct config_line){ 0 };
	assert_int_equal(lines_line_parse("--guest", "a,b:c", guest_make(), &line, &why), 0);
	assert_string_equal(line.line_name, "a,b:c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_their_meaning),   cmocka_unit_test(refusals_name_word_and_place),
		cmocka_unit_test(each_line_knows_its_place), cmocka_unit_test(as_many_chips_as_allowed),
		cmocka_unit_test(as_many_lines_as_allowed),  cmocka_unit_test(one_chip_and_one_line),
	};

	return cmocka_run_group_tests_name("lines_grammar", tests, NULL, deinit);
}
