/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The configuration file: what is made of it, and what is refused with which message. */
#include "rows.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "config/file/config_file.h"
#include "guest_config_text.h"

static struct guest_configs configs;
static struct why why;

static int deinit(void **state)
{
	guest_configs_deinit(&configs);
	return 0;
}

static int parse(const char *text)
{
	guest_configs_deinit(&configs);
	why.text[0] = '\0';
	return config_file_parse("f", text, &configs, &why);
}

static void is_supported(void **state)
{
	if (!config_file_supported()) {
		assert_int_equal(parse("[guest a]\nsim=1\n"), -EINVAL);
		assert_string_equal(why.text,
				    "f: configuration files are not supported by this build (made without inih)");
		skip_because("this build reads no configuration");
	}
}

/* The guests' meanings, parted by '|'. */
static const struct {
	const char *text;
	const char *meaning;
} good[] = {
	{ "[guest ivi]\n"
	  "socket = /run/vgpio/ivi.sock\n"
	  "socket-mode = 0660\n"
	  "socket-group = 36\n"
	  "lines = @pinctrl-rp1{4-7}\n"
	  "\n"
	  "[line ivi.door]\n"
	  "chip = pinctrl-rp1\n"
	  "line = 17\n"
	  "bias = pull-up\n"
	  "debounce = 5ms\n"
	  "mode = input\n",
	  "ivi /run/vgpio/ivi.sock 660 gid36 L[pinctrl-rp1]{4-7:17=door !out bias2 5000us}" },
	{ "[guest a]\nsim=4\n[guest b]\nfd = 5\nnames = x:y\nsim = 2\n", "a sim4 S[sim]|b fd5 sim2(x,y) S[sim]" },
	{ "[guest a]\nsim=4", "a sim4 S[sim]" },
	{ "[guest a]\nsim = 4\niommu = on\n[guest b]\niommu = off\nsim = 1\n", "a iommu sim4 S[sim]|b sim1 S[sim]" },
	{ "\xef\xbb\xbf[guest a]\r\nsim = 4 ; four\r\n", "a sim4 S[sim]" },
	{ "\xef\xbb\xbf; nothing\n[guest a]# a comment\nsim: 4\n # more\n", "a sim4 S[sim]" },
	{ "[ guest\ta ] ; here\nsim=1\n", "a sim1 S[sim]" },
	/* Values that go on. */
	{ "[guest a]\nlines =\n  @0{    ; the first\n\t1=x,input:  ; a door\n# nothing\n\n    2:\n 3}\n @1\nsocket=s\n",
	  "a s N0[0]{1=x !out:2:3}N1[1]" },
	{ "[guest a]\nsim = 3\nnames = a:\n  b:\n  \"c ;\" \n", NULL },
	{ "[guest a]\nsim = 3\nnames = a:\n  b:\n  \"c \\;d\"\n", "a sim3(a,b,c ;d) S[sim]" },
	{ "[guest a]\nlines = @\"my\n  label\"{1:\"a\\\\b\"}\n", "a L[my label]{1:\"a\\b\"}" },
	{ "[guest a]\n  lines = @0\n[guest b]\n\tsim=1\n", "a N0[0]|b sim1 S[sim]" },
	{ "[guest a] # x\nsim = 1\n[guest b]\r\nsim = 1\r\n", "a sim1 S[sim]|b sim1 S[sim]" },
	{ "[guest a]\nsim = 2\nnames = \"it's # 1\":it's#2\nsocket = \"/run/it's # 1\"\n",
	  "a /run/it's # 1 sim2(it's # 1,it's#2) S[sim]" },
	{ "[guest a]\n[line a.\"b # c\"]\nchip = \"d e\"\nline = \"'f'\"\n", "a L[d e]{\"'f'\"=b # c}" },
	/* A socket path with what begins a comment. */
	{ "[guest a]\nsim=1\nsocket = \"/run/a \\; b\"\n", "a /run/a ; b sim1 S[sim]" },
	{ "[guest a]\nsim=1\nsocket = /run/a;b,c\n", "a /run/a;b,c sim1 S[sim]" },
	/* Lines. */
	{ "[guest a]\nsim=4\n[line a.x]\nchip=sim\nline=3\n", "a sim4 S[sim]{3=x}" },
	{ "[guest a]\n[line a.x]\nchip=0\nline=1\n[line a.y]\nchip=0\nline=\"2\"\n[line a.z]\nchip=1\nline=2\n"
	  "[line a.w]\nchip=0\nline=3\n",
	  "a N0[0]{1=x:\"2\"=y}N1[1]{2=z}N0[0]{3=w}" },
	{ "[guest a]\nlines=@0\n[line a.x]\nchip=0\nline=1\n", "a N0[0]N0[0]{1=x}" },
	{ "[guest a]\nlines=@1\n[guest b]\nlines=@2\n[line a.a.b c]\nchip=my{l@bel\nline=Red LED, left\n",
	  "a N1[1]L[my{l@bel]{\"Red LED, left\"=a.b c}|b N2[2]" },
	{ "[guest a]\n[line a.x]\nline=1\nmode=ro\nno-irq=yes\nactive-low=yes\nchip=/dev/gpiochip-exp\n"
	  "init=input\non-disconnect=hold\n[line a.y]\nline=2\nchip=gpiochip7\nmode=output\nno-irq=no\n"
	  "active-low = no\ndrive=open-drain\ninit = output-high\n",
	  "a P[/dev/gpiochip-exp]{1=x !out !value !irq low init1 away4}N7[gpiochip7]{2=y !in drive1 init3}" },
	/* A title may be longer than inih keeps. */
	{ "[guest a123456789012345678901234567890]\n[line a123456789012345678901234567890."
	  "b123456789012345678901234567890]\nchip=0\nline=1\n",
	  "a123456789012345678901234567890 N0[0]{1=b123456789012345678901234567890}" },
};

