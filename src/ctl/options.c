/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The options of vgpioctl's command line. */
#include "ctl/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/util.h"

#define OF_VERB 256 /* and the number of enum call_option */

/* Of a verb: its value, which most have, and what is said of it, with the default and the limits. */
static const struct option_row {
	const char *name;
	const char *value; /* NULL: takes none */
	const char *help;
	char letter; /* 0: none */
} rows[CALL_OPTIONS] = {
	[CALL_HOLD] = { "hold", "TIME", "how long it is pressed (default 80ms)", 0 },
	[CALL_BOUNCE] = { "bounce", "TIME[,SEED]", "how long its contact bounces (default: not at all)", 0 },
	[CALL_HZ] = { "hz", "RATE", "how often in a second: \"5\" and \"5Hz\" are the same", 0 },
	[CALL_COUNT] = { "count", "N", "end after N changes, or blinks (default: never)", 0 },
	[CALL_TIMEOUT] = { "timeout", "TIME", "end after this time (default: never); units are us, ms and s", 0 },
	[CALL_STABLE] = { "stable", "TIME", "the levels must have held for so long (default: not at all)", 0 },
	[CALL_ANY] = { "any", NULL, "end when one of them comes, and print its line", 0 },
	[CALL_ALL] = { "all", NULL, "end when all of them have come (the default)", 0 },
	[CALL_SET] = { "set", "NAME=VALUE", "a parameter of the scenarios; may be given many times", 0 },
	[CALL_SEED] = { "seed", "N", "the seed of what is random (default: that of the scenario, else 1)", 0 },
	[CALL_TAP] = { "tap", NULL, "report in the Test Anything Protocol", 0 },
	[CALL_JUNIT] = { "junit", "FILE", "write a report in JUnit's XML, too", 0 },
	[CALL_RECORD] = { "record", "FILE", "write a VCD waveform of the scenarios' lines", 0 },
	[CALL_OUTPUT] = { "output", "FILE", "where the waveform goes", 'o' },
	[CALL_TRIGGER] = { "trigger", "L:EDGE", "write what is around this: rising, falling, changes, 0 or 1", 0 },
	[CALL_BEFORE] = { "before", "TIME", "how much before it (default 0s)", 0 },
	[CALL_AFTER] = { "after", "TIME", "how much after it (default 1s)", 0 },
	[CALL_LIMIT] = { "limit", "LIMIT", "end by then: a TIME, a number of changes, a SIZE (20MB); parted by commas",
			 0 },
	[CALL_MAP] = { "map", "SIGNAL=L", "play this signal on that line; may be given many times", 0 },
	[CALL_SPEED] = { "speed", "N", "N times as fast (default 1)", 0 },
	[CALL_INVERT] = { "invert", NULL, "the second line is the opposite of the first", 0 },
	[CALL_DELAY] = { "delay", "TIME", "the second line follows so much later (default 0s, at most 10s)", 0 },
	[CALL_NUMERIC] = { "numeric", NULL, "print 0, 1 or ? alone, parted by blanks", 0 },
	[CALL_NAMES] = { "names", NULL, "print GUEST.LINE alone, a line each", 0 },
};

static const struct option globals[] = {
	{ "control", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
};

#define OPTIONS_MAX (ARRAY_SIZE(globals) + CALL_OPTIONS + 1)

static void table_make(struct option options[OPTIONS_MAX])
{
	memcpy(options, globals, sizeof(globals));
	options += ARRAY_SIZE(globals);
	for (int i = 0; i < CALL_OPTIONS; i++)
		*options++ = (struct option){ rows[i].name, rows[i].value ? required_argument : no_argument, NULL,
					      OF_VERB + i };
	*options = (struct option){ NULL, 0, NULL, 0 };
}

/* One of those that may be given several times. */
static enum options_end word_add(const char **words, size_t *n, size_t max, const char *name)
{
	if (*n == max) {
		error_print("--%s: more than %zu of them", name, max);
		return OPTIONS_WRONG;
	}
	words[(*n)++] = optarg;
	return OPTIONS_TAKEN;
}

static enum options_end verb_option_take(struct call *call, int option)
{
	call->options[option] = optarg ? optarg : "";
	if (option == CALL_SET)
		return word_add(call->sets, &call->n_sets, PARAMETERS_MAX, "set");
	if (option == CALL_MAP)
		return word_add(call->maps, &call->n_maps, CALL_MAPS_MAX, "map");
	return OPTIONS_TAKEN;
}

static enum options_end option_take(struct call *call, int found, const char *word)
{
	switch (found) {
	case 'c':
		call->path = optarg;
		if (*optarg)
			return OPTIONS_TAKEN;
		error_print("--control: empty");
		return OPTIONS_WRONG;
	case 'j':
		call->json = true;
		return OPTIONS_TAKEN;
	case 'h':
		return OPTIONS_HELP;
	case 'V':
		return OPTIONS_VERSION;
	case 'o':
		return verb_option_take(call, CALL_OUTPUT);
	case ':':
		error_print("%s needs a value", word);
		return OPTIONS_WRONG;
	default:
		break;
	}
	if (found >= OF_VERB)
		return verb_option_take(call, found - OF_VERB);
	error_print("unknown option \"%s\"", word);
	return OPTIONS_WRONG;
}

enum options_end options_take(struct call *call, int argc, char **argv)
{
	enum options_end end = OPTIONS_TAKEN, taken = OPTIONS_TAKEN;
	struct option options[OPTIONS_MAX];
	int found;

	table_make(options);
	opterr = 0;
	/* Behind --help the verb may come that it is about. */
	while ((taken == OPTIONS_TAKEN || taken == OPTIONS_HELP) &&
	       (found = getopt_long(argc, argv, ":hVo:", options, NULL)) != -1) {
		taken = option_take(call, found, argv[optind - 1]);
		if (end == OPTIONS_TAKEN || taken == OPTIONS_WRONG)
			end = taken;
	}
	return end;
}

bool options_fit(const struct call *call, const char *verb, unsigned allowed)
{
	for (int i = 0; i < CALL_OPTIONS; i++) {
		if (!call->options[i] || (allowed & 1u << i))
			continue;
		error_print("%s takes no option \"--%s\"", verb, rows[i].name);
		return false;
	}
	return true;
}

void options_print(unsigned options)
{
	for (int i = 0; i < CALL_OPTIONS; i++) {
		const struct option_row *row = &rows[i];
		char words[64], letter[8] = "";

		if (!(options & 1u << i))
			continue;
		if (row->letter)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(words, sizeof(words), "%s--%s%s%s", letter, row->name, row->value ? " " : "",
			 row->value ? row->value : "");
		printf("  %-30s %s\n", words, row->help);
	}
}
