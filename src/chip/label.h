/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The search for a chip by its label. */
#pragma once

#include <stdio.h>

#include "base/why.h"
#include "chip/chip_types.h"

#define LABEL_DIRECTORY "/dev"

/*
 * The chip of the kernel with this label, of those with a node in directory. -ENODEV: there is none; -ENOTUNIQ: more
 * than one; another -errno: the directory cannot be read. *why says it in words, with the labels
 * that there are, or the paths of two that bear it.
 */
int chip_label_find(const char *directory, const char *label, struct chip_spec *spec, struct why *why);
/* A chip that is gone, and who knows the chips that are not it. */
struct label_again {
	const struct chip_found *gone;
	void *ctx;
	bool (*is_known)(void *ctx, const struct chip_found *found);
};

/* As chip_label_find(): the one chip that looks like the one that is gone, by its label and its number of lines. */
int chip_label_find_again(const char *directory, const struct label_again *again, struct chip_spec *spec,
			  struct why *why);
/* A table of the chips with a node in directory: path, number of lines and label, or why it cannot be looked at. */
int chip_label_list(const char *directory, FILE *stream, struct why *why);
