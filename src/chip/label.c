/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Chips by their label, which stays when the number moves: every device node gpiochip* is opened and asked.
 *
 * Two nodes may be one chip (udev's and a distribution's symbolic links): only two different chips are one too many.
 */
#include "chip/label.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "chip/chip.h"
#include "chip/chip_spec.h"

#define DEVICE_PREFIX "gpiochip"

struct label_search {
	const char *label;
	const struct label_again *again; /* NULL: the label is all that counts */
	struct chip_spec *spec;		 /* of the first that bears the label */
	struct chip_found first;
	bool found;
	char others[200]; /* what else there is: "\"a\", \"b\", /dev/gpiochip3: Permission denied" */
	struct why *why;
};

static int entry_is_chip(const struct dirent *entry)
{
	return strncmp(entry->d_name, DEVICE_PREFIX, strlen(DEVICE_PREFIX)) == 0;
}

/* Two nodes of one chip have one label. */
static void note_other(struct label_search *search, const char *text)
{
	size_t len = strlen(search->others);

	if (len + strlen(text) + 2 * sizeof(", ...") > sizeof(search->others))
		text = "...";
	if (!strstr(search->others, text))
		snprintf(search->others + len, sizeof(search->others) - len, "%s%s", len ? ", " : "", text);
}

static bool can_be(const struct label_again *again, const struct chip_found *found)
{
	return found->n_lines == again->gone->n_lines && !again->is_known(again->ctx, found);
}

/* A node that is no chip, or may not be looked at, does not bear the label; but the words may have to say so. */
static int search_node(void *ctx, const char *path)
{
	struct label_search *search = ctx;
	struct chip_spec spec;
	struct chip_found found;
	struct why reason;

	if (chip_spec_path(path, &spec) < 0)
		return 0;
	if (chip_probe(&spec, &found, &reason) < 0) {
		why_fail(ENODEV, &reason, "%s: %s", path, reason.text);
		note_other(search, reason.text);
		return 0;
	}
	fd_close(&found.fd);
	/* The kernel tells as much of a long label as fits. */
	if (strncmp(found.label, search->label, CHIP_NAME_MAX - 1) != 0) {
		text_make_line(found.label);
		why_fail(ENODEV, &reason, "\"%s\"", found.label);
		note_other(search, reason.text);
		return 0;
	}
	if (search->again && !can_be(search->again, &found))
		return 0;
	if (!search->found) {
		*search->spec = spec;
		search->spec->by_label = true;
		search->first = found;
		search->found = true;
		return 0;
	}
	if (chip_found_same(&found, &search->first))
		return 0;
	return why_fail(ENOTUNIQ, search->why, "two chips have this label: %s and %s", search->spec->path, path);
}

/* Until one returns another number than 0: that is returned. */
static int directory_look(const char *directory, int (*look)(void *ctx, const char *path), void *ctx, struct why *why)
{
	struct dirent **entries;
	int ret = 0, n = scandir(directory, &entries, entry_is_chip, versionsort);

	if (n < 0) {
		ret = errno;
		return why_fail(ret, why, "%s: %s", directory, strerror(ret));
	}
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (ret == 0)
			ret = look(ctx, path);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static int directory_search(const char *directory, struct label_search *search)
{
	return directory_look(directory, search_node, search, search->why);
}

static int node_print(void *ctx, const char *path)
{
	struct chip_spec spec;
	struct chip_found found;
	struct why why;

	if (chip_spec_path(path, &spec) < 0)
		return 0;
	if (chip_probe(&spec, &found, &why) < 0) {
		fprintf(ctx, "%-18s %5s  %s\n", path, "-", why.text);
		return 0;
	}
	fd_close(&found.fd);
	text_make_line(found.label);
	fprintf(ctx, "%-18s %5u  %s\n", path, found.n_lines, found.label);
	return 0;
}

int chip_label_list(const char *directory, FILE *stream, struct why *why)
{
	fprintf(stream, "%-18s %5s  %s\n", "CHIP", "LINES", "LABEL");
	return directory_look(directory, node_print, stream, why);
}

int chip_label_find(const char *directory, const char *label, struct chip_spec *spec, struct why *why)
{
	struct label_search search = { .label = label, .spec = spec, .why = why };
	int ret = directory_search(directory, &search);

	if (ret < 0 || search.found)
		return ret;
	if (!search.others[0])
		return why_fail(ENODEV, why, "no chip has this label (no chips found)");
	return why_fail(ENODEV, why, "no chip has this label (found: %s)", search.others);
}

int chip_label_find_again(const char *directory, const struct label_again *again, struct chip_spec *spec,
			  struct why *why)
{
	struct label_search search = { .label = again->gone->label, .again = again, .spec = spec, .why = why };
	int ret = directory_search(directory, &search);

	if (ret < 0 || search.found)
		return ret;
	return why_fail(ENODEV, why, "no chip has this label and number of lines");
}
