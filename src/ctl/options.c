/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The options of vgpioctl's command line. */
#include "ctl/options.h"

#include <getopt.h>

#include "base/error.h"

#define OF_VERB 256 /* and the number of enum call_option */

static const struct option options[] = {
	{ "control", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ "hold", required_argument, NULL, OF_VERB + CALL_HOLD },
	{ "bounce", required_argument, NULL, OF_VERB + CALL_BOUNCE },
	{ "hz", required_argument, NULL, OF_VERB + CALL_HZ },
	{ "count", required_argument, NULL, OF_VERB + CALL_COUNT },
	{ "timeout", required_argument, NULL, OF_VERB + CALL_TIMEOUT },
	{ "stable", required_argument, NULL, OF_VERB + CALL_STABLE },
	{ "any", no_argument, NULL, OF_VERB + CALL_ANY },
	{ "all", no_argument, NULL, OF_VERB + CALL_ALL },
	{ "set", required_argument, NULL, OF_VERB + CALL_SET },
	{ "seed", required_argument, NULL, OF_VERB + CALL_SEED },
	{ "tap", no_argument, NULL, OF_VERB + CALL_TAP },
	{ "junit", required_argument, NULL, OF_VERB + CALL_JUNIT },
	{ "record", required_argument, NULL, OF_VERB + CALL_RECORD },
	{ "output", required_argument, NULL, OF_VERB + CALL_OUTPUT },
	{ "trigger", required_argument, NULL, OF_VERB + CALL_TRIGGER },
	{ "before", required_argument, NULL, OF_VERB + CALL_BEFORE },
	{ "after", required_argument, NULL, OF_VERB + CALL_AFTER },
	{ "limit", required_argument, NULL, OF_VERB + CALL_LIMIT },
	{ "map", required_argument, NULL, OF_VERB + CALL_MAP },
	{ "speed", required_argument, NULL, OF_VERB + CALL_SPEED },
	{ "invert", no_argument, NULL, OF_VERB + CALL_INVERT },
	{ "delay", required_argument, NULL, OF_VERB + CALL_DELAY },
	{ NULL, 0, NULL, 0 },
};

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
	enum options_end end = OPTIONS_TAKEN;
	int found;

	opterr = 0;
	while (end == OPTIONS_TAKEN && (found = getopt_long(argc, argv, ":hVo:", options, NULL)) != -1)
		end = option_take(call, found, argv[optind - 1]);
	return end;
}

bool options_fit(const struct call *call, const char *verb, unsigned allowed)
{
	for (size_t i = 0; options[i].name; i++) {
		int option = options[i].val - OF_VERB;

		if (option < 0 || !call->options[option] || (allowed & 1u << option))
			continue;
		error_print("%s takes no option \"--%s\"", verb, options[i].name);
		return false;
	}
	return true;
}
