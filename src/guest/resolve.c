/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * From what the user wants to guests.
 *
 * One guest after the other: its chips are opened, each wanted line becomes one or more lines of the virtual chip, in
 * the order of the words, and gets its name. Conflicts are collected, not only the first; what could not be found is
 * left out and the rest goes on. Lines given twice are looked for at the end, over all guests at once (conflicts.h).
 */
#include "guest/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/conflicts.h"
#include "guest/guest_chip.h"
#include "guest/line_names.h"

/* One guest in the making. */
struct making {
	const struct wanted_guest *wanted;
	const struct resolve_how *how;
	struct resolved *resolved;
	struct guest *guest;
	char consumer[CHIP_NAME_MAX];
	char (*names)[CHIP_NAME_MAX]; /* owned: of the lines so far, the chip's own where none was given */
	bool *given;		      /* owned: the name was given */
	unsigned capacity;	      /* of guest->lines, names and given */
};

static int making_grow(struct making *making)
{
	unsigned capacity = making->capacity ? 2 * making->capacity : 16;
	struct line_rules *lines;
	char(*names)[CHIP_NAME_MAX];
	bool *given;

	if (making->guest->n_lines < making->capacity)
		return 0;
	lines = realloc(making->guest->lines, capacity * sizeof(*lines));
	if (lines)
		making->guest->lines = lines;
	names = realloc(making->names, capacity * sizeof(*names));
	if (names)
		making->names = names;
	given = realloc(making->given, capacity * sizeof(*given));
	if (given)
		making->given = given;
	if (!lines || !names || !given)
		return -ENOMEM;
	making->capacity = capacity;
	return 0;
}

/* Whom a message is about: guests of the drop-in layer are known by their chips alone. */
static const char *where(const struct making *making)
{
	return making->wanted->where[0] ? making->wanted->where : making->guest->name;
}

/* The index of the chip in the guest. -EINVAL after a conflict, or -ENOMEM. */
static int chip_find(struct making *making, const struct wanted_chip *wanted)
{
	struct why why;
	int ret = guest_chip_find(making->guest, wanted, making->wanted->sim, &why);

	if (ret < 0 && ret != -ENOMEM) {
		findings_add(&making->resolved->conflicts, "%s: %s", where(making), why.text);
		return -EINVAL;
	}
	return ret;
}

/* Whether who holds a line is no reason to refuse it: ourselves, in a daemon that runs, or a guest about to leave. */
static bool holder_ignored(const struct making *making, const char *holder)
{
	char consumer[CHIP_NAME_MAX];

	if (making->how->any_holder)
		return true;
	if (making->how->check && strcmp(holder, making->consumer) == 0)
		return true;
	for (size_t i = 0; i < making->how->n_leaving; i++) {
		guest_consumer(making->how->leaving[i], consumer);
		if (strcmp(holder, consumer) == 0)
			return true;
	}
	return false;
}

/* A line that somebody holds is none that was chosen; in a whole chip there often is one, and the others are good. */
static void line_check_held(struct making *making, const struct line_rules *rules, const struct chip_line_info *info,
			    const struct wanted_line *wanted)
{
	const struct chip_spec *spec = &making->guest->chips[rules->chip].spec;
	char holder[CHIP_NAME_MAX + 2] = "the kernel"; /* without a word: lines that pinctrl keeps for itself */

	if (!info->used || holder_ignored(making, info->consumer))
		return;
	if (info->consumer[0])
		snprintf(holder, sizeof(holder), "\"%s\"", info->consumer);
	if (wanted)
		findings_add(&making->resolved->conflicts, "%s: %s line %u is held by %s", wanted->where, spec->path,
			     rules->offset, holder);
	else
		findings_add(&making->resolved->notes, "%s: %s line %u is held by %s: the guest can not use it now",
			     where(making), spec->path, rules->offset, holder);
}

