/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The word of --guest: what is made of it, and which words are refused with which message. */
#include "rows.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "config/guest_option.h"
#include "guest_config_text.h"

static struct guest_configs configs;
static struct why why;

static int deinit(void **state)
{
	guest_configs_deinit(&configs);
	return 0;
}

static int parse(const char *word)
{
	guest_configs_deinit(&configs);
	return guest_option_parse(word, 0, &configs, &why);
}

static const struct {
	const char *word;
	const char *meaning;
} good[] = {
	{ "socket=/run/vgpio/ivi.sock,lines=@pinctrl-rp1{17=door,input,bias=pull-up,debounce=5ms:"
	  "22=horn,on-disconnect=output-low:4-7}",
	  "guest0 /run/vgpio/ivi.sock L[pinctrl-rp1]{17=door !out bias2 5000us:22=horn away2:4-7}" },
	{ "fd=5,lines=@gpiochip0{\"Red LED Vdd\"=led}@/dev/gpiochip-exp{0-3}",
	  "guest0 fd5 N0[gpiochip0]{\"Red LED Vdd\"=led}P[/dev/gpiochip-exp]{0-3}" },
	{ "name=ci,socket=/tmp/ci.sock,sim=8,names=button:led::irq",
	  "ci /tmp/ci.sock sim8(button,led,,irq,,,,) S[sim]" },
	{ "sim=8", "guest0 sim8 S[sim]" },
	{ "sim=65535", "guest0 sim65535 S[sim]" },
	{ "lines=@0{1,ro:2},name=a-b_C9,socket=x", "a-b_C9 x N0[0]{1 !out !value:2}" },
	{ "sim=8,lines=@sim{0=button,bias=pull-up:1}", "guest0 sim8 S[sim]{0=button bias2:1}" },
	{ "lines=@0@sim,sim=1", "guest0 sim1 N0[0]S[sim]" },
	{ "names=a:\"b,c:d\" : e ,sim=4", "guest0 sim4(a,b,c:d,e,) S[sim]" },
	{ "names=:,sim=2", "guest0 sim2(,) S[sim]" },
	{ "names=\"\",sim=1", "guest0 sim1() S[sim]" },
	{ "socket=\"a,b\",lines=@\"x,y\"{\"c}d,e\":2},name=g", "g a,b L[x,y]{\"c}d,e\":2}" },
	{ "socket=a{b,sim=1", "guest0 a{b sim1 S[sim]" },
	{ "socket=a=b,sim=1", "guest0 a=b sim1 S[sim]" },
	{ "socket=a,socket-mode=0660,socket-group=0,sim=1", "guest0 a 660 gid0 sim1 S[sim]" },
	{ "socket=a,socket-mode=7,socket-group=4294967294,sim=1", "guest0 a 7 gid4294967294 sim1 S[sim]" },
	{ "fd=0,sim=1", "guest0 fd0 sim1 S[sim]" },
	{ "iommu=on,sim=1", "guest0 iommu sim1 S[sim]" },
	{ "sim=1,iommu=off", "guest0 sim1 S[sim]" },
	{ "sim=1,busy-poll=50us", "guest0 poll50 sim1 S[sim]" },
	{ "busy-poll=10ms,sim=1", "guest0 poll10000 sim1 S[sim]" },
	{ "busy-poll=0us,sim=1", "guest0 sim1 S[sim]" },
};

static void words_and_their_meaning(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (parse(good[i].word) < 0)
			fail_msg("refused: %s: %s", good[i].word, why.text);
		assert_int_equal(configs.n_guests, 1);
		assert_string_equal(configs.guests[0].where, "--guest");
		assert_string_equal(guest_config_text(&configs.guests[0]), good[i].meaning);
	}
}

