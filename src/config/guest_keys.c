/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The keys of a guest: the table, and what each value does. */
#include "config/guest_keys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"
#include "config/group.h"
#include "config/lines_grammar.h"
#include "config/sim_names.h"
#include "config/words.h"

/* guest->where is the place of the value; messages begin with it. */
struct taking {
	struct guest_config *guest;
	const char *key;
	struct why *why;
};

static int refuse(const struct taking *taking, const char *value, const char *what)
{
	why_fail(EINVAL, taking->why, "%s: %s: \"%.*s\" %s", taking->guest->where, taking->key,
		 word_shown(strlen(value)), value, what);
	return -EINVAL;
}

static int name_take(const struct taking *taking, const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (strlen(value) >= GUEST_NAME_MAX)
		return refuse(taking, value, "is too long: a guest's name has at most 31 bytes");
	if (strspn(value, letters) != strlen(value))
		return refuse(taking, value, "is no guest's name: letters, digits, '-' and '_' only");
	snprintf(taking->guest->name, GUEST_NAME_MAX, "%s", value);
	return 0;
}

/* A path may be quoted: as any word it can hold a comma then. */
static int path_take(const struct taking *taking, const char *value)
{
	char *path = taking->guest->socket.path;
	int len = (int)strlen(value);

	if (value[0] == '"' && quoted_span(value) != (size_t)len)
		return refuse(taking, value, "has a quote that does not end where the path does");
	if (value[0] == '"')
		len = quoted_read(value, (size_t)len, path, SOCKET_PATH_SIZE);
	else if ((size_t)len < SOCKET_PATH_SIZE)
		memcpy(path, value, (size_t)len + 1);
	if (len < 0)
		return refuse(taking, value, "has a backslash before something else than \", \\ and ;");
	if (len == 0)
		return refuse(taking, value, "is empty");
	if ((size_t)len >= SOCKET_PATH_SIZE)
		return refuse(taking, value, "is too long: a socket path has at most 107 bytes");
	for (const char *c = path; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return refuse(taking, value, "has a control character");
	}
	return 0;
}

static int fd_take(const struct taking *taking, const char *value)
{
	uint64_t number;

	if (decimal_parse(value, INT_MAX, &number) < 0)
		return refuse(taking, value, "is no file descriptor");
	if (taking->guest->socket.path[0])
		return refuse(taking, value, "and a socket are given: one of them is enough");
	taking->guest->socket.fd = (int)number;
	return 0;
}

static bool has_socket(const struct taking *taking)
{
	return taking->guest->socket.path[0] != '\0';
}

static int mode_take(const struct taking *taking, const char *value)
{
	unsigned long mode = strtoul(value, NULL, 8);

	if (strspn(value, "01234567") != strlen(value) || mode > 0777)
		return refuse(taking, value, "is no mode of a file (octal, 0 to 0777)");
	if (!has_socket(taking))
		return refuse(taking, value, "has no socket to be the mode of");
	taking->guest->socket.has_mode = true;
	taking->guest->socket.mode = (mode_t)mode;
	return 0;
}

static int group_take(const struct taking *taking, const char *value)
{
	struct guest_socket *socket = &taking->guest->socket;
	struct why why;

	if (!has_socket(taking))
		return refuse(taking, value, "has no socket to be the group of");
	if (group_parse(value, &socket->group, &why) < 0) {
		why_fail(EINVAL, taking->why, "%s: %s: %s", taking->guest->where, taking->key, why.text);
		return -EINVAL;
	}
	socket->has_group = true;
	return 0;
}

static int sim_take(const struct taking *taking, const char *value)
{
	uint64_t n;

	if (decimal_parse(value, CHIP_LINES_MAX, &n) < 0 || n == 0)
		return refuse(taking, value, "is no number of lines from 1 to 65535");
	taking->guest->sim = (unsigned)n;
	return 0;
}

