/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Waveform files of many makers: what they declare, what changes in them, and what is said of those that are wrong. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wave/playback.h"
#include "wave/vcd_find.h"

#define HEAD                                                                                                           \
	"$timescale 1 ns $end $scope module m $end $var wire 1 ! a $end $var reg 4 # d [3:0] $end $upscope $end\n"     \
	"$enddefinitions $end\n"

static struct vcd_reader reader;
static struct playback playback;
static struct why why;
static char played[4096];

static int teardown(void **state)
{
	playback_deinit(&playback);
	vcd_reader_close(&reader);
	return 0;
}

static void open_text(const char *text)
{
	teardown(NULL);
	if (vcd_reader_open(&reader, "f", text, strlen(text), &why) < 0)
		fail_msg("%s", why.text);
}

static void bad(const char *text, const char *expected)
{
	struct vcd_change change;
	int ret;

	teardown(NULL);
	ret = vcd_reader_open(&reader, "f", text, strlen(text), &why);
	for (int n = ret; ret == 0 && (n = vcd_reader_next(&reader, &change)) != 0;)
		ret = n < 0 ? n : 0;
	assert_int_equal(ret, -22);
	assert_string_equal(why.text, expected);
}

/* The signals of these words, each as its own line: "TIME:LINE=LEVEL LINE=LEVEL;" of each moment. */
static const char *play(const char *const *words, size_t n, uint64_t speed)
{
	struct playback_moment moment;
	char *at = played;
	int ret;

	playback_deinit(&playback);
	vcd_reader_rewind(&reader);
	assert_int_equal(playback_init(&playback, &reader, n, speed), 0);
	for (size_t i = 0; i < n; i++) {
		uint32_t bit;
		const struct vcd_signal *signal = vcd_find(&reader.head, words[i], &bit, &why);

		if (!signal)
			fail_msg("%s", why.text);
		playback_map(&playback, (uint16_t)i, signal, bit);
	}
	while ((ret = playback_next(&playback, &moment)) > 0) {
		at += sprintf(at, "%llu:", (unsigned long long)moment.at_ns);
		for (size_t i = 0; i < moment.n; i++)
			at += sprintf(at, "%s%u=%c", i ? " " : "", moment.steps[i].line,
				      "01lhz"[moment.steps[i].level]);
		at += sprintf(at, ";");
	}
	*at = '\0';
	if (ret < 0)
		fail_msg("%s", why.text);
	return played;
}

static void not_found(const char *word, const char *expected)
{
	uint32_t bit;

	assert_null(vcd_find(&reader.head, word, &bit, &why));
	assert_string_equal(why.text, expected);
}

/* The file of another program. */
static void open_file(const char *name)
{
	static char text[65536];
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", getenv("VCD_FILES"), name);
	file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	open_text(text);
}

#define PLAY(speed, ...)                                                                                               \
	play((const char *const[]){ __VA_ARGS__ },                                                                     \
	     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *), speed)

static void of_icarus_verilog(void **state)
{
	open_file("icarus");
	assert_string_equal(PLAY(1000, "top.tx", "sda", "data[3]", "data[0]", "en"),
			    "0:4=0 3=0 2=1 1=z 0=1;50:1=0 4=1 0=0;150:1=z 4=0;250:1=0 4=1 0=1;350:1=z 4=0 0=0;"
			    "450:1=0 4=1 0=1;550:1=z 4=0 3=1 2=z;600:;");
	assert_string_equal(PLAY(1000, "i[0]", "i[1]", "i[31]"), "0:2=z 1=z 0=z;50:2=0 1=0 0=0;150:0=1;250:1=1 0=0;"
								 "350:0=1;450:1=0 0=0;600:;");
	not_found("r", "\"r\" has no level");
	not_found("data", "\"data\" has 4 bits: expected one of them, [3] to [0]");
	not_found("data[4]", "no signal \"data[4]\"");
	not_found("a[1]", "no signal \"a[1]\"");
}

/* Femtoseconds, and all nine levels. */
static void of_ghdl(void **state)
{
	open_file("ghdl");
	assert_string_equal(PLAY(1000, "tb.clk", "bus0[2]", "bus0[1]", "bus0[0]", "b"),
			    "0:0=l 3=z 2=z 1=z 4=0;1000:0=1 2=h 1=1;2000:0=h 2=l 1=0 4=1;3000:0=0 3=1 2=z 1=z;");
}

