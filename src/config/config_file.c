/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Sections and keys of the configuration file. A section is applied when the next one begins. */
#include "config/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "config/config_text.h"
#include "config/guest_keys.h"
#include "config/ini_text.h"
#include "config/line_section.h"
#include "config/suggest.h"
#include "config/words.h"

struct config {
	const char *path;
	struct guest_configs *configs;
	const struct section *section; /* NULL: none yet */
	char where[CONFIG_WHERE_MAX];  /* of the section */
	size_t guest;		       /* the index of the guest that the section is about */
	struct guest_keys keys;
	struct line_section line;
	struct why *why;
};

/* A kind of section. begin: name is what comes after the word; key: -ENOENT when there is no such key. */
struct section {
	const char *word;
	int (*begin)(struct config *config, const char *name);
	int (*key)(struct config *config, const char *where, const char *key, const char *value);
	const char *(*key_word)(unsigned index);
	int (*end)(struct config *config);
};

/* "FILE:12"; of a long path the end, which tells more. */
static void where_write(const struct config *config, unsigned line, char where[CONFIG_WHERE_MAX])
{
	size_t len = strlen(config->path), max = CONFIG_WHERE_MAX - sizeof("...:1234567");

	if (len <= max)
		snprintf(where, CONFIG_WHERE_MAX, "%s:%u", config->path, line);
	else
		snprintf(where, CONFIG_WHERE_MAX, "...%s:%u", config->path + len - max, line);
}

static struct guest_config *guest_of(const struct config *config)
{
	return &config->configs->guests[config->guest];
}

static int guest_begin(struct config *config, const char *name)
{
	struct guest_config *guest = guest_configs_add(config->configs);
	int ret;

	if (!guest)
		return errno == E2BIG ? why_at(config->why, config->where, "more than %d guests", GUESTS_MAX) : -ENOMEM;
	config->guest = config->configs->n_guests - 1;
	memcpy(guest->where, config->where, sizeof(guest->where));
	ret = guest_keys_take(&config->keys, config->where, "name", strlen("name"), name, strlen(name), config->why);
	/* The name is needed now: the next guest's may not be the same. */
	if (ret == 0)
		ret = guest_keys_apply(&config->keys, guest, config->why);
	return ret == 0 ? guest_configs_name(config->configs, guest, config->why) : ret;
}

static const char *guest_key(unsigned index)
{
	return guest_key_word(index + 1); /* without "name", which is the section's */
}

static int guest_key_take(struct config *config, const char *where, const char *key, const char *value)
{
	if (strcmp(key, guest_key_word(0)) == 0)
		return -ENOENT;
	return guest_keys_take(&config->keys, where, key, strlen(key), value, strlen(value), config->why);
}

static int guest_end(struct config *config)
{
	int ret = guest_keys_apply(&config->keys, guest_of(config), config->why);

	guest_keys_deinit(&config->keys);
	return ret;
}

/* "ivi.door": a guest's name has no dot. */
static int line_begin(struct config *config, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t guest_len = dot ? (size_t)(dot - name) : strlen(name);

	if (!dot)
		return why_at(config->why, config->where, "[line %s] is not [line GUEST.NAME]", name);
	for (config->guest = 0; config->guest < config->configs->n_guests; config->guest++) {
		if (strlen(guest_of(config)->name) == guest_len && memcmp(guest_of(config)->name, name, guest_len) == 0)
			break;
	}
	if (config->guest == config->configs->n_guests)
		return why_at(config->why, config->where, "[line %s]: there is no [guest %.*s] above", name,
			      (int)guest_len, name);
	return line_section_begin(&config->line, config->where, dot + 1, config->why);
}

static int line_key_take(struct config *config, const char *where, const char *key, const char *value)
{
	return line_section_key(&config->line, where, key, value);
}

static int line_end(struct config *config)
{
	int ret = line_section_end(&config->line, guest_of(config));

	line_section_deinit(&config->line);
	return ret;
}

static const struct section sections[] = {
	{ "guest", guest_begin, guest_key_take, guest_key, guest_end },
	{ "line", line_begin, line_key_take, line_section_key_word, line_end },
};

static const char *section_word(unsigned index)
{
	return index < ARRAY_SIZE(sections) ? sections[index].word : NULL;
}

static int unknown(const struct config *config, const char *where, const char *what, const char *word, size_t len,
		   const char *(*known)(unsigned index))
{
	char text[256];

	unknown_write(what, word, len, known, text, sizeof(text));
	return why_at(config->why, where, "%s", text);
}

static int section_end(struct config *config)
{
	return config->section ? config->section->end(config) : 0;
}

static int on_section(void *ctx, unsigned line, const char *title)
{
	struct config *config = ctx;
	const char *word = title + blank_span(title, strlen(title));
	size_t len = strcspn(word, " \t");
	char name[256];
	int ret = section_end(config);

	config->section = NULL;
	if (ret < 0)
		return ret;
	where_write(config, line, config->where);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (strlen(sections[i].word) == len && memcmp(sections[i].word, word, len) == 0)
			config->section = &sections[i];
	}
	if (!config->section)
		return unknown(config, config->where, "section", word, len, section_word);
	word += len + blank_span(word + len, strlen(word + len));
	snprintf(name, sizeof(name), "%.*s", (int)blank_trim(word, strlen(word)), word);
	return config->section->begin(config, name);
}

static int on_key(void *ctx, unsigned line, unsigned n_lines, const char *key, const char *value)
{
	struct config *config = ctx;
	char where[CONFIG_WHERE_MAX];
	int ret;

	where_write(config, line, where);
	if (!config->section)
		return why_at(config->why, where, "\"%s\" is in no section", key);
	if (n_lines > 1 && strcmp(key, "lines") != 0 && strcmp(key, "names") != 0)
		return why_at(config->why, where, "\"%s\" goes on in the next line, which is indented", key);
	ret = config->section->key(config, where, key, value);
	if (ret == -ENOENT)
		return unknown(config, where, "key", key, strlen(key), config->section->key_word);
	return ret;
}

static int parse(struct config *config, const char *text)
{
	const struct ini_text to = { config, on_section, on_key };
	char where[CONFIG_WHERE_MAX];
	struct why fault;
	unsigned line;
	int ret;

	ret = ini_text_parse(text, &to, &line, &fault);
	if (ret == -EINVAL && fault.text[0]) {
		where_write(config, line, where);
		return why_at(config->why, where, "%s", fault.text);
	}
	if (ret == 0)
		ret = section_end(config);
	for (size_t i = 0; i < config->configs->n_guests && ret == 0; i++) {
		ret = guest_complete(&config->configs->guests[i], config->why);
		if (ret == 0)
			ret = guest_config_check_names(&config->configs->guests[i], config->why);
	}
	if (ret == 0 && config->configs->n_guests == 0)
		return why_at(config->why, config->path, "there is no [guest NAME]");
	return ret;
}

int config_file_parse(const char *path, const char *text, struct guest_configs *configs, struct why *why)
{
	struct config config = { .path = path, .configs = configs, .why = why };
	int ret = parse(&config, text);

	guest_keys_deinit(&config.keys);
	line_section_deinit(&config.line);
	return ret;
}

int config_file_read(const char *path, struct guest_configs *configs, struct why *why)
{
	char *text;
	int ret = config_text_read(path, &text, why);

	if (ret < 0)
		return ret;
	ret = config_file_parse(path, text, configs, why);
	free(text);
	return ret;
}

bool config_file_supported(void)
{
	return true;
}
