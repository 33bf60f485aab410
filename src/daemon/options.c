/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The command line.
 *
 * Words that a later version will know are known here too: they are refused with a message of their own, never taken
 * for another option and never ignored.
 */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "daemon/control.h"
#include "daemon/dropin.h"

enum option_id {
	OPTION_SOCKET_PATH,
	OPTION_SOCKET_COUNT,
	OPTION_DEVICE_LIST,
	OPTION_CONTROL,
	OPTION_LOG_LEVEL,
	OPTION_HELP,
	OPTION_VERSION,
	OPTIONS_KNOWN,
	OPTION_LATER = OPTIONS_KNOWN, /* this one and all after it are not there yet */
	OPTIONS_ALL = OPTION_LATER + 10,
};

struct option_row {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* how the help calls its value; NULL: takes none */
	const char *help;
};

static const struct option_row option_rows[OPTIONS_ALL] = {
	[OPTION_SOCKET_PATH] = { "socket-path", 's', "PATH", "sockets PATH0, PATH1, ...; with one guest also PATH" },
	[OPTION_SOCKET_COUNT] = { "socket-count", 'c', "N", "how many guests (default 1)" },
	[OPTION_DEVICE_LIST] = { "device-list", 'l', "D1[:D2...]",
				 "a chip for each guest: N is /dev/gpiochipN, sN a simulated one of N lines" },
	[OPTION_CONTROL] = { "control", 0, "PATH", "control socket, for vgpioctl" },
	[OPTION_LOG_LEVEL] = { "log-level", 0, "LEVEL", "error, warning, info (default) or debug" },
	[OPTION_HELP] = { "help", 'h', NULL, "print this and exit" },
	[OPTION_VERSION] = { "version", 'V', NULL, "print the version and exit" },
	[OPTION_LATER] = { "guest", 0, NULL, NULL },
	{ "config", 0, NULL, NULL },
	{ "check", 0, NULL, NULL },
	{ "print-config", 0, NULL, NULL },
	{ "fd", 0, NULL, NULL },
	{ "ready-fd", 0, NULL, NULL },
	{ "one-off", '1', NULL, NULL },
	{ "print-capabilities", 0, NULL, NULL },
	{ "sandbox", 0, NULL, NULL },
	{ "safe", 0, NULL, NULL },
};

/* getopt_long()'s values of long options: beyond every letter. */
#define OPTION_BASE 256

struct parser {
	struct options *options;
	const char *values[OPTIONS_KNOWN]; /* NULL: not given */
};

