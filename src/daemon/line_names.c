/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Line names that a guest may be shown (VirtIO GPIO, "Get Line Names": plain 7-bit text, unique). */
#include "daemon/line_names.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The names kept so far, by hash: an entry is the index of the name + 1, and 0 where there is none. */
struct name_set {
	uint32_t *entries;
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

/* FNV-1a. The names are the host's own: nobody picks them to collide. */
static uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

/* At most half full, so that each search ends at an empty entry. */
static bool set_init(struct name_set *set, unsigned n)
{
	uint32_t size = 2;

	while (size < 2 * (uint64_t)n)
		size *= 2;
	set->mask = size - 1;
	set->entries = calloc(size, sizeof(*set->entries));
	return set->entries;
}

/* False when an equal name is in the set. */
static bool set_add(struct name_set *set, char (*names)[CHIP_NAME_MAX], unsigned index)
{
	uint32_t at = name_hash(names[index]) & set->mask;

	for (; set->entries[at]; at = (at + 1) & set->mask) {
		if (strcmp(names[set->entries[at] - 1], names[index]) == 0)
			return false;
	}
	set->entries[at] = index + 1;
	return true;
}

unsigned names_sanitize(char (*names)[CHIP_NAME_MAX], unsigned n)
{
	struct name_set set;
	bool have_set = set_init(&set, n);
	unsigned dropped = 0;

	for (unsigned i = 0; i < n; i++) {
		bool empty = names[i][0] == '\0';

		/* Without memory for the set, no name is known to be unique. */
		if (!empty && have_set && name_is_plain(names[i]) && set_add(&set, names, i))
			continue;
		if (!empty)
			dropped++;
		memset(names[i], 0, CHIP_NAME_MAX);
	}
	free(set.entries);
	return dropped;
}
