/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* vgpioctl: watches and drives the lines of a running vhost-device-gpio. */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/output.h"
#include "ctl/link.h"
#include "ctl/verb.h"

#define CONTROL_DEFAULT "/run/vhost-device-gpio/control.sock"

static void print_help(void)
{
	const struct verb *verb;

	printf("Usage: vgpioctl [--control PATH] [--json] VERB ...\n"
	       "Watches and drives the lines of a running vhost-device-gpio.\n\n");
	for (size_t i = 0; (verb = verb_at(i)) && verb->requests; i++) {
		char words[64];

		snprintf(words, sizeof(words), verb->needs_words ? "%s %s..." : "%s [%s...]", verb->name, verb->word);
		printf("  %-30s %s\n", words, verb->help);
	}
	printf("\nL is GUEST.LINE, or LINE where that is unique; LINE is a name or an offset.\n\n"
	       "  --control PATH                 the daemon's control socket; else VGPIO_CONTROL of the\n"
	       "                                 environment, else " CONTROL_DEFAULT "\n"
	       "  --json                         print the daemon's answers as they are, one a line\n"
	       "  -h, --help                     print this and exit\n"
	       "  -V, --version                  print the version and exit\n");
}

/* Takes the options. A status to exit with, or -1: go on at optind. */
static int options_take(struct call *call, const char **path, int argc, char **argv)
{
	static const struct option options[] = {
		{ "control", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int found;

	opterr = 0;
	while ((found = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		switch (found) {
		case 'c':
			if (!*optarg) {
				error_print("--control: empty");
				return EXIT_USAGE;
			}
			*path = optarg;
			break;
		case 'j':
			call->json = true;
			break;
		case 'h':
			print_help();
			return 0;
		case 'V':
			printf("vgpioctl %s\n", PROGRAM_VERSION);
			return 0;
		case ':':
			error_print("%s needs a value", argv[optind - 1]);
			return EXIT_USAGE;
		default:
			error_print("unknown option \"%s\"", argv[optind - 1]);
			return EXIT_USAGE;
		}
	}
	return -1;
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
	if (!verb)
		error_print("unknown verb \"%s\"", argv[0]);
	else if (!verb->requests)
		error_print("%s is not supported by this version", argv[0]);
	else if (verb->needs_words && call->n_words == 0)
		error_print("%s needs %s", argv[0], verb->word);
	else
		return verb;
	return NULL;
}

/* One line says what is wrong: that of a status that is not 0 is out. */
static int end(int status)
{
	return status == 0 && !output_flush() ? EXIT_FAILED : status;
}

int main(int argc, char **argv)
{
	const char *path = getenv("VGPIO_CONTROL");
	struct call call = { .link.fd = -1 };
	const struct verb *verb;
	json_t *requests;
	int status;

	error_init("vgpioctl");
	output_init();
	/* An empty name would be that of some socket, which the kernel picks. */
	if (!path || !*path)
		path = CONTROL_DEFAULT;
	status = options_take(&call, &path, argc, argv);
	if (status >= 0)
		return end(status);
	verb = verb_take(&call, argc - optind, argv + optind);
	if (!verb)
		return EXIT_USAGE;
	requests = verb->requests(&call, verb);
	if (!requests)
		return EXIT_USAGE;
	if (link_open(&call.link, path) < 0) {
		json_decref(requests);
		return EXIT_FAILED;
	}
	status = verb->run(&call, requests);
	json_decref(requests);
	link_close(&call.link);
	return end(status);
}
