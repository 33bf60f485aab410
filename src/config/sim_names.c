/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names of simulated lines: words parted by ':', quoted if need be. */
#include "config/sim_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/name_word.h"
#include "config/words.h"

/* One name; *at is behind it, on ':' or the end. */
static int name_take(const char **at, char name[CHIP_NAME_MAX], struct why *why)
{
	const char *word = *at + blank_span(*at, strlen(*at));
	size_t len = *word == '"' ? quoted_span(word) : blank_trim(word, strcspn(word, ":"));
	const char *rest = word + len;

	if (*word == '"' && len == 0)
		return why_fail(EINVAL, why, "a quote without its end: %.*s", word_shown(strlen(word)), word);
	rest += blank_span(rest, strlen(rest));
	if ((*rest && *rest != ':') || (*word != '"' && memchr(word, '"', len)))
		return why_fail(EINVAL, why, "a quote inside a name: %.*s", word_shown(strlen(word)), word);
	*at = rest;
	return len == 0 || (len == 2 && *word == '"') ? 0 : name_word_read(word, len, name, why);
}

int sim_names_parse(const char *text, struct guest_config *guest, struct why *why)
{
	unsigned n = 0;
	int ret;

	guest->sim_names = calloc(guest->sim, sizeof(*guest->sim_names));
	if (!guest->sim_names)
		return -ENOMEM;
	for (;;) {
		if (n == guest->sim)
			return why_fail(EINVAL, why, "more names than the %u line%s of the chip", n, n == 1 ? "" : "s");
		ret = name_take(&text, guest->sim_names[n++], why);
		if (ret < 0 || *text == '\0')
			return ret;
		text++;
	}
}
