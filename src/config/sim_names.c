/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Names of simulated lines: words parted by ':', quoted if need be. */
#include "config/sim_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/name_word.h"
#include "config/words.h"

/* One name; *at is behind it, on ':' or the end. */
static int name_take(const char **at, char name[CHIP_NAME_MAX], char *why, size_t why_size)
{
	const char *word = *at + blank_span(*at, strlen(*at));
	size_t len = *word == '"' ? quoted_span(word) : blank_trim(word, strcspn(word, ":"));
	const char *rest = word + len;

	if (*word == '"' && len == 0) {
		snprintf(why, why_size, "a quote without its end: %.*s", word_shown(strlen(word)), word);
		return -EINVAL;
	}
	rest += blank_span(rest, strlen(rest));
	if ((*rest && *rest != ':') || (*word != '"' && memchr(word, '"', len))) {
		snprintf(why, why_size, "a quote inside a name: %.*s", word_shown(strlen(word)), word);
		return -EINVAL;
	}
	*at = rest;
	return len == 0 || (len == 2 && *word == '"') ? 0 : name_word_read(word, len, name, why, why_size);
}

int sim_names_parse(const char *text, struct wanted_guest *guest, char *why, size_t why_size)
{
	unsigned n = 0;
	int ret;

	guest->sim_names = calloc(guest->sim, sizeof(*guest->sim_names));
	if (!guest->sim_names)
		return -ENOMEM;
	for (;;) {
		if (n == guest->sim) {
			snprintf(why, why_size, "more names than the %u line%s of the chip", n, n == 1 ? "" : "s");
			return -EINVAL;
		}
		ret = name_take(&text, guest->sim_names[n++], why, why_size);
		if (ret < 0 || *text == '\0')
			return ret;
		text++;
	}
}
