/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The elements of an array of JSON, each as text as soon as it is there. A thousand lines as a tree of objects are 30,000
 * pieces of memory at once; one after the other they are the same few.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct line_texts {
	char *text;	      /* owned: "{...},{...}" */
	size_t len, capacity; /* bytes; the text has an end beside them */
	size_t n;	      /* elements */
};

/* object is taken over; NULL, and no memory: false. */
bool line_texts_add(struct line_texts *lines, json_t *object);
/* Idempotent. */
void line_texts_clear(struct line_texts *lines);
/*
 * The object with one more member, the array: the caller's text. object, which has a member at least, is taken over. NULL:
 * no memory.
 */
char *line_texts_join(const struct line_texts *lines, json_t *object, const char *member);
