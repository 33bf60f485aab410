/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lists of the configuration: they grow one by one, and are bounded. */
#include "config/guest_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/words.h"

/* Room for one more of size bytes after n: the array doubles when n is a power of two. NULL with errno. */
static void *array_grow(void *array, size_t n, size_t max, size_t size)
{
	if (n >= max) {
		errno = E2BIG;
		return NULL;
	}
	if ((n & (n - 1)) != 0)
		return array;
	return reallocarray(array, n ? 2 * n : 1, size);
}

struct guest_config *guest_configs_add(struct guest_configs *configs)
{
	struct guest_config *guests = array_grow(configs->guests, configs->n_guests, GUESTS_MAX, sizeof(*guests));

	if (!guests)
		return NULL;
	configs->guests = guests;
	guests[configs->n_guests] = (struct guest_config){ .socket.fd = -1 };
	return &guests[configs->n_guests++];
}

struct config_chip *guest_config_add_chip(struct guest_config *guest)
{
	struct config_chip *chips = array_grow(guest->chips, guest->n_chips, CONFIG_CHIPS_MAX, sizeof(*chips));

	if (!chips)
		return NULL;
	guest->chips = chips;
	chips[guest->n_chips] = (struct config_chip){ 0 };
	return &chips[guest->n_chips++];
}

struct config_line *config_chip_add_line(struct config_chip *chip)
{
	struct config_line *lines = array_grow(chip->lines, chip->n_lines, CHIP_LINES_MAX, sizeof(*lines));

	if (!lines)
		return NULL;
	chip->lines = lines;
	lines[chip->n_lines] = (struct config_line){ .safe_default = true };
	return &lines[chip->n_lines++];
}

int guest_configs_add_wire(struct guest_configs *configs, const char *where, const char *text)
{
	struct config_wire *wires = array_grow(configs->wires, configs->n_wires, CONFIG_WIRES_MAX, sizeof(*wires));
	char *copy = wires ? strdup(text) : NULL;

	if (wires)
		configs->wires = wires;
	if (!copy)
		return -errno;
	wires[configs->n_wires] = (struct config_wire){ .text = copy };
	snprintf(wires[configs->n_wires++].where, sizeof(wires->where), "%s", where);
	return 0;
}

/* As its guest knows it: a simulated line has a name in any case. */
static void line_name_of(const struct guest_config *guest, const struct config_line *line, char name[CHIP_NAME_MAX])
{
	if (line->renamed || line->by_name)
		snprintf(name, CHIP_NAME_MAX, "%s", line->renamed ? line->name : line->line_name);
	else if (guest->sim_names && line->first < guest->sim && guest->sim_names[line->first][0])
		snprintf(name, CHIP_NAME_MAX, "%s", guest->sim_names[line->first]);
	else
		snprintf(name, CHIP_NAME_MAX, "dummy%u", line->first);
}

static int line_wire_add(struct guest_configs *configs, const struct guest_config *guest,
			 const struct config_chip *chip, const struct config_line *line, struct why *why)
{
	char name[CHIP_NAME_MAX], quoted[QUOTED_NAME_MAX],
		text[GUEST_NAME_MAX + QUOTED_NAME_MAX + CONFIG_WIRE_TEXT_MAX];
	int ret;

	if (chip->kind != CONFIG_CHIP_SIM)
		return why_at(why, line->where, "wire joins simulated lines only");
	if (line->first != line->last)
		return why_at(why, line->where, "a range cannot have one wire");
	line_name_of(guest, line, name);
	if (word_is_plain(name) && strspn(name, "0123456789") < strlen(name))
		snprintf(quoted, sizeof(quoted), "%s", name);
	else
		quoted_write(name, quoted, sizeof(quoted));
	snprintf(text, sizeof(text), "%s.%s %s", guest->name, quoted, line->wire);
	ret = guest_configs_add_wire(configs, line->where, text);
	return ret == -E2BIG ? why_at(why, line->where, "more than %d wires", CONFIG_WIRES_MAX) : ret;
}

