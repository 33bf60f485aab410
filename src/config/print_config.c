/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A section for each guest, with what its keys print. */
#include "config/print_config.h"

#include <errno.h>
#include <string.h>

#include "config/guest_keys.h"
#include "config/lines_print.h"

static bool can_be_printed(const struct guest_config *guest)
{
	if (!path_is_text(guest->socket.path) || !path_is_text(guest->socket.alias))
		return false;
	for (size_t i = 0; i < guest->n_chips; i++) {
		const char *word = guest->chips[i].word;

		/* Outside of quotes that begins a comment. */
		if (guest->chips[i].kind == CONFIG_CHIP_PATH &&
		    (!path_is_text(word) || strstr(word, " ;") || strstr(word, "\t;")))
			return false;
	}
	return true;
}

int print_config(const struct guest_configs *configs, FILE *file)
{
	for (size_t i = 0; i < configs->n_guests; i++) {
		const struct guest_config *guest = &configs->guests[i];

		if (!can_be_printed(guest))
			return -EINVAL;
		fprintf(file, "%s[guest %s]\n", i ? "\n" : "", guest->name);
		guest_keys_print(guest, file);
	}
	return ferror(file) ? -EIO : 0;
}
