/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The guests that the supervisor serves. */
#include "supervisor/guest_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "config/print_config.h"
#include "process/apart.h"
#include "process/fd_limit.h"
#include "supervisor/handover_guest.h"
#include "worker/session_layout.h"

static void entry_free(struct guest_entry *entry)
{
	worker_process_close(&entry->process);
	apart_free(entry);
}

/* An empty entry, with space for it in the set, where it is not yet. */
static struct guest_entry *entry_new(struct guest_set *set, struct why *why)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers, so that a guest's address stays the same */
	struct guest_entry **entries = realloc(set->entries, (set->n + 1) * sizeof(*entries));
	struct guest_entry *entry = apart_alloc(sizeof(*entry));

	if (entries)
		set->entries = entries;
	if (entries && entry)
		return entry;
	apart_free(entry);
	why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	return NULL;
}

size_t guest_set_fds_needed(const struct guest_set *set)
{
	size_t needed = FD_LIMIT_BASE;

	for (size_t i = 0; i < set->n; i++)
		needed += guest_fds_needed(&set->entries[i]->process.guest);
	return needed;
}

void guest_set_share(struct guest_set *set)
{
	size_t most = session_layout_fds_max(), needed = guest_set_fds_needed(set), spare;
	struct rlimit limit;

	if (set->n == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	spare = limit.rlim_cur > needed ? (limit.rlim_cur - needed) / set->n : 0;
	if (most > FD_LIMIT_PER_GUEST - FD_LIMIT_OWN + spare)
		most = FD_LIMIT_PER_GUEST - FD_LIMIT_OWN + spare;
	for (size_t i = 0; i < set->n; i++)
		set->entries[i]->process.session.store.max_session = most;
}

int guest_set_add(struct guest_set *set, const struct guest_config *config, struct guest *guest, struct why *why)
{
	struct guest_entry *entry = entry_new(set, why);
	int ret;

	if (!entry)
		return -ENOMEM;
	worker_process_init(&entry->process, guest, set->one_off, set->loop, set->signals_own);
	entry->process.sandbox = set->sandbox;
	entry->process.control = set->control;
	entry->process.wires = set->wires;
	ret = worker_process_open(&entry->process, why);
	entry->process.guest.text = ret == 0 ? print_config_of(config) : NULL;
	if (ret == 0 && !entry->process.guest.text)
		ret = why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	if (ret < 0) {
		entry_free(entry);
		return ret;
	}
	set->entries[set->n++] = entry;
	return 0;
}

int guest_set_adopt(struct guest_set *set, struct handover_guest *left, struct why *why)
{
	struct guest_entry *entry = entry_new(set, why);
	int ret;

	if (!entry)
		return -ENOMEM;
	ret = handover_guest_take(&entry->process, left, set->loop, set->signals_own);
	entry->process.sandbox = set->sandbox;
	entry->process.control = set->control;
	entry->process.wires = set->wires;
	entry->process.guest.text = left->description;
	left->description = NULL;
	if (ret < 0) {
		why_fail(-ret, why, "%s: cannot be taken over: %s", entry->process.guest.name, strerror(-ret));
		entry_free(entry);
		return ret;
	}
	set->entries[set->n++] = entry;
	return 0;
}

int guest_set_hand_over(const struct guest_set *set, struct handover *handover)
{
	int ret = 0;

	handover->guests = calloc(set->n + 1, sizeof(*handover->guests));
	if (!handover->guests)
		return -ENOMEM;
	for (size_t i = 0; i < set->n && ret == 0; i++)
		ret = handover_guest_put(&set->entries[i]->process, &handover->guests[handover->n_guests++]);
	return ret;
}

void guest_set_forget(struct guest_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		worker_process_forget(&set->entries[i]->process);
}

bool guest_set_replace_next(struct guest_set *set)
{
	struct worker_process *next = NULL;

	for (size_t i = 0; i < set->n; i++) {
		struct worker_process *process = &set->entries[i]->process;

		if (!process->child.outdated || process->child.stopped)
			continue;
		if (process->child.restarting && !process->child.stuck)
			return true;
		if (process->child.restarting)
			continue;
		if (!next)
			next = process;
	}
	if (next)
		worker_process_replace(next);
	return next;
}

size_t guest_set_sweep(struct guest_set *set)
{
	size_t n = 0, running = 0;

	for (size_t i = 0; i < set->n; i++)
		running += set->entries[i]->removing && child_is_awaited(&set->entries[i]->process.child);
	if (running > 0)
		return running;
	for (size_t i = 0; i < set->n; i++) {
		if (set->entries[i]->removing)
			entry_free(set->entries[i]);
		else
			set->entries[n++] = set->entries[i];
	}
	set->n = n;
	guest_set_share(set);
	return 0;
}

void guest_set_deinit(struct guest_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		entry_free(set->entries[i]);
	free(set->entries);
	set->entries = NULL;
	set->n = 0;
}
