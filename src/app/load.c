/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the settings describe, read and found. */
#include "app/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/account.h"
#include "base/error.h"
#include "guest/socket_place.h"

int load_configs(const struct settings *settings, struct guest_configs *configs)
{
	struct why why;

	if (settings_guests(settings, configs, &why) == 0)
		return 0;
	error_print("%s", why.text);
	return EXIT_USAGE;
}

/* What a service's manager makes at its start is not there before: no conflict of a check. */
static bool comes_with_the_service(const char *directory)
{
	return strncmp(directory, "/run/", strlen("/run/")) == 0;
}

static void directory_look(const char *where, const char *path, bool check, struct resolved *resolved)
{
	char directory[SOCKET_PATH_SIZE];
	struct stat st;

	socket_directory(path, directory);
	if (stat(directory, &st) == 0 && S_ISDIR(st.st_mode))
		return;
	if (check && comes_with_the_service(directory))
		diagnostics_add(&resolved->notes, "%s: there is no directory %s yet (in a unit: RuntimeDirectory=)",
				where, directory);
	else
		diagnostics_add(&resolved->conflicts, "%s: %s: there is no directory %s", where, path, directory);
}

static void sockets_look(const struct guest_configs *configs, bool check, struct resolved *resolved)
{
	for (size_t i = 0; i < configs->n_guests; i++) {
		const struct guest_config *guest = &configs->guests[i];
		const char *where = guest->where[0] ? guest->where : guest->name;

		if (guest->socket.path[0])
			directory_look(where, guest->socket.path, check, resolved);
		else if (check && guest->socket.fd < 0)
			diagnostics_add(&resolved->notes, "%s: the guest needs a socket of socket activation", where);
	}
}

/* The start finds that out, too, in a process apart. */
static void user_look(const struct settings *settings, struct resolved *resolved)
{
	struct why why;
	char name[SETTINGS_NAME_SIZE];
	uid_t uid;
	gid_t gid;

	if (settings->sandbox.user && user_find(settings->sandbox.user, &uid, &gid, &why) < 0)
		diagnostics_add(&resolved->conflicts, "%s: %s", settings_word_name(settings, OPTION_USER, name),
				why.text);
}

/* The control socket, which must not be in the place of a guest's. */
static void control_look(const struct settings *settings, bool check, struct resolved *resolved)
{
	const char *path = settings->control.path;
	char name[SETTINGS_NAME_SIZE];

	settings_word_name(settings, OPTION_CONTROL, name);
	directory_look(name, path, check, resolved);
	for (size_t i = 0; i < resolved->guests.n; i++) {
		const struct guest *guest = &resolved->guests.guests[i];

		if (socket_place_same(path, guest->socket.path) || socket_place_same(path, guest->socket.alias))
			diagnostics_add(&resolved->conflicts, "%s: %s is the socket of %s, too", name, path,
					guest->name);
	}
}

int find_guests(const struct settings *settings, const struct guest_configs *configs,
		const struct resolve_params *params, struct resolved *resolved)
{
	int ret = resolve(configs, params, resolved);

	/* --make-safe makes no socket. */
	if (ret == -ENOMEM || params->any_holder)
		return ret;
	sockets_look(configs, params->check, resolved);
	if (settings->control.path[0])
		control_look(settings, params->check, resolved);
	if (params->check)
		user_look(settings, resolved);
	if (resolved->conflicts.out_of_memory || resolved->notes.out_of_memory)
		return -ENOMEM;
	return resolved->conflicts.n > 0 ? -EINVAL : 0;
}

int load_guests(const struct settings *settings, const struct guest_configs *configs,
		const struct resolve_params *params, struct resolved *resolved)
{
	int ret = find_guests(settings, configs, params, resolved);

	if (ret == -ENOMEM)
		error_print("out of memory");
	else
		diagnostics_print(&resolved->conflicts);
	return ret < 0 ? EXIT_FAILED : 0;
}

int load_wires(const struct guest_configs *configs, const struct guests *guests, struct wire_list *wires,
	       struct diagnostics *conflicts)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	const struct guest **list = calloc(guests->n + 1, sizeof(*list));
	const struct wire_guests all = { list, list ? guests->n : 0 };
	int ret = -ENOMEM;

	*wires = (struct wire_list){ .n = 0 };
	for (size_t i = 0; i < all.n; i++)
		list[i] = &guests->guests[i];
	if (list)
		ret = wire_list_resolve(wires, configs, &all, conflicts);
	free(list);
	if (ret == -ENOMEM)
		error_print("out of memory");
	return ret < 0 ? EXIT_FAILED : 0;
}

void diagnostics_print(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->n; i++)
		error_print("%s", diagnostics->texts[i]);
}
