/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl: watches and drives the lines of a running vhost-device-gpio. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/output.h"
#include "board/link.h"
#include "ctl/options.h"
#include "ctl/verb.h"

#define CONTROL_DEFAULT "/run/vhost-device-gpio/control.sock"

static const char lines_help[] =
	"L is GUEST.LINE, or LINE where that is unique; LINE is a name or an offset. For info, get,\n"
	"monitor, record and panel GUEST is all of its lines, and names may have '*' and '?'.";

static void print_options(void)
{
	printf("  --control PATH                 the daemon's control socket; else VGPIO_CONTROL of the\n"
	       "                                 environment, else " CONTROL_DEFAULT "\n"
	       "  --json                         print the daemon's answers as they are, one a line\n"
	       "  -h, --help                     print this, or the help of a verb, and exit\n"
	       "  -V, --version                  print the version and exit\n");
}

static void print_verb_help(const struct verb *verb)
{
	char words[64];

	verb_print_usage(verb, words, sizeof(words));
	printf("Usage: vgpioctl %s\n%s\n\n%s\n\n", words, verb->help, lines_help);
	options_print(verb->options);
	print_options();
	printf("\nExit status: 0 done, 1 not reached, refused or not come true, 2 wrong command line\n");
}

static void print_help(void)
{
	const struct verb *verb;

	printf("Usage: vgpioctl [--control PATH] [--json] VERB ...\n"
	       "Watches and drives the lines of a running vhost-device-gpio.\n\n");
	for (size_t i = 0; (verb = verb_at(i)) && (verb->requests || verb->alone); i++) {
		char words[64];

		verb_print_usage(verb, words, sizeof(words));
		printf("  %-30s %s\n", words, verb->help);
	}
	printf("\n%s\n\n", lines_help);
	print_options();
	printf("\n\"vgpioctl VERB --help\" shows the options of a verb.\n");
}

/* NULL: the words make no call (said). */
static const struct verb *verb_take(struct call *call, int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 1) {
		error_print("no verb; see --help");
		return NULL;
	}
	verb = verb_find(argv[0]);
	call->words = argv + 1;
	call->n_words = argc - 1;
	if (!verb && verb_near(argv[0]))
		error_print("unknown verb \"%s\"; did you mean \"%s\"?", argv[0], verb_near(argv[0]));
	else if (!verb)
		error_print("unknown verb \"%s\"; see --help", argv[0]);
	else if (!verb->requests && !verb->alone)
		error_print("%s is not supported by this version", argv[0]);
	else if (verb->needs_words && call->n_words == 0)
		error_print("%s needs %s: see \"vgpioctl %s --help\"", argv[0], verb->word, argv[0]);
	else if (options_fit(call, argv[0], verb->options))
		return verb;
	return NULL;
}

/* One line says what is wrong: that of a status that is not 0 is out. */
static int end(int status)
{
	return status == 0 && !output_flush() ? EXIT_FAILED : status;
}

static int verb_run(struct call *call, const struct verb *verb)
{
	json_t *requests;
	int status;

	if (verb->alone)
		return verb->alone(call);
	if (verb->options_are_good && !verb->options_are_good(call))
		return EXIT_USAGE;
	requests = verb->requests(call, verb);
	if (!requests)
		return EXIT_USAGE;
	if (link_open(&call->link, call->path) < 0) {
		json_decref(requests);
		return EXIT_FAILED;
	}
	status = verb->run(call, requests);
	json_decref(requests);
	link_close(&call->link);
	return status;
}

int main(int argc, char **argv)
{
	struct call call = { .link.fd = -1, .path = getenv("VGPIO_CONTROL") };
	const struct verb *verb;

	error_init("vgpioctl");
	output_init();
	/* An empty name would be that of some socket, which the kernel picks. */
	if (!call.path || !*call.path)
		call.path = CONTROL_DEFAULT;
	switch (options_take(&call, argc, argv)) {
	case OPTIONS_HELP:
		verb = optind < argc ? verb_find(argv[optind]) : NULL;
		if (verb && (verb->requests || verb->alone))
			print_verb_help(verb);
		else
			print_help();
		return end(0);
	case OPTIONS_VERSION:
		printf("vgpioctl %s\n", PROGRAM_VERSION);
		return end(0);
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_TAKEN:
		break;
	}
	call.link.repeats = call.json;
	verb = verb_take(&call, argc - optind, argv + optind);
	return verb ? end(verb_run(&call, verb)) : EXIT_USAGE;
}
