/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reader of Value Change Dumps. */
#include "wave/vcd_reader.h"

#include <errno.h>
#include <string.h>

#include "base/decimal.h"
#include "bench/words.h"

/* Of one bit. */
#define LEVELS "01xXzZuUwWlLhH-"

int vcd_reader_open(struct vcd_reader *reader, const char *name, const char *text, size_t len, struct why *why)
{
	int ret;

	*reader = (struct vcd_reader){ .text = { .name = name, .text = text, .len = len, .row = 1, .why = why } };
	ret = vcd_head_read(&reader->head, &reader->text);
	reader->body = reader->text;
	return ret;
}

void vcd_reader_rewind(struct vcd_reader *reader)
{
	reader->text = reader->body;
	reader->time_ns = reader->first_ns = reader->units = 0;
	reader->has_time = false;
}

void vcd_reader_close(struct vcd_reader *reader)
{
	vcd_head_deinit(&reader->head);
}

/* "#120". */
static int time_read(struct vcd_reader *reader, struct vcd_word word)
{
	const struct vcd_head *head = &reader->head;
	uint64_t units;

	if (decimal_parse_len(word.text + 1, word.len - 1, UINT64_MAX, &units) < 0)
		return vcd_text_fail(&reader->text, word, "# and a time");
	if (units < reader->units)
		return vcd_text_fail(&reader->text, word, "a time that is not before the last one");
	if (units / head->divisor > WORDS_VALUE_MAX / head->scale)
		return vcd_text_fail(&reader->text, word, "a time within 100 days");
	reader->units = units;
	reader->time_ns = units * head->scale / head->divisor;
	if (!reader->has_time)
		reader->first_ns = reader->time_ns;
	reader->has_time = true;
	return 0;
}

/* The values, of a signal of this identifier. */
static int change_read(struct vcd_reader *reader, struct vcd_word values, struct vcd_word code,
		       struct vcd_change *change)
{
	const struct vcd_signal *signal = vcd_head_find_code(&reader->head, code);

	if (!signal)
		return vcd_text_fail(&reader->text, code, "the identifier of a $var");
	for (size_t i = 0; i < values.len; i++) {
		if (!values.text[i] || !strchr(LEVELS, values.text[i]))
			return vcd_text_fail(&reader->text, values, "a value of 0, 1, x and z");
	}
	if (signal->width > 0 && values.len > signal->width)
		return vcd_text_fail(&reader->text, values, "a value that is not wider than its $var");
	/* What comes before the first time is as of 0. */
	reader->has_time = true;
	*change = (struct vcd_change){
		.time_ns = reader->time_ns, .number = signal->number, .values = values.text, .len = values.len
	};
	return 1;
}

/* "1!", "b1010 !", "r0.5 !". 1: there is a change; 0: none that has a level. */
static int value_read(struct vcd_reader *reader, struct vcd_word word, struct vcd_change *change)
{
	struct vcd_word values = { .text = word.text + 1, .len = word.len - 1, .row = word.row };
	struct vcd_word code = values;
	char kind = *word.text;

	if (kind != 'b' && kind != 'B' && kind != 'r' && kind != 'R' && kind != 's' && kind != 'S') {
		values.text--;
		values.len = 1;
		return code.len > 0 ? change_read(reader, values, code, change)
				    : vcd_text_fail(&reader->text, word, "a value and an identifier");
	}
	code = vcd_text_next(&reader->text);
	if (kind == 'b' || kind == 'B')
		return values.len > 0 ? change_read(reader, values, code, change)
				      : vcd_text_fail(&reader->text, word, "b and a value");
	return vcd_head_find_code(&reader->head, code) ? 0
						       : vcd_text_fail(&reader->text, code, "the identifier of a $var");
}

/* Values stand between a dump and its end: these words alone say nothing. */
static int command_read(struct vcd_reader *reader, struct vcd_word word)
{
	if (vcd_word_is(word, "$dumpvars") || vcd_word_is(word, "$dumpall") || vcd_word_is(word, "$dumpon") ||
	    vcd_word_is(word, "$dumpoff") || vcd_word_is(word, "$end"))
		return 0;
	if (vcd_word_is(word, "$comment"))
		return vcd_text_skip(&reader->text, word);
	return vcd_text_fail(&reader->text, word, "$dumpvars, $comment or another command of a VCD file's changes");
}

int vcd_reader_next(struct vcd_reader *reader, struct vcd_change *change)
{
	struct vcd_word word;
	int ret = 0;

	while (ret == 0 && (word = vcd_text_next(&reader->text)).len > 0) {
		if (*word.text == '#')
			ret = time_read(reader, word);
		else if (*word.text == '$')
			ret = command_read(reader, word);
		else
			ret = value_read(reader, word, change);
	}
	return ret;
}

enum vcd_level vcd_change_level(const struct vcd_change *change, uint32_t bit)
{
	/* A value that is shorter goes on with zeroes, or with what is no level. */
	char value = *change->values;

	if (bit < change->len)
		value = change->values[change->len - 1 - bit];
	else if (value == '1')
		value = '0';

	switch (value) {
	case '0':
		return VCD_LOW;
	case '1':
		return VCD_HIGH;
	case 'l':
	case 'L':
		return VCD_PULL_LOW;
	case 'h':
	case 'H':
		return VCD_PULL_HIGH;
	default:
		return VCD_NONE;
	}
}