static void text_and_its_meaning(void **state)
{
	is_supported(state);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char all[4096] = "";
		int ret = parse(good[i].text);

		if (!good[i].meaning) {
			assert_int_equal(ret, -EINVAL);
			continue;
		}
		if (ret < 0)
			fail_msg("refused: %s: %s", good[i].text, why.text);
		for (size_t j = 0; j < configs.n_guests; j++) {
			strcat(all, j ? "|" : "");
			strcat(all, guest_config_text(&configs.guests[j]));
		}
		assert_string_equal(all, good[i].meaning);
	}
}

static const struct {
	const char *text;
	const char *why;
} refusals[] = {
	/* What is no INI, or would be cut silently. */
	{ "", "f: there is no [guest NAME]" },
	{ "# nothing\n", "f: there is no [guest NAME]" },
	{ "socket = a\n", "f:1: \"socket\" is outside of a section" },
	{ "[guest a]\nsim\n", "f:2: expected [section] or key = value" },
	{ "[guest a]\nscoket = a\nsim\n", "f:2: unknown key \"scoket\"; did you mean \"socket\"?" },
	{ "[guest a\nsim = 1\n", "f:1: a section without ']'" },
	{ "[guest a]\n= 1\n",
	  "f:2: unknown key \"\" (socket, fd, socket-mode, socket-group, iommu, busy-poll, sim, names, lines)" },
	/* Sections. */
	{ "[gest a]\nsim=1\n", "f:1: unknown section \"gest\"; did you mean \"guest\"?" },
	{ "[daemon]\nsafe = on\n", "f: there is no [guest NAME]" },
	{ "[demon]\n", "f:1: unknown section \"demon\"; did you mean \"daemon\"?" },
	{ "[x]\n", "f:1: unknown section \"x\" (daemon, guest, line, wires)" },
	{ "[]\n", "f:1: unknown section \"\" (daemon, guest, line, wires)" },
	{ "[guest]\nsim=1\n", "f:1: name: empty" },
	{ "[guest a b]\nsim=1\n", "f:1: name: \"a b\" is not a guest's name (letters, digits, '-' and '_')" },
	{ "[guest a]\nsim=1\n\n[guest a]\n", "f:4: the name \"a\" is already that of f:1" },
	{ "[guest a]\n\n[guest b]\nsim=1", "f:1: the guest has no lines (lines or sim)" },
	{ "[guest a]\nsim=1\n[line a.x]\nchip=0\nline=1\n",
	  "f:1: the guest has a simulated chip, but no line of it (@sim)" },
	{ "[guest a]\n[line a.x]\nchip=sim\nline=1\n",
	  "f:1: the guest has lines of the chip sim, but no such chip (sim=N)" },
	{ "[line a.x]\n[guest a]\n", "f:1: [line a.x]: there is no [guest a] above" },
	{ "[guest a]\nsim=1\n[line b.x]\n", "f:3: [line b.x]: there is no [guest b] above" },
	{ "[guest a]\nsim=1\n[line x]\n", "f:3: expected [line GUEST.NAME], not [line x]" },
	{ "[guest a]\nsim=1\n[line a.]\n", "f:3: the name \"\": a name cannot be empty" },
	{ "[guest a]\nsim=1\n[line a.t\xc3\xbcr]\n", "f:3: the name \"t\xc3\xbcr\": a name is printable ASCII only" },
	{ "[guest a]\nsim=1\n[line a.12345678901234567890123456789012]\n",
	  "f:3: the name \"1234567890123456789012345678901...\" is too long (32 bytes, at most 31)" },
	/* Comments, quotes and words where they are none. */
	{ "[guest a] # x\nsim = 1 # x\n", "f:2: sim: \"1 # x\" is not a number of lines (1 to 65535)" },
	{ "[guest a] x\nsim = 1\n", "f:1: text after ']'" },
	{ "[guest a]]\nsim = 1\n", "f:1: text after ']'" },
	{ "[guest a]\nsim = 1\nsocket = /x # y\n",
	  "f:3: socket: \"/x # y\" has a blank outside of double quotes (a comment stands in a line of its own)" },
	{ "[guest a]\nsim = 1\nsocket = /x y\n",
	  "f:3: socket: \"/x y\" has a blank outside of double quotes (a comment stands in a line of its own)" },
	{ "[guest a]\nsim = 1\nsocket = '/x'\n",
	  "f:3: socket: \"'/x'\" has single quotes, which quote nothing here: use double quotes" },
	{ "[guest a]\nsim = 1\nsocket = \"/x\" # y\n",
	  "f:3: socket: \"\"/x\" # y\" does not end at its closing quote" },
	{ "[guest a]\nsim = 2\nnames = b:c # d\n",
	  "f:3: names: \"c # d\" has a blank outside of double quotes (a comment stands in a line of its own)" },
	{ "[guest a]\nsim = 2\nnames = 'b'\n",
	  "f:3: names: \"'b'\" has single quotes, which quote nothing here: use double quotes" },
	{ "[guest a]\nsim = 2\nnames = \"b\" # c\n", "f:3: names, column 5: unexpected text at \"# c\"" },
	{ "[guest a]\nlines = @0 # x\n",
	  "f:2: chip \"0 # x\" has a blank outside of double quotes (a comment stands in a line of its own)" },
	{ "[guest a]\nlines = @/dev/gpiochip0 # x\n", "f:2: chip \"/dev/gpiochip0 # x\" has a blank outside of double "
						      "quotes (a comment stands in a line of its own)" },
	{ "[guest a]\nlines = @'lab'{1}\n",
	  "f:2: chip \"'lab'\" has single quotes, which quote nothing here: use double quotes" },
	{ "[guest a]\nlines = @0{1} # x\n", "f:2: lines, column 7: expected '@' and a chip at \"# x\"" },
	{ "[guest a]\nlines = @0{1=b c}\n", "f:2: line 1: the name \"b c\" has a blank outside of double quotes (a "
					    "comment stands in a line of its own)" },
	{ "[guest a]\n[line a.b #c]\nchip=0\nline=1\n",
	  "f:2: the name \"b #c\" has a blank outside of double quotes (a comment stands in a line of its own)" },
	{ "[guest a]\n[line a.\"b\" c]\nchip=0\nline=1\n", "f:2: the name \"b\" c does not end at its closing quote" },
	{ "[guest a]\n[line a.b]\nchip=0\nline=1 # x\n",
	  "f:4: line \"1 # x\" has a blank outside of double quotes (a comment stands in a line of its own)" },
	{ "[guest a]\n[line a.b]\nchip=/dev/gpiochip0 # x\nline=1\n",
	  "f:3: chip \"/dev/gpiochip0 # x\" has a blank outside of double quotes (a comment stands in a line of its "
	  "own)" },
	{ "[guest a]\n[line a.b]\nchip=0\nline=1\nbias=pull-up # x\n",
	  "f:5: unknown bias \"pull-up # x\" (pull-up, pull-down, disabled)" },
	/* Keys of a guest. */
	{ "[guest a]\n\nscoket = x\n", "f:3: unknown key \"scoket\"; did you mean \"socket\"?" },
	{ "[guest a]\nname = x\n", "f:2: unknown key \"name\"; did you mean \"names\"?" },
	{ "[guest a]\nsim = 1\nsim = 1\n", "f:3: \"sim\" is given twice" },
	{ "[guest a]\nsocket =\nsim = 1\n", "f:2: socket: empty" },
	{ "[guest a]\nsim = 1\n fd = 1\n", "f:2: \"sim\" continues in an indented line (only lines and names may)" },
	{ "[guest a]\nnames = x\n\nsim = no\n", "f:4: sim: \"no\" is not a number of lines (1 to 65535)" },
	{ "[guest a]\n\nlines = @0{1:\n  17,bias=pullup}\n",
	  "f:4: line 17: unknown bias \"pullup\" (pull-up, pull-down, disabled)" },
	{ "[guest a]\nlines = @0{1\n", "f:2: lines, column 5: expected ':' or '}' at the end" },
	{ "[guest a]\nlines =\n\n  @0{1:\n# here\n  2=b:\n\t3=c d}\n",
	  "f:7: line 3: the name \"c d\" has a blank outside of double quotes (a comment stands in a line of its "
	  "own)" },
	{ "[guest a]\nlines = @0{1}\n  @1{2}\n  3\n", "f:4: lines, column 1: expected '@' and a chip at \"3\"" },
	{ "[guest a]\nlines = @0{1\n  2}\n", "f:3: lines, column 1: unexpected text at \"2}\"" },
	{ "[guest a]\nsim = 3\nnames = a:\n  b:\n  b\"\n",
	  "f:5: names, column 2: unquoted special character at \"\"\"" },
	{ "[guest a]\nsim = 3\nnames = a,b,c\n",
	  "f:3: names: \"a,b,c\": ':' separates names (in double quotes it is one name)" },
	/* Keys of a line. */
	{ "[guest a]\n[line a.x]\nline=1\n", "f:2: \"chip\" is missing" },
	{ "[guest a]\n[line a.x]\nchip=1\n", "f:2: \"line\" is missing" },
	{ "[guest a]\n[line a.x]\nchip=1\nchip=2\n", "f:4: chip is given twice" },
	{ "[guest a]\n[line a.x]\nchip=0\nline=4-7\n", "f:4: line 4-7: expected one line, not a range" },
	{ "[guest a]\n[line a.x]\nchip=\nline=4\n", "f:3: chip, column 1: expected a chip at the end" },
	{ "[guest a]\n[line a.x]\nchip=\"a\nline=4\n", "f:3: chip, column 1: unterminated quote at \"\"a\"" },
	{ "[guest a]\n[line a.x]\nbais=pull-up\n", "f:3: unknown key \"bais\"; did you mean \"bias\"?" },
	{ "[guest a]\n[line a.x]\ninput=yes\n",
	  "f:3: unknown key \"input\" (chip, line, mode, no-irq, active-low, bias, drive, "
	  "debounce, init, on-disconnect, wire)" },
	{ "[guest a]\n[line a.x]\nwire=b.y\nwire=b.z\n", "f:4: wire is given twice" },
	{ "[guest a]\n[line a.x]\nbias=pullup\n", "f:3: unknown bias \"pullup\" (pull-up, pull-down, disabled)" },
	{ "[guest a]\n[line a.x]\nbias=as-is\nbias=as-is\n", "f:4: bias is given twice" },
	{ "[guest a]\n[line a.x]\nactive-low=no\nactive-low=no\n", "f:4: active-low is given twice" },
	{ "[guest a]\n[line a.x]\nmode=ro\nmode=input\n", "f:4: mode is given twice" },
	{ "[guest a]\n[line a.x]\nmode=bias\n", "f:3: unknown mode \"bias\" (ro, input, output)" },
	{ "[guest a]\n[line a.x]\nno-irq=true\n", "f:3: no-irq: \"true\" is not yes or no" },
	{ "[guest a]\n[line a.x]\ndebounce=5\n",
	  "f:3: debounce: \"5\" has no unit (us, ms, s); did you mean \"5ms\"?" },
	{ "[guest a]\n[line a.x]\nchip=0\nline=1\nmode=ro\ndrive=open-drain\n",
	  "f:4: line 1: \"ro\" and \"drive=open-drain\" cannot be combined" },
	{ "[guest a]\n[line a.x]\nchip=0\nline=1\n[line a.x]\nchip=0\nline=2\n",
	  "f:7: line 2: the name \"x\" is already that of f:4: line 1" },
	{ "[guest a]\nlines=@0{7=x}\n[line a.x]\nchip=0\nline=2\n",
	  "f:5: line 2: the name \"x\" is already that of f:2: line 7" },
	{ "[guest a]\nlines=@0{0-65534}\n[line a.x]\nchip=0\nline=2\n",
	  "f:5: line 2: more than 65535 lines for the guest" },
};

