/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Attributes of lines: the table of words, and what each does to the rules of its line. */
#include "config/attributes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "config/suggest.h"
#include "config/time_word.h"
#include "config/words.h"

/* In the order in which they are written. */
enum attribute_id {
	ATTRIBUTE_RO,
	ATTRIBUTE_INPUT,
	ATTRIBUTE_OUTPUT,
	ATTRIBUTE_NO_IRQ,
	ATTRIBUTE_ACTIVE_LOW,
	ATTRIBUTE_BIAS,
	ATTRIBUTE_DRIVE,
	ATTRIBUTE_DEBOUNCE,
	ATTRIBUTE_INIT,
	ATTRIBUTE_ON_DISCONNECT,
	ATTRIBUTE_WIRE,
	ATTRIBUTES_N,
};

enum attribute_kind {
	KIND_FLAG,
	KIND_MODE, /* a flag; in a file "mode = WORD" */
	KIND_CHOICE,
	KIND_TIME,
	KIND_WIRE,
};

#define FIELD(field) offsetof(struct config_line, field)

struct attribute_row {
	const char *word;
	enum attribute_kind kind;
	size_t sets[2]; /* flags: the bools that it sets; 0: no second one */
	size_t field;	/* choices: the uint8_t; TIME: the uint32_t */
	const struct line_setting_value *choices;
	unsigned n_quiet; /* the last of the choices: accepted, but not proposed */
};

static const struct line_setting_value inits[] = {
	{ "output-low", LINE_IDLE_OUTPUT_LOW, 0 },
	{ "output-high", LINE_IDLE_OUTPUT_HIGH, 0 },
	{ "input", LINE_IDLE_INPUT, 0 },
	{ 0 },
};
static const struct line_setting_value on_disconnects[] = {
	{ "release", LINE_IDLE_RELEASED, 0 },
	{ "hold", LINE_IDLE_HOLD, 0 },
	{ "input", LINE_IDLE_INPUT, 0 },
	{ "output-low", LINE_IDLE_OUTPUT_LOW, 0 },
	{ "output-high", LINE_IDLE_OUTPUT_HIGH, 0 },
	{ 0 },
};

static const struct attribute_row rows[ATTRIBUTES_N] = {
	[ATTRIBUTE_RO] = { "ro", KIND_MODE, .sets = { FIELD(rules.no_output), FIELD(rules.no_value) } },
	[ATTRIBUTE_INPUT] = { "input", KIND_MODE, .sets = { FIELD(rules.no_output) } },
	[ATTRIBUTE_OUTPUT] = { "output", KIND_MODE, .sets = { FIELD(rules.no_input) } },
	[ATTRIBUTE_NO_IRQ] = { "no-irq", KIND_FLAG, .sets = { FIELD(rules.no_irq) } },
	[ATTRIBUTE_ACTIVE_LOW] = { "active-low", KIND_FLAG, .sets = { FIELD(rules.settings.active_low) } },
	[ATTRIBUTE_BIAS] = { "bias", KIND_CHOICE, .field = FIELD(rules.settings.bias), .choices = line_settings_bias,
			     .n_quiet = 1 },
	[ATTRIBUTE_DRIVE] = { "drive", KIND_CHOICE, .field = FIELD(rules.settings.drive),
			      .choices = line_settings_drive },
	[ATTRIBUTE_DEBOUNCE] = { "debounce", KIND_TIME, .field = FIELD(rules.settings.debounce_us) },
	[ATTRIBUTE_INIT] = { "init", KIND_CHOICE, .field = FIELD(rules.init), .choices = inits },
	[ATTRIBUTE_ON_DISCONNECT] = { "on-disconnect", KIND_CHOICE, .field = FIELD(rules.on_disconnect),
				      .choices = on_disconnects },
	[ATTRIBUTE_WIRE] = { .word = "wire", .kind = KIND_WIRE },
};

/* Two that cannot both be; outputs: only when the second is one of its values output-low and output-high. */
static const struct {
	enum attribute_id a, b;
	bool outputs;
} contradictions[] = {
	{ ATTRIBUTE_INPUT, ATTRIBUTE_OUTPUT, false },	    { ATTRIBUTE_RO, ATTRIBUTE_OUTPUT, false },
	{ ATTRIBUTE_INPUT, ATTRIBUTE_DRIVE, false },	    { ATTRIBUTE_RO, ATTRIBUTE_DRIVE, false },
	{ ATTRIBUTE_INPUT, ATTRIBUTE_INIT, true },	    { ATTRIBUTE_RO, ATTRIBUTE_INIT, true },
	{ ATTRIBUTE_INPUT, ATTRIBUTE_ON_DISCONNECT, true }, { ATTRIBUTE_RO, ATTRIBUTE_ON_DISCONNECT, true },
	{ ATTRIBUTE_OUTPUT, ATTRIBUTE_DEBOUNCE, false },
};

static void *field_of(struct config_line *line, size_t offset)
{
	return (char *)line + offset;
}

