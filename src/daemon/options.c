/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The command line. */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"
#include "config/config_file.h"
#include "config/dropin.h"
#include "config/guest_option.h"
#include "daemon/control.h"

enum option_id {
	OPTION_SOCKET_PATH,
	OPTION_SOCKET_COUNT,
	OPTION_DEVICE_LIST,
	OPTION_GUEST,
	OPTION_CONFIG,
	OPTION_FD,
	OPTION_SAFE,
	OPTION_ONE_OFF,
	OPTION_READY_FD,
	OPTION_CONTROL,
	OPTION_SANDBOX,
	OPTION_USER,
	OPTION_LOG_LEVEL,
	OPTION_CHECK,
	OPTION_PRINT_CONFIG,
	OPTION_MAKE_SAFE,
	OPTION_PRINT_CAPABILITIES,
	OPTION_TAKE_OVER,
	OPTION_HELP,
	OPTION_VERSION,
	OPTIONS_ALL,
};

struct option_row {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* how the help calls its value; NULL: takes none */
	bool optional;	   /* the value may be left out */
	const char *help;  /* NULL: not shown */
};

static const struct option_row option_rows[OPTIONS_ALL] = {
	[OPTION_SOCKET_PATH] = { "socket-path", 's', "PATH", false,
				 "sockets PATH0, PATH1, ...; with one guest also PATH" },
	[OPTION_SOCKET_COUNT] = { "socket-count", 'c', "N", false, "how many guests (default 1)" },
	[OPTION_DEVICE_LIST] = { "device-list", 'l', "D1[:D2...]", false,
				 "a chip for each guest: N is /dev/gpiochipN, sN a simulated one of N lines" },
	[OPTION_GUEST] = { "guest", 0, "KEY=VALUE,...", false,
			   "a guest: socket=PATH or fd=N, lines=@CHIP{LINE:...} or sim=N, name=, ..." },
	[OPTION_CONFIG] = { "config", 0, "FILE", false, "guests from a file; read again at SIGHUP" },
	[OPTION_FD] = { "fd", 0, "N", false, "with --device-list: an inherited socket, listening or connected" },
	[OPTION_SAFE] = { "safe", 0, NULL, false,
			  "lines become inputs when their guest goes, unless they say otherwise" },
	[OPTION_ONE_OFF] = { "one-off", '1', NULL, false, "end when the guest goes" },
	[OPTION_READY_FD] = { "ready-fd", 0, "N", false, "write a newline to fd N when the sockets are there" },
	[OPTION_CONTROL] = { "control", 0, "PATH", false, "control socket, for vgpioctl" },
	[OPTION_SANDBOX] = { "sandbox", 0, "MODE", false,
			     "on: all of it or no start, off, or auto (default): what works here" },
	[OPTION_USER] = { "user", 0, "NAME", false,
			  "started as root: whose the guests' processes are (default " SANDBOX_USER_DEFAULT ")" },
	[OPTION_LOG_LEVEL] = { "log-level", 0, "LEVEL", false, "error, warning, info (default) or debug" },
	[OPTION_CHECK] = { "check", 0, NULL, false, "look for every line and every conflict, print a table, and exit" },
	[OPTION_PRINT_CONFIG] = { "print-config", 0, NULL, false,
				  "print the guests as a configuration file, and exit" },
	[OPTION_MAKE_SAFE] = { "make-safe", 0, "hold", true,
			       "put each line into its on-disconnect state, and exit, or hold it" },
	[OPTION_PRINT_CAPABILITIES] = { "print-capabilities", 0, NULL, false,
					"print, for management software, what this is, and exit" },
	[OPTION_TAKE_OVER] = { "can-take-over", 0, "VERSION", false, NULL },
	[OPTION_HELP] = { "help", 'h', NULL, false, "print this and exit" },
	[OPTION_VERSION] = { "version", 'V', NULL, false, "print the version and exit" },
};

/* getopt_long()'s values of long options: beyond every letter. */
#define OPTION_BASE 256

struct parser {
	struct options *options;
	const char *values[OPTIONS_ALL]; /* NULL: not given; "" without a value */
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

		*longs++ = (struct option){ row->name,
					    row->optional ? optional_argument
					    : row->value  ? required_argument
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
				"       " PROGRAM_NAME " --guest KEY=VALUE,... [--guest ...]\n"
				"       " PROGRAM_NAME " --config FILE\n"
				"A vhost-user back-end that gives virtual machines GPIO lines.\n\n");
	for (size_t i = 0; i < OPTIONS_ALL && len < size; i++) {
		const struct option_row *row = &option_rows[i];
		char words[64], letter[8] = "    ";

		if (!row->help)
			continue;
		if (row->letter)
			snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		snprintf(words, sizeof(words), "%s--%s%s%s%s", letter, row->name,
			 row->optional ? "[="
			 : row->value  ? " "
				       : "",
			 row->value ? row->value : "", row->optional ? "]" : "");
		len += (size_t)snprintf(text + len, size - len, "  %-30s %s\n", words, row->help);
	}
}

