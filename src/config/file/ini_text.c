/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between inih, which pulls lines and pushes keys, and who wants to know sections, keys and line numbers. */
#include "config/file/ini_text.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"

#define KEY_MAX 64 /* more than inih keeps of one */
/* The mark that some editors put before UTF-8. */
#define BOM "\xef\xbb\xbf"

struct reading {
	const struct ini_text *to;
	const char *next; /* what inih has not got yet */
	unsigned line;	  /* the one it got last, from 1 on */
	bool indented;	  /* that one */
	bool has_key;	  /* a key whose value may go on */
	char key[KEY_MAX];
	char *value; /* room for all values of the text */
	size_t value_len;
	unsigned key_line, last_line, n_lines;
	int ret; /* below 0: stop */
	unsigned fault_line;
	struct why *why;
};

static void fault(struct reading *reading, const char *what)
{
	if (reading->ret < 0)
		return;
	reading->fault_line = reading->line;
	reading->ret = why_fail(EINVAL, reading->why, "%s", what);
}

/* The value is whole: nothing that follows belongs to it. */
static void key_end(struct reading *reading)
{
	if (reading->has_key && reading->ret == 0)
		reading->ret = reading->to->key(reading->to->ctx, reading->key_line, reading->n_lines, reading->key,
						reading->value);
	reading->has_key = false;
}

static int on_key(void *user, const char *section, const char *key, const char *value)
{
	struct reading *reading = user;
	bool goes_on = reading->indented && reading->has_key;
	char *end;

	(void)section;
	if (!goes_on) {
		key_end(reading);
		snprintf(reading->key, sizeof(reading->key), "%s", key);
		reading->has_key = true;
		reading->key_line = reading->line;
		reading->value_len = 0;
		reading->n_lines = 0;
	}
	end = reading->value + reading->value_len;
	for (; goes_on && reading->last_line < reading->line; reading->last_line++)
		*end++ = '\n';
	reading->last_line = reading->line;
	reading->value_len = (size_t)(stpcpy(end, value) - reading->value);
	reading->n_lines++;
	return reading->ret == 0;
}

/* What may stand behind the ']': a comment, and the end of a line as some editors write it. */
static bool is_nothing(const char *text)
{
	text += strspn(text, " \t");
	return strchr("\r\n#;", *text); /* or the end of the text */
}

/* text is behind the '['. */
static void title_take(struct reading *reading, const char *text)
{
	size_t len = strcspn(text, "]\n");
	char title[128]; /* of a longer one no name is good */

	key_end(reading);
	if (text[len] != ']') {
		fault(reading, "a section without ']'");
		return;
	}
	if (!is_nothing(text + len + 1)) {
		fault(reading, "text after ']'");
		return;
	}
	snprintf(title, sizeof(title), "%.*s", (int)len, text);
	if (reading->ret == 0)
		reading->ret = reading->to->section(reading->to->ctx, reading->line, title);
}

/* The bytes before a comment, which a ';' behind a blank begins: in lines that go on some versions of inih leave it. */
static size_t comment_cut(const char *line, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if (line[i] == ';' && blank_span(line + i - 1, 1))
			return i;
	}
	return len;
}

/* inih's reader, as fgets(): the next line, whole. NULL ends it. */
static char *next_line(char *buffer, int size, void *stream)
{
	struct reading *reading = stream;
	const char *line = reading->next;
	size_t whole = strcspn(line, "\n"), len = comment_cut(line, whole), blanks = blank_span(line, len);

	if (reading->ret < 0 || *line == '\0')
		return NULL;
	reading->next += whole + (line[whole] == '\n');
	reading->line++;
	reading->indented = blanks > 0;
	if (line[blanks] == '#' || line[blanks] == ';') {
		len = 0;
	} else if (line[blanks] == '[') {
		title_take(reading, line + blanks + 1);
		line = "[]"; /* which tells inih that an indented key after it is a new one */
		len = strlen(line);
	} else if (len + 2 > (size_t)size) {
		fault(reading, "the line is too long: continue its value in indented lines");
	}
	if (reading->ret < 0)
		return NULL;
	snprintf(buffer, (size_t)size, "%.*s\n", (int)len, line);
	return buffer;
}

int ini_text_parse(const char *text, const struct ini_text *to, unsigned *line, struct why *why)
{
	struct reading reading = { .to = to, .next = text, .why = why, .value = malloc(strlen(text) + 1) };
	int bad;

	if (strncmp(text, BOM, strlen(BOM)) == 0)
		reading.next += strlen(BOM);
	bad = reading.value ? ini_parse_stream(next_line, &reading, on_key, &reading) : -1;
	if (reading.value)
		key_end(&reading);
	free(reading.value);
	*line = reading.fault_line;
	if (bad < 0)
		return -ENOMEM;
	if (bad == 0 || reading.ret < 0)
		return reading.ret;
	*line = (unsigned)bad;
	return why_fail(EINVAL, why, "expected [section] or key = value");
}