static void refusals_name_word_and_place(void **state)
{
	is_supported(state);
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (parse(refusals[i].text) != -EINVAL)
			fail_msg("not refused: %s", refusals[i].text);
		assert_string_equal(why.text, refusals[i].why);
	}
}

/* inih's own buffer decides: the longest line that gets through whole is found, and the next longer one is refused. */
static void a_line_is_never_cut(void **state)
{
	char text[1200];
	size_t len = 0;
	int ret;

	is_supported(state);
	do {
		len++;
		snprintf(text, sizeof(text), "[guest a]\nlines = @%0*d\n", (int)len, 7);
		ret = parse(text);
	} while (ret == 0 && len < 100);
	assert_int_equal(ret, 0); /* a number of any length is a number */
	for (; ret == 0; len++) {
		snprintf(text, sizeof(text), "[guest a]\nlines = @0{%0*d:3}\n", (int)len, 7);
		ret = parse(text);
		if (ret == 0)
			assert_string_equal(guest_config_text(&configs.guests[0]), "a N0[0]{7:3}");
		assert_in_range(len, 100, 1000);
	}
	len += strlen("lines = @0{:3}") - 1;
	assert_string_equal(why.text, "f:2: the line is too long: continue its value in indented lines");
	assert_true(len - 1 >= 190); /* print_config() counts on it */
	/* A comment may be as long as it likes. */
	snprintf(text, sizeof(text), "; %01000d\n[guest a]\nsim=1\n ; %0100d\n", 0, 0);
	assert_int_equal(parse(text), 0);
}