static enum options_result guest_take(struct options *options, const char *word)
{
	const char **guests = realloc(options->guests, (options->n_guests + 1) * sizeof(*guests));

	if (!guests)
		return refuse(options, "out of memory");
	options->guests = guests;
	guests[options->n_guests++] = word;
	return OPTIONS_RUN;
}

/* Takes one option that getopt_long() found. OPTIONS_RUN: go on. */
static enum options_result option_take(struct parser *parser, int id)
{
	struct options *options = parser->options;
	const struct option_row *row = &option_rows[id];

	if (id == OPTION_HELP) {
		help_print(options->text, sizeof(options->text));
		return OPTIONS_DONE;
	}
	if (id == OPTION_VERSION) {
		snprintf(options->text, sizeof(options->text), "%s %s\n", PROGRAM_NAME, PROGRAM_VERSION);
		return OPTIONS_DONE;
	}
	if (id == OPTION_GUEST)
		return guest_take(options, optarg);
	if (parser->values[id])
		return refuse(options, "--%s is given twice", row->name);
	parser->values[id] = optarg ? optarg : "";
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
		/* Shells make several words of a{b,c}. */
		result = refuse(parser->options, "stray argument \"%.64s\"%s", argv[optind],
				parser->options->n_guests > 0 && strchr(argv[optind], '=')
					? ": quote the value of --guest, a shell expands its braces"
					: "");
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

static enum options_result sandbox_take(struct options *options, const char *word)
{
	static const char *const modes[] = { [SANDBOX_AUTO] = "auto", [SANDBOX_ON] = "on", [SANDBOX_OFF] = "off" };
	size_t mode = SANDBOX_AUTO;

	while (word && mode < ARRAY_SIZE(modes) && strcmp(word, modes[mode]) != 0)
		mode++;
	if (mode == ARRAY_SIZE(modes))
		return refuse(options, "--sandbox: \"%.64s\" is not on, off or auto", word);
	if (mode == SANDBOX_ON && sandbox_refuses_on())
		return refuse(options, "--sandbox=on is not supported by this build: %s", sandbox_refuses_on());
	options->sandbox = (enum sandbox_mode)mode;
	return OPTIONS_RUN;
}

/* A number of an fd: digits only, what a process can have. */
static enum options_result fd_take(struct options *options, const char *const *values, enum option_id id, int *fd)
{
	const char *word = values[id];
	uint64_t value;

	*fd = -1;
	if (!word)
		return OPTIONS_RUN;
	if (decimal_parse(word, INT_MAX, &value) < 0)
		return refuse(options, "--%s: \"%.64s\" is not the number of a file descriptor", option_rows[id].name,
			      word);
	*fd = (int)value;
	return OPTIONS_RUN;
}

/* What is to be done, when it is not to serve: one thing only. */
static enum options_result action_take(struct options *options, const char *const *values)
{
	static const struct {
		enum option_id id;
		enum options_result result;
	} actions[] = {
		{ OPTION_CHECK, OPTIONS_CHECK },
		{ OPTION_PRINT_CONFIG, OPTIONS_PRINT_CONFIG },
		{ OPTION_MAKE_SAFE, OPTIONS_MAKE_SAFE },
		{ OPTION_TAKE_OVER, OPTIONS_TAKE_OVER },
	};
	const char *hold = values[OPTION_MAKE_SAFE];
	enum options_result result = OPTIONS_RUN;
	enum option_id first = OPTIONS_ALL;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!values[actions[i].id])
			continue;
		if (first != OPTIONS_ALL)
			return refuse(options, "--%s and --%s can not both be done", option_rows[first].name,
				      option_rows[actions[i].id].name);
		first = actions[i].id;
		result = actions[i].result;
	}
	if (hold && *hold && strcmp(hold, "hold") != 0)
		return refuse(options, "--make-safe: \"%.64s\" is not \"hold\"", hold);
	options->hold = hold && *hold;
	options->take_over = values[OPTION_TAKE_OVER] ? (unsigned)strtoul(values[OPTION_TAKE_OVER], NULL, 10) : 0;
	return result;
}

