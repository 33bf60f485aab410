/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The ends of a wire, and how they are called. */
#include "wires/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int wire_guest_find(const struct wire_guests *guests, const char *name)
{
	for (size_t i = 0; i < guests->n; i++) {
		if (strcmp(guests->guests[i]->name, name) == 0)
			return (int)i;
	}
	return -1;
}

void wire_end_write(const struct wire_guests *guests, const struct wire_end *end, char *text, size_t size)
{
	int number = wire_guest_find(guests, end->guest);
	const struct guest *guest = number < 0 ? NULL : guests->guests[number];

	if (guest && end->line < guest->n_lines && guest->lines[end->line].name[0])
		snprintf(text, size, "%s.%s", end->guest, guest->lines[end->line].name);
	else
		snprintf(text, size, "%s.%u", end->guest, end->line);
}

static int line_find(const struct guest *guest, const struct wire_word *word)
{
	for (unsigned i = 0; i < guest->n_lines && word->name[0]; i++) {
		if (strcmp(guest->lines[i].name, word->name) == 0)
			return (int)i;
	}
	return !word->name[0] && word->offset < guest->n_lines ? (int)word->offset : -1;
}

static int end_find(const struct wire_guests *guests, const struct wire_word *word, struct wire_end *end,
		    struct why *why)
{
	int number = wire_guest_find(guests, word->guest);
	int line = number < 0 ? -1 : line_find(guests->guests[number], word);

	if (number < 0)
		return why_fail(ENOENT, why, "there is no guest \"%s\"", word->guest);
	if (line < 0 && word->name[0])
		return why_fail(ENOENT, why, "%s has no line \"%s\"", word->guest, word->name);
	if (line < 0)
		return why_fail(ENOENT, why, "%s has no line %u", word->guest, word->offset);
	memcpy(end->guest, word->guest, sizeof(end->guest));
	end->line = (uint32_t)line;
	return 0;
}

int wire_find(const struct wire_guests *guests, const struct wire_words *words, struct wire *wire, struct why *why)
{
	int ret = 0;

	*wire = (struct wire){ .invert = words->invert, .delay_us = words->delay_us };
	for (unsigned i = 0; i < 2 && ret == 0; i++)
		ret = end_find(guests, &words->ends[i], &wire->ends[i], why);
	return ret;
}
