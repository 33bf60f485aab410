/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The words of a wire. */
#include "wires/wire_words.h"

#include <errno.h>
#include <string.h>

#include "base/decimal.h"
#include "config/time_word.h"
#include "config/words.h"
#include "ipc/wire_channel.h"

#define SEPARATORS " \t,"
#define DELAY	   "delay="

/* While words are read. */
struct reading {
	const char *where;
	struct wire_words *words;
	unsigned n_ends;
	struct why *why;
};

static int refuse(const struct reading *reading, const char *word, size_t len, const char *what)
{
	return why_at(reading->why, reading->where, "wire: \"%.*s\" %s", word_shown(len), word, what);
}

/* Up to a separator outside of quotes. */
static size_t word_span(const char *text)
{
	size_t len = 0;

	while (text[len] && !strchr(SEPARATORS, text[len]))
		len += text[len] == '"' && quoted_span(text + len) ? quoted_span(text + len) : 1;
	return len;
}

static int end_take(struct reading *reading, const char *word, size_t len)
{
	const char *dot = memchr(word, '.', len);
	size_t guest_len = dot ? (size_t)(dot - word) : len, line_len = dot ? len - guest_len - 1 : 0;
	struct wire_word *end = &reading->words->ends[reading->n_ends];
	uint64_t offset;

	if (guest_len == 0 || guest_len >= sizeof(end->guest) || line_len == 0)
		return refuse(reading, word, len, "is not GUEST.LINE");
	if (reading->n_ends == 2)
		return refuse(reading, word, len, "is one line too many: a wire has two ends");
	reading->n_ends++;
	memcpy(end->guest, word, guest_len);
	if (!decimal_is(dot + 1, line_len))
		return name_read(reading->where, "wire: line", dot + 1, line_len, false, end->name, reading->why);
	if (decimal_parse_len(dot + 1, line_len, CHIP_LINES_MAX - 1, &offset) < 0)
		return refuse(reading, word, len, "has no such line: the number is too large");
	end->offset = (uint32_t)offset;
	return 0;
}

static int word_take(struct reading *reading, const char *word, size_t len)
{
	static const struct time_range range = { 1, WIRE_DELAY_MAX_US };
	size_t key_len = strlen(DELAY);

	if (len == strlen("invert") && memcmp(word, "invert", len) == 0) {
		if (reading->words->invert)
			return refuse(reading, word, len, "is given twice");
		reading->words->invert = true;
		return 0;
	}
	if (len >= key_len && memcmp(word, DELAY, key_len) == 0) {
		if (reading->words->delay_us > 0)
			return refuse(reading, word, len, "is given twice");
		return time_read(reading->where, "wire: delay", word + key_len, len - key_len, &range,
				 &reading->words->delay_us, reading->why);
	}
	return end_take(reading, word, len);
}

int wire_words_parse(const char *where, const char *text, struct wire_words *words, struct why *why)
{
	struct reading reading = { .where = where, .words = words, .why = why };
	const char *at = text + strspn(text, SEPARATORS);

	*words = (struct wire_words){ .invert = false };
	while (*at) {
		size_t len = word_span(at);
		int ret = word_take(&reading, at, len);

		if (ret < 0)
			return ret;
		at += len;
		at += strspn(at, SEPARATORS);
	}
	if (reading.n_ends < 2)
		return why_at(why, where, "wire: expected GUEST.LINE GUEST.LINE [invert] [delay=TIME], not \"%.*s\"",
			      word_shown(strlen(text)), text);
	return 0;
}
