/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* SIGHUP: the configuration is read again. */
#include "supervisor/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "guest/reserve_lines.h"
#include "guest/resolve.h"
#include "process/fd_limit.h"

/* How long a guest that leaves has for it. */
#define LEAVE_PATIENCE_NS (2ull * 1000 * 1000 * 1000)

void reload_init(struct reload *reload, const struct settings *settings, struct guest_set *set,
		 void (*done)(void *ctx, bool changed, const char *why), void *ctx)
{
	*reload = (struct reload){ .settings = settings, .set = set, .done = done, .ctx = ctx };
}

void reload_deinit(struct reload *reload)
{
	loop_timer_del(&reload->patience);
	guest_configs_deinit(&reload->configs);
	reload->pending = false;
}

static const struct guest_config *config_find(const struct guest_configs *configs, const char *name)
{
	for (size_t i = 0; i < configs->n_guests; i++) {
		if (strcmp(configs->guests[i].name, name) == 0)
			return &configs->guests[i];
	}
	return NULL;
}

/* Those of the new description that are not served yet: a list whose guests are those of reload->configs. */
static int configs_new(const struct reload *reload, struct guest_configs *new)
{
	*new = (struct guest_configs){ .guests = calloc(reload->configs.n_guests, sizeof(*new->guests)) };
	if (!new->guests)
		return -ENOMEM;
	for (size_t i = 0; i < reload->configs.n_guests; i++) {
		if (!guest_set_find(reload->set, reload->configs.guests[i].name))
			new->guests[new->n_guests++] = reload->configs.guests[i];
	}
	return 0;
}