/* "pull-up, pull-down, disabled" */
static void choices_list(const struct attribute_row *row, char *text, size_t size)
{
	const struct line_setting_value *choices = row->choices;
	size_t len = 0;

	*text = '\0';
	for (unsigned i = 0; choices[i + row->n_quiet].word && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "", choices[i].word);
}

static int choice_take(struct attributes *attributes, const struct attribute_row *row, const char *value, size_t len)
{
	char list[96];

	for (const struct line_setting_value *choice = row->choices; choice->word; choice++) {
		if (strlen(choice->word) == len && memcmp(choice->word, value, len) == 0) {
			*(uint8_t *)field_of(attributes->line, row->field) = choice->value;
			if (row == &rows[ATTRIBUTE_ON_DISCONNECT])
				attributes->line->safe_default = false;
			return 0;
		}
	}
	choices_list(row, list, sizeof(list));
	return why_at(attributes->why, attributes->line->where, "unknown %s \"%.*s\" (%s)", row->word, word_shown(len),
		      value, list);
}

/* Debounce periods: 1 us to what the kernel's 32 bits hold. */
static int time_take(struct attributes *attributes, const struct attribute_row *row, const char *value, size_t len)
{
	const struct time_range range = { 1, UINT32_MAX };

	return time_read(attributes->line->where, row->word, value, len, &range, field_of(attributes->line, row->field),
			 attributes->why);
}

/* What it names is looked up when all guests are known. */
static int wire_take(struct attributes *attributes, const char *value, size_t len)
{
	if (len >= CONFIG_WIRE_TEXT_MAX)
		return why_at(attributes->why, attributes->line->where, "wire: \"%.*s\" is not GUEST.LINE",
			      word_shown(len), value);
	attributes->line->wire = strndup(value, len);
	return attributes->line->wire ? 0 : -ENOMEM;
}

static int value_missing(const struct attributes *attributes, const struct attribute_row *row)
{
	char list[96] = "5ms";

	if (row->kind == KIND_WIRE)
		snprintf(list, sizeof(list), "GUEST.LINE");
	else if (row->kind == KIND_CHOICE)
		choices_list(row, list, sizeof(list));
	return why_at(attributes->why, attributes->line->where, "%s needs a value (%s)", row->word, list);
}

static int row_take(struct attributes *attributes, const struct attribute_row *row, const char *value, size_t len)
{
	uint32_t bit = UINT32_C(1) << (row - rows);
	bool flag = row->kind == KIND_FLAG || row->kind == KIND_MODE;

	if (attributes->given & bit)
		return why_at(attributes->why, attributes->line->where, "%s is given twice", row->word);
	if (flag && value)
		return why_at(attributes->why, attributes->line->where, "%s takes no value", row->word);
	if (!flag && !value)
		return value_missing(attributes, row);
	attributes->given |= bit;
	if (row->kind == KIND_CHOICE)
		return choice_take(attributes, row, value, len);
	if (row->kind == KIND_TIME)
		return time_take(attributes, row, value, len);
	if (row->kind == KIND_WIRE)
		return wire_take(attributes, value, len);
	for (size_t i = 0; i < ARRAY_SIZE(row->sets) && row->sets[i]; i++)
		*(bool *)field_of(attributes->line, row->sets[i]) = true;
	return 0;
}

static const struct attribute_row *row_find(const char *word, size_t len)
{
	for (size_t i = 0; i < ATTRIBUTES_N; i++) {
		if (strlen(rows[i].word) == len && memcmp(rows[i].word, word, len) == 0)
			return &rows[i];
	}
	return NULL;
}

static const char *word_known(unsigned index)
{
	return index < ATTRIBUTES_N ? rows[index].word : NULL;
}

/* "pull-up" alone is a value of bias. */
static int unknown(const struct attributes *attributes, const char *word, size_t len)
{
	for (const struct attribute_row *row = rows; row < rows + ATTRIBUTES_N; row++) {
		for (const struct line_setting_value *choice = row->choices; choice && choice->word; choice++) {
			if (strlen(choice->word) == len && memcmp(choice->word, word, len) == 0)
				return why_at(attributes->why, attributes->line->where,
					      "unknown attribute \"%s\"; did you mean \"%s=%s\"?", choice->word,
					      row->word, choice->word);
		}
	}
	return suggest(attributes->why, attributes->line->where, "attribute", word, len, word_known);
}

int attributes_take(struct attributes *attributes, const char *word, size_t len, const char *value, size_t value_len)
{
	const struct attribute_row *row = row_find(word, len);

	/* In a file it is a key. */
	if (!row && value && len == strlen("mode") && memcmp(word, "mode", len) == 0) {
		row = row_find(value, value_len);
		if (row && row->kind == KIND_MODE)
			return why_at(attributes->why, attributes->line->where,
				      "unknown attribute \"mode\"; did you mean \"%s\"?", row->word);
		row = NULL;
	}
	return row ? row_take(attributes, row, value, value_len) : unknown(attributes, word, len);
}

