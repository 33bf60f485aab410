/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The drop-in command line: three words to guests. */
#include "daemon/dropin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

/* How much of a word a message repeats: the message is one line, whatever the word. */
#define WORD_SHOWN_MAX 64

static int shown(size_t len)
{
	return len < WORD_SHOWN_MAX ? (int)len : WORD_SHOWN_MAX;
}

static int count_parse(const char *word, size_t *count, char *why, size_t why_size)
{
	char *end;
	unsigned long value;

	*count = 1;
	if (!word)
		return 0;
	/* strtoul() takes signs and blanks; a count has none. */
	value = strspn(word, "0123456789") == strlen(word) && *word ? strtoul(word, &end, 10) : 0;
	if (value == 0 || value > GUESTS_MAX) {
		snprintf(why, why_size, "--socket-count: \"%.*s\" is not a count from 1 to %d", shown(strlen(word)),
			 word, GUESTS_MAX);
		return -EINVAL;
	}
	*count = value;
	return 0;
}

static size_t devices_count(const char *devices)
{
	size_t n = 1;

	for (; *devices; devices++)
		n += *devices == ':';
	return n;
}

/* The word of number index + 1 in D1:D2:... */
static int device_parse(const char *word, size_t len, size_t index, struct guest *guests, char *why, size_t why_size)
{
	struct chip_spec *chip = &guests[index].chip;
	int ret;

	if (len == 0) {
		snprintf(why, why_size, "--device-list: word %zu: empty", index + 1);
		return -EINVAL;
	}
	ret = chip_spec_parse(word, len, chip);
	if (ret == -ERANGE && word[0] == 's')
		snprintf(why, why_size, "--device-list: word %zu: \"%.*s\": a simulated chip has 1 to %d lines",
			 index + 1, shown(len), word, CHIP_LINES_MAX);
	else if (ret == -ERANGE)
		snprintf(why, why_size, "--device-list: word %zu: \"%.*s\" is too big for a chip number", index + 1,
			 shown(len), word);
	else if (ret < 0)
		snprintf(why, why_size, "--device-list: word %zu: \"%.*s\" is not a chip (N or sN)", index + 1,
			 shown(len), word);
	if (ret < 0)
		return -EINVAL;
	for (size_t i = 0; i < index; i++) {
		if (chip_spec_same(&guests[i].chip, chip)) {
			snprintf(why, why_size, "--device-list: word %zu: chip %u is already given as word %zu",
				 index + 1, chip->number, i + 1);
			return -EINVAL;
		}
	}
	return 0;
}

static int devices_parse(const char *devices, struct guest *guests, size_t n, char *why, size_t why_size)
{
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i++) {
		size_t len = strcspn(devices, ":");

		ret = device_parse(devices, len, i, guests, why, why_size);
		devices += len + 1;
	}
	return ret;
}

static int paths_make(const char *path, struct guest *guests, size_t n, char *why, size_t why_size)
{
	if (!*path) {
		snprintf(why, why_size, "--socket-path: empty");
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		struct guest *guest = &guests[i];
		size_t len = (size_t)snprintf(guest->socket_path, sizeof(guest->socket_path), "%s%zu", path, i);

		if (len > SOCKET_PATH_MAX) {
			snprintf(why, why_size,
				 "--socket-path: with its suffix %zu the path has %zu bytes, a socket path has at most "
				 "%zu",
				 i, len, SOCKET_PATH_MAX);
			return -EINVAL;
		}
		snprintf(guest->name, sizeof(guest->name), "guest%zu", i);
	}
	return 0;
}

int dropin_parse(const struct dropin_words *words, struct guest **guests, size_t *n_guests, char *why, size_t why_size)
{
	size_t n_devices = devices_count(words->devices);
	struct guest *made;
	size_t n;
	int ret;

	ret = count_parse(words->count, &n, why, why_size);
	if (ret < 0)
		return ret;
	/* A bad word is named before the numbers are compared: it may be the reason why they differ. */
	made = calloc(n_devices, sizeof(*made));
	if (!made)
		return -ENOMEM;
	ret = devices_parse(words->devices, made, n_devices, why, why_size);
	if (ret == 0 && n != n_devices) {
		snprintf(why, why_size, "--socket-count is %zu, but --device-list has %zu device%s", n, n_devices,
			 n_devices == 1 ? "" : "s");
		ret = -EINVAL;
	}
	if (ret == 0)
		ret = paths_make(words->path, made, n, why, why_size);
	if (ret < 0) {
		free(made);
		return ret;
	}
	*guests = made;
	*n_guests = n;
	return 0;
}