/* Which of the three ways of description are used, and whether what belongs to one is there. */
static enum options_result sources_take(struct options *options, const char *const *values)
{
	bool dropin = values[OPTION_SOCKET_PATH] || values[OPTION_SOCKET_COUNT] || values[OPTION_DEVICE_LIST] ||
		      values[OPTION_FD];

	options->socket_path = values[OPTION_SOCKET_PATH];
	options->socket_count = values[OPTION_SOCKET_COUNT];
	options->device_list = values[OPTION_DEVICE_LIST];
	options->config = values[OPTION_CONFIG];
	if (options->config && !config_file_supported())
		return refuse(options, "--config is not supported by this build: it was made without inih");
	if (options->socket_path && values[OPTION_FD])
		return refuse(options, "--socket-path and --fd: one socket is enough");
	if (!dropin && (options->n_guests > 0 || options->config))
		return OPTIONS_RUN;
	if (!options->device_list && (options->socket_path || values[OPTION_FD]))
		return refuse(options, "--device-list is missing");
	if (!options->device_list)
		return refuse(options, "no guests: --socket-path and --device-list, --guest or --config is missing");
	if (!options->socket_path && !values[OPTION_FD] && !getenv("LISTEN_FDS"))
		return refuse(options, "--socket-path is missing");
	return OPTIONS_RUN;
}

/*
 * vhost-user.rst, "Backend program conventions": with --print-capabilities all other options and words are ignored, so
 * also those that are wrong, or lack their value.
 */
static bool capabilities_wanted(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0 &&
		    strcmp(argv[i] + 2, option_rows[OPTION_PRINT_CAPABILITIES].name) == 0)
			return true;
	}
	return false;
}

enum options_result options_parse(struct options *options, int argc, char **argv)
{
	/* vhost-user.json, @VHostUserBackendCapabilities: features are those of the type, and this one has none. */
	static const char capabilities[] = "{\n  \"type\": \"gpio\",\n  \"features\": []\n}\n";
	struct parser parser = { .options = options };
	const char *const *values = parser.values;
	enum options_result result;
	const char *level;

	*options = (struct options){ .log_level = LOG_LEVEL_INFO, .fd = -1, .ready_fd = -1 };
	if (capabilities_wanted(argc, argv)) {
		memcpy(options->text, capabilities, sizeof(capabilities));
		return OPTIONS_DONE;
	}
	result = words_parse(&parser, argc, argv);
	level = values[OPTION_LOG_LEVEL];
	if (result == OPTIONS_RUN && level && log_level_parse(level, &options->log_level) < 0)
		result = refuse(options, "--log-level: \"%.64s\" is not error, warning, info or debug", level);
	if (result == OPTIONS_RUN)
		result = control_take(options, values[OPTION_CONTROL]);
	if (result == OPTIONS_RUN)
		result = sandbox_take(options, values[OPTION_SANDBOX]);
	options->user = values[OPTION_USER];
	if (result == OPTIONS_RUN && options->user && options->sandbox == SANDBOX_OFF)
		result = refuse(options, "--user and --sandbox=off: the user is a part of the sandbox");
	if (result == OPTIONS_RUN)
		result = fd_take(options, values, OPTION_FD, &options->fd);
	if (result == OPTIONS_RUN)
		result = fd_take(options, values, OPTION_READY_FD, &options->ready_fd);
	if (result == OPTIONS_RUN)
		result = sources_take(options, values);
	options->safe = values[OPTION_SAFE];
	options->one_off = values[OPTION_ONE_OFF];
	return result == OPTIONS_RUN ? action_take(options, values) : result;
}

void options_deinit(struct options *options)
{
	free(options->guests);
	options->guests = NULL;
	options->n_guests = 0;
}

int options_wanted(const struct options *options, struct wanted *wanted, char *why, size_t why_size)
{
	const struct dropin_words words = { .path = options->socket_path,
					    .fd = options->fd,
					    .count = options->socket_count,
					    .devices = options->device_list };
	int ret = 0;

	*wanted = (struct wanted){ .n_guests = 0 };
	if (words.devices)
		ret = dropin_wanted(&words, wanted, why, why_size);
	for (size_t i = 0; i < options->n_guests && ret == 0; i++)
		ret = guest_option_parse(options->guests[i], options->n_guests > 1 ? (unsigned)i + 1 : 0, wanted, why,
					 why_size);
	if (ret == 0 && options->config)
		ret = config_file_read(options->config, wanted, why, why_size);
	if (ret == 0 && wanted->n_guests == 0) {
		snprintf(why, why_size, "%s: no guests", options->config);
		ret = -EINVAL;
	}
	if (ret == -ENOMEM)
		snprintf(why, why_size, "out of memory");
	return ret;
}