#define MODE_BITS (UINT32_C(1) << ATTRIBUTE_RO | UINT32_C(1) << ATTRIBUTE_INPUT | UINT32_C(1) << ATTRIBUTE_OUTPUT)

static int mode_take(struct attributes *attributes, const char *value)
{
	const struct attribute_row *row = row_find(value, strlen(value));

	if (attributes->given & MODE_BITS)
		return why_at(attributes->why, attributes->line->where, "mode is given twice");
	if (row && row->kind == KIND_MODE)
		return row_take(attributes, row, NULL, 0);
	return why_at(attributes->why, attributes->line->where, "unknown mode \"%.*s\" (ro, input, output)",
		      word_shown(strlen(value)), value);
}

static int flag_take(struct attributes *attributes, const struct attribute_row *row, const char *value)
{
	bool no = strcmp(value, "no") == 0;
	int ret;

	if (!no && strcmp(value, "yes") != 0)
		return why_at(attributes->why, attributes->line->where, "%s: \"%.*s\" is not yes or no", row->word,
			      word_shown(strlen(value)), value);
	ret = row_take(attributes, row, NULL, 0);
	if (no)
		*(bool *)field_of(attributes->line, row->sets[0]) = false;
	return ret;
}

int attributes_take_key(struct attributes *attributes, const char *key, const char *value)
{
	const struct attribute_row *row = row_find(key, strlen(key));

	if (strcmp(key, "mode") == 0)
		return mode_take(attributes, value);
	if (!row || row->kind == KIND_MODE)
		return -ENOENT;
	if (row->kind == KIND_FLAG)
		return flag_take(attributes, row, value);
	return row_take(attributes, row, value, strlen(value));
}

static bool is_output(const struct config_line *line, enum attribute_id id)
{
	uint8_t state = *(const uint8_t *)((const char *)line + rows[id].field);

	return state == LINE_IDLE_OUTPUT_LOW || state == LINE_IDLE_OUTPUT_HIGH;
}

/* The word as it was given: also one that says what is so anyway, as "drive=push-pull". */
static void word_write(const struct config_line *line, const struct attribute_row *row, char text[ATTRIBUTE_TEXT_MAX])
{
	const void *field = (const char *)line + row->field;
	char time[TIME_WORD_MAX];

	snprintf(text, ATTRIBUTE_TEXT_MAX, "%s", row->word);
	if (row->kind == KIND_TIME) {
		time_print(*(const uint32_t *)field, time);
		snprintf(text, ATTRIBUTE_TEXT_MAX, "%s=%s", row->word, time);
	}
	for (const struct line_setting_value *choice = row->choices; choice && choice->word; choice++) {
		if (choice->value == *(const uint8_t *)field)
			snprintf(text, ATTRIBUTE_TEXT_MAX, "%s=%s", row->word, choice->word);
	}
}

int attributes_check(const struct attributes *attributes)
{
	for (size_t i = 0; i < ARRAY_SIZE(contradictions); i++) {
		uint32_t both = UINT32_C(1) << contradictions[i].a | UINT32_C(1) << contradictions[i].b;
		char a[ATTRIBUTE_TEXT_MAX], b[ATTRIBUTE_TEXT_MAX];

		if ((attributes->given & both) != both ||
		    (contradictions[i].outputs && !is_output(attributes->line, contradictions[i].b)))
			continue;
		word_write(attributes->line, &rows[contradictions[i].a], a);
		word_write(attributes->line, &rows[contradictions[i].b], b);
		return why_at(attributes->why, attributes->line->where, "\"%s\" and \"%s\" cannot be combined", a, b);
	}
	return 0;
}

/* Whether the rules say more than the default. */
static bool line_has(const struct config_line *line, enum attribute_id id)
{
	const struct attribute_row *row = &rows[id];
	const char *at = (const char *)line;

	switch (row->kind) {
	case KIND_CHOICE:
		return id == ATTRIBUTE_ON_DISCONNECT ? !line->safe_default : *(const uint8_t *)(at + row->field) != 0;
	case KIND_TIME:
		return *(const uint32_t *)(const void *)(at + row->field) != 0;
	case KIND_WIRE:
		return false; /* it is one of [wires] then */
	default:
		/* What "ro" says, "input" need not say again. */
		if (id == ATTRIBUTE_INPUT && line->rules.no_value)
			return false;
		return *(const bool *)(at + row->sets[0]) && (!row->sets[1] || *(const bool *)(at + row->sets[1]));
	}
}

bool attributes_write(const struct config_line *line, unsigned *index, char text[ATTRIBUTE_TEXT_MAX])
{
	while (*index < ATTRIBUTES_N && !line_has(line, (enum attribute_id) * index))
		++*index;
	if (*index == ATTRIBUTES_N)
		return false;
	word_write(line, &rows[(*index)++], text);
	return true;
}

const char *attribute_key(unsigned index)
{
	if (index == 0)
		return "mode";
	for (unsigned i = 0; i < ATTRIBUTES_N; i++) {
		if (rows[i].kind != KIND_MODE && --index == 0)
			return rows[i].word;
	}
	return NULL;
}
