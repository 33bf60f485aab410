/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Between inih, which pulls lines and pushes keys, and who wants to know sections, keys and line numbers. */
#include "config/ini_text.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"

/* The mark that some editors put before UTF-8; inih leaves it out. */
#define BOM "\xef\xbb\xbf"

struct reading {
	const struct ini_text *to;
	const char *next;  /* what inih has not got yet */
	unsigned line;	   /* the one it got last, from 1 on */
	bool indented;	   /* that one */
	char *key, *value; /* owned: a key whose value may go on; NULL: none */
	size_t value_len;
	unsigned key_line, n_lines;
	int ret; /* below 0: stop */
	unsigned fault_line;
	struct why *why;
};

static void fault(struct reading *reading, const char *what)
{
	reading->ret = -EINVAL;
	reading->fault_line = reading->line;
	why_fail(EINVAL, reading->why, "%s", what);
}

/* What a callback said, of this line. */
static void told(struct reading *reading, unsigned line, int ret)
{
	if (reading->ret == 0 && ret < 0) {
		reading->ret = ret;
		reading->fault_line = line;
	}
}

/* The value is whole: nothing that follows belongs to it. */
static void key_end(struct reading *reading)
{
	if (reading->key && reading->value && reading->ret == 0)
		told(reading, reading->key_line,
		     reading->to->key(reading->to->ctx, reading->key_line, reading->n_lines, reading->key,
				      reading->value));
	free(reading->key);
	free(reading->value);
	reading->key = NULL;
	reading->value = NULL;
}

static void key_begin(struct reading *reading, const char *key, const char *value)
{
	key_end(reading);
	reading->key = strdup(key);
	reading->value = strdup(value);
	if (!reading->key || !reading->value)
		told(reading, reading->line, -ENOMEM);
	reading->value_len = strlen(value);
	reading->key_line = reading->line;
	reading->n_lines = 1;
}

/* Some versions of inih leave comments in the lines in which a value goes on. */
static size_t comment_cut(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 1; i < len; i++) {
		if (value[i] == ';' && blank_span(value + i - 1, 1))
			return blank_trim(value, i);
	}
	return len;
}

static void key_goes_on(struct reading *reading, const char *value)
{
	size_t len = comment_cut(value);
	char *longer = realloc(reading->value, reading->value_len + 1 + len + 1);

	if (!longer) {
		told(reading, reading->line, -ENOMEM);
		return;
	}
	reading->value = longer;
	longer[reading->value_len] = ' ';
	memcpy(longer + reading->value_len + 1, value, len);
	reading->value_len += 1 + len;
	longer[reading->value_len] = '\0';
	reading->n_lines++;
}

#if INI_HANDLER_LINENO
static int on_key(void *user, const char *section, const char *key, const char *value, int line)
#else
static int on_key(void *user, const char *section, const char *key, const char *value)
#endif
{
	struct reading *reading = user;

	/* NULL: versions of inih that tell of sections, or allow keys without a value, do it so. */
	if (reading->ret < 0 || !key || !value)
		return reading->ret == 0 && !key;
	if (reading->indented && reading->key && reading->value && strcmp(reading->key, key) == 0)
		key_goes_on(reading, value);
	else
		key_begin(reading, key, value);
	return reading->ret == 0;
}

/* text is behind the '[', len bytes to the end of the line. */
static void title_take(struct reading *reading, const char *text, size_t len)
{
	const char *end = memchr(text, ']', len);
	size_t title_len = end ? (size_t)(end - text) : 0, rest_len = end ? len - title_len - 1 : 0;
	size_t blanks = end ? blank_span(end + 1, rest_len) : 0;
	char title[256];

	key_end(reading);
	if (reading->ret < 0)
		return;
	if (!end)
		fault(reading, "a section without ']'");
	else if (blanks < rest_len && !strchr(";#\r", end[1 + blanks]))
		fault(reading, "something after the ']' of a section");
	else if (title_len >= sizeof(title))
		fault(reading, "the title of a section is too long");
	if (reading->ret < 0)
		return;
	snprintf(title, sizeof(title), "%.*s", (int)title_len, text);
	told(reading, reading->line, reading->to->section(reading->to->ctx, reading->line, title));
}

/* inih's reader, as fgets(): the next line, whole. NULL ends it. */
static char *next_line(char *buffer, int size, void *stream)
{
	struct reading *reading = stream;
	const char *at = reading->next;
	size_t len = strcspn(at, "\n"), blanks;
	size_t bom = reading->line == 0 && strncmp(at, BOM, strlen(BOM)) == 0 ? strlen(BOM) : 0;

	if (reading->ret < 0 || *at == '\0')
		return NULL;
	reading->next += len + (at[len] == '\n');
	reading->line++;
	blanks = blank_span(at + bom, len - bom);
	reading->indented = blanks > 0;
	if (strchr(";#", at[bom + blanks]) && at[bom + blanks]) {
		len = 0; /* of a comment inih need not know more than its line */
	} else if (len + 2 > (size_t)size) {
		fault(reading, "");
		why_fail(EINVAL, reading->why,
			 "the line has %zu bytes, at most %d; a value may go on in lines that are indented", len,
			 size - 2);
	} else if (at[bom + blanks] == '[') {
		if (blanks)
			fault(reading, "a section does not begin at the start of its line");
		else
			title_take(reading, at + bom + 1, len - bom - 1);
	}
	if (reading->ret < 0)
		return NULL;
	snprintf(buffer, (size_t)size, "%.*s\n", (int)len, at);
	return buffer;
}

int ini_text_parse(const char *text, const struct ini_text *to, unsigned *line, struct why *why)
{
	struct reading reading = { .to = to, .next = text, .why = why };
	int bad;

	why->text[0] = '\0';
	bad = ini_parse_stream(next_line, &reading, on_key, &reading);
	key_end(&reading);
	/* inih goes on after a line that it can not take, and so do the callbacks: what came first counts. */
	if (bad > 0 && (reading.ret == 0 || (unsigned)bad < reading.fault_line)) {
		reading.line = (unsigned)bad;
		fault(&reading, "neither [section] nor key = value");
	} else if (bad < 0 && reading.ret == 0) {
		reading.ret = -ENOMEM;
	}
	*line = reading.fault_line;
	return reading.ret;
}
