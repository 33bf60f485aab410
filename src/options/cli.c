/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The words of the command line. */
#include "options/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "base/why.h"
#include "config/suggest.h"
#include "sandbox/sandbox.h"

struct option_row {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* how the help calls its value; NULL: takes none */
	bool optional;	   /* the value may be left out */
	const char *help;  /* NULL: not shown */
};

static const struct option_row option_rows[OPTIONS_ALL] = {
	[OPTION_SOCKET_PATH] = { "socket-path", 's', "PATH", false,
				 "sockets PATH0, PATH1, ...; a single guest also has PATH" },
	[OPTION_SOCKET_COUNT] = { "socket-count", 'c', "N", false, "number of guests: 1 (default) to 16384" },
	[OPTION_DEVICE_LIST] = { "device-list", 'l', "D1[:D2...]", false,
				 "a chip for each guest: N is /dev/gpiochipN, sN is simulated with N lines (1 to "
				 "65535)" },
	[OPTION_GUEST] = { "guest", 0, "KEY=VALUE,...", false,
			   "a guest: socket=PATH or fd=N, lines=@CHIP{LINE:...} or sim=N, name=, ..." },
	[OPTION_WIRE] = { "wire", 0, "A,B[,...]", false,
			  "join two simulated lines, each GUEST.LINE; invert, delay=TIME" },
	[OPTION_CONFIG] = { "config", 0, "FILE", false,
			    "guests and options from a file; SIGHUP reads the guests again" },
	[OPTION_FD] = { "fd", 0, "N", false,
			"with --device-list: an inherited socket, listening or connected; also --socket-fd" },
	[OPTION_SOCKET_MODE] = { "socket-mode", 0, "MODE", false,
				 "permissions of guests' sockets, octal (default: what the umask leaves)" },
	[OPTION_SOCKET_GROUP] = { "socket-group", 0, "GROUP", false, "group of guests' sockets, by name or number" },
	[OPTION_BUSY_POLL] = { "busy-poll", 0, "TIME", false,
			       "look at the guests' rings for so long before a kick is waited for: 0us (default) to "
			       "10ms" },
	[OPTION_SAFE] = { "safe", 0, NULL, false,
			  "lines become inputs when their guest disconnects, unless configured otherwise" },
	[OPTION_ONE_OFF] = { "one-off", '1', NULL, false,
			     "exit when all guests have disconnected (default: serve the next)" },
	[OPTION_READY_FD] = { "ready-fd", 0, "N", false, "write a newline to fd N when the sockets exist" },
	[OPTION_CONTROL] = { "control", 0, "PATH", false, "control socket, for vgpioctl (default: none)" },
	[OPTION_CONTROL_MODE] = { "control-mode", 0, "MODE", false,
				  "its permissions, octal (default: what the umask leaves)" },
	[OPTION_CONTROL_GROUP] = { "control-group", 0, "GROUP", false, "its group, by name or number" },
	[OPTION_SANDBOX] = { "sandbox", 0, "MODE", false,
			     "on (fail if unavailable), off, auto (default: use what works)" },
	[OPTION_USER] = { "user", 0, "NAME", false,
			  "when started as root: the user that guests' processes run as (default " SANDBOX_USER_DEFAULT
			  ")" },
	[OPTION_LOG_LEVEL] = { "log-level", 0, "LEVEL", false, "error, warning, info (default) or debug" },
	[OPTION_CHECK] = { "check", 0, NULL, false, "find every line and conflict, print a table, and exit" },
	[OPTION_PRINT_CONFIG] = { "print-config", 0, NULL, false,
				  "print the guests as a configuration file, and exit" },
	[OPTION_MAKE_SAFE] = { "make-safe", 0, "hold", true,
			       "put each line into its on-disconnect state and exit, or hold it" },
	[OPTION_PRINT_CAPABILITIES] = { "print-capabilities", 0, NULL, false,
					"print the back-end's capabilities as JSON (vhost-user convention), and exit" },
	[OPTION_PRINT_HANDOVER] = { "print-handover", 0, "FILE", false,
				    "print what a program left to the next one at an upgrade, and exit" },
	[OPTION_LIST_CHIPS] = { "list-chips", 0, NULL, false,
				"print the host's chips, their numbers of lines and labels, and exit" },
	[OPTION_TAKE_OVER] = { "can-take-over", 0, "FD", false, NULL },
	[OPTION_HELP] = { "help", 'h', NULL, false, "print this and exit" },
	[OPTION_VERSION] = { "version", 'V', NULL, false, "print the version and exit" },
};