static void a_long_path_is_shown_by_its_end(void **state)
{
	const char *path = "/etc/a/very/long/way/to/the/configuration/of/the/daemon/that/serves/gpio.conf";

	is_supported(state);
	guest_configs_deinit(&configs);
	assert_int_equal(config_file_parse(path, "[guest a]\n[line a.x]\nchip=0\nline=1\n", &configs, &why), 0);
	assert_string_equal(configs.guests[0].where, "...he/configuration/of/the/daemon/that/serves/gpio.conf:1");
	assert_string_equal(configs.guests[0].chips[0].lines[0].where,
			    "...he/configuration/of/the/daemon/that/serves/gpio.conf:4: line 1");
}

static void as_many_guests_as_allowed(void **state)
{
	static char text[GUESTS_MAX * 32];
	size_t len = 0;

	is_supported(state);
	for (unsigned i = 0; i <= GUESTS_MAX; i++) {
		if (i == GUESTS_MAX)
			assert_int_equal(parse(text), 0);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "[guest g%u]\nsim=1\n", i);
	}
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(why.text, "f:32769: more than 16384 guests");
}

/* A file of n bytes in a folder of its own. */
static char folder[] = "/tmp/test_config_file.XXXXXX";
static char path[sizeof(folder) + 8];

static int folder_make(void **state)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/f", folder);
	return 0;
}

