/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Chips of guests that were unplugged and come back. */
#include "supervisor/chip_replug.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scm.h"
#include "chip/label.h"

#define NODE_PREFIX "/gpiochip"

struct look {
	const struct guest_set *set;
	const char *directory; /* of the device nodes */
	const char *path;      /* what changed */
};

typedef void visit_fn(const struct look *look, struct worker_process *process, unsigned number);

static bool is_gone(const struct guest_chip *chip)
{
	return chip_is_gone(&chip->spec, &chip->found);
}

/* The node is the kernel's own: its name is the number that the kernel gave, and stands for no place. */
static bool is_numbered(const char *directory, const char *path)
{
	size_t len = strlen(directory);
	struct stat node;

	if (strncmp(path, directory, len) != 0 || strncmp(path + len, NODE_PREFIX, strlen(NODE_PREFIX)) != 0)
		return false;
	path += len + strlen(NODE_PREFIX);
	if (!isdigit((unsigned char)*path) || path[strspn(path, "0123456789")])
		return false;
	path -= len + strlen(NODE_PREFIX);
	return lstat(path, &node) < 0 || !S_ISLNK(node.st_mode);
}

static bool has_path(const struct look *look, const struct guest_chip *chip)
{
	return !chip->spec.by_label && !is_numbered(look->directory, chip->spec.path);
}

/* Every chip that is gone when its turn comes. */
static void gone_visit(const struct look *look, visit_fn *visit)
{
	for (size_t i = 0; i < look->set->n; i++) {
		struct worker_process *process = &look->set->entries[i]->process;

		for (unsigned number = 0; number < process->guest.n_chips; number++) {
			if (is_gone(&process->guest.chips[number]))
				visit(look, process, number);
		}
	}
}

/* Tells the worker. One that dies now, or does not read, is replaced, too; an earlier program's is about to be. */
static void worker_notify(const struct worker_process *process, unsigned number)
{
	const struct supervisor_channel_message message = { .type = SUPERVISOR_CHANNEL_CHIP, .key = number };

	if (process->child.outdated || process->channel_fd < 0)
		return;
	if (scm_send(process->channel_fd, &message, sizeof(message), NULL, 0, MSG_DONTWAIT) < 0 &&
	    process->child.pid > 0)
		kill(process->child.pid, SIGKILL);
}

/* now is the guest's. */
static void chip_take(struct worker_process *process, unsigned number, const struct chip_found *now, const char *path)
{
	struct guest_chip *chip = &process->guest.chips[number];
	char node[PATH_MAX];

	fd_close(&chip->found.fd);
	chip->found.fd = now->fd;
	chip->found.rdev = now->rdev;
	chip->came_rdev = 0;
	chip->doubted = false;
	log_info(process->child.tag, "%s came back as %s", chip->spec.path, realpath(path, node) ? node : path);
	worker_notify(process, number);
}

static void chip_doubt(struct worker_process *process, unsigned number, const char *reason)
{
	struct guest_chip *chip = &process->guest.chips[number];

	if (!chip->doubted)
		log_warning(process->child.tag, "%s is gone, and no chip is taken for it: %s", chip->spec.path, reason);
	chip->doubted = true;
}

/* Guests share chips: those that had the same one have it again. A path of its own speaks for itself. */
static void sharers_take(const struct look *look, const struct chip_found *gone, const char *path)
{
	for (size_t i = 0; i < look->set->n; i++) {
		struct worker_process *process = &look->set->entries[i]->process;

		for (unsigned number = 0; number < process->guest.n_chips; number++) {
			const struct guest_chip *chip = &process->guest.chips[number];
			struct chip_found now;

			if (chip_found_same(&chip->found, gone) && !has_path(look, chip) &&
			    chip_find_replugged(&chip->spec, &chip->found, path, &now) == 0)
				chip_take(process, number, &now, path);
		}
	}
}

static void path_take(const struct look *look, struct worker_process *process, unsigned number)
{
	const struct guest_chip *chip = &process->guest.chips[number];
	const struct chip_found gone = chip->found;
	struct chip_found now;

	if (!has_path(look, chip) || chip_find_replugged(&chip->spec, &gone, chip->spec.path, &now) < 0)
		return;
	chip_take(process, number, &now, chip->spec.path);
	sharers_take(look, &gone, chip->spec.path);
}

/* A chip that a guest has is not another one that is gone. */
static bool is_in_use(void *ctx, const struct chip_found *found)
{
	const struct look *look = ctx;

	for (size_t i = 0; i < look->set->n; i++) {
		const struct guest *guest = &look->set->entries[i]->process.guest;

		for (unsigned k = 0; k < guest->n_chips; k++) {
			if (chip_found_same(&guest->chips[k].found, found))
				return true;
		}
	}
	return false;
}

/* Whether what comes may as well be another chip that is gone. */
static bool has_rival(const struct look *look, const struct chip_found *gone)
{
	for (size_t i = 0; i < look->set->n; i++) {
		const struct guest *guest = &look->set->entries[i]->process.guest;

		for (unsigned k = 0; k < guest->n_chips; k++) {
			const struct chip_found *other = &guest->chips[k].found;

			if (is_gone(&guest->chips[k]) && !chip_found_same(other, gone) &&
			    other->n_lines == gone->n_lines && strcmp(other->label, gone->label) == 0)
				return true;
		}
	}
	return false;
}

/* A chip that stood there all the time is not it, unless nobody knows what was there. */
static bool has_come(const struct look *look, struct guest_chip *chip)
{
	struct chip_found now;

	if (look->path && look->path[0] && chip_find_replugged(&chip->spec, &chip->found, look->path, &now) == 0) {
		fd_close(&now.fd);
		if (!is_in_use((void *)look, &now))
			chip->came_rdev = now.rdev;
	}
	return !look->path || chip->came_rdev != 0;
}

static void label_take(const struct look *look, struct worker_process *process, unsigned number)
{
	struct guest_chip *chip = &process->guest.chips[number];
	const struct chip_found gone = chip->found;
	const struct label_again again = { &gone, (void *)look, is_in_use };
	struct chip_found now;
	struct chip_spec spec;
	struct why why;
	int ret;

	if (has_path(look, chip) || !has_come(look, chip))
		return;
	ret = chip_label_find_again(look->directory, &again, &spec, &why);
	if (ret == -ENOTUNIQ)
		chip_doubt(process, number, why.text);
	if (ret < 0 || chip_find_replugged(&chip->spec, &gone, spec.path, &now) < 0)
		return; /* gone again: it will appear again */
	fd_close(&now.fd);
	if (look->path && now.rdev != chip->came_rdev)
		return;
	if (has_rival(look, &gone))
		chip_doubt(process, number, "another chip with this label is gone, too");
	else
		sharers_take(look, &gone, spec.path);
}

void chip_replug_look(const struct guest_set *set, struct chip_watch *watch, const char *path)
{
	const struct look look = { set, watch->directory, path };
	bool any = false;

	/* First followed, then looked at: what comes in between is not missed. */
	for (size_t i = 0; i < set->n; i++) {
		const struct guest *guest = &set->entries[i]->process.guest;

		for (unsigned k = 0; k < guest->n_chips; k++) {
			if (!is_gone(&guest->chips[k]))
				continue;
			any = true;
			if (has_path(&look, &guest->chips[k]))
				chip_watch_follow(watch, guest->chips[k].spec.path);
		}
	}
	if (!any) {
		chip_watch_unfollow(watch);
		return;
	}
	gone_visit(&look, path_take);
	gone_visit(&look, label_take);
}