static void of_gtkwave(void **state)
{
	open_file("gtkwave");
	assert_string_equal(PLAY(1000, "tx", "data[0]"), "0:1=0 0=1;50:0=0;250:0=1;350:0=0;450:0=1;550:1=1;600:;");
}

/* Several changes stand on one line. */
static void of_sigrok(void **state)
{
	open_file("sigrok");
	assert_string_equal(PLAY(1000, "D0", "libsigrok.D1"),
			    "0:0=1 1=0;1000:0=0 1=1;4000:0=1 1=0;5000:1=1;8000:0=0;9000:1=0;11000:1=1;"
			    "12000:0=1;16000:1=0;17000:0=0 1=1;20000:0=1 1=0;21000:1=1;24000:;");
}

static void of_vgpioctl(void **state)
{
	open_text("$version vgpioctl $end\n$timescale 1 ns $end\n$scope module ci $end\n$var wire 1 ! Red_LED $end\n"
		  "$var wire 1 \" x $end\n$upscope $end\n$scope module two $end\n$var wire 1 # x $end\n$upscope $end\n"
		  "$enddefinitions $end\n#0\n$dumpvars\n0!\nz\"\nx#\n$end\n#5\n1!\n"
		  "$comment ci: 12 changes were lost $end\n1\"\n#7\n0\"\n1#\n0!\n#7\n1\"\n#9000\n");
	assert_string_equal(PLAY(1000, "ci.Red_LED", "ci.x", "two.x"), "0:0=0 1=z 2=z;5:0=1 1=1;7:2=1 0=0;9000:;");
	assert_string_equal(PLAY(500, "Red_LED"), "0:0=0;10:0=1;14:0=0;18000:;");
	assert_string_equal(PLAY(2000, "Red_LED"), "0:0=0;2:0=1;3:0=0;4500:;");
	not_found("x", "\"x\" is ambiguous: ci.x, two.x");
	not_found("D_LED", "no signal \"D_LED\"");
}

/* What comes before the first time is as of 0; a file may begin later than that. */
static void odd_times(void **state)
{
	open_text(HEAD "1! #1000 0!");
	assert_string_equal(PLAY(1000, "a"), "0:0=1;1000:0=0;");
	open_text(HEAD "#1000 1! #1000 0! #1001 1! 0! #1002 0! #1003");
	assert_string_equal(PLAY(1000, "a"), "0:0=0;3:;");
	open_text(HEAD);
	assert_string_equal(PLAY(1000, "a"), "");
	open_text("$timescale 100ms $end $var wire 1 ! a $end $enddefinitions $end #5 1! #7 0!");
	assert_string_equal(PLAY(1000, "a"), "0:0=1;200000000:0=0;");
	open_text("$timescale 10 fs $end $var wire 1 ! a $end $enddefinitions $end #0 1! #18446744073709551615 0!");
	assert_string_equal(PLAY(1000, "a"), "0:0=1;184467440737095:0=0;");
}

/* Vectors that are shorter than they were declared, or count the other way. */
static void vectors(void **state)
{
	open_text(HEAD "#0 bx1 # #1 b1 # #2 bz # #3 b1010 # #4 1#");
	assert_string_equal(PLAY(1000, "d[3]", "d[1]", "d[0]"), "0:2=1 1=z 0=z;1:1=0 0=0;2:2=z 1=z 0=z;"
								"3:2=0 1=1 0=1;4:2=1 1=0 0=0;");
	open_text("$var wire 3 ! up[-1:1] $end $var wire 1 & s[2] $end $enddefinitions $end #0 b100 ! 1&");
	assert_string_equal(PLAY(1000, "up[-1]", "up[1]", "s[2]"), "0:1=0 0=1 2=1;");
}

