/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The compatible options: three words to guests. */
#include "config/compat_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"
#include "chip/chip_spec.h"
#include "config/words.h"

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

static int count_parse(const char *word, size_t *count, struct why *why)
{
	uint64_t value;

	*count = 1;
	if (!word)
		return 0;
	if (decimal_parse(word, GUESTS_MAX, &value) < 0 || value == 0)
		return why_fail(EINVAL, why, "--socket-count: \"%.*s\" is not a count from 1 to %d",
				word_shown(strlen(word)), word, GUESTS_MAX);
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

/* A chip of the kernel, as it calls it, is its number here, too. */
static size_t prefix_span(const char *word, size_t len)
{
	static const char *const prefixes[] = { "/dev/gpiochip", "gpiochip" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t span = strlen(prefixes[i]);

		if (len > span && memcmp(word, prefixes[i], span) == 0 && decimal_is(word + span, len - span))
			return span;
	}
	return 0;
}

/* One word of D1:D2:... to the one chip of its guest, all of its lines. */
static int device_take(const char *word, size_t len, struct guest_config *guest)
{
	struct config_chip *chip;
	struct chip_spec spec;
	size_t prefix = prefix_span(word, len);
	int ret = chip_spec_parse(word + prefix, len - prefix, &spec);

	if (ret < 0)
		return ret;
	chip = guest_config_add_chip(guest);
	if (!chip)
		return -ENOMEM;
	*chip = (struct config_chip){ .kind = word[0] == 's' ? CONFIG_CHIP_SIM : CONFIG_CHIP_NUMBER, .whole = true };
	if (chip->kind == CONFIG_CHIP_SIM)
		guest->sim = spec.number;
	else
		chip->number = spec.number;
	snprintf(chip->word, sizeof(chip->word), chip->kind == CONFIG_CHIP_SIM ? "sim" : "%u", spec.number);
	return 0;
}

/* Two simulated chips never are the same. */
static bool same_chip(const struct guest_config *a, const struct guest_config *b)
{
	return a->sim == 0 && b->sim == 0 && a->chips[0].number == b->chips[0].number;
}

/* The word of number index + 1. */
static int device_parse(const char *word, size_t len, size_t index, struct guest_config *guests, struct why *why)
{
	int ret = len > 0 ? device_take(word, len, &guests[index]) : 0;
	int shown = word_shown(len);
	char where[48];

	snprintf(where, sizeof(where), "--device-list: word %zu", index + 1);
	if (len == 0)
		return why_at(why, where, "empty");
	if (ret == -ERANGE && word[0] == 's')
		return why_at(why, where, "\"%.*s\": a simulated chip has 1 to %d lines", shown, word, CHIP_LINES_MAX);
	if (ret == -ERANGE)
		return why_at(why, where, "\"%.*s\" is too large for a chip number", shown, word);
	if (ret == -EINVAL)
		return why_at(why, where, "\"%.*s\" is not a chip (N or sN)", shown, word);
	for (size_t i = 0; i < index && ret == 0; i++) {
		if (same_chip(&guests[i], &guests[index]))
			ret = why_at(why, where, "chip %u is already given as word %zu", guests[index].chips[0].number,
				     i + 1);
	}
	return ret;
}

static int devices_parse(const char *devices, struct guest_configs *configs, struct why *why)
{
	size_t n = devices_count(devices);

	/* With more words than there can be guests the count, at most GUESTS_MAX, is another one: that is said then. */
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(devices, ":");
		int ret = -ENOMEM;

		if (i == GUESTS_MAX)
			return 0;
		if (guest_configs_add(configs))
			ret = device_parse(devices, len, i, configs->guests, why);
		if (ret < 0)
			return ret;
		devices += len + 1;
	}
	return 0;
}

static int paths_make(const char *path, struct guest_configs *configs, struct why *why)
{
	if (!*path)
		return why_fail(EINVAL, why, "--socket-path: empty");
	for (size_t i = 0; i < configs->n_guests; i++) {
		struct guest_config *guest = &configs->guests[i];
		size_t len = (size_t)snprintf(guest->socket.path, sizeof(guest->socket.path), "%s%zu", path, i);

		if (len > SOCKET_PATH_MAX)
			return why_fail(
				EINVAL, why,
				"--socket-path: the path is too long with its suffix %zu (%zu bytes, at most %zu)", i,
				len, SOCKET_PATH_MAX);
	}
	if (configs->n_guests == 1)
		snprintf(configs->guests[0].socket.alias, SOCKET_PATH_SIZE, "%s", path);
	return 0;
}

/* One socket is for one guest. */
static int fd_give(int fd, struct guest_configs *configs, struct why *why)
{
	if (configs->n_guests != 1)
		return why_fail(EINVAL, why, "--fd is one socket, but --device-list has %zu devices",
				configs->n_guests);
	configs->guests[0].socket.fd = fd;
	return 0;
}

static int counts_differ(size_t n, bool by_default, size_t n_devices, struct why *why)
{
	why_fail(EINVAL, why, "--socket-count is %zu%s, but --device-list has %zu device%s", n,
		 by_default ? " by default" : "", n_devices, n_devices == 1 ? "" : "s");
	if (n_devices <= GUESTS_MAX)
		why_fail(EINVAL, why, "%s: give --socket-count %zu", why->text, n_devices);
	return -EINVAL;
}

int compat_options_parse(const struct compat_options *words, struct guest_configs *configs, struct why *why)
{
	size_t n_devices = devices_count(words->devices);
	size_t n;
	int ret;

	ret = count_parse(words->count, &n, why);
	if (ret == 0)
		ret = devices_parse(words->devices, configs, why);
	/* A bad word is named before the numbers are compared: it may be the reason why they differ. */
	if (ret == 0 && n != n_devices)
		ret = counts_differ(n, words->count == NULL, n_devices, why);
	for (size_t i = 0; i < configs->n_guests && ret == 0; i++)
		ret = guest_configs_name(configs, &configs->guests[i], why);
	if (ret == 0 && words->path)
		ret = paths_make(words->path, configs, why);
	if (ret == 0 && words->fd >= 0)
		ret = fd_give(words->fd, configs, why);
	return ret;
}
