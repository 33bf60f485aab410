/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Sections and keys of the configuration file. A section is applied when the next one begins. */
#include "config/file/config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "config/file/config_text.h"
#include "config/file/ini_text.h"
#include "config/file/line_section.h"
#include "config/guest_keys.h"
#include "config/suggest.h"
#include "config/words.h"

/* While a file is read. */
struct reader {
	const char *path;
	struct guest_configs *configs; /* NULL: only [daemon] is read */
	struct daemon_words *daemon;
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
	int (*begin)(struct reader *reader, const char *name);
	int (*key)(struct reader *reader, const char *where, const char *key, const char *value);
	const char *(*key_word)(unsigned index);
	int (*end)(struct reader *reader);
};

/* "FILE:12"; of a long path the end, which tells more. */
static void where_write(const struct reader *reader, unsigned line, char where[CONFIG_WHERE_MAX])
{
	size_t len = strlen(reader->path), max = CONFIG_WHERE_MAX - sizeof("...:1234567");

	if (len <= max)
		snprintf(where, CONFIG_WHERE_MAX, "%s:%u", reader->path, line);
	else
		snprintf(where, CONFIG_WHERE_MAX, "...%s:%u", reader->path + len - max, line);
}

static struct guest_config *guest_of(const struct reader *reader)
{
	return &reader->configs->guests[reader->guest];
}

static int guest_begin(struct reader *reader, const char *name)
{
	struct guest_config *guest = guest_configs_add(reader->configs);
	int ret;

	if (!guest)
		return errno == E2BIG ? why_at(reader->why, reader->where, "more than %d guests", GUESTS_MAX) : -ENOMEM;
	reader->guest = reader->configs->n_guests - 1;
	memcpy(guest->where, reader->where, sizeof(guest->where));
	ret = guest_keys_take(&reader->keys, reader->where, "name", strlen("name"), name, strlen(name), reader->why);
	/* The name is needed now: the next guest's may not be the same. */
	if (ret == 0)
		ret = guest_keys_apply(&reader->keys, guest, reader->why);
	return ret == 0 ? guest_configs_name(reader->configs, guest, reader->why) : ret;
}

static const char *guest_key(unsigned index)
{
	return guest_key_word(index + 1); /* without "name", which is the section's */
}

static int guest_key_take(struct reader *reader, const char *where, const char *key, const char *value)
{
	if (strcmp(key, guest_key_word(0)) == 0)
		return -ENOENT;
	return guest_keys_take(&reader->keys, where, key, strlen(key), value, strlen(value), reader->why);
}

static int guest_end(struct reader *reader)
{
	int ret = guest_keys_apply(&reader->keys, guest_of(reader), reader->why);

	guest_keys_deinit(&reader->keys);
	return ret;
}

/* "ivi.door": a guest's name has no dot. */
static int line_begin(struct reader *reader, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t guest_len = dot ? (size_t)(dot - name) : strlen(name);

	if (!dot)
		return why_at(reader->why, reader->where, "expected [line GUEST.NAME], not [line %s]", name);
	for (reader->guest = 0; reader->guest < reader->configs->n_guests; reader->guest++) {
		if (strlen(guest_of(reader)->name) == guest_len && memcmp(guest_of(reader)->name, name, guest_len) == 0)
			return line_section_begin(&reader->line, reader->where, dot + 1, reader->why);
	}
	return why_at(reader->why, reader->where, "[line %s]: there is no [guest %.*s] above", name, (int)guest_len,
		      name);
}

static int line_key_take(struct reader *reader, const char *where, const char *key, const char *value)
{
	return line_section_key(&reader->line, where, key, value);
}

static int line_end(struct reader *reader)
{
	int ret = line_section_end(&reader->line, guest_of(reader));

	line_section_deinit(&reader->line);
	return ret;
}

static int daemon_begin(struct reader *reader, const char *name)
{
	return *name ? why_at(reader->why, reader->where, "expected [daemon], not [daemon %s]", name) : 0;
}

static int daemon_key_take(struct reader *reader, const char *where, const char *key, const char *value)
{
	return daemon_words_take(reader->daemon, where, key, value, reader->why);
}

/* Each key of the section stands for itself. */
static int always_ends(struct reader *reader)
{
	return 0;
}

/* [wires] has no name, and any number of the one key. */
static int wires_begin(struct reader *reader, const char *name)
{
	return *name ? why_at(reader->why, reader->where, "expected [wires], not [wires %s]", name) : 0;
}