static const struct {
	const char *word;
	const char *text;
} refusals[] = {
	{ "", "--guest: \"\" is not key=value" },
	{ "sim=1,", "--guest: \"\" is not key=value" },
	{ "sim", "--guest: \"sim\" is not key=value" },
	{ "scoket=a,sim=1", "--guest: unknown key \"scoket\"; did you mean \"socket\"?" },
	{ "socket_mode=a,sim=1", "--guest: unknown key \"socket_mode\"; did you mean \"socket-mode\"?" },
	{ "=a", "--guest: unknown key \"\" (name, socket, fd, socket-mode, socket-group, iommu, busy-poll, sim, names, "
		"lines)" },
	{ "sm=1", "--guest: unknown key \"sm\"; did you mean \"sim\"?" },
	{ "fb=1", "--guest: unknown key \"fb\" (name, socket, fd, socket-mode, socket-group, iommu, busy-poll, sim, "
		  "names, lines)" },
	{ "speed=9", "--guest: unknown key \"speed\" (name, socket, fd, socket-mode, socket-group, iommu, busy-poll, "
		     "sim, names, lines)" },
	{ "sim=1,sim=1", "--guest: \"sim\" is given twice" },
	{ "socket=,sim=1", "--guest: socket: empty" },
	{ "name=a b,sim=1", "--guest: name: \"a b\" is not a guest's name (letters, digits, '-' and '_')" },
	{ "name=a.b,sim=1", "--guest: name: \"a.b\" is not a guest's name (letters, digits, '-' and '_')" },
	{ "name=12345678901234567890123456789012,sim=1",
	  "--guest: name: \"12345678901234567890123456789012\" is too long (at most 31 bytes)" },
	{ "socket=\"a\"b,sim=1", "--guest: socket: \"\"a\"b\" does not end at its closing quote" },
	{ "socket=\"a\\n\",sim=1", "--guest: socket: \"\"a\\n\"\" has a backslash that precedes none of \", \\ and ;" },
	{ "socket=\"\",sim=1", "--guest: socket: \"\"\"\" is empty" },
	{ "socket=a\nb,sim=1", "--guest: socket: \"a\nb\" has a control character, or too many quotes" },
	{ "fd=x,sim=1", "--guest: fd: \"x\" is not the number of a file descriptor" },
	{ "fd=-1,sim=1", "--guest: fd: \"-1\" is not the number of a file descriptor" },
	{ "fd=2147483648,sim=1", "--guest: fd: \"2147483648\" is not the number of a file descriptor" },
	{ "fd=5,socket=a,sim=1", "--guest: fd: \"5\" and a socket cannot be combined" },
	{ "socket=a,socket-mode=1000,sim=1", "--guest: socket-mode: \"1000\" is not a file mode (octal, 0 to 0777)" },
	{ "socket=a,socket-mode=8,sim=1", "--guest: socket-mode: \"8\" is not a file mode (octal, 0 to 0777)" },
	{ "socket=a,socket-mode=u+w,sim=1", "--guest: socket-mode: \"u+w\" is not a file mode (octal, 0 to 0777)" },
	{ "fd=3,socket-mode=600,sim=1", "--guest: socket-mode: \"600\" needs a path (socket)" },
	{ "socket-group=0,sim=1", "--guest: socket-group: \"0\" needs a path (socket)" },
	{ "socket=a,socket-group=no such group,sim=1", "--guest: socket-group: there is no group \"no such group\"" },
	{ "socket=a,socket-group=4294967295,sim=1",
	  "--guest: socket-group: group \"4294967295\": the number is too large" },
	{ "iommu=yes,sim=1", "--guest: iommu: \"yes\" is not on or off" },
	{ "iommu=,sim=1", "--guest: iommu: empty" },
	{ "busy-poll=,sim=1", "--guest: busy-poll: empty" },
	{ "busy-poll=50,sim=1", "--guest: busy-poll: \"50\" has no unit (us, ms, s); did you mean \"50ms\"?" },
	{ "busy-poll=on,sim=1", "--guest: busy-poll: \"on\" is not a time (200us, 5ms, 1s)" },
	{ "busy-poll=10001us,sim=1", "--guest: busy-poll: \"10001us\" is out of range (0us to 10000us)" },
	{ "busy-poll=1s,sim=1", "--guest: busy-poll: \"1s\" is out of range (0us to 10000us)" },
	{ "sim=0", "--guest: sim: \"0\" is not a number of lines (1 to 65535)" },
	{ "sim=65536", "--guest: sim: \"65536\" is not a number of lines (1 to 65535)" },
	{ "sim=s8", "--guest: sim: \"s8\" is not a number of lines (1 to 65535)" },
	{ "names=a,lines=@0", "--guest: names: \"a\" needs a simulated chip (sim)" },
	{ "sim=2,names=a:b:c", "--guest: names: more names than the 2 lines of the chip" },
	{ "sim=1,names=a:", "--guest: names: more names than the 1 line of the chip" },
	{ "sim=2,names=a,b", "--guest: \"b\" is not key=value (':' separates names)" },
	{ "sim=2,socket-path=x", "--guest: unknown key \"socket-path\"; did you mean \"socket\"?" },
	{ "lines=@0{1,mode=input}", "--guest: line 1: unknown attribute \"mode\"; did you mean \"input\"?" },
	{ "lines=@0{1,mode=high}",
	  "--guest: line 1: unknown attribute \"mode\" (ro, input, output, no-irq, active-low, bias, drive, debounce, "
	  "init, on-disconnect, wire)" },
	{ "sim=2,names=a:\"b", "--guest: names, column 3: unterminated quote at \"\"b\"" },
	{ "sim=2,names=a\"b\"", "--guest: names, column 2: unquoted special character at \"\"b\"\"" },
	{ "sim=2,names=\"a\"b", "--guest: names, column 4: unexpected text at \"b\"" },
	{ "sim=2,names=a:\xc3\xa4", "--guest: names: \"\xc3\xa4\": a name is printable ASCII only" },
	{ "sim=1,names=12345678901234567890123456789012",
	  "--guest: names: \"1234567890123456789012345678901...\" is too long (32 bytes, at most 31)" },
	{ "socket=a", "--guest: the guest has no lines (lines or sim)" },
	{ "lines=@sim{1}", "--guest: the guest has lines of the chip sim, but no such chip (sim=N)" },
	{ "lines=@0{1},sim=8", "--guest: the guest has a simulated chip, but no line of it (@sim)" },
	{ "lines=@0{1,bias=pullup}", "--guest: line 1: unknown bias \"pullup\" (pull-up, pull-down, disabled)" },
	{ "lines=@0{1,sim=8",
	  "--guest: line 1: unknown attribute \"sim\" (ro, input, output, no-irq, active-low, bias, "
	  "drive, debounce, init, on-disconnect, wire)" },
};

