/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Printing as a file: the text, and that reading it gives the same again. */
#include "rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "config/compat_options.h"
#include "config/file/config_file.h"
#include "config/guest_option.h"
#include "config/print_config.h"
#include "guest_config_text.h"

static struct guest_configs configs, again;
static struct why why;
static char text[65536];

static int deinit(void **state)
{
	guest_configs_deinit(&configs);
	guest_configs_deinit(&again);
	return 0;
}

static int print(void)
{
	FILE *file;
	int ret;

	memset(text, 0, sizeof(text));
	file = fmemopen(text, sizeof(text), "w");
	assert_non_null(file);
	ret = print_config(&configs, file);
	fclose(file);
	return ret;
}

static void add(const char *word)
{
	if (guest_option_parse(word, 0, &configs, &why) < 0)
		fail_msg("refused: %s: %s", word, why.text);
}

static void the_text(void **state)
{
	deinit(NULL);
	add("name=ivi,socket=/run/"
	    "ivi.sock,socket-mode=660,socket-group=36,lines=@pinctrl-rp1{17=door,input,bias=pull-up,"
	    "debounce=5ms:\"Red "
	    "LED\"=led:4-7:8,on-disconnect=release:9,no-irq,ro,active-low:10}@gpiochip1@\"0\"{\"5\"}");
	add("sim=3,names=a:[b],fd=5,iommu=on,busy-poll=200us");
	assert_int_equal(print(), 0);
	assert_string_equal(text, "[guest ivi]\n"
				  "socket = /run/ivi.sock\n"
				  "socket-mode = 0660\n"
				  "socket-group = 36\n"
				  "lines = @pinctrl-rp1{17=door,input,bias=pull-up,debounce=5ms:\n"
				  "\t\"Red LED\"=led:\n"
				  "\t4-7:8,on-disconnect=release:\n"
				  "\t9,ro,no-irq,active-low:\n"
				  "\t10}@gpiochip1@\"0\"{\"5\"}\n"
				  "\n"
				  "[guest guest1]\n"
				  "fd = 5\n"
				  "iommu = on\n"
				  "busy-poll = 200us\n"
				  "sim = 3\n"
				  "names = a:\"[b]\"\n");
}

static void compatible_options(void **state)
{
	const struct compat_options one = { "/run/x", NULL, "s8", -1 }, two = { "/run/x", "2", "0:s3", -1 };

	deinit(NULL);
	assert_int_equal(compat_options_parse(&one, &configs, &why), 0);
	assert_int_equal(print(), 0);
	assert_string_equal(text, "[guest guest0]\n"
				  "# also reached as /run/x, a symbolic link\n"
				  "socket = /run/x0\n"
				  "sim = 8\n");
	deinit(NULL);
	assert_int_equal(compat_options_parse(&two, &configs, &why), 0);
	assert_int_equal(print(), 0);
	assert_string_equal(text, "[guest guest0]\n"
				  "socket = /run/x0\n"
				  "lines = @0\n"
				  "\n"
				  "[guest guest1]\n"
				  "socket = /run/x1\n"
				  "sim = 3\n");
}

static void what_no_file_can_hold_is_refused(void **state)
{
	const char *const paths[] = { "/run/a\nfd = 3", "/run/\x7f" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct compat_options words = { paths[i], NULL, "s8", -1 };

		deinit(NULL);
		assert_int_equal(compat_options_parse(&words, &configs, &why), 0);
		assert_int_equal(print(), -EINVAL);
	}
	deinit(NULL);
	add("lines=@/dev/a ;b");
	assert_int_equal(print(), -EINVAL);
}

static void a_full_disk_is_told(void **state)
{
	FILE *file = fopen("/dev/full", "w");

	if (!file)
		skip_because("no /dev/full");
	setbuf(file, NULL);
	deinit(NULL);
	add("sim=1");
	assert_int_equal(print_config(&configs, file), -EIO);
	fclose(file);
}

/* Random words of the grammar: most are good, and some of those are odd. */
static unsigned long long seed;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % n;
}

static const char *pick(const char *const *words, unsigned n)
{
	return words[below(n)];
}

