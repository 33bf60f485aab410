/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From a word to a line. */
#include "control/line_lookup.h"

#include <errno.h>
#include <string.h>

#include "base/decimal.h"
#include "base/near.h"
#include "control/control_json.h"

/* Lines that the message about an ambiguous word names. */
#define CANDIDATES_SHOWN 4
#define WORD_SHOWN_MAX	 64

/* The offset of LINE in this guest, or -1. */
static int line_find(const struct worker_client *guest, const char *line)
{
	uint64_t offset;
	int ret = decimal_parse(line, guest->n_lines - 1, &offset);

	if (ret == -EINVAL)
		return worker_client_find(guest, line);
	return ret == 0 ? (int)offset : -1;
}

/* The guest that a word begins with, and the rest of the word. */
static const struct worker_client *guest_find(const struct worker_clients *guests, const char *word, const char **line)
{
	const char *dot = strchr(word, '.');
	size_t len = dot ? (size_t)(dot - word) : 0;

	for (size_t i = 0; dot && i < guests->n; i++) {
		if (strlen(guests->guests[i].name) == len && strncmp(guests->guests[i].name, word, len) == 0) {
			*line = dot + 1;
			return &guests->guests[i];
		}
	}
	return NULL;
}

/* Only as many lines are looked at: whoever asks for what there is not takes the time of others. */
#define NEAR_LINES_MAX 4096

/* named: the guest, if the word begins with one. */
static int fail_unknown(const struct worker_clients *guests, const struct worker_client *named, const char *word,
			const char *rest, struct why *why)
{
	struct near near = { rest, strlen(rest), NULL, 0 };
	struct line_ref best = { 0, 0 };
	char meant[CONTROL_WORD_MAX];
	size_t looked = 0;

	why_fail(ENOENT, why, "no line \"%.*s\"", WORD_SHOWN_MAX, word);
	for (size_t i = 0; i < guests->n && looked < NEAR_LINES_MAX; i++) {
		const struct worker_client *guest = &guests->guests[i];
		uint32_t n = named && named != guest ? 0 : guest->n_lines;

		for (uint32_t line = 0; line < n && looked++ < NEAR_LINES_MAX; line++) {
			if (near_offer(&near, worker_client_line_name(guest, line)))
				best = (struct line_ref){ (uint16_t)i, (uint16_t)line };
		}
	}
	if (!near.best)
		return -ENOENT;
	control_json_word(&guests->guests[best.guest], best.line, meant);
	return why_fail(ENOENT, why, "%s; did you mean \"%s\"?", why->text, meant);
}

static int fail_ambiguous(const struct worker_clients *guests, const char *word, struct why *why)
{
	unsigned n = 0;

	why_fail(ENOENT, why, "\"%.*s\" is ambiguous:", WORD_SHOWN_MAX, word);

	for (size_t i = 0; i < guests->n; i++) {
		int line = line_find(&guests->guests[i], word);
		char candidate[CONTROL_WORD_MAX];

		if (line < 0)
			continue;
		if (++n > CANDIDATES_SHOWN)
			continue;
		control_json_word(&guests->guests[i], (uint32_t)line, candidate);
		why_fail(ENOENT, why, "%s%s %s", why->text, n > 1 ? "," : "", candidate);
	}
	if (n > CANDIDATES_SHOWN)
		why_fail(ENOENT, why, "%s and %u more", why->text, n - CANDIDATES_SHOWN);
	return -ENOENT;
}

int line_lookup(const struct worker_clients *guests, const char *word, struct line_ref *ref, struct why *why)
{
	const char *rest = word;
	const struct worker_client *named = guest_find(guests, word, &rest);
	unsigned n = 0;

	for (size_t i = 0; i < guests->n; i++) {
		int line = named && named != &guests->guests[i] ? -1 : line_find(&guests->guests[i], rest);

		if (line >= 0 && n++ == 0)
			*ref = (struct line_ref){ (uint16_t)i, (uint16_t)line };
	}
	if (n == 0)
		return fail_unknown(guests, named, word, rest, why);
	return n == 1 ? 0 : fail_ambiguous(guests, word, why);
}
