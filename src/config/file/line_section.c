/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One line of a guest, key by key. */
#include "config/file/line_section.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "config/lines_grammar.h"
#include "config/words.h"

/* The keys of a line: these two, and then the attributes. */
static const char *const own_keys[] = { "chip", "line" };

int line_section_begin(struct line_section *line, const char *where, const char *name, struct why *why)
{
	*line = (struct line_section){ .why = why };
	line->config.safe_default = true;
	line->config.renamed = true;
	line->attributes = (struct attributes){ .line = &line->config, .why = why };
	snprintf(line->where, sizeof(line->where), "%s", where);
	return name_read(where, "the name", name, strlen(name), true, line->config.name, why);
}

const char *line_section_key_word(unsigned index)
{
	return index < ARRAY_SIZE(own_keys) ? own_keys[index] : attribute_key(index - ARRAY_SIZE(own_keys));
}

int line_section_key(struct line_section *line, const char *where, const char *key, const char *value)
{
	struct line_section_word *word = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(own_keys); i++) {
		if (strcmp(key, own_keys[i]) == 0)
			word = &line->own[i];
	}
	snprintf(line->config.where, sizeof(line->config.where), "%s", where);
	if (!word)
		return attributes_take_key(&line->attributes, key, value);
	if (word->text)
		return why_at(line->why, where, "%s is given twice", key);
	snprintf(word->where, sizeof(word->where), "%s", where);
	word->text = strdup(value);
	return word->text ? 0 : -ENOMEM;
}

static int name_check(const struct line_section *line, const struct guest_config *guest)
{
	for (size_t i = 0; i < guest->n_chips; i++) {
		for (size_t j = 0; j < guest->chips[i].n_lines; j++) {
			const struct config_line *other = &guest->chips[i].lines[j];

			if (other->renamed && strcmp(other->name, line->config.name) == 0)
				return why_at(line->why, line->config.where, "the name \"%s\" is already that of %s",
					      other->name, other->where);
		}
	}
	return 0;
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
	struct config_chip chip = { 0 };
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(own_keys); i++) {
		if (!line->own[i].text)
			return why_at(line->why, line->where, "\"%s\" is missing", own_keys[i]);
	}
	ret = lines_chip_parse(line->own[0].where, line->own[0].text, &chip, line->why);
	if (ret == 0)
		ret = lines_line_parse(line->own[1].where, line->own[1].text, guest, &line->config, line->why);
	if (ret == 0)
		ret = attributes_check(&line->attributes);
	if (ret == 0)
		ret = name_check(line, guest);
	if (ret == 0)
		ret = line_add(line, guest, &chip);
	if (ret == 0)
		line->config.wire = NULL; /* the guest's now */
	return ret;
}

void line_section_deinit(struct line_section *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_keys); i++)
		free(line->own[i].text);
	free(line->config.wire);
	*line = (struct line_section){ 0 };
}