static int names_take(const struct taking *taking, const char *value)
{
	struct why why;
	int ret;

	if (taking->guest->sim == 0)
		return refuse(taking, value, "are for a simulated chip, and there is none (sim)");
	ret = sim_names_parse(value, taking->guest, &why);
	if (ret == -EINVAL)
		why_fail(EINVAL, taking->why, "%s: %s: %s", taking->guest->where, taking->key, why.text);
	return ret;
}

static int iommu_take(const struct taking *taking, const char *value)
{
	bool on = strcmp(value, "on") == 0;

	if (!on && strcmp(value, "off") != 0)
		return refuse(taking, value, "is neither on nor off");
	taking->guest->iommu = on;
	return 0;
}

static int lines_take(const struct taking *taking, const char *value)
{
	return lines_parse(value, taking->guest, taking->why);
}

/* In the order in which they are applied: what a value is checked against comes before it. */
static const struct {
	const char *word;
	int (*take)(const struct taking *taking, const char *value);
} rows[GUEST_KEYS_N] = {
	{ "name", name_take },	      { "socket", path_take },	      { "fd", fd_take },
	{ "socket-mode", mode_take }, { "socket-group", group_take }, { "iommu", iommu_take },
	{ "sim", sim_take },	      { "names", names_take },	      { "lines", lines_take },
};

const char *guest_key_word(unsigned index)
{
	return index < GUEST_KEYS_N ? rows[index].word : NULL;
}

int guest_keys_take(struct guest_keys *keys, const char *where, const char *key, size_t key_len, const char *value,
		    size_t value_len, struct why *why)
{
	size_t i = 0;

	while (i < GUEST_KEYS_N && (strlen(rows[i].word) != key_len || memcmp(rows[i].word, key, key_len) != 0))
		i++;
	if (i == GUEST_KEYS_N)
		return -ENOENT;
	if (keys->of[i].value)
		return why_fail(EINVAL, why, "%s: \"%s\" is given twice", where, rows[i].word);
	if (value_len == 0)
		return why_fail(EINVAL, why, "%s: %s: empty", where, rows[i].word);
	keys->of[i].value = strndup(value, value_len);
	snprintf(keys->of[i].where, sizeof(keys->of[i].where), "%s", where);
	return keys->of[i].value ? 0 : -ENOMEM;
}

int guest_keys_apply(const struct guest_keys *keys, struct guest_config *guest, struct why *why)
{
	char where[CONFIG_WHERE_MAX];
	int ret = 0;

	memcpy(where, guest->where, sizeof(where));
	for (size_t i = 0; i < GUEST_KEYS_N && ret == 0; i++) {
		const struct taking taking = { guest, rows[i].word, why };

		if (!keys->of[i].value)
			continue;
		memcpy(guest->where, keys->of[i].where, sizeof(guest->where));
		ret = rows[i].take(&taking, keys->of[i].value);
	}
	memcpy(guest->where, where, sizeof(where));
	return ret;
}

int guest_complete(struct guest_config *guest, struct why *why)
{
	const char *fault = NULL;
	struct config_chip *chip;
	bool picked = false;

	for (size_t i = 0; i < guest->n_chips; i++)
		picked |= guest->chips[i].kind == CONFIG_CHIP_SIM;
	if (picked && guest->sim == 0)
		fault = "lines of the chip sim, but no such chip (sim=N)";
	else if (guest->sim && guest->n_chips > 0 && !picked)
		fault = "a simulated chip, but no line of it (@sim)";
	else if (!guest->sim && guest->n_chips == 0)
		fault = "no lines (lines or sim)";
	if (fault)
		return why_fail(EINVAL, why, "%s: the guest has %s", guest->where, fault);
	if (picked || guest->n_chips > 0)
		return 0;
	chip = guest_config_add_chip(guest);
	if (!chip)
		return -ENOMEM;
	*chip = (struct config_chip){ .kind = CONFIG_CHIP_SIM, .word = "sim", .whole = true };
	return 0;
}

void guest_keys_deinit(struct guest_keys *keys)
{
	for (size_t i = 0; i < GUEST_KEYS_N; i++)
		free(keys->of[i].value);
	*keys = (struct guest_keys){ 0 };
}