static void bad_heads(void **state)
{
	bad("", "f:1: the end of the file: expected $var, $enddefinitions or another command of a VCD file");
	bad("\n\nPK\x03\x04", "f:3: \"PK??\": expected $var, $enddefinitions or another command of a VCD file");
	bad("$timescale 2 ns $end", "f:1: \"2\": expected 1, 10 or 100 and a unit");
	bad("$timescale\n1\nhours $end", "f:3: \"hours\": expected s, ms, us, ns, ps or fs");
	bad("$timescale 1ns", "f:1: the end of the file: expected $end");
	bad("$date\n today", "f:1: \"$date\": expected $end behind it");
	bad("$scope module", "f:1: the end of the file: expected the kind and the name of a scope");
	bad("$upscope $end", "f:1: \"$upscope\": expected a $scope before it");
	bad("$var wire x ! a $end", "f:1: \"x\": expected a width of up to 65536 bits");
	bad("$var wire 65537 ! a $end", "f:1: \"65537\": expected a width of up to 65536 bits");
	bad("$var wire 1 $end", "f:1: \"$end\": expected an identifier");
	bad("$var wire 1 ! $end", "f:1: \"$end\": expected the name of the signal, and $end");
	bad("$var wire 1 ! a\n\n", "f:3: the end of the file: expected the name of the signal, and $end");
	bad("$enddefinitions\n#0", "f:2: \"#0\": expected $end");
}

static void bad_changes(void **state)
{
	bad(HEAD "1%", "f:3: \"%\": expected the identifier of a $var");
	bad(HEAD "#0\n\nb1 %", "f:5: \"%\": expected the identifier of a $var");
	bad(HEAD "r1.5 %", "f:3: \"%\": expected the identifier of a $var");
	bad(HEAD "b1", "f:3: the end of the file: expected the identifier of a $var");
	bad(HEAD "b #", "f:3: \"b\": expected b and a value");
	bad(HEAD "1", "f:3: \"1\": expected a value and an identifier");
	bad(HEAD "2!", "f:3: \"2\": expected a value of 0, 1, x and z");
	bad(HEAD "b012 #", "f:3: \"012\": expected a value of 0, 1, x and z");
	bad(HEAD "b01010 #", "f:3: \"01010\": expected a value that is not wider than its $var");
	bad(HEAD "#5\n#4\n", "f:4: \"#4\": expected a time that is not before the last one");
	bad(HEAD "#-1", "f:3: \"#-1\": expected # and a time");
	bad(HEAD "#99999999999999999999", "f:3: \"#99999999999999999999\": expected # and a time");
	bad(HEAD "#10000000000000001", "f:3: \"#10000000000000001\": expected a time within 100 days");
	bad(HEAD "$dumpports", "f:3: \"$dumpports\": expected $dumpvars, $comment or another command of a VCD file's "
			       "changes");
	bad(HEAD "$comment that has no", "f:3: \"$comment\": expected $end behind it");
	bad(HEAD "0123456789012345678901234567890123456789", "f:3: \"12345678901234567890123456789012...\": expected "
							     "the identifier of a $var");
}

/* As many as may be, and one more; as deep as may be. */
static void many_signals(void **state)
{
	size_t size = 64 * (VCD_SIGNALS_MAX + 2), len = 0;
	char *text = malloc(size);
	uint32_t bit;

	assert_non_null(text);
	for (unsigned i = 0; i <= VCD_SIGNALS_MAX; i++)
		len += (size_t)sprintf(text + len, "$var wire 1 %x s%u $end\n", i, i);
	strcpy(text + len, "$enddefinitions $end");
	bad(text, "f:65537: \"$var\": expected no more than 65536 signals");
	len = (size_t)(strstr(text, "$var wire 1 10000") - text);
	strcpy(text + len, "$enddefinitions $end #0 1ffff 11000");
	open_text(text);
	assert_string_equal(vcd_find(&reader.head, "s65535", &bit, &why)->name, "s65535");
	assert_string_equal(PLAY(1000, "s65535", "s4096"), "0:0=1 1=1;");
	for (len = 0; len < 8000; len += 21)
		memcpy(text + len, "$scope module a $end ", 22);
	bad(text, "f:1: \"a\": expected a shorter name of a scope");
	vcd_reader_close(&reader);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(of_icarus_verilog, teardown),
		cmocka_unit_test_teardown(of_ghdl, teardown),
		cmocka_unit_test_teardown(of_gtkwave, teardown),
		cmocka_unit_test_teardown(of_sigrok, teardown),
		cmocka_unit_test_teardown(of_vgpioctl, teardown),
		cmocka_unit_test_teardown(odd_times, teardown),
		cmocka_unit_test_teardown(vectors, teardown),
		cmocka_unit_test_teardown(bad_heads, teardown),
		cmocka_unit_test_teardown(bad_changes, teardown),
		cmocka_unit_test_teardown(many_signals, teardown),
	};

	return cmocka_run_group_tests_name("vcd reader", tests, NULL, NULL);
}
