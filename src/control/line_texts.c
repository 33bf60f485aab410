/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The elements of an array of JSON as text. */
#include "control/line_texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one line's object rarely exceeds: with it, nothing is written twice. */
#define ELEMENT_SIZE 1024u

static bool room_make(struct line_texts *lines, size_t len)
{
	size_t capacity = lines->capacity ? lines->capacity : 4ul * ELEMENT_SIZE;
	char *text;

	while (capacity - lines->len < len)
		capacity *= 2;
	if (capacity == lines->capacity)
		return true;
	text = realloc(lines->text, capacity);
	if (!text)
		return false;
	lines->text = text;
	lines->capacity = capacity;
	return true;
}

/* 0: there is no room for it, or no such object. */
static size_t element_write(struct line_texts *lines, const json_t *object)
{
	size_t room = lines->capacity - lines->len - 2; /* a comma and the end */
	size_t len = json_dumpb(object, lines->text + lines->len + 1, room, JSON_COMPACT);

	if (len <= room || !room_make(lines, len + 2))
		return len <= room ? len : 0;
	return json_dumpb(object, lines->text + lines->len + 1, len, JSON_COMPACT);
}

bool line_texts_add(struct line_texts *lines, json_t *object)
{
	size_t len = object && room_make(lines, ELEMENT_SIZE) ? element_write(lines, object) : 0;

	json_decref(object);
	if (len == 0)
		return false;
	lines->text[lines->len] = ',';
	lines->len += 1 + len;
	lines->text[lines->len] = '\0';
	lines->n++;
	return true;
}

void line_texts_clear(struct line_texts *lines)
{
	free(lines->text);
	*lines = (struct line_texts){ .n = 0 };
}

char *line_texts_join(const struct line_texts *lines, json_t *object, const char *member)
{
	char *before = object ? json_dumps(object, JSON_COMPACT) : NULL, *text = NULL;

	json_decref(object);
	if (!before)
		return NULL;
	before[strlen(before) - 1] = '\0';
	if (asprintf(&text, "%s,\"%s\":[%s]}", before, member, lines->n > 0 ? lines->text + 1 : "") < 0)
		text = NULL;
	free(before);
	return text;
}
