/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The lists of what the user wants: they grow one by one, and are bounded. */
#include "config/guest_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more of size bytes after n: the array doubles when n is a power of two. NULL with errno. */
static void *array_grow(void *array, size_t n, size_t max, size_t size)
{
	if (n >= max) {
		errno = E2BIG;
		return NULL;
	}
	if ((n & (n - 1)) != 0)
		return array;
	return reallocarray(array, n ? 2 * n : 1, size);
}

struct wanted_guest *wanted_add_guest(struct wanted *wanted)
{
	struct wanted_guest *guests = array_grow(wanted->guests, wanted->n_guests, GUESTS_MAX, sizeof(*guests));

	if (!guests)
		return NULL;
	wanted->guests = guests;
	guests[wanted->n_guests] = (struct wanted_guest){ .socket.fd = -1 };
	return &guests[wanted->n_guests++];
}

struct wanted_chip *wanted_add_chip(struct wanted_guest *guest)
{
	struct wanted_chip *chips = array_grow(guest->chips, guest->n_chips, WANTED_CHIPS_MAX, sizeof(*chips));

	if (!chips)
		return NULL;
	guest->chips = chips;
	chips[guest->n_chips] = (struct wanted_chip){ 0 };
	return &chips[guest->n_chips++];
}

struct wanted_line *wanted_add_line(struct wanted_chip *chip)
{
	struct wanted_line *lines = array_grow(chip->lines, chip->n_lines, CHIP_LINES_MAX, sizeof(*lines));

	if (!lines)
		return NULL;
	chip->lines = lines;
	lines[chip->n_lines] = (struct wanted_line){ .safe_default = true };
	return &lines[chip->n_lines++];
}

int wanted_name_guest(struct wanted *wanted, struct wanted_guest *guest, struct why *why)
{
	size_t index = (size_t)(guest - wanted->guests);
	bool given = guest->name[0] != '\0';

	if (!given)
		snprintf(guest->name, sizeof(guest->name), "guest%zu", index);
	for (size_t i = 0; i < index; i++) {
		if (strcmp(wanted->guests[i].name, guest->name) != 0)
			continue;
		return why_fail(EINVAL, why, "%s: the %s \"%s\" is already that of %s", guest->where,
				given ? "name" : "default name", guest->name,
				wanted->guests[i].where[0] ? wanted->guests[i].where : "a guest of --device-list");
	}
	return 0;
}

static void wanted_guest_deinit(struct wanted_guest *guest)
{
	for (size_t i = 0; i < guest->n_chips; i++)
		free(guest->chips[i].lines);
	free(guest->chips);
	free(guest->sim_names);
}

void wanted_deinit(struct wanted *wanted)
{
	for (size_t i = 0; i < wanted->n_guests; i++)
		wanted_guest_deinit(&wanted->guests[i]);
	free(wanted->guests);
	*wanted = (struct wanted){ 0 };
}
