/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The daemon's answers as text. What a key lacks is printed as nothing: the daemon may be of another version. Words are printable
 * ASCII there; the process that says them serves whoever may open its socket, and may be in their hand.
 */
#include "ctl/print.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define NS_PER_S    1000000000u
#define NAME_COLUMN 16

static const char *word_of(const json_t *object, const char *key)
{
	const char *word = json_string_value(json_object_get(object, key));

	return word ? word : "";
}

void print_word(const char *word)
{
	for (; *word; word++)
		putchar(text_as_ascii(*word));
}

static void print_word_of(const json_t *object, const char *key)
{
	print_word(word_of(object, key));
}

static long long number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *level_word(const json_t *level)
{
	if (!json_is_integer(level))
		return "unknown";
	return json_integer_value(level) ? "active" : "inactive";
}

/* Between quotes; those in it, and backslashes, have a backslash before them. Returns how wide it is. */
static int print_quoted(const char *text)
{
	int width = 2;

	putchar('"');
	for (; *text; text++, width++) {
		if (*text == '"' || *text == '\\')
			width += putchar('\\') == '\\';
		putchar(text_as_ascii(*text));
	}
	putchar('"');
	return width;
}

/* gpioinfo: a quoted name in a column of 16, or the bare word "unnamed". */
static void print_line(const json_t *line)
{
	const char *name = word_of(line, "name");
	const char *irq = word_of(line, "irq");
	int width;

	putchar('\t');
	width = *name ? print_quoted(name) : printf("unnamed");
	printf("%*s\t", width < NAME_COLUMN ? NAME_COLUMN - width : 0, "");
	print_word_of(line, "direction");
	printf(" %s", level_word(json_object_get(line, "level")));
	if (*irq && strcmp(irq, "none") != 0) {
		fputs(" irq=", stdout);
		print_word(irq);
	}
	putchar('\n');
}

static void print_guest_lines(const json_t *lines, const char *guest)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		if (strcmp(word_of(line, "guest"), guest) != 0)
			continue;
		printf("\tline %3lld:", number_of(line, "offset"));
		print_line(line);
	}
}

static bool print_guest(const json_t *guest, const json_t *lines)
{
	const char *error = word_of(guest, "error");

	if (*error) {
		error_print("%s", error);
		return false;
	}
	print_word_of(guest, "name");
	printf(" - %lld lines:\n", number_of(guest, "lines"));
	print_guest_lines(lines, word_of(guest, "name"));
	return true;
}

bool print_info(const json_t *reply, bool whole)
{
	const json_t *guests = json_object_get(reply, "guests");
	const json_t *lines = json_object_get(reply, "lines");
	bool good = true;

	for (size_t i = 0; whole && i < json_array_size(guests); i++)
		good = print_guest(json_array_get(guests, i), lines) && good;
	for (size_t i = 0; !whole && i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);

		print_word_of(line, "guest");
		printf(" %lld", number_of(line, "offset"));
		print_line(line);
	}
	return good;
}

static void print_level(const char *word, const json_t *level, bool numeric)
{
	if (numeric) {
		putchar(!json_is_integer(level) ? '?' : json_integer_value(level) ? '1' : '0');
		return;
	}
	print_quoted(word);
	printf("=%s", level_word(level));
}

void print_names(const json_t *reply)
{
	const json_t *lines = json_object_get(reply, "lines");

	for (size_t i = 0; i < json_array_size(lines); i++) {
		print_word_of(json_array_get(lines, i), "line");
		putchar('\n');
	}
}

void print_levels(const json_t *replies, bool numeric)
{
	const char *separator = "";

	for (size_t i = 0; i < json_array_size(replies); i++) {
		json_t *lines = json_object_get(json_array_get(replies, i), "lines"), *level;
		const char *word;

		json_object_foreach(lines, word, level)
		{
			fputs(separator, stdout);
			print_level(word, level, numeric);
			separator = " ";
		}
	}
	putchar('\n');
}

/* gpiomon with a chip given: seconds, the edge (of a state its level), the chip, the offset and the name. */
static void print_change(const json_t *event, const char *edge)
{
	unsigned long long time_ns = (unsigned long long)number_of(event, "time_ns");
	const char *name = word_of(event, "name");

	if (!*edge)
		return;
	printf("%llu.%09llu\t", time_ns / NS_PER_S, time_ns % NS_PER_S);
	print_word(edge);
	putchar('\t');
	print_word_of(event, "guest");
	printf(" %lld", number_of(event, "offset"));
	if (*name) {
		putchar(' ');
		print_quoted(name);
	}
	putchar('\n');
}

void print_event(const json_t *event)
{
	const char *kind = word_of(event, "event");

	if (strcmp(kind, "state") == 0)
		print_change(event, level_word(json_object_get(event, "level")));
	else if (strcmp(kind, "change") == 0)
		print_change(event, word_of(event, "edge"));
	else if (strcmp(kind, "lost") == 0)
		error_print("%s: %lld changes were lost", word_of(event, "guest"), number_of(event, "count"));
	else if (strcmp(kind, "error") == 0)
		error_print("%s", word_of(event, "error"));
}
