/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The keys of a guest: the table, what each value does, and how it is printed. */
#include "config/guest_keys.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/decimal.h"
#include "base/util.h"
#include "config/lines_grammar.h"
#include "config/lines_print.h"
#include "config/suggest.h"
#include "config/time_word.h"
#include "config/words.h"

/* A value at hand. */
struct taking {
	struct guest_config *guest;
	const char *where; /* messages begin with it */
	const char *key;
	size_t field;
	struct why *why;
};

static int refuse(const struct taking *taking, const char *value, const char *what)
{
	return why_at(taking->why, taking->where, "%s: \"%.*s\" %s", taking->key, word_shown(strlen(value)), value,
		      what);
}

static int name_take(const struct taking *taking, const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	if (strlen(value) >= GUEST_NAME_MAX)
		return refuse(taking, value, "is too long (at most 31 bytes)");
	if (strspn(value, letters) != strlen(value))
		return refuse(taking, value, "is not a guest's name (letters, digits, '-' and '_')");
	snprintf(taking->guest->name, GUEST_NAME_MAX, "%s", value);
	return 0;
}

/* A path may be quoted: as any word it can hold a comma then. */
static int path_take(const struct taking *taking, const char *value)
{
	const char *fault = value[0] == '"' ? NULL : unquoted_fault(value, strlen(value), false);
	char *path = taking->guest->socket.path;
	int len = (int)strlen(value);

	if (fault)
		return refuse(taking, value, fault);
	if (value[0] == '"' && quoted_span(value) != (size_t)len)
		return refuse(taking, value, "does not end at its closing quote");
	if (value[0] == '"')
		len = quoted_read(value, (size_t)len, path, SOCKET_PATH_SIZE);
	else
		snprintf(path, SOCKET_PATH_SIZE, "%s", value);
	if (len < 0)
		return refuse(taking, value, "has a backslash that precedes none of \", \\ and ;");
	if (len == 0)
		return refuse(taking, value, "is empty");
	if ((size_t)len >= SOCKET_PATH_SIZE)
		return refuse(taking, value, "is too long (a socket path has at most 107 bytes)");
	if (!path_is_text(path))
		return refuse(taking, value, "has a control character, or too many quotes");
	return 0;
}

static void path_print(const struct guest_config *guest, FILE *file)
{
	if (guest->socket.alias[0])
		fprintf(file, "# also reached as %s, a symbolic link\n", guest->socket.alias);
	if (guest->socket.path[0])
		path_write("socket", guest->socket.path, file);
}

static int fd_take(const struct taking *taking, const char *value)
{
	uint64_t number;

	if (decimal_parse(value, INT_MAX, &number) < 0)
		return refuse(taking, value, "is not the number of a file descriptor");
	if (taking->guest->socket.path[0])
		return refuse(taking, value, "and a socket cannot be combined");
	taking->guest->socket.fd = (int)number;
	return 0;
}

static void fd_print(const struct guest_config *guest, FILE *file)
{
	if (guest->socket.fd >= 0)
		fprintf(file, "fd = %d\n", guest->socket.fd);
}

static bool has_socket(const struct taking *taking)
{
	return taking->guest->socket.path[0] != '\0';
}

static int mode_take(const struct taking *taking, const char *value)
{
	if (file_mode_parse(value, &taking->guest->socket.mode, taking->why) < 0)
		return why_at(taking->why, taking->where, "%s: %s", taking->key, taking->why->text);
	if (!has_socket(taking))
		return refuse(taking, value, "needs a path (socket)");
	taking->guest->socket.has_mode = true;
	return 0;
}

static void mode_print(const struct guest_config *guest, FILE *file)
{
	if (guest->socket.has_mode)
		fprintf(file, "socket-mode = %04o\n", (unsigned)guest->socket.mode);
}

static int group_take(const struct taking *taking, const char *value)
{
	struct guest_socket *socket = &taking->guest->socket;

	if (!has_socket(taking))
		return refuse(taking, value, "needs a path (socket)");
	if (group_parse(value, &socket->group, taking->why) < 0)
		return why_at(taking->why, taking->where, "%s: %s", taking->key, taking->why->text);
	socket->has_group = true;
	return 0;
}

static void group_print(const struct guest_config *guest, FILE *file)
{
	if (guest->socket.has_group)
		fprintf(file, "socket-group = %lu\n", (unsigned long)guest->socket.group);
}

static int sim_take(const struct taking *taking, const char *value)
{
	uint64_t n;

	if (decimal_parse(value, CHIP_LINES_MAX, &n) < 0 || n == 0)
		return refuse(taking, value, "is not a number of lines (1 to 65535)");
	taking->guest->sim = (unsigned)n;
	return 0;
}

static void sim_print(const struct guest_config *guest, FILE *file)
{
	if (guest->sim)
		fprintf(file, "sim = %u\n", guest->sim);
}

