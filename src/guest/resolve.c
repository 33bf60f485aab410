/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * From the configuration to guests.
 *
 * One guest after the other: its chips are opened, each line of the configuration becomes one or more lines of the
 * virtual chip, in the order of the words, and gets its name. Conflicts are collected, not only the first; what could
 * not be found is left out and the others go on. Lines given twice are looked for at the end, over all guests at once
 * (conflicts.h).
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
	const struct guest_config *config;
	const struct resolve_params *params;
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

/* Whom a message is about: guests of the compatible options are known by their chips alone. */
static const char *where(const struct making *making)
{
	return making->config->where[0] ? making->config->where : making->guest->name;
}

/* The index of the chip in the guest. -EINVAL after a conflict, or -ENOMEM. */
static int chip_find(struct making *making, const struct config_chip *config)
{
	struct why why;
	int ret = guest_chip_find(making->guest, config, making->config->sim, &why);

	if (ret < 0 && ret != -ENOMEM) {
		diagnostics_add(&making->resolved->conflicts, "%s: %s",
				config->where[0] ? config->where : where(making), why.text);
		return -EINVAL;
	}
	return ret;
}

/* Whether who holds a line is no reason to refuse it: ourselves, in a daemon that runs, or a guest about to leave. */
static bool holder_ignored(const struct making *making, const char *holder)
{
	char consumer[CHIP_NAME_MAX];

	if (making->params->any_holder)
		return true;
	if (making->params->check && strcmp(holder, making->consumer) == 0)
		return true;
	for (size_t i = 0; i < making->params->n_removing; i++) {
		guest_consumer(making->params->removing[i], consumer);
		if (strcmp(holder, consumer) == 0)
			return true;
	}
	return false;
}

/* A line that somebody holds is none that was chosen; in a whole chip there often is one, and the others are good. */
static void line_check_held(struct making *making, const struct line_rules *rules, const struct chip_line_info *info,
			    const struct config_line *config)
{
	const struct chip_spec *spec = &making->guest->chips[rules->chip].spec;
	char holder[CHIP_NAME_MAX + 2] = "the kernel"; /* without a word: lines that pinctrl keeps for itself */

	if (!info->used || holder_ignored(making, info->consumer))
		return;
	if (info->consumer[0])
		snprintf(holder, sizeof(holder), "\"%s\"", info->consumer);
	if (config)
		diagnostics_add(&making->resolved->conflicts, "%s: %s line %u is held by %s", config->where, spec->path,
				rules->offset, holder);
	else
		diagnostics_add(&making->resolved->notes, "%s: %s line %u is held by %s: the guest cannot use it now",
				where(making), spec->path, rules->offset, holder);
}

/* The line's own name: of a simulated one what the user called it, if it was called anything. */
static int line_info(const struct making *making, const struct guest_chip *from, uint32_t offset,
		     struct chip_line_info *info)
{
	int ret = chip_found_line_info(&from->spec, &from->found, offset, info);

	if (ret == 0 && from->found.fd < 0 && making->config->sim_names)
		memcpy(info->name, making->config->sim_names[offset], CHIP_NAME_MAX);
	return ret;
}

/* Whether the user chose the name: then it is never dropped, but refused when it is not unique. */
static bool name_is_given(const struct making *making, const struct guest_chip *from, const struct config_line *config)
{
	return (config && config->renamed) || (from->found.fd < 0 && making->config->sim_names);
}

/* Adds one line to the virtual chip. config: NULL for a line of a whole chip. */
static int line_add(struct making *making, unsigned chip, uint32_t offset, const struct config_line *config)
{
	struct guest *guest = making->guest;
	const struct guest_chip *from = &guest->chips[chip];
	struct chip_line_info info;
	struct line_rules *rules;
	int ret;

	if (guest->n_lines == CHIP_LINES_MAX) {
		diagnostics_add(&making->resolved->conflicts, "%s: more than %d lines", where(making), CHIP_LINES_MAX);
		return -EINVAL;
	}
	ret = making_grow(making);
	if (ret < 0)
		return ret;
	ret = line_info(making, from, offset, &info);
	if (ret < 0) {
		diagnostics_add(&making->resolved->conflicts, "%s: %s line %u: %s", where(making), from->spec.path,
				offset, strerror(-ret));
		return -EINVAL;
	}
	rules = &guest->lines[guest->n_lines];
	*rules = config ? config->rules : (struct line_rules){ .init = LINE_IDLE_RELEASED };
	rules->chip = (uint16_t)chip;
	rules->offset = offset;
	if (making->params->safe && (!config || config->safe_default))
		rules->on_disconnect = LINE_IDLE_INPUT;
	making->given[guest->n_lines] = name_is_given(making, from, config);
	memcpy(making->names[guest->n_lines], config && config->renamed ? config->name : info.name, CHIP_NAME_MAX);
	guest->n_lines++;
	line_check_held(making, rules, &info, config);
	return 0;
}

