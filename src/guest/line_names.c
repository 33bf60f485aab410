/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Line names that a guest may be shown. */
#include "guest/line_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Notes of one guest: more of them are counted, not listed. */
#define NOTES_MAX 8

/* The names kept so far, by hash: an entry is the index of the name + 1, and 0 where there is none. */
struct name_set {
	uint32_t *entries; /* owned; NULL: no memory, then no name is known to be unique */
	uint32_t mask;
};

static bool name_is_plain(const char name[CHIP_NAME_MAX])
{
	for (size_t i = 0; i < CHIP_NAME_MAX; i++) {
		if (name[i] == '\0')
			return true;
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	}
	return false;
}

/* At most half full, so that each search ends at an empty entry. */
static void set_init(struct name_set *set, unsigned n)
{
	uint32_t size = 2;

	while (size < 2 * (uint64_t)n)
		size *= 2;
	set->mask = size - 1;
	set->entries = calloc(size, sizeof(*set->entries));
}

/* The line that has the name already, or -1: then the name is in the set from now on. */
static int64_t set_add(struct name_set *set, char (*names)[CHIP_NAME_MAX], unsigned index)
{
	/* The names are the host's own: nobody picks them to collide. */
	uint32_t at = text_hash(names[index]) & set->mask;

	for (; set->entries[at]; at = (at + 1) & set->mask) {
		if (strcmp(names[set->entries[at] - 1], names[index]) == 0)
			return set->entries[at] - 1;
	}
	set->entries[at] = index + 1;
	return -1;
}

static void name_drop(char name[CHIP_NAME_MAX], unsigned index, const char *why, unsigned *dropped,
		      struct diagnostics *notes)
{
	char shown[CHIP_NAME_MAX];

	memset(shown, 0, sizeof(shown));
	for (size_t i = 0; i < CHIP_NAME_MAX - 1 && name[i]; i++)
		shown[i] = text_as_ascii(name[i]);
	if (++*dropped <= NOTES_MAX)
		diagnostics_add(notes, "line %u: its name \"%s\" is not shown to the guest: %s", index, shown, why);
	memset(name, 0, CHIP_NAME_MAX);
}

void line_names_fit(char (*names)[CHIP_NAME_MAX], const bool *given, unsigned n, struct diagnostics *errors,
		    struct diagnostics *notes)
{
	struct name_set set;
	unsigned dropped = 0;

	set_init(&set, n);
	errors->out_of_memory |= !set.entries;
	for (unsigned i = 0; i < n && set.entries; i++) {
		int64_t other = given[i] && names[i][0] ? set_add(&set, names, i) : -1;

		if (other >= 0)
			diagnostics_add(errors, "lines %u and %u are both called \"%s\"", (unsigned)other, i, names[i]);
	}
	for (unsigned i = 0; i < n && set.entries; i++) {
		if (given[i] || !names[i][0])
			continue;
		if (!name_is_plain(names[i]))
			name_drop(names[i], i, "not plain ASCII", &dropped, notes);
		else if (set_add(&set, names, i) >= 0)
			name_drop(names[i], i, "another line has it", &dropped, notes);
	}
	if (dropped > NOTES_MAX)
		diagnostics_add(notes, "%u more names of lines are not shown to the guest", dropped - NOTES_MAX);
	free(set.entries);
}
