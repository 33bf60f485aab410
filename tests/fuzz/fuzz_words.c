/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: the words of the configuration. The first byte says what the rest is:
 *
 *   'l'   lines, as in "lines=..."
 *   'c'   a configuration file
 *   'w'   a wire
 *   else  one --guest a line
 *
 * What is understood is printed as a file, which must be understood too, and print the same again.
 */
#include <errno.h>
#include <string.h>

#include "config/file/config_file.h"
#include "config/guest_option.h"
#include "config/lines_grammar.h"
#include "config/print_config.h"
#include "input.h"
#include "wires/wire_words.h"

static struct why why;

static int lines_read(const char *text, struct guest_configs *configs)
{
	struct guest_config *guest = guest_configs_add(configs);

	if (!guest)
		abort();
	snprintf(guest->name, sizeof(guest->name), "a");
	guest->sim = 8;
	return lines_parse("l", text, guest, &why);
}

static int guests_read(char *words, struct guest_configs *configs)
{
	unsigned number = 0;

	for (char *word = strtok(words, "\n"); word; word = strtok(NULL, "\n")) {
		int ret = guest_option_parse(word, ++number, configs, &why);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* The file that says the same; NULL: none can. */
static char *printed(const struct guest_configs *configs)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	int ret = file ? print_config(configs, file) : -ENOMEM;

	if (!file || fclose(file) != 0)
		abort();
	if (ret == 0)
		return text;
	free(text);
	return NULL;
}

static void check_round_trip(const struct guest_configs *configs)
{
	struct guest_configs again = { 0 };
	char *first = printed(configs), *second;
	int ret;

	if (!first)
		return;
	ret = config_file_parse("printed", first, &again, &why);
	/* Lines alone, under 'l', may leave out the simulated chip. */
	if (ret < 0 && !strstr(why.text, "no line of it"))
		abort();
	second = ret == 0 ? printed(&again) : NULL;
	if (ret == 0 && (!second || strcmp(first, second) != 0))
		abort();
	free(first);
	free(second);
	guest_configs_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_configs configs = { 0 };
	struct wire_words wire;
	char *text;
	int ret;

	if (size == 0)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (!text)
		abort();
	why.text[0] = '\0';
	if (data[0] == 'l')
		ret = lines_read(text, &configs);
	else if (data[0] == 'c')
		ret = config_file_parse("f", text, &configs, &why);
	else if (data[0] == 'w')
		ret = wire_words_parse("w", text, &wire, &why);
	else
		ret = guests_read(text, &configs);
	if (ret < 0 && !why.text[0])
		abort(); /* a refusal says why */
	if (ret == 0 && configs.n_guests > 0 && config_file_supported())
		check_round_trip(&configs);
	guest_configs_deinit(&configs);
	free(text);
	return 0;
}