/* Other names of options. */
static const struct {
	const char *name;
	enum option_id id;
} aliases[] = {
	{ "socket-fd", OPTION_FD },
};

/* getopt_long()'s values of long options: beyond every letter. */
#define OPTION_BASE 256

const char *cli_option_name(enum option_id id)
{
	return option_rows[id].name;
}

static struct option long_make(const char *name, size_t id)
{
	const struct option_row *row = &option_rows[id];

	return (struct option){ name,
				row->optional ? optional_argument
				: row->value  ? required_argument
					      : no_argument,
				NULL, OPTION_BASE + (int)id };
}

static void tables_make(struct option *longs, char *shorts)
{
	/* '+': the first word that is no option ends it; ':': a missing value is told apart, nothing is printed. */
	*shorts++ = '+';
	*shorts++ = ':';
	for (size_t i = 0; i < OPTIONS_ALL; i++) {
		const struct option_row *row = &option_rows[i];

		*longs++ = long_make(row->name, i);
		if (!row->letter)
			continue;
		*shorts++ = row->letter;
		if (row->value)
			*shorts++ = ':';
	}
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		*longs++ = long_make(aliases[i].name, aliases[i].id);
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

static void help_print(FILE *stream)
{
	fputs("Usage: " PROGRAM_NAME " -s PATH [-c N] -l D1[:D2...]\n"
	      "       " PROGRAM_NAME " --guest KEY=VALUE,... [--guest ...]\n"
	      "       " PROGRAM_NAME " --config FILE\n"
	      "A vhost-user back-end that gives virtual machines GPIO lines.\n\n",
	      stream);
	for (size_t i = 0; i < OPTIONS_ALL; i++) {
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
		fprintf(stream, "  %-30s %s\n", words, row->help);
	}
	fputs("\nExit status: 0 ended or done, 1 something is not available, 2 wrong command line or file\n", stream);
}

void cli_print(enum option_id id, FILE *stream)
{
	if (id == OPTION_HELP)
		help_print(stream);
	else if (id == OPTION_VERSION)
		fprintf(stream, "%s %s\n", PROGRAM_NAME, PROGRAM_VERSION);
	else
		/* vhost-user.json, @VHostUserBackendCapabilities: features are those of the type, and this one has none. */
		fputs("{\n  \"type\": \"gpio\",\n  \"features\": []\n}\n", stream);
}

/* One more of what may be given often. */
static int word_add(const char ***words, size_t *n, const char *word, struct why *why)
{
	const char **more = realloc(*words, (*n + 1) * sizeof(*more));

	if (!more)
		return why_fail(ENOMEM, why, "out of memory");
	*words = more;
	more[(*n)++] = word;
	return 0;
}

/* Takes one option that getopt_long() found. As cli_parse(). */
static int option_take(struct cli *cli, int id, struct why *why)
{
	if (id == OPTION_HELP || id == OPTION_VERSION) {
		cli->print = (enum option_id)id;
		return 1;
	}
	if (id == OPTION_GUEST)
		return word_add(&cli->guests, &cli->n_guests, optarg, why);
	if (id == OPTION_WIRE)
		return word_add(&cli->wires, &cli->n_wires, optarg, why);
	if (cli->values[id])
		return why_fail(EINVAL, why, "--%s is given twice", option_rows[id].name);
	cli->values[id] = optarg ? optarg : "";
	return 0;
}

/* Those that the help shows. */
static const char *option_known(unsigned index)
{
	for (unsigned i = 0; i < OPTIONS_ALL; i++) {
		if (option_rows[i].help && index-- == 0)
			return option_rows[i].name;
	}
	return NULL;
}

static int long_unknown(const char *word, struct why *why)
{
	size_t len = strcspn(word, "=");
	int shown = (int)(len < 64 ? len : 64);
	const char *meant = strncmp(word, "--", 2) == 0 ? suggest_word(word + 2, len - 2, option_known) : NULL;

	if (meant)
		return why_fail(EINVAL, why, "unknown option \"%.*s\"; did you mean \"--%s\"?", shown, word, meant);
	return why_fail(EINVAL, why, "unknown option \"%.*s\"", shown, word);
}

/* What getopt_long() did not take: word is the one it was at. */
static int option_refuse(int found, const char *word, struct why *why)
{
	int id = optopt >= OPTION_BASE ? optopt - OPTION_BASE : row_of_letter(optopt);

	if (found == ':' && id >= 0)
		return why_fail(EINVAL, why, "--%s needs a value", option_rows[id].name);
	if (optopt >= OPTION_BASE)
		return why_fail(EINVAL, why, "--%s takes no value", option_rows[id].name);
	if (optopt)
		return why_fail(EINVAL, why, "unknown option \"-%c\"", optopt);
	return long_unknown(word, why);
}

/* getopt_long() takes the beginning of a name for the name; here that would change its meaning with a later version. */
static bool long_is_whole(const char *word, int id)
{
	size_t len = strcspn(word, "=");
	bool whole = len == strlen(option_rows[id].name) + 2;

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		whole |= aliases[i].id == (enum option_id)id && len == strlen(aliases[i].name) + 2;
	return strncmp(word, "--", 2) == 0 && whole;
}

/* found: what getopt_long() said of the word. */
static int word_take(struct cli *cli, int found, const char *word, struct why *why)
{
	int id = found >= OPTION_BASE ? found - OPTION_BASE : row_of_letter(found);

	if (found == '?' || found == ':')
		return option_refuse(found, word, why);
	if (found >= OPTION_BASE && !long_is_whole(word, id))
		return long_unknown(word, why);
	return option_take(cli, id, why);
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

/* Of --guest=a{b,c} a shell makes --guest=ab --guest=ac: two that are the same until they name a line. */
static int shell_words_find(const struct cli *cli, struct why *why)
{
	for (size_t i = 0; i + 1 < cli->n_guests; i++) {
		const char *a = cli->guests[i], *b = cli->guests[i + 1];
		const char *lines = strstr(a, "lines=@");
		size_t same = 0;

		while (a[same] && a[same] == b[same])
			same++;
		if (lines && a + same > lines + strlen("lines=@") && !strpbrk(a, "{}") && !strpbrk(b, "{}"))
			return why_fail(
				EINVAL, why,
				"--guest %zu and %zu are the same up to \"%.*s\": quote the value of --guest, a shell "
				"expands its braces",
				i + 1, i + 2, (int)(a + same - lines), lines);
	}
	return 0;
}

int cli_parse(struct cli *cli, int argc, char **argv, struct why *why)
{
	struct option longs[OPTIONS_ALL + ARRAY_SIZE(aliases) + 1];
	char shorts[2 * OPTIONS_ALL + 3];
	int ret = 0;

	*cli = (struct cli){ .print = OPTION_PRINT_CAPABILITIES };
	if (capabilities_wanted(argc, argv))
		return 1;
	tables_make(longs, shorts);
	optind = 0; /* start afresh, whoever used getopt before */
	opterr = 0;
	while (ret == 0) {
		const char *word = argv[optind > 0 ? optind : 1];
		int found = getopt_long(argc, argv, shorts, longs, NULL);

		if (found == -1)
			break;
		ret = word_take(cli, found, word, why);
	}
	if (ret == 0 && optind < argc)
		/* Shells make several words of a{b,c}. */
		ret = why_fail(EINVAL, why, "stray argument \"%.64s\"%s", argv[optind],
			       cli->n_guests > 0 && strchr(argv[optind], '=')
				       ? ": quote the value of --guest, a shell expands its braces"
				       : "");
	return ret == 0 ? shell_words_find(cli, why) : ret;
}

void cli_deinit(struct cli *cli)
{
	free(cli->guests);
	free(cli->wires);
	cli->guests = cli->wires = NULL;
	cli->n_guests = cli->n_wires = 0;
}
