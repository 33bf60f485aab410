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

static void print_help(void)
{
	const struct verb *verb;

	printf("Usage: vgpioctl [--control PATH] [--json] VERB ...\n"
	       "Watches and drives the lines of a running vhost-device-gpio.\n\n");
	for (size_t i = 0; (verb = verb_at(i)) && (verb->requests || verb->alone); i++) {
		char words[64];

		snprintf(words, sizeof(words),
			 verb->alone || verb->is_whole ? "%s %s"
			 : verb->needs_words	       ? "%s %s..."
						       : "%s [%s...]",
			 verb->name, verb->word);
		printf("  %-30s %s\n", words, verb->help);
	}
	printf("\nL is GUEST.LINE, or LINE where that is unique; LINE is a name or an offset.\n\n"
	       "  --control PATH                 the daemon's control socket; else VGPIO_CONTROL of the\n"
	       "                                 environment, else " CONTROL_DEFAULT "\n"
	       "  --json                         print the daemon's answers as they are, one a line\n"
	       "  -h, --help                     print this and exit\n"
	       "  -V, --version                  print the version and exit\n");
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
	else if (!verb->requests && !verb->alone)
		error_print("%s is not supported by this version", argv[0]);
	else if (verb->needs_words && call->n_words == 0)
		error_print("%s needs %s", argv[0], verb->word);
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
	verb = verb_take(&call, argc - optind, argv + optind);
	return verb ? end(verb_run(&call, verb)) : EXIT_USAGE;
}
