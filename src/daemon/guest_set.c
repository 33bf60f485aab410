/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The guests that the supervisor serves. */
#include "daemon/guest_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/print_config.h"

/* A path that no configuration file can hold comes from the command line, which is always the same: "" will do. */
char *guest_describe(const struct wanted_guest *guest)
{
	struct wanted_guest copy = *guest;
	const struct wanted wanted = { .guests = &copy, .n_guests = 1 };
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	int ret;

	if (!stream)
		return NULL;
	ret = print_config(&wanted, stream);
	if (fclose(stream) == 0 && (ret == 0 || ret == -EINVAL))
		return text;
	free(text);
	return NULL;
}

static void entry_free(struct guest_entry *entry)
{
	guest_process_close(&entry->process);
	free(entry->description);
	free(entry);
}

int guest_set_add(struct guest_set *set, const struct wanted_guest *wanted, struct guest *guest, char *why,
		  size_t why_size)
{
	struct guest_entry **entries = realloc(set->entries, (set->n + 1) * sizeof(*entries));
	struct guest_entry *entry = calloc(1, sizeof(*entry));
	int ret;

	if (entries)
		set->entries = entries;
	if (!entries || !entry) {
		free(entry);
		snprintf(why, why_size, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	guest_process_init(&entry->process, guest, set->one_off, set->loop, set->signals_own);
	ret = guest_process_open(&entry->process, set->with_port, why, why_size);
	entry->description = ret == 0 ? guest_describe(wanted) : NULL;
	if (ret == 0 && !entry->description) {
		snprintf(why, why_size, "%s", strerror(ENOMEM));
		ret = -ENOMEM;
	}
	if (ret < 0) {
		entry_free(entry);
		return ret;
	}
	set->entries[set->n++] = entry;
	return 0;
}

struct guest_entry *guest_set_find(const struct guest_set *set, const char *name)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->entries[i]->process.guest.name, name) == 0)
			return set->entries[i];
	}
	return NULL;
}

size_t guest_set_sweep(struct guest_set *set)
{
	size_t n = 0, running = 0;

	for (size_t i = 0; i < set->n; i++)
		running += set->entries[i]->leaving && set->entries[i]->process.child.pid != 0;
	/* All at once: until the reload is over the control process points to them, and it may have to be restarted. */
	if (running > 0)
		return running;
	for (size_t i = 0; i < set->n; i++) {
		if (set->entries[i]->leaving)
			entry_free(set->entries[i]);
		else
			set->entries[n++] = set->entries[i];
	}
	set->n = n;
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
