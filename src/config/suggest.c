/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Which word was meant, of those that a table knows. */
#include "config/suggest.h"

#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "config/words.h"

/* "socket" of "socket-path". */
static const char *suggest_beginning(const char *word, size_t len, const char *(*known)(unsigned index))
{
	size_t beginning = strcspn(word, "-");
	const char *candidate;

	for (unsigned i = 0; beginning < len && (candidate = known(i)); i++) {
		if (strlen(candidate) == beginning && memcmp(candidate, word, beginning) == 0)
			return candidate;
	}
	return NULL;
}

const char *suggest_word(const char *word, size_t len, const char *(*known)(unsigned index))
{
	struct near near = { word, len, NULL, 0 };
	const char *candidate;

	for (unsigned i = 0; (candidate = known(i)); i++)
		near_offer(&near, candidate);
	return near.best ? near.best : suggest_beginning(word, len, known);
}

int suggest(struct why *why, const char *where, const char *what, const char *word, size_t len,
	    const char *(*known)(unsigned index))
{
	const char *meant = suggest_word(word, len, known), *candidate;

	why_at(why, where, "unknown %s \"%.*s\"", what, word_shown(len), word);
	if (meant)
		return why_fail(EINVAL, why, "%s; did you mean \"%s\"?", why->text, meant);
	for (unsigned i = 0; (candidate = known(i)); i++)
		why_fail(EINVAL, why, "%s%s%s", why->text, i ? ", " : " (", candidate);
	return why_fail(EINVAL, why, "%s)", why->text);
}
