/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Values are put into lines that are short enough for every reader of INI. */
#include "config/lines_print.h"

#include <string.h>

#include "base/decimal.h"
#include "config/attributes.h"
#include "config/words.h"

#define WIDTH		100 /* where a value goes on in a new line */
#define INI_LINE_MAX	190 /* beyond which a line would not be read */
#define QUOTED_PATH_MAX (2 * SOCKET_PATH_SIZE + 2)

/* A value that may go on. */
struct value {
	FILE *file;
	size_t column;
	bool apart; /* the next word begins a line */
};

static struct value value_begin(FILE *file, const char *key)
{
	fprintf(file, "%s = ", key);
	return (struct value){ .file = file, .column = strlen(key) + 3 };
}

/* before: one character that stays in the line of the word before; 0: none. A word is never parted. */
static void value_add(struct value *value, char before, const char *word)
{
	if (before)
		fputc(before, value->file);
	value->column += before != 0;
	if (value->apart || (before && value->column + strlen(word) + 2 > WIDTH)) {
		fputs("\n\t", value->file);
		value->column = 8;
	}
	fputs(word, value->file);
	value->column += strlen(word);
	value->apart = false;
}

static void value_end(struct value *value)
{
	fputc('\n', value->file);
}

static void name_write(const char *name, bool plain, char text[QUOTED_NAME_MAX])
{
	if (plain)
		snprintf(text, QUOTED_NAME_MAX, "%.*s", QUOTED_NAME_MAX - 1, name);
	else
		quoted_write(name, text, QUOTED_NAME_MAX);
}

/* What is a label only when it is quoted: see the grammar. */
static bool label_is_plain(const char *label)
{
	size_t prefix = strncmp(label, "gpiochip", 8) == 0 ? 8 : 0;

	return word_is_plain(label) && !decimal_is(label + prefix, strlen(label + prefix)) && label[0] != '/' &&
	       strcmp(label, "sim") != 0;
}

static void line_print(struct value *value, char before, const struct config_line *line)
{
	char text[QUOTED_NAME_MAX];
	bool much = line->renamed;

	if (line->by_name)
		name_write(line->line_name,
			   word_is_plain(line->line_name) &&
				   strspn(line->line_name, "0123456789-") < strlen(line->line_name),
			   text);
	else if (line->first == line->last)
		snprintf(text, sizeof(text), "%u", line->first);
	else
		snprintf(text, sizeof(text), "%u-%u", line->first, line->last);
	value_add(value, before, text);
	if (line->renamed) {
		name_write(line->name, word_is_plain(line->name), text);
		value_add(value, '=', text);
	}
	for (unsigned index = 0; attributes_write(line, &index, text); much = true)
		value_add(value, ',', text);
	value->apart = much;
}

static void chip_print(struct value *value, const struct config_chip *chip)
{
	char text[QUOTED_PATH_MAX];

	if (chip->kind == CONFIG_CHIP_LABEL)
		name_write(chip->word, label_is_plain(chip->word), text);
	else
		snprintf(text, sizeof(text), "%s", chip->word);
	value_add(value, '@', text);
	for (size_t i = 0; i < chip->n_lines; i++)
		line_print(value, i ? ':' : '{', &chip->lines[i]);
	value->apart = false;
	if (!chip->whole)
		value_add(value, '}', "");
}

void names_print(const struct guest_config *guest, FILE *file)
{
	struct value value;
	char text[QUOTED_NAME_MAX];
	unsigned n = guest->sim;

	if (!guest->sim_names)
		return;
	value = value_begin(file, "names");
	while (n > 1 && !guest->sim_names[n - 1][0])
		n--;
	for (unsigned i = 0; i < n; i++) {
		const char *name = guest->sim_names[i];

		/* One empty name alone would be no value at all. */
		name_write(name, word_is_plain(name) || (!name[0] && n > 1), text);
		value_add(&value, i ? ':' : 0, text);
	}
	value_end(&value);
}

void lines_print(const struct guest_config *guest, FILE *file)
{
	struct value value;

	/* That is what "sim" says already. */
	if (guest->n_chips == 1 && guest->chips[0].kind == CONFIG_CHIP_SIM && guest->chips[0].whole)
		return;
	value = value_begin(file, "lines");
	for (size_t i = 0; i < guest->n_chips; i++)
		chip_print(&value, &guest->chips[i]);
	value_end(&value);
}

void path_write(const char *key, const char *path, FILE *file)
{
	char quoted[QUOTED_PATH_MAX];

	quoted_write(path, quoted, sizeof(quoted));
	fprintf(file, "%s = %s\n", key, word_is_plain(path) ? path : quoted);
}

bool path_is_text(const char *path)
{
	size_t quotes = 0;

	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
		quotes += strchr("\"\\;", *c) != NULL;
	}
	return strlen(path) + quotes < INI_LINE_MAX - strlen("socket = \"\"");
}