static int folder_remove(void **state)
{
	unlink(path);
	return rmdir(folder);
}

static int read_bytes(const char *bytes, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	guest_configs_deinit(&configs);
	return config_file_read(path, &configs, &why);
}

static void assert_why(const char *after_path)
{
	assert_memory_equal(why.text, path, strlen(path));
	assert_string_equal(why.text + strlen(path), after_path);
}

static void a_file_is_read(void **state)
{
	static const char text[] = "[guest a]\nsim=1\n";

	is_supported(state);
	assert_int_equal(read_bytes(text, strlen(text)), 0);
	assert_string_equal(guest_config_text(&configs.guests[0]), "a sim1 S[sim]");
}

static void what_is_no_text_is_refused(void **state)
{
	is_supported(state);
	assert_int_equal(read_bytes("[guest a]\nsim=1\n\0b", 18), -EINVAL);
	assert_why(": not a text file");
}

static void a_file_is_bounded(void **state)
{
	size_t max = 1024 * 1024;
	char *text;

	is_supported(state);
	text = malloc(max + 1);
	assert_non_null(text);
	memset(text, '\n', max + 1);
	memcpy(text, "[guest a]\nsim=1\n", 16);
	assert_int_equal(read_bytes(text, max), 0);
	assert_int_equal(read_bytes(text, max + 1), -EINVAL);
	assert_why(": more than 1048576 bytes");
	free(text);
}