/* Guests that stay, and those that leave: pointers into the set. */
static int serving_list(const struct reload *reload, bool leaving, const struct guest ***list, size_t *n)
{
	*n = 0;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	*list = calloc(reload->set->n + 1, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	for (size_t i = 0; i < reload->set->n; i++) {
		const struct guest_entry *entry = reload->set->entries[i];

		if (entry->leaving == leaving)
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
static int sockets_check(const struct guest_configs *new)
{
	int ret = 0;

	for (size_t i = 0; i < new->n_guests; i++) {
		if (new->guests[i].socket.path[0])
			continue;
		log_error("reload", "%s: a guest that comes at a reload needs a socket of its own",
			  new->guests[i].name);
		ret = -EINVAL;
	}
	return ret;
}

/* The new guests, resolved beside those that stay. */
static int new_resolve(const struct reload *reload, const struct guest_configs *new, struct resolved *resolved)
{
	const struct guest **serving = NULL, **leaving = NULL;
	struct resolve_params how = { .safe = reload->settings->safe };
	int ret;

	*resolved = (struct resolved){ .guests.n = 0 };
	ret = serving_list(reload, false, &serving, &how.n_serving);
	if (ret == 0)
		ret = serving_list(reload, true, &leaving, &how.n_removing);
	how.serving = serving;
	how.removing = leaving;
	if (ret == 0)
		ret = resolve(new, &how, resolved);
	conflicts_log(&resolved->conflicts);
	free(serving);
	free(leaving);
	return ret;
}

/* What leaves is marked; what changed is said. */
static int compare(struct reload *reload)
{
	for (size_t i = 0; i < reload->set->n; i++) {
		struct guest_entry *entry = reload->set->entries[i];
		const struct guest_config *config = config_find(&reload->configs, entry->process.guest.name);
		char *description;

		entry->leaving = !config;
		if (!config)
			continue;
		description = guest_describe(config);
		if (!description)
			return -ENOMEM;
		if (strcmp(description, entry->description) != 0)
			log_warning(
				"reload",
				"%s changed, but is being served: left as it was; to change it, take it out, reload, "
				"put it in again, reload",
				config->name);
		free(description);
	}
	return 0;
}

/* Once more, at most: a SIGHUP that came meanwhile is remembered as one bit, which is cleared here. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void finish(struct reload *reload, bool changed, const char *why)
{
	bool again = reload->again;

	reload_deinit(reload);
	reload->again = false;
	for (size_t i = 0; i < reload->set->n; i++)
		reload->set->entries[i]->leaving = false;
	reload->done(reload->ctx, changed, why);
	if (again)
		reload_request(reload);
}

static void kill_leaving(struct loop_timer *timer)
{
	struct reload *reload = container_of(timer, struct reload, patience);

	loop_timer_del(timer);
	for (size_t i = 0; i < reload->set->n; i++) {
		if (reload->set->entries[i]->leaving)
			child_stop(&reload->set->entries[i]->process.child, SIGKILL);
	}
}

/* The first step, after the new description was found good. */
static void leave(struct reload *reload)
{
	bool any = false;

	for (size_t i = 0; i < reload->set->n; i++) {
		struct guest_entry *entry = reload->set->entries[i];

		if (!entry->leaving)
			continue;
		any = reload->changed = true;
		log_info(entry->process.guest.name, "no longer configured: stopping");
		child_stop(&entry->process.child, SIGTERM);
	}
	if (any && loop_timer_set(reload->set->loop, &reload->patience, LEAVE_PATIENCE_NS, 0, kill_leaving) < 0)
		kill_leaving(&reload->patience);
}

/* NOLINTNEXTLINE(misc-no-recursion): see finish() */
void reload_request(struct reload *reload)
{
	struct resolved resolved = { .guests.n = 0 };
	struct guest_configs new = { .n_guests = 0 };
	struct why why = { "" };
	int ret;

	if (reload->pending) {
		reload->again = true;
		return;
	}
	reload->pending = true;
	reload->changed = false;
	ret = settings_guests(reload->settings, &reload->configs, &why);
	if (ret < 0)
		log_error("reload", "%s", why.text);
	if (ret == 0)
		ret = compare(reload);
	if (ret == 0)
		ret = configs_new(reload, &new);
	if (ret == 0)
		ret = sockets_check(&new);
	if (ret == 0)
		ret = new_resolve(reload, &new, &resolved);
	resolved_deinit(&resolved);
	free(new.guests);
	if (ret < 0) {
		finish(reload, false, "the new configuration is refused, the old one stays");
		return;
	}
	leave(reload);
	reload_go_on(reload);
}

/* One more guest beside those that are served. */
static int fds_allow(const struct guest_set *set, const struct guest *guest, struct why *why)
{
	size_t needed = FD_LIMIT_BASE + guest_fds_needed(guest);

	for (size_t i = 0; i < set->n; i++)
		needed += guest_fds_needed(&set->entries[i]->process.guest);
	return fd_limit_raise(needed, why);
}

static int arrive_one(struct reload *reload, const struct guest_config *config, struct guest *guest)
{
	struct diagnostics conflicts = { .n = 0 };
	struct why why = { "" };
	int ret = fds_allow(reload->set, guest, &why);

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

/* The second step: lines are tried, sockets made. One guest that can not be made keeps none of the others away. */
static bool arrive(struct reload *reload, const struct guest_configs *new, struct resolved *resolved)
{
	bool all = true;

	reload->changed |= resolved->guests.n > 0;
	for (size_t i = 0; i < resolved->guests.n; i++)
		all &= arrive_one(reload, &new->guests[i], &resolved->guests.guests[i]) == 0;
	return all;
}

/* NOLINTNEXTLINE(misc-no-recursion): see finish() */
void reload_go_on(struct reload *reload)
{
	struct resolved resolved = { .guests.n = 0 };
	struct guest_configs new = { .n_guests = 0 };
	bool all = false;

	if (!reload->pending || guest_set_sweep(reload->set) > 0)
		return;
	if (configs_new(reload, &new) == 0 && new_resolve(reload, &new, &resolved) == 0)
		all = arrive(reload, &new, &resolved);
	for (size_t i = 0; i < resolved.notes.n; i++)
		log_info("reload", "%s", resolved.notes.texts[i]);
	resolved_deinit(&resolved);
	free(new.guests);
	finish(reload, reload->changed, all ? NULL : "not all guests of the new configuration can be served");
}