/* The offset of the one line with this name, or -EINVAL after a conflict. */
static int64_t line_by_name(struct making *making, unsigned chip, const struct config_line *config)
{
	const struct guest_chip *from = &making->guest->chips[chip];
	struct diagnostics *conflicts = &making->resolved->conflicts;
	int64_t found = -EINVAL;

	for (unsigned i = 0; i < from->found.n_lines; i++) {
		struct chip_line_info info;

		if (line_info(making, from, i, &info) < 0 || strcmp(info.name, config->line_name) != 0)
			continue;
		if (found >= 0) {
			diagnostics_add(conflicts, "%s: %s has two lines \"%s\": %u and %u; choose by offset",
					config->where, from->spec.path, config->line_name, (unsigned)found, i);
			return -EINVAL;
		}
		found = i;
	}
	if (found < 0)
		diagnostics_add(conflicts, "%s: %s has no line \"%s\"", config->where, from->spec.path,
				config->line_name);
	return found;
}

static int lines_add(struct making *making, unsigned chip, const struct config_line *config)
{
	const struct guest_chip *from = &making->guest->chips[chip];
	uint32_t first = config->first, last = config->last;
	int ret = 0;

	if (config->by_name) {
		int64_t offset = line_by_name(making, chip, config);

		if (offset < 0)
			return (int)offset;
		first = last = (uint32_t)offset;
	}
	if (last >= from->found.n_lines) {
		diagnostics_add(&making->resolved->conflicts,
				from->found.n_lines == 1 ? "%s: out of range: %s has only line %u"
							 : "%s: out of range: %s has lines 0-%u",
				config->where, from->spec.path, from->found.n_lines - 1);
		return -EINVAL;
	}
	for (uint32_t offset = first; offset <= last && ret == 0; offset++)
		ret = line_add(making, chip, offset, config);
	return ret;
}

/* -ENOMEM ends all; a conflict ends only the line or the chip that it is about. */
static int chip_add(struct making *making, const struct config_chip *config)
{
	int chip = chip_find(making, config);
	int ret;

	if (chip < 0)
		return chip == -ENOMEM ? chip : 0;
	if (config->whole) {
		ret = 0;
		for (uint32_t i = 0; i < making->guest->chips[chip].found.n_lines && ret == 0; i++)
			ret = line_add(making, (unsigned)chip, i, NULL);
		return ret == -ENOMEM ? ret : 0;
	}
	for (size_t i = 0; i < config->n_lines; i++) {
		ret = lines_add(making, (unsigned)chip, &config->lines[i]);
		if (ret == -ENOMEM)
			return ret;
	}
	return 0;
}

/* Names that were given must be right; of the chips' own names those that a guest cannot be shown are left out. */
static void names_settle(struct making *making)
{
	struct guest *guest = making->guest;
	struct diagnostics found[2] = { { .n = 0 }, { .n = 0 } };

	line_names_fit(making->names, making->given, guest->n_lines, &found[0], &found[1]);
	for (size_t i = 0; i < found[0].n; i++)
		diagnostics_add(&making->resolved->conflicts, "%s: %s", where(making), found[0].texts[i]);
	for (size_t i = 0; i < found[1].n; i++)
		diagnostics_add(&making->resolved->notes, "%s: %s", where(making), found[1].texts[i]);
	diagnostics_deinit(&found[0]);
	diagnostics_deinit(&found[1]);
	for (unsigned i = 0; i < guest->n_lines; i++)
		memcpy(guest->lines[i].name, making->names[i], CHIP_NAME_MAX);
}

static int guest_make(const struct guest_config *config, const struct resolve_params *params, struct resolved *resolved,
		      struct guest *guest)
{
	struct making making = { .config = config, .params = params, .resolved = resolved, .guest = guest };
	size_t conflicts = resolved->conflicts.n;
	int ret = 0;

	memcpy(guest->name, config->name, sizeof(guest->name));
	guest->socket = config->socket;
	guest->settings = config->settings;
	guest_consumer(guest, making.consumer);
	for (size_t i = 0; i < config->n_chips && ret == 0; i++)
		ret = chip_add(&making, &config->chips[i]);
	if (ret == 0) {
		names_settle(&making);
		if (guest->n_lines == 0 && resolved->conflicts.n == conflicts)
			diagnostics_add(&resolved->conflicts, "%s: no lines", where(&making));
	}
	free(making.names);
	free(making.given);
	return ret;
}

int resolve(const struct guest_configs *configs, const struct resolve_params *params, struct resolved *resolved)
{
	struct guests *guests = &resolved->guests;
	int ret = 0;

	*resolved = (struct resolved){ .guests.n = 0 };
	guests->guests = calloc(configs->n_guests ? configs->n_guests : 1, sizeof(*guests->guests));
	if (!guests->guests)
		return -ENOMEM;
	for (size_t i = 0; i < configs->n_guests && ret == 0; i++)
		ret = guest_make(&configs->guests[i], params, resolved, &guests->guests[guests->n++]);
	if (ret == 0)
		ret = conflicts_find(guests, params->serving, params->n_serving, &resolved->conflicts);
	if (ret == 0 && (resolved->conflicts.out_of_memory || resolved->notes.out_of_memory))
		ret = -ENOMEM;
	return ret == 0 && resolved->conflicts.n > 0 ? -EINVAL : ret;
}

void resolved_deinit(struct resolved *resolved)
{
	guests_deinit(&resolved->guests);
	diagnostics_deinit(&resolved->conflicts);
	diagnostics_deinit(&resolved->notes);
}