static int names_take(const struct taking *taking, const char *value)
{
	if (taking->guest->sim == 0)
		return refuse(taking, value, "needs a simulated chip (sim)");
	return names_parse(taking->where, value, taking->guest, taking->why);
}

static int lines_key_take(const struct taking *taking, const char *value)
{
	return lines_parse(taking->where, value, taking->guest, taking->why);
}

static int switch_take(const struct taking *taking, const char *value)
{
	bool on = strcmp(value, "on") == 0;

	if (!on && strcmp(value, "off") != 0)
		return refuse(taking, value, "is not on or off");
	*(bool *)((char *)taking->guest + taking->field) = on;
	return 0;
}

static int busy_poll_take(const struct taking *taking, const char *value)
{
	const struct time_range range = { 0, BUSY_POLL_MAX_US };

	taking->guest->busy_poll_given = true;
	return time_read(taking->where, taking->key, value, strlen(value), &range,
			 &taking->guest->settings.busy_poll_us, taking->why);
}

static void busy_poll_print(const struct guest_config *guest, FILE *file)
{
	char time[TIME_WORD_MAX];

	time_print(guest->settings.busy_poll_us, time);
	if (guest->settings.busy_poll_us > 0)
		fprintf(file, "busy-poll = %s\n", time);
}

/* In the order in which they are applied: what a value is checked against comes before it. */
static const struct row {
	const char *word;
	int (*take)(const struct taking *taking, const char *value);
	void (*print)(const struct guest_config *guest, FILE *file);
	size_t field; /* no print: a bool, on or off */
} rows[] = {
	{ "name", name_take, NULL, 0 },
	{ "socket", path_take, path_print, 0 },
	{ "fd", fd_take, fd_print, 0 },
	{ "socket-mode", mode_take, mode_print, 0 },
	{ "socket-group", group_take, group_print, 0 },
	{ "iommu", switch_take, NULL, offsetof(struct guest_config, settings.iommu) },
	{ "busy-poll", busy_poll_take, busy_poll_print, 0 },
	{ "sim", sim_take, sim_print, 0 },
	{ "names", names_take, names_print, 0 },
	{ "lines", lines_key_take, lines_print, 0 },
};

static_assert(ARRAY_SIZE(rows) <= GUEST_KEYS_MAX, "GUEST_KEYS_MAX");

const char *guest_key_word(unsigned index)
{
	return index < ARRAY_SIZE(rows) ? rows[index].word : NULL;
}

int guest_keys_take(struct guest_keys *keys, const char *where, const char *key, size_t key_len, const char *value,
		    size_t value_len, struct why *why)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(rows) && (strlen(rows[i].word) != key_len || memcmp(rows[i].word, key, key_len) != 0))
		i++;
	if (i == ARRAY_SIZE(rows))
		return -ENOENT;
	if (keys->of[i].value)
		return why_at(why, where, "\"%s\" is given twice", rows[i].word);
	if (value_len == 0)
		return why_at(why, where, "%s: empty", rows[i].word);
	keys->of[i].value = strndup(value, value_len);
	snprintf(keys->of[i].where, sizeof(keys->of[i].where), "%s", where);
	return keys->of[i].value ? 0 : -ENOMEM;
}

int guest_keys_apply(const struct guest_keys *keys, struct guest_config *guest, struct why *why)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && ret == 0; i++) {
		const struct taking taking = { guest, keys->of[i].where, rows[i].word, rows[i].field, why };

		if (keys->of[i].value)
			ret = rows[i].take(&taking, keys->of[i].value);
	}
	return ret;
}

void guest_keys_print(const struct guest_config *guest, FILE *file)
{
	for (const struct row *row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (row->print)
			row->print(guest, file);
		else if (row->field && *(const bool *)((const char *)guest + row->field))
			fprintf(file, "%s = on\n", row->word);
	}
}

int guest_complete(struct guest_config *guest, struct why *why)
{
	struct config_chip *chip;
	bool picked = false;

	for (size_t i = 0; i < guest->n_chips; i++)
		picked |= guest->chips[i].kind == CONFIG_CHIP_SIM;
	if (picked && guest->sim == 0)
		return why_at(why, guest->where, "the guest has lines of the chip sim, but no such chip (sim=N)");
	if (guest->sim && guest->n_chips > 0 && !picked)
		return why_at(why, guest->where, "the guest has a simulated chip, but no line of it (@sim)");
	if (!guest->sim && guest->n_chips == 0)
		return why_at(why, guest->where, "the guest has no lines (lines or sim)");
	if (guest->n_chips > 0)
		return 0;
	chip = guest_config_add_chip(guest);
	if (!chip)
		return -ENOMEM;
	*chip = (struct config_chip){ .kind = CONFIG_CHIP_SIM, .word = "sim", .whole = true };
	return 0;
}

void guest_keys_deinit(struct guest_keys *keys)
{
	for (size_t i = 0; i < GUEST_KEYS_MAX; i++)
		free(keys->of[i].value);
	*keys = (struct guest_keys){ 0 };
}
