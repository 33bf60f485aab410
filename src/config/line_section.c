/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One line of a guest, key by key. */
#include "config/line_section.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "config/lines_grammar.h"
#include "config/name_word.h"
#include "config/words.h"

/* The keys of a line: these two, and then the attributes. */
static const char *const place_keys[] = { "chip", "line" };

int line_section_begin(struct line_section *line, const char *where, const char *name, struct why *why)
{
	struct why fault;

	*line = (struct line_section){ .why = why };
	line->config.safe_default = true;
	line->config.renamed = true;
	line->attributes = (struct attributes){ .line = &line->config, .why = why };
	snprintf(line->where, sizeof(line->where), "%s", where);
	if (name_word_read(name, strlen(name), line->config.name, &fault) < 0)
		return why_at(line->why, where, "the name %s", fault.text);
	return 0;
}

const char *line_section_key_word(unsigned index)
{
	return index < ARRAY_SIZE(place_keys) ? place_keys[index] : attribute_key(index - ARRAY_SIZE(place_keys));
}

int line_section_key(struct line_section *line, const char *where, const char *key, const char *value)
{
	char **text = strcmp(key, place_keys[0]) == 0	? &line->chip
		      : strcmp(key, place_keys[1]) == 0 ? &line->line
							: NULL;

	snprintf(line->config.where, sizeof(line->config.where), "%s", where);
	if (!text)
		return attributes_take_key(&line->attributes, key, value);
	if (*text)
		return why_at(line->why, where, "%s is given twice", key);
	*text = strdup(value);
	return *text ? 0 : -ENOMEM;
}

/* Lines of one chip that follow each other are one chip's, as in "lines". */
static struct config_chip *chip_add(struct guest_config *guest, const struct config_chip *chip)
{
	struct config_chip *last = guest->n_chips ? &guest->chips[guest->n_chips - 1] : NULL;

	if (last && !last->whole && last->kind == chip->kind && strcmp(last->word, chip->word) == 0)
		return last;
	last = guest_config_add_chip(guest);
	if (last)
		*last = *chip;
	return last;
}

static int line_add(const struct line_section *line, struct guest_config *guest, const struct config_chip *chip)
{
	struct config_chip *to = chip_add(guest, chip);
	struct config_line *added = to ? config_chip_add_line(to) : NULL;

	if (!added && errno == E2BIG)
		return why_at(line->why, line->where, "more than %d chips for the guest", CONFIG_CHIPS_MAX);
	if (!added)
		return -ENOMEM;
	*added = line->config;
	return 0;
}

int line_section_end(struct line_section *line, struct guest_config *guest)
{
	char guest_where[CONFIG_WHERE_MAX];
	struct config_chip chip = { 0 };
	int ret;

	if (!line->chip || !line->line)
		return why_at(line->why, line->where, "\"%s\" is missing", place_keys[line->chip ? 1 : 0]);
	/* The line's place, and that of messages, is made from the guest's. */
	memcpy(guest_where, guest->where, sizeof(guest_where));
	memcpy(guest->where, line->where, sizeof(guest->where));
	ret = lines_chip_parse(line->chip, guest, &chip, line->why);
	if (ret == 0)
		ret = lines_line_parse(line->line, guest, &line->config, line->why);
	memcpy(guest->where, guest_where, sizeof(guest->where));
	if (ret == 0)
		ret = attributes_check(&line->attributes);
	return ret == 0 ? line_add(line, guest, &chip) : ret;
}

/* A line that has a name, and which of the guest's lines it is. */
struct named {
	const struct config_line *line;
	size_t index;
};

static int named_compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->line->name, y->line->name);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* All lines with names, sorted by name and then by place; *n of them. NULL: no memory. */
static struct named *named_sort(const struct guest_config *guest, size_t *n)
{
	struct named *named = calloc((size_t)guest->n_lines + 1, sizeof(*named));

	*n = 0;
	for (size_t i = 0; named && i < guest->n_chips; i++) {
		for (size_t j = 0; j < guest->chips[i].n_lines; j++) {
			if (!guest->chips[i].lines[j].renamed)
				continue;
			named[*n] = (struct named){ &guest->chips[i].lines[j], *n };
			++*n;
		}
	}
	if (named)
		qsort(named, *n, sizeof(*named), named_compare);
	return named;
}

int guest_config_check_names(const struct guest_config *guest, struct why *why)
{
	size_t n;
	struct named *named = named_sort(guest, &n);
	int ret = named ? 0 : -ENOMEM;

	for (size_t i = 1; i < n && ret == 0; i++) {
		const struct config_line *first = named[i - 1].line, *second = named[i].line;

		if (strcmp(first->name, second->name) != 0)
			continue;
		why_fail(EINVAL, why, "%s: the name \"%s\" is already that of %s", second->where, second->name,
			 first->where);
		ret = -EINVAL;
	}
	free(named);
	return ret;
}

void line_section_deinit(struct line_section *line)
{
	free(line->chip);
	free(line->line);
	*line = (struct line_section){ 0 };
}