static const char *wires_key_word(unsigned index)
{
	return index == 0 ? "wire" : NULL;
}

static int wires_key_take(struct reader *reader, const char *where, const char *key, const char *value)
{
	int ret;

	if (strcmp(key, wires_key_word(0)) != 0)
		return -ENOENT;
	ret = guest_configs_add_wire(reader->configs, where, value);
	return ret == -E2BIG ? why_at(reader->why, where, "more than %d wires", CONFIG_WIRES_MAX) : ret;
}

static const struct section sections[] = {
	{ "daemon", daemon_begin, daemon_key_take, daemon_word_key, always_ends },
	{ "guest", guest_begin, guest_key_take, guest_key, guest_end },
	{ "line", line_begin, line_key_take, line_section_key_word, line_end },
	{ "wires", wires_begin, wires_key_take, wires_key_word, always_ends },
};

static const char *section_word(unsigned index)
{
	return index < ARRAY_SIZE(sections) ? sections[index].word : NULL;
}

/* Whether a section of this word is not to be read. */
static bool is_skipped(const struct reader *reader, const char *word, size_t len)
{
	return !reader->configs && (len != strlen(sections[0].word) || memcmp(word, sections[0].word, len) != 0);
}

static int section_end(struct reader *reader)
{
	return reader->section ? reader->section->end(reader) : 0;
}

static int on_section(void *ctx, unsigned line, const char *title)
{
	struct reader *reader = ctx;
	const char *word = title + blank_span(title, strlen(title));
	size_t len = strcspn(word, " \t");
	char name[128];
	int ret = section_end(reader);

	reader->section = NULL;
	if (ret < 0 || is_skipped(reader, word, len))
		return ret;
	where_write(reader, line, reader->where);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		if (strlen(sections[i].word) == len && memcmp(sections[i].word, word, len) == 0)
			reader->section = &sections[i];
	}
	if (!reader->section)
		return suggest(reader->why, reader->where, "section", word, len, section_word);
	word += len + blank_span(word + len, strlen(word + len));
	snprintf(name, sizeof(name), "%.*s", (int)blank_trim(word, strlen(word)), word);
	return reader->section->begin(reader, name);
}

static int on_key(void *ctx, unsigned line, unsigned n_lines, const char *key, const char *value)
{
	struct reader *reader = ctx;
	char where[CONFIG_WHERE_MAX];
	int ret;

	where_write(reader, line, where);
	if (!reader->section && !reader->configs)
		return 0;
	if (!reader->section)
		return why_at(reader->why, where, "\"%s\" is outside of a section", key);
	if (n_lines > 1 && strcmp(key, "lines") != 0 && strcmp(key, "names") != 0)
		return why_at(reader->why, where, "\"%s\" continues in an indented line (only lines and names may)",
			      key);
	ret = reader->section->key(reader, where, key, value);
	return ret == -ENOENT ? suggest(reader->why, where, "key", key, strlen(key), reader->section->key_word) : ret;
}

static int read_text(struct reader *reader, const char *text)
{
	const struct ini_text to = { reader, on_section, on_key };
	char where[CONFIG_WHERE_MAX];
	unsigned line;
	int ret = ini_text_parse(text, &to, &line, reader->why);

	if (ret < 0 && line > 0) {
		where_write(reader, line, where);
		return why_at(reader->why, where, "%s", reader->why->text);
	}
	return ret == 0 ? section_end(reader) : ret;
}

static int guests_complete(const struct reader *reader)
{
	int ret = 0;

	for (size_t i = 0; i < reader->configs->n_guests && ret == 0; i++)
		ret = guest_complete(&reader->configs->guests[i], reader->why);
	if (ret == 0 && reader->configs->n_guests == 0)
		return why_at(reader->why, reader->path, "there is no [guest NAME]");
	return ret;
}

int config_file_parse(const char *path, const char *text, struct guest_configs *configs, struct why *why)
{
	struct reader reader = { .path = path, .configs = configs, .daemon = &configs->daemon, .why = why };
	int ret = read_text(&reader, text);

	if (ret == 0)
		ret = guests_complete(&reader);
	guest_keys_deinit(&reader.keys);
	line_section_deinit(&reader.line);
	return ret;
}

int config_file_daemon(const char *path, const char *text, struct daemon_words *words, struct why *why)
{
	struct reader reader = { .path = path, .daemon = words, .why = why };

	return read_text(&reader, text);
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
