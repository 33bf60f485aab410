/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* SIGHUP: the configuration is read again. */
#include "supervisor/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "config/print_config.h"
#include "guest/reserve_lines.h"
#include "loop/timer.h"
#include "process/fd_limit.h"

/* How long the worker of a guest that is removed has for its end. */
#define REMOVE_TIMEOUT_NS (2ull * 1000 * 1000 * 1000)

void reload_init(struct reload *reload, const struct settings *settings, struct guest_set *set,
		 void (*done)(void *ctx, bool changed, const char *why), void *ctx)
{
	*reload = (struct reload){ .settings = settings, .set = set, .done = done, .ctx = ctx };
}

void reload_deinit(struct reload *reload)
{
	loop_timer_del(&reload->timer);
	resolved_deinit(&reload->resolved);
	free(reload->added.guests);
	reload->added = (struct guest_configs){ .n_guests = 0 };
	guest_configs_deinit(&reload->configs);
	wire_list_deinit(&reload->wires);
	reload->pending = false;
}

/* The guest's place in the new configuration; NULL: it is not there. */
static const struct guest_config *config_find(const struct reload *reload, const struct guest_entry *entry)
{
	return guest_configs_find(&reload->configs, entry->process.guest.name);
}

/* What no guest that stays has. */
static int added_find(struct reload *reload)
{
	bool *stays = calloc(reload->configs.n_guests + 1, sizeof(*stays));
	int ret;

	reload->added.guests = calloc(reload->configs.n_guests + 1, sizeof(*reload->added.guests));
	for (size_t i = 0; stays && i < reload->set->n; i++) {
		if (!reload->set->entries[i]->removing)
			stays[config_find(reload, reload->set->entries[i]) - reload->configs.guests] = true;
	}
	for (size_t i = 0; stays && reload->added.guests && i < reload->configs.n_guests; i++) {
		if (!stays[i])
			reload->added.guests[reload->added.n_guests++] = reload->configs.guests[i];
	}
	ret = stays && reload->added.guests ? 0 : -ENOMEM;
	free(stays);
	return ret;
}