static void refusals_name_word_and_place(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (parse(refusals[i].word) != -EINVAL)
			fail_msg("not refused: %s", refusals[i].word);
		assert_string_equal(why.text, refusals[i].text);
	}
}

static void a_socket_path_is_bounded(void **state)
{
	char word[160], text[256];

	snprintf(word, sizeof(word), "sim=1,socket=%0107d", 0);
	assert_int_equal(parse(word), 0);
	assert_int_equal(strlen(configs.guests[0].socket.path), 107);
	snprintf(word, sizeof(word), "sim=1,socket=%0108d", 0);
	snprintf(text, sizeof(text), "--guest: socket: \"%064d\" is too long (a socket path has at most 107 bytes)", 0);
	assert_int_equal(parse(word), -EINVAL);
	assert_string_equal(why.text, text);
	snprintf(word, sizeof(word), "sim=1,socket=\"%0108d\"", 0);
	assert_int_equal(parse(word), -EINVAL);
	assert_non_null(strstr(why.text, "is too long"));
}

static void a_group_may_be_named(void **state)
{
	const struct group *group = getgrgid(0);
	char word[160];

	if (!group)
		skip_because("the group 0 has no name");
	snprintf(word, sizeof(word), "sim=1,socket=a,socket-group=%s", group->gr_name);
	assert_int_equal(parse(word), 0);
	assert_true(configs.guests[0].socket.has_group);
	assert_int_equal(configs.guests[0].socket.group, 0);
}

static int add(const char *word, unsigned number)
{
	return guest_option_parse(word, number, &configs, &why);
}

static void several_guests_are_numbered(void **state)
{
	deinit(NULL);
	assert_int_equal(add("sim=1", 1), 0);
	assert_int_equal(add("sim=1,name=b", 2), 0);
	assert_int_equal(add("sim=1", 3), 0);
	assert_string_equal(configs.guests[0].name, "guest0");
	assert_string_equal(configs.guests[1].name, "b");
	assert_string_equal(configs.guests[2].name, "guest2");
	assert_string_equal(configs.guests[1].where, "--guest 2");
	assert_int_equal(add("sim=x", 4), -EINVAL);
	assert_string_equal(why.text, "--guest 4: sim: \"x\" is not a number of lines (1 to 65535)");
}

static void names_are_unique(void **state)
{
	deinit(NULL);
	assert_int_equal(add("sim=1", 1), 0);
	assert_int_equal(add("sim=1,name=guest0", 2), -EINVAL);
	assert_string_equal(why.text, "--guest 2: the name \"guest0\" is already that of --guest 1");
	deinit(NULL);
	assert_int_equal(add("sim=1,name=guest1", 1), 0);
	assert_int_equal(add("sim=1", 2), -EINVAL);
	assert_string_equal(why.text, "--guest 2: the default name \"guest1\" is already that of --guest 1");
}

static void as_many_guests_as_allowed(void **state)
{
	deinit(NULL);
	for (unsigned i = 1; i <= GUESTS_MAX; i++)
		assert_int_equal(add("sim=1", i), 0);
	assert_int_equal(add("sim=1", GUESTS_MAX + 1), -EINVAL);
	assert_string_equal(why.text, "--guest: more than 16384 guests");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_their_meaning),     cmocka_unit_test(refusals_name_word_and_place),
		cmocka_unit_test(a_socket_path_is_bounded),    cmocka_unit_test(a_group_may_be_named),
		cmocka_unit_test(several_guests_are_numbered), cmocka_unit_test(names_are_unique),
		cmocka_unit_test(as_many_guests_as_allowed),
	};

	return cmocka_run_group_tests_name("guest_option", tests, NULL, deinit);
}