int guest_configs_add_line_wires(struct guest_configs *configs, struct why *why)
{
	int ret = 0;

	for (size_t i = 0; i < configs->n_guests; i++) {
		const struct guest_config *guest = &configs->guests[i];

		for (const struct config_chip *chip = guest->chips; chip < guest->chips + guest->n_chips; chip++) {
			for (size_t j = 0; j < chip->n_lines && ret == 0; j++) {
				if (chip->lines[j].wire)
					ret = line_wire_add(configs, guest, chip, &chip->lines[j], why);
			}
		}
	}
	return ret;
}

/* Where the name is in the table, or would be. */
static uint32_t *name_at(const struct guest_configs *configs, const char *name)
{
	size_t mask = configs->n_names - 1, at = text_hash(name) & mask;

	while (configs->names[at] && strcmp(configs->guests[configs->names[at] - 1].name, name) != 0)
		at = (at + 1) & mask;
	return &configs->names[at];
}

/* Room for one more name, after those of the first n guests. */
static int names_grow(struct guest_configs *configs, size_t n)
{
	uint32_t *old = configs->names;

	if (2 * (n + 1) <= configs->n_names)
		return 0;
	configs->n_names = configs->n_names ? 2 * configs->n_names : 4;
	configs->names = calloc(configs->n_names, sizeof(*configs->names));
	free(old);
	if (!configs->names) {
		configs->n_names = 0;
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		*name_at(configs, configs->guests[i].name) = (uint32_t)i + 1;
	return 0;
}

int guest_configs_name(struct guest_configs *configs, struct guest_config *guest, struct why *why)
{
	size_t index = (size_t)(guest - configs->guests);
	bool given = guest->name[0] != '\0';
	const struct guest_config *other;
	uint32_t *at;

	if (!given)
		snprintf(guest->name, sizeof(guest->name), "guest%zu", index);
	if (names_grow(configs, index) < 0)
		return -ENOMEM;
	at = name_at(configs, guest->name);
	if (*at == 0) {
		*at = (uint32_t)index + 1;
		return 0;
	}
	other = &configs->guests[*at - 1];
	return why_fail(EINVAL, why, "%s: the %s \"%s\" is already that of %s", guest->where,
			given ? "name" : "default name", guest->name,
			other->where[0] ? other->where : "a guest of --device-list");
}

struct guest_config *guest_configs_find(const struct guest_configs *configs, const char *name)
{
	uint32_t at = configs->n_names ? *name_at(configs, name) : 0;

	return at ? &configs->guests[at - 1] : NULL;
}

static void guest_config_deinit(struct guest_config *guest)
{
	for (size_t i = 0; i < guest->n_chips; i++) {
		for (size_t j = 0; j < guest->chips[i].n_lines; j++)
			free(guest->chips[i].lines[j].wire);
		free(guest->chips[i].lines);
	}
	free(guest->chips);
	free(guest->sim_names);
}

static void guest_config_default(struct guest_config *guest, const struct guest_defaults *defaults)
{
	struct guest_socket *socket = &guest->socket;

	if (!guest->busy_poll_given)
		guest->settings.busy_poll_us = defaults->busy_poll_us;
	/* An inherited socket is as its maker made it. */
	if (!socket->path[0])
		return;
	if (!socket->has_mode && defaults->has_mode)
		socket->mode = defaults->mode;
	if (!socket->has_group && defaults->has_group)
		socket->group = defaults->group;
	socket->has_mode |= defaults->has_mode;
	socket->has_group |= defaults->has_group;
}

void guest_configs_default(struct guest_configs *configs, const struct guest_defaults *defaults)
{
	for (size_t i = 0; i < configs->n_guests; i++)
		guest_config_default(&configs->guests[i], defaults);
}

void guest_configs_deinit(struct guest_configs *configs)
{
	for (size_t i = 0; i < configs->n_guests; i++)
		guest_config_deinit(&configs->guests[i]);
	for (size_t i = 0; i < configs->n_wires; i++)
		free(configs->wires[i].text);
	free(configs->wires);
	free(configs->guests);
	free(configs->names);
	daemon_words_deinit(&configs->daemon);
	*configs = (struct guest_configs){ 0 };
}
