/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The keys of [daemon]. */
#include "config/daemon_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"

static const struct {
	const char *key;
	bool is_switch;
	bool of_guests; /* what each guest has by now: not printed beside them */
} rows[DAEMON_WORDS_N] = {
	[DAEMON_CONTROL] = { "control", false, false },
	[DAEMON_CONTROL_MODE] = { "control-mode", false, false },
	[DAEMON_CONTROL_GROUP] = { "control-group", false, false },
	[DAEMON_SOCKET_MODE] = { "socket-mode", false, true },
	[DAEMON_SOCKET_GROUP] = { "socket-group", false, true },
	[DAEMON_BUSY_POLL] = { "busy-poll", false, true },
	[DAEMON_SANDBOX] = { "sandbox", false, false },
	[DAEMON_USER] = { "user", false, false },
	[DAEMON_LOG_LEVEL] = { "log-level", false, false },
	[DAEMON_SAFE] = { "safe", true, false },
};

const char *daemon_word_key(unsigned index)
{
	return index < DAEMON_WORDS_N ? rows[index].key : NULL;
}

/* The word, without its quotes, is the caller's. */
static int word_read(const char *where, const char *key, const char *value, char **word, struct why *why)
{
	size_t len = strlen(value);
	const char *fault = value[0] == '"' ? NULL : unquoted_fault(value, len, false);

	if (fault)
		return why_at(why, where, "%s: \"%.*s\" %s", key, word_shown(len), value, fault);
	if (value[0] == '"' && quoted_span(value) != len)
		return why_at(why, where, "%s: \"%.*s\" does not end at its closing quote", key, word_shown(len),
			      value);
	*word = calloc(1, len + 1);
	if (!*word)
		return -ENOMEM;
	if (value[0] != '"') {
		memcpy(*word, value, len);
		return 0;
	}
	if (quoted_read(value, len, *word, len + 1) >= 0)
		return 0;
	free(*word);
	*word = NULL;
	return why_at(why, where, "%s: %.*s: a backslash may only precede \", \\ or ;", key, word_shown(len), value);
}

/* "on" is "", as of an option that takes no value; "off" is none. */
static int switch_read(const char *where, const char *key, char **word, struct why *why)
{
	if (strcmp(*word, "on") != 0 && strcmp(*word, "off") != 0)
		return why_at(why, where, "%s: \"%.*s\" is not on or off", key, word_shown(strlen(*word)), *word);
	if (strcmp(*word, "on") == 0) {
		**word = '\0';
		return 0;
	}
	free(*word);
	*word = NULL;
	return 0;
}

int daemon_words_take(struct daemon_words *words, const char *where, const char *key, const char *value,
		      struct why *why)
{
	size_t i = 0;
	int ret;

	while (i < DAEMON_WORDS_N && strcmp(rows[i].key, key) != 0)
		i++;
	if (i == DAEMON_WORDS_N)
		return -ENOENT;
	if (words->of[i].where[0])
		return why_at(why, where, "\"%s\" is given twice", key);
	if (!*value)
		return why_at(why, where, "%s: empty", key);
	snprintf(words->of[i].where, sizeof(words->of[i].where), "%s", where);
	ret = word_read(where, key, value, &words->of[i].value, why);
	return ret == 0 && rows[i].is_switch && words->of[i].value ? switch_read(where, key, &words->of[i].value, why)
								   : ret;
}

static bool word_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool daemon_words_equal(const struct daemon_words *a, const struct daemon_words *b)
{
	for (size_t i = 0; i < DAEMON_WORDS_N; i++) {
		if (!word_equal(a->of[i].value, b->of[i].value))
			return false;
	}
	return true;
}

static void word_print(const char *key, const char *value, FILE *file)
{
	char quoted[2 * DAEMON_VALUE_MAX + 3];

	quoted_write(value, quoted, sizeof(quoted));
	fprintf(file, "%s = %s\n", key, word_is_plain(value) ? value : quoted);
}

void daemon_words_print(const char *const *values, FILE *file)
{
	bool begun = false;

	for (size_t i = 0; i < DAEMON_WORDS_N; i++) {
		if (!values[i] || rows[i].of_guests)
			continue;
		if (!begun)
			fputs("[daemon]\n", file);
		begun = true;
		word_print(rows[i].key, rows[i].is_switch ? "on" : values[i], file);
	}
	if (begun)
		fputc('\n', file);
}

void daemon_words_deinit(struct daemon_words *words)
{
	for (size_t i = 0; i < DAEMON_WORDS_N; i++)
		free(words->of[i].value);
	*words = (struct daemon_words){ 0 };
}