/* The line's own name: of a simulated one what the user called it, if it was called anything. */
static int line_info(const struct making *making, const struct guest_chip *from, uint32_t offset,
		     struct chip_line_info *info)
{
	int ret = chip_found_line_info(&from->spec, &from->found, offset, info);

	if (ret == 0 && from->found.fd < 0 && making->wanted->sim_names)
		memcpy(info->name, making->wanted->sim_names[offset], CHIP_NAME_MAX);
	return ret;
}

/* Whether the user chose the name: then it is never dropped, but refused when it is not unique. */
static bool name_is_given(const struct making *making, const struct guest_chip *from, const struct wanted_line *wanted)
{
	return (wanted && wanted->renamed) || (from->found.fd < 0 && making->wanted->sim_names);
}

/* Adds one line to the virtual chip. wanted: NULL for a line of a whole chip. */
static int line_add(struct making *making, unsigned chip, uint32_t offset, const struct wanted_line *wanted)
{
	struct guest *guest = making->guest;
	const struct guest_chip *from = &guest->chips[chip];
	struct chip_line_info info;
	struct line_rules *rules;
	int ret;

	if (guest->n_lines == CHIP_LINES_MAX) {
		findings_add(&making->resolved->conflicts, "%s: more than %d lines", where(making), CHIP_LINES_MAX);
		return -EINVAL;
	}
	ret = making_grow(making);
	if (ret < 0)
		return ret;
	ret = line_info(making, from, offset, &info);
	if (ret < 0) {
		findings_add(&making->resolved->conflicts, "%s: %s line %u: %s", where(making), from->spec.path, offset,
			     strerror(-ret));
		return -EINVAL;
	}
	rules = &guest->lines[guest->n_lines];
	*rules = wanted ? wanted->rules : (struct line_rules){ .init = LINE_REST_RELEASED };
	rules->chip = (uint16_t)chip;
	rules->offset = offset;
	if (making->how->safe && (!wanted || wanted->safe_default))
		rules->on_disconnect = LINE_REST_INPUT;
	making->given[guest->n_lines] = name_is_given(making, from, wanted);
	memcpy(making->names[guest->n_lines], wanted && wanted->renamed ? wanted->name : info.name, CHIP_NAME_MAX);
	guest->n_lines++;
	line_check_held(making, rules, &info, wanted);
	return 0;
}

/* The offset of the one line with this name, or -EINVAL after a conflict. */
static int64_t line_by_name(struct making *making, unsigned chip, const struct wanted_line *wanted)
{
	const struct guest_chip *from = &making->guest->chips[chip];
	struct findings *conflicts = &making->resolved->conflicts;
	int64_t found = -EINVAL;

	for (unsigned i = 0; i < from->found.n_lines; i++) {
		struct chip_line_info info;

		if (line_info(making, from, i, &info) < 0 || strcmp(info.name, wanted->line_name) != 0)
			continue;
		if (found >= 0) {
			findings_add(conflicts, "%s: %s has two lines \"%s\": %u and %u; choose by offset",
				     wanted->where, from->spec.path, wanted->line_name, (unsigned)found, i);
			return -EINVAL;
		}
		found = i;
	}
	if (found < 0)
		findings_add(conflicts, "%s: %s has no line \"%s\"", wanted->where, from->spec.path, wanted->line_name);
	return found;
}

static int lines_add(struct making *making, unsigned chip, const struct wanted_line *wanted)
{
	const struct guest_chip *from = &making->guest->chips[chip];
	uint32_t first = wanted->first, last = wanted->last;
	int ret = 0;

	if (wanted->by_name) {
		int64_t offset = line_by_name(making, chip, wanted);

		if (offset < 0)
			return (int)offset;
		first = last = (uint32_t)offset;
	}
	if (last >= from->found.n_lines) {
		findings_add(&making->resolved->conflicts, "%s: %s has %u line%s", wanted->where, from->spec.path,
			     from->found.n_lines, from->found.n_lines == 1 ? ": 0" : "s, from 0");
		return -EINVAL;
	}
	for (uint32_t offset = first; offset <= last && ret == 0; offset++)
		ret = line_add(making, chip, offset, wanted);
	return ret;
}