static void what_can_not_be_read_is_said(void **state)
{
	is_supported(state);
	guest_configs_deinit(&configs);
	assert_int_equal(config_file_read("/nonexistent/f", &configs, &why), -EINVAL);
	assert_string_equal(why.text, "/nonexistent/f: No such file or directory");
	assert_int_equal(config_file_read("/", &configs, &why), -EINVAL);
	assert_string_equal(why.text, "/: Is a directory");
}

static int pace = 1; /* the time of who reads runs so many times as fast */

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = __real_clock_gettime(clock, now);
	int64_t ns = ((int64_t)now->tv_sec * 1000000000 + now->tv_nsec) * pace;

	*now = (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
	return ret;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	return __real_poll(fds, n, ms / pace);
}

static int hurry(void **state)
{
	pace = 20;
	return 0;
}

static int folder_make_and_hurry(void **state)
{
	return folder_make(state) + hurry(state);
}

static int unhurry(void **state)
{
	pace = 1;
	return 0;
}

static int folder_remove_and_unhurry(void **state)
{
	return folder_remove(state) + unhurry(state);
}

/* A FIFO in the place of the file: whoever reads it again at a SIGHUP has guests to serve. */
static void nobody_is_waited_for_for_ever(void **state)
{
	is_supported(state);
	guest_configs_deinit(&configs);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(config_file_read(path, &configs, &why), -EINVAL);
	assert_why(": no end of file within 5 s");
}

/* Each writer in a process of its own, which ends with it. */
static int read_written(void (*writer)(int fd))
{
	int ends[2];
	char name[32];
	pid_t pid;
	int ret;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		writer(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	guest_configs_deinit(&configs);
	ret = config_file_read(name, &configs, &why);
	close(ends[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ret;
}

static void write_in_parts(int fd)
{
	static const char text[] = "[guest a]\nsim=1\n";

	for (const char *at = text; *at; at++) {
		usleep(20000);
		if (write(fd, at, 1) != 1)
			_exit(1);
	}
}

static void write_without_end(int fd)
{
	while (write(fd, "\n", 1) == 1)
		usleep(20000);
}

static void a_pipe_is_read_to_its_end(void **state)
{
	is_supported(state);
	assert_int_equal(read_written(write_in_parts), 0);
	assert_int_equal(configs.n_guests, 1);
}

/* As with a FIFO; each byte that comes is no reason to begin anew. */
static void a_pipe_without_an_end_is_left(void **state)
{
	is_supported(state);
	assert_int_equal(read_written(write_without_end), -EINVAL);
	assert_non_null(strstr(why.text, ": no end of file within 5 s"));
}

static void a_chip_has_a_place_of_its_own(void **state)
{
	static const char *const wheres[] = { "f:3", "f:5", "f:8" };

	assert_int_equal(parse("[guest a]\nlines =\n  @0{1}\n; more\n\t@x{2}\n[line a.b]\nline=3\nchip=y\n"), 0);
	assert_int_equal(configs.guests[0].n_chips, ARRAY_SIZE(wheres));
	for (size_t i = 0; i < ARRAY_SIZE(wheres); i++)
		assert_string_equal(configs.guests[0].chips[i].where, wheres[i]);
	assert_string_equal(configs.guests[0].chips[1].lines[0].where, "f:5: line 2");
	assert_string_equal(configs.guests[0].chips[2].lines[0].where, "f:7: line 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_its_meaning),
		cmocka_unit_test(refusals_name_word_and_place),
		cmocka_unit_test(a_chip_has_a_place_of_its_own),
		cmocka_unit_test(a_line_is_never_cut),
		cmocka_unit_test(a_long_path_is_shown_by_its_end),
		cmocka_unit_test(as_many_guests_as_allowed),
		cmocka_unit_test_setup_teardown(a_file_is_read, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(what_is_no_text_is_refused, folder_make, folder_remove),
		cmocka_unit_test_setup_teardown(a_file_is_bounded, folder_make, folder_remove),
		cmocka_unit_test(what_can_not_be_read_is_said),
		cmocka_unit_test_setup_teardown(nobody_is_waited_for_for_ever, folder_make_and_hurry,
						folder_remove_and_unhurry),
		cmocka_unit_test(a_pipe_is_read_to_its_end),
		cmocka_unit_test_setup_teardown(a_pipe_without_an_end_is_left, hurry, unhurry),
	};

	return cmocka_run_group_tests_name("config_file", tests, NULL, deinit);
}