#define PICK(...)                                                                                                      \
	pick((const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static void put(char *word, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(char *word, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(word + strlen(word), 16384 - strlen(word), format, args);
	va_end(args);
}

/* A quoted name of any printable characters. */
static void put_name(char *word)
{
	unsigned len = below(8) ? 1 + below(10) : 31;

	put(word, "\"");
	while (len--) {
		char c = below(3) ? (char)(' ' + below(95)) : " ;#[]\"\\:,=@{}"[below(13)];

		put(word, "%s%c", strchr("\"\\", c) || (c == ';' && below(2)) ? "\\" : "", c);
	}
	put(word, "\"");
}

static void put_line(char *word)
{
	unsigned n = below(8) ? below(3) : below(10);

	switch (below(4)) {
	case 0:
		put_name(word);
		break;
	case 1:
		put(word, "%u-%u", below(40), 40 + below(10));
		n += 100;
		break;
	case 2:
		put(word, "%s", PICK("reset", "GPIO17", "a.b", "4th", "x_1"));
		break;
	default:
		put(word, "%u", below(64));
	}
	if (n < 100 && below(2)) {
		put(word, "=");
		put_name(word);
	}
	for (n %= 100; n > 0; n--)
		put(word, ",%s",
		    PICK("input", "output", "ro", "no-irq", "active-low", "bias=pull-up", "bias=pull-down",
			 "bias=disabled", "bias=as-is", "drive=push-pull", "drive=open-drain", "drive=open-source",
			 "debounce=1us", "debounce=5ms", "debounce=3s", "debounce=4294967295us", "debounce=1500us",
			 "init=input", "init=output-low", "init=output-high", "on-disconnect=release",
			 "on-disconnect=hold", "on-disconnect=input", "on-disconnect=output-high"));
}

static void put_lines(char *word)
{
	unsigned n_chips = 1 + below(4);

	put(word, ",lines=");
	while (n_chips--) {
		put(word, "@");
		if (below(2))
			put(word, "%s",
			    PICK("0", "gpiochip3", "/dev/gpiochip-exp", "pinctrl-rp1", "my chip", "sim", "gpiochip",
				 "\"sim\"", "\"gpiochip3\"", "\"0\"", "\"/dev/x\""));
		else
			put_name(word);
		if (below(4) == 0)
			continue;
		put(word, "{");
		for (unsigned n = 1 + below(12); n > 0; n--) {
			put_line(word);
			put(word, "%s", n > 1 ? ":" : "}");
		}
	}
}

static void put_guest(char *word)
{
	unsigned sim = below(2) ? 1 + below(40) : 0;

	put(word, "name=%s%u,", PICK("ivi", "g-", "_"), below(100));
	if (below(2))
		put(word, "fd=%u", below(100));
	else
		put(word, "socket=%s", PICK("/run/x", "\"a, b\"", "\"a \\; b\"", "/a=b;#c", "\"\\\"\"", "\xc3\xa4"));
	if (below(4) == 0)
		put(word, ",socket-mode=%o,socket-group=%u", below(01000), below(70000));
	put(word, "%s", PICK("", "", ",iommu=on", ",iommu=off"));
	put(word, "%s", PICK("", ",busy-poll=50us", ",busy-poll=10ms", ",busy-poll=0us"));
	if (sim)
		put(word, ",sim=%u", sim);
	if (sim && below(2)) {
		put(word, ",names=");
		for (unsigned n = 1 + below(sim); n > 0; n--) {
			if (below(2))
				put_name(word);
			put(word, "%s", n > 1 ? ":" : "");
		}
	}
	if (!sim || below(2))
		put_lines(word);
}

static void check_same(void)
{
	char first[GUEST_CONFIG_TEXT_MAX];

	assert_int_equal(print(), 0);
	guest_configs_deinit(&again);
	if (config_file_parse("printed", text, &again, &why) < 0)
		fail_msg("refused: %s\n%s", why.text, text);
	assert_int_equal(again.n_guests, configs.n_guests);
	for (size_t i = 0; i < configs.n_guests; i++) {
		snprintf(first, sizeof(first), "%s", guest_config_text(&configs.guests[i]));
		if (strcmp(first, guest_config_text(&again.guests[i])) != 0)
			fail_msg("not the same:\n%s\n%s\n%s", first, guest_config_text(&again.guests[i]), text);
	}
}

static void what_is_printed_reads_as_the_same(void **state)
{
	static char word[16384];
	unsigned good = 0, tried = 0;

	if (!config_file_supported())
		skip_because("this build reads no configuration");
	for (seed = 1; good < 2000; tried++) {
		unsigned n = 1 + below(3);

		guest_configs_deinit(&configs);
		while (n-- > 0) {
			size_t before = configs.n_guests;
			struct guest_config *last;

			word[0] = '\0';
			put_guest(word);
			if (guest_option_parse(word, 1, &configs, &why) == 0)
				continue;
			/* Contradictions and the like: without that guest. */
			last = &configs.guests[configs.n_guests - 1];
			for (size_t i = 0; i < last->n_chips; i++)
				free(last->chips[i].lines);
			free(last->chips);
			free(last->sim_names);
			configs.n_guests = before;
		}
		if (configs.n_guests == 0)
			continue;
		check_same();
		good++;
	}
	assert_in_range(tried, 2000, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text),
		cmocka_unit_test(compatible_options),
		cmocka_unit_test(what_no_file_can_hold_is_refused),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(what_is_printed_reads_as_the_same),
	};

	return cmocka_run_group_tests_name("print_config", tests, NULL, deinit);
}