/* Guests that stay, or those that are removed: pointers into the set. */
static int guests_list(const struct reload *reload, bool removing, const struct guest ***list, size_t *n)
{
	*n = 0;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	*list = calloc(reload->set->n + 1, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	for (size_t i = 0; i < reload->set->n; i++) {
		const struct guest_entry *entry = reload->set->entries[i];

		if (entry->removing == removing)
			(*list)[(*n)++] = &entry->process.guest;
	}
	return 0;
}

/* Logs what is wrong. */
static void conflicts_log(const struct diagnostics *conflicts)
{
	for (size_t i = 0; i < conflicts->n; i++)
		log_error("reload", "%s", conflicts->texts[i]);
}

/* An fd is inherited: whatever bears its number now is something else. */
static int sockets_check(const struct reload *reload)
{
	int ret = 0;

	for (size_t i = 0; i < reload->added.n_guests; i++) {
		if (reload->added.guests[i].socket.path[0])
			continue;
		log_error("reload", "%s: a guest that is added at a reload needs a socket path",
			  reload->added.guests[i].name);
		ret = -EINVAL;
	}
	return ret;
}

/* The new guests, resolved beside those that stay. */
static int added_resolve(struct reload *reload)
{
	const struct guest **serving = NULL, **removing = NULL;
	struct resolve_params how = { .safe = reload->settings->safe };
	int ret;

	resolved_deinit(&reload->resolved);
	ret = guests_list(reload, false, &serving, &how.n_serving);
	if (ret == 0)
		ret = guests_list(reload, true, &removing, &how.n_removing);
	how.serving = serving;
	how.removing = removing;
	if (ret == 0)
		ret = resolve(&reload->added, &how, &reload->resolved);
	conflicts_log(&reload->resolved.conflicts);
	free(serving);
	free(removing);
	return ret;
}

/* What wires join: lines of those that stay, and of the new ones. */
static int wires_resolve(struct reload *reload)
{
	const struct guests *added = &reload->resolved.guests;
	struct diagnostics conflicts = { .n = 0 };
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	const struct guest **list = calloc(reload->set->n + added->n + 1, sizeof(*list));
	struct wire_guests all = { list, 0 };
	int ret = -ENOMEM;

	for (size_t i = 0; list && i < reload->set->n; i++) {
		if (!reload->set->entries[i]->removing)
			list[all.n++] = &reload->set->entries[i]->process.guest;
	}
	for (size_t i = 0; list && i < added->n; i++)
		list[all.n++] = &added->guests[i];
	if (list)
		ret = wire_list_resolve(&reload->wires, &reload->configs, &all, &conflicts);
	conflicts_log(&conflicts);
	diagnostics_deinit(&conflicts);
	free(list);
	return ret;
}

static void left_out_add(struct reload *reload, const char *name)
{
	struct why *names = &reload->left_out;

	why_fail(0, names, "%s%s%s", names->text, names->text[0] ? ", " : "", name);
}

/* Nobody notices. One that is over for good (--one-off) does not come back; a socket that was inherited could not. */
static bool can_be_made_anew(struct guest_entry *entry, const struct guest_config *config)
{
	return config->socket.path[0] && !entry->process.child.done && !worker_process_is_connected(&entry->process);
}

/* Removed, to be added again, or ignored, which is logged. -ENOMEM. */
static int compare_one(struct reload *reload, struct guest_entry *entry, const struct guest_config *config)
{
	char *description = print_config_of(config);
	bool changed = description && strcmp(description, entry->process.guest.text) != 0;

	free(description);
	if (!description)
		return -ENOMEM;
	entry->removing = changed && can_be_made_anew(entry, config);
	if (!changed || entry->removing)
		return 0;
	left_out_add(reload, config->name);
	log_warning("reload",
		    "%s: changed definition ignored while the guest is served (to apply it: remove the guest, reload, "
		    "add it back, reload)",
		    config->name);
	return 0;
}

/* Guests to be removed are marked; those that cannot be changed are logged. */
static int compare(struct reload *reload)
{
	int ret = 0;

	for (size_t i = 0; i < reload->set->n && ret == 0; i++) {
		struct guest_entry *entry = reload->set->entries[i];
		const struct guest_config *config = config_find(reload, entry);

		entry->removing = !config;
		if (config)
			ret = compare_one(reload, entry, config);
	}
	return ret;
}

static void removing_kill(struct loop_timer *timer)
{
	struct reload *reload = container_of(timer, struct reload, timer);

	loop_timer_del(timer);
	for (size_t i = 0; i < reload->set->n; i++) {
		if (reload->set->entries[i]->removing)
			worker_process_stop(&reload->set->entries[i]->process, SIGKILL);
	}
}

static void removing_stop(struct reload *reload)
{
	for (size_t i = 0; i < reload->set->n; i++) {
		struct guest_entry *entry = reload->set->entries[i];

		if (!entry->removing)
			continue;
		reload->removes = true;
		log_info(entry->process.guest.name, config_find(reload, entry)
							    ? "changed, and without a front-end: made anew"
							    : "no longer configured: stopping");
		worker_process_stop(&entry->process, SIGTERM);
	}
	if (reload->removes &&
	    loop_timer_set(reload->set->loop, &reload->timer, REMOVE_TIMEOUT_NS, 0, removing_kill) < 0)
		removing_kill(&reload->timer);
}

/* The first step. 0, or -errno (logged): the new description is refused, nothing was done. */
static int begin(struct reload *reload)
{
	struct why why = { .text = "" };
	int ret = settings_guests(reload->settings, &reload->configs, &why);

	reload->requested = reload->removes = false;
	reload->pending = true;
	reload->left_out.text[0] = '\0';
	if (ret < 0)
		log_error("reload", "%s", why.text);
	if (ret == 0)
		ret = compare(reload);
	if (ret == 0)
		ret = added_find(reload);
	if (ret == 0)
		ret = sockets_check(reload);
	if (ret == 0)
		ret = added_resolve(reload);
	if (ret == 0)
		ret = wires_resolve(reload);
	if (ret == 0)
		removing_stop(reload);
	return ret;
}

static void finish(struct reload *reload, bool changed, const char *why)
{
	struct wire_list wires = reload->wires;

	reload->wires = (struct wire_list){ .n = 0 };
	reload_deinit(reload);
	reload->wires = wires;
	for (size_t i = 0; i < reload->set->n; i++)
		reload->set->entries[i]->removing = false;
	reload->done(reload->ctx, changed, why);
	wire_list_deinit(&reload->wires);
}

static void refuse(struct reload *reload)
{
	reload->left_out.text[0] = '\0'; /* all of it was */
	finish(reload, false, "the new configuration is refused, the old one stays");
}

static int add_one(struct reload *reload, const struct guest_config *config, struct guest *guest)
{
	struct diagnostics conflicts = { .n = 0 };
	struct why why = { .text = "" };
	size_t fds = guest_set_fds_needed(reload->set) + guest_fds_needed(guest);
	int ret = fd_limit_raise(fds, &why);

	if (ret == 0)
		ret = reserve_lines(guest, &conflicts);
	conflicts_log(&conflicts);
	diagnostics_deinit(&conflicts);
	if (ret == 0)
		ret = guest_set_add(reload->set, config, guest, &why);
	if (why.text[0])
		log_error("reload", "%s", why.text);
	return ret;
}

/* The second step: lines are tried, sockets made. One guest that cannot be made keeps none of the others away. */
static void add(struct reload *reload)
{
	struct resolved *resolved = &reload->resolved;
	/* Lines look different now, and somebody else may have been faster. */
	bool all = !reload->removes || added_resolve(reload) == 0;
	size_t n = all ? resolved->guests.n : 0;

	for (size_t i = 0; i < reload->added.n_guests; i++) {
		const struct guest_config *config = &reload->added.guests[i];

		if (i < n && add_one(reload, config, &resolved->guests.guests[i]) == 0)
			continue;
		left_out_add(reload, config->name);
		all = false;
	}
	guest_set_share(reload->set);
	for (size_t i = 0; i < resolved->notes.n; i++)
		log_info("reload", "%s", resolved->notes.texts[i]);
	finish(reload, reload->removes || n > 0, all ? NULL : "not all guests of the new configuration can be served");
}

void reload_request(struct reload *reload)
{
	reload->requested = true;
	reload_go_on(reload);
}

void reload_go_on(struct reload *reload)
{
	while (reload->pending || reload->requested) {
		if (!reload->pending && begin(reload) < 0)
			refuse(reload);
		else if (guest_set_sweep(reload->set) == 0)
			add(reload);
		else
			return;
	}
}