/* -ENOMEM ends all; a conflict ends only the line or the chip that it is about. */
static int chip_add(struct making *making, const struct wanted_chip *wanted)
{
	int chip = chip_find(making, wanted);
	int ret;

	if (chip < 0)
		return chip == -ENOMEM ? chip : 0;
	if (wanted->whole) {
		ret = 0;
		for (uint32_t i = 0; i < making->guest->chips[chip].found.n_lines && ret == 0; i++)
			ret = line_add(making, (unsigned)chip, i, NULL);
		return ret == -ENOMEM ? ret : 0;
	}
	for (size_t i = 0; i < wanted->n_lines; i++) {
		ret = lines_add(making, (unsigned)chip, &wanted->lines[i]);
		if (ret == -ENOMEM)
			return ret;
	}
	return 0;
}

/* Names that were given must be right; of the chips' own names those that a guest can not be shown are left out. */
static void names_settle(struct making *making)
{
	struct guest *guest = making->guest;
	struct findings found[2] = { { .n = 0 }, { .n = 0 } };

	line_names_fit(making->names, making->given, guest->n_lines, &found[0], &found[1]);
	for (size_t i = 0; i < found[0].n; i++)
		findings_add(&making->resolved->conflicts, "%s: %s", where(making), found[0].texts[i]);
	for (size_t i = 0; i < found[1].n; i++)
		findings_add(&making->resolved->notes, "%s: %s", where(making), found[1].texts[i]);
	findings_deinit(&found[0]);
	findings_deinit(&found[1]);
	for (unsigned i = 0; i < guest->n_lines; i++)
		memcpy(guest->lines[i].name, making->names[i], CHIP_NAME_MAX);
}

static int guest_make(const struct wanted_guest *wanted, const struct resolve_how *how, struct resolved *resolved,
		      struct guest *guest)
{
	struct making making = { .wanted = wanted, .how = how, .resolved = resolved, .guest = guest };
	size_t conflicts = resolved->conflicts.n;
	int ret = 0;

	memcpy(guest->name, wanted->name, sizeof(guest->name));
	guest->socket = wanted->socket;
	guest->iommu = wanted->iommu;
	guest_consumer(guest, making.consumer);
	for (size_t i = 0; i < wanted->n_chips && ret == 0; i++)
		ret = chip_add(&making, &wanted->chips[i]);
	if (ret == 0) {
		names_settle(&making);
		if (guest->n_lines == 0 && resolved->conflicts.n == conflicts)
			findings_add(&resolved->conflicts, "%s: no lines", where(&making));
	}
	free(making.names);
	free(making.given);
	return ret;
}

int resolve(const struct wanted *wanted, const struct resolve_how *how, struct resolved *resolved)
{
	struct guests *guests = &resolved->guests;
	int ret = 0;

	*resolved = (struct resolved){ .guests.n = 0 };
	guests->guests = calloc(wanted->n_guests ? wanted->n_guests : 1, sizeof(*guests->guests));
	if (!guests->guests)
		return -ENOMEM;
	for (size_t i = 0; i < wanted->n_guests && ret == 0; i++)
		ret = guest_make(&wanted->guests[i], how, resolved, &guests->guests[guests->n++]);
	if (ret == 0)
		ret = overlap_find(guests, how->serving, how->n_serving, &resolved->conflicts);
	if (ret == 0 && (resolved->conflicts.out_of_memory || resolved->notes.out_of_memory))
		ret = -ENOMEM;
	return ret == 0 && resolved->conflicts.n > 0 ? -EINVAL : ret;
}

void resolved_deinit(struct resolved *resolved)
{
	guests_deinit(&resolved->guests);
	findings_deinit(&resolved->conflicts);
	findings_deinit(&resolved->notes);
}
