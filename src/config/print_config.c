/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A section for each guest, with what its keys print. */
#include "config/print_config.h"

#include <errno.h>
#include <stdlib.h>
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
	for (size_t i = 0; i < configs->n_wires; i++) {
		const char *text = configs->wires[i].text;

		if (strpbrk(text, "\r\n") || strstr(text, " ;") || strstr(text, "\t;"))
			return -EINVAL;
		fprintf(file, "%swire = %s\n", i ? "" : "\n[wires]\n", text);
	}
	return ferror(file) ? -EIO : 0;
}

/* A path that no configuration file can hold comes from the command line, which is always the same: "" will do. */
char *print_config_of(const struct guest_config *guest)
{
	struct guest_config copy = *guest;
	const struct guest_configs configs = { .guests = &copy, .n_guests = 1 };
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	int ret;

	if (!stream)
		return NULL;
	ret = print_config(&configs, stream);
	if (fclose(stream) == 0 && (ret == 0 || ret == -EINVAL))
		return text;
	free(text);
	return NULL;
}