static enum options_result refuse(struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static enum options_result refuse(struct options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(options->text, sizeof(options->text), format, args);
	va_end(args);
	return OPTIONS_REFUSE;
}

static void tables_make(struct option *longs, char *shorts)
{
	/* '+': the first word that is no option ends it; ':': a missing value is told apart, nothing is printed. */
	*shorts++ = '+';
	*shorts++ = ':';
	for (size_t i = 0; i < OPTIONS_ALL; i++) {
		const struct option_row *row = &option_rows[i];
		bool later = i >= OPTION_LATER;

		*longs++ = (struct option){ row->name,
					    later	 ? optional_argument
					    : row->value ? required_argument
							 : no_argument,
					    NULL, OPTION_BASE + (int)i };
		if (!row->letter)
			continue;
		*shorts++ = row->letter;
		if (row->value)
			*shorts++ = ':';
	}
	*longs = (struct option){ NULL, 0, NULL, 0 };
	*shorts = '\0';
}

static int row_of_letter(int letter)
{
	for (int i = 0; i < OPTIONS_ALL; i++) {
		if (option_rows[i].letter && option_rows[i].letter == letter)
			return i;
	}
	return -1;
}

static void help_print(char *text, size_t size)
{
	size_t len = 0;

	len += (size_t)snprintf(text, size,
				"Usage: " PROGRAM_NAME " -s PATH [-c N] -l D1[:D2...]\n"
				"A vhost-user back-end that gives virtual machines GPIO chips.\n\n");
	for (size_t i = 0; i < OPTIONS_KNOWN && len < size; i++) {
		const struct option_row *row = &option_rows[i];
		char words[64], letter[8] = "    ";

		if (row->letter)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(words, sizeof(words), "%s--%s%s%s", letter, row->name, row->value ? " " : "",
			 row->value ? row->value : "");
		len += (size_t)snprintf(text + len, size - len, "  %-30s %s\n", words, row->help);
	}
}

/* Takes one option that getopt_long() found. OPTIONS_RUN: go on. */
static enum options_result option_take(struct parser *parser, int id)
{
	struct options *options = parser->options;
	const struct option_row *row = &option_rows[id];

	if (id >= OPTION_LATER)
		return refuse(options, "--%s is not supported by this version", row->name);
	if (id == OPTION_HELP) {
		help_print(options->text, sizeof(options->text));
		return OPTIONS_DONE;
	}
	if (id == OPTION_VERSION) {
		snprintf(options->text, sizeof(options->text), "%s %s\n", PROGRAM_NAME, PROGRAM_VERSION);
		return OPTIONS_DONE;
	}
	if (parser->values[id])
		return refuse(options, "--%s is given twice", row->name);
	parser->values[id] = optarg;
	return OPTIONS_RUN;
}

/* What getopt_long() did not take: word is the one it was at. */
static enum options_result option_unknown(struct options *options, int found, const char *word)
{
	int shown = (int)(strcspn(word, "=") < 64 ? strcspn(word, "=") : 64);
	int id = optopt >= OPTION_BASE ? optopt - OPTION_BASE : row_of_letter(optopt);

	if (found == ':' && id >= 0)
		return refuse(options, "--%s needs a value", option_rows[id].name);
	if (optopt >= OPTION_BASE)
		return refuse(options, "--%s takes no value", option_rows[id].name);
	if (optopt)
		return refuse(options, "unknown option \"-%c\"", optopt);
	return refuse(options, "unknown option \"%.*s\"", shown, word);
}

/* getopt_long() takes the beginning of a name for the name; here that would change its meaning with a later version. */
static bool long_is_whole(const char *word, int id)
{
	size_t len = strcspn(word, "=");

	return strncmp(word, "--", 2) == 0 && len - 2 == strlen(option_rows[id].name);
}

static enum options_result words_parse(struct parser *parser, int argc, char **argv)
{
	struct option longs[OPTIONS_ALL + 1];
	char shorts[2 * OPTIONS_ALL + 3];
	enum options_result result = OPTIONS_RUN;

	tables_make(longs, shorts);
	optind = 0; /* start afresh, whoever used getopt before */
	opterr = 0;
	while (result == OPTIONS_RUN) {
		const char *word = argv[optind > 0 ? optind : 1];
		int found = getopt_long(argc, argv, shorts, longs, NULL);

		if (found == -1)
			break;
		if (found == '?' || found == ':')
			result = option_unknown(parser->options, found, word);
		else if (found >= OPTION_BASE && !long_is_whole(word, found - OPTION_BASE))
			result = refuse(parser->options, "unknown option \"%.*s\"", (int)strcspn(word, "="), word);
		else
			result = option_take(parser, found >= OPTION_BASE ? found - OPTION_BASE : row_of_letter(found));
	}
	if (result == OPTIONS_RUN && optind < argc)
		result = refuse(parser->options, "stray argument \"%.64s\"", argv[optind]);
	return result;
}

static enum options_result control_take(struct options *options, const char *path)
{
	if (!path)
		return OPTIONS_RUN;
	if (!control_supported())
		return refuse(options, "--control is not supported by this build: it was made without jansson");
	if (!*path)
		return refuse(options, "--control: empty");
	if (strlen(path) >= sizeof(options->control_path))
		return refuse(options, "--control: the path has %zu bytes, a socket path has at most %zu", strlen(path),
			      sizeof(options->control_path) - 1);
	snprintf(options->control_path, sizeof(options->control_path), "%s", path);
	return OPTIONS_RUN;
}

static enum options_result guests_take(struct options *options, const char *const *values)
{
	struct dropin_words words = { .path = values[OPTION_SOCKET_PATH],
				      .count = values[OPTION_SOCKET_COUNT],
				      .devices = values[OPTION_DEVICE_LIST] };
	int ret;

	if (!words.path)
		return refuse(options, "--socket-path is missing");
	if (!words.devices)
		return refuse(options, "--device-list is missing");
	ret = dropin_parse(&words, &options->guests, &options->n_guests, options->text, sizeof(options->text));
	if (ret == -ENOMEM)
		return refuse(options, "out of memory");
	if (ret < 0)
		return OPTIONS_REFUSE;
	if (options->n_guests == 1)
		snprintf(options->alias_path, sizeof(options->alias_path), "%s", words.path);
	return OPTIONS_RUN;
}

enum options_result options_parse(struct options *options, int argc, char **argv)
{
	struct parser parser = { .options = options };
	enum options_result result;
	const char *level;

	*options = (struct options){ .log_level = LOG_LEVEL_INFO };
	result = words_parse(&parser, argc, argv);
	level = parser.values[OPTION_LOG_LEVEL];
	if (result == OPTIONS_RUN && level && log_level_parse(level, &options->log_level) < 0)
		result = refuse(options, "--log-level: \"%.64s\" is not error, warning, info or debug", level);
	if (result == OPTIONS_RUN)
		result = control_take(options, parser.values[OPTION_CONTROL]);
	if (result == OPTIONS_RUN)
		result = guests_take(options, parser.values);
	return result;
}

void options_deinit(struct options *options)
{
	free(options->guests);
	options->guests = NULL;
	options->n_guests = 0;
}
