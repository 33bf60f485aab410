/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The word of --guest: cut at its commas, each part goes to the table of a guest's keys. */
#include "config/guest_option.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/guest_keys.h"
#include "config/lines_grammar.h"
#include "config/suggest.h"
#include "config/words.h"

/* "key=value", len bytes. names: it follows the names. */
static int part_take(struct guest_keys *keys, const char *where, const char *part, size_t len, bool names,
		     struct why *why)
{
	const char *equal = memchr(part, '=', len);
	size_t key_len;
	int ret;

	if (!equal)
		return why_at(why, where, "\"%.*s\" is not key=value%s", word_shown(len), part,
			      names ? " (':' separates names)" : "");
	key_len = (size_t)(equal - part);
	ret = guest_keys_take(keys, where, part, key_len, equal + 1, len - key_len - 1, why);
	return ret == -ENOENT ? suggest(why, where, "key", part, key_len, guest_key_word) : ret;
}

static int parts_take(struct guest_keys *keys, const char *where, const char *word, struct why *why)
{
	bool names = false;

	for (;;) {
		size_t len = lines_span(word, strncmp(word, "lines=", strlen("lines=")) == 0);
		int ret = part_take(keys, where, word, len, names, why);

		if (ret < 0 || word[len] == '\0')
			return ret;
		names = strncmp(word, "names=", strlen("names=")) == 0;
		word += len + 1;
	}
}

int guest_option_parse(const char *word, unsigned number, struct guest_configs *configs, struct why *why)
{
	struct guest_config *guest = guest_configs_add(configs);
	struct guest_keys keys = { 0 };
	int ret;

	if (!guest && errno == E2BIG)
		return why_at(why, "--guest", "more than %d guests", GUESTS_MAX);
	if (!guest)
		return -ENOMEM;
	snprintf(guest->where, sizeof(guest->where), number ? "--guest %u" : "--guest", number);
	ret = parts_take(&keys, guest->where, word, why);
	if (ret == 0)
		ret = guest_keys_apply(&keys, guest, why);
	if (ret == 0)
		ret = guest_complete(guest, why);
	if (ret == 0)
		ret = guest_configs_name(configs, guest, why);
	guest_keys_deinit(&keys);
	return ret;
}
