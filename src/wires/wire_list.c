/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Wires: from words to lines, and what is wrong with one. */
#include "wires/wire_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wires/wire_nets.h"

void wire_list_deinit(struct wire_list *list)
{
	free(list->wires);
	*list = (struct wire_list){ .n = 0 };
}

int wire_list_copy(struct wire_list *list, const struct wire_list *from)
{
	*list = (struct wire_list){ .wires = calloc(WIRES_MAX, sizeof(*list->wires)) };
	if (!list->wires)
		return -ENOMEM;
	if (from->n > 0)
		memcpy(list->wires, from->wires, from->n * sizeof(*from->wires));
	list->n = from->n;
	return 0;
}

static bool end_same(const struct wire_end *a, const struct wire_end *b)
{
	return a->line == b->line && strcmp(a->guest, b->guest) == 0;
}

static unsigned pair_find(const struct wire_list *list, const struct wire_end ends[2])
{
	unsigned i = 0;

	for (; i < list->n; i++) {
		const struct wire_end *there = list->wires[i].ends;

		if ((end_same(&there[0], &ends[0]) && end_same(&there[1], &ends[1])) ||
		    (end_same(&there[0], &ends[1]) && end_same(&there[1], &ends[0])))
			break;
	}
	return i;
}

static int end_check(const struct wire_guests *guests, const struct wire_end *end, struct why *why)
{
	int number = wire_guest_find(guests, end->guest);
	const struct guest *guest = number < 0 ? NULL : guests->guests[number];
	char text[WIRE_NAME_MAX];

	wire_end_write(guests, end, text, sizeof(text));
	if (!guest || end->line >= guest->n_lines)
		return why_fail(ENOENT, why, "there is no line %s", text);
	if (guest->chips[guest->lines[end->line].chip].found.fd >= 0)
		return why_fail(EPERM, why, "%s is a real line: wires join simulated ones", text);
	return 0;
}

static int wire_check(const struct wire_list *list, const struct wire_guests *guests, const struct wire *wire,
		      struct why *why)
{
	char a[WIRE_NAME_MAX], b[WIRE_NAME_MAX];
	int ret = 0;

	for (unsigned i = 0; i < 2 && ret == 0; i++)
		ret = end_check(guests, &wire->ends[i], why);
	if (ret < 0)
		return ret;
	wire_end_write(guests, &wire->ends[0], a, sizeof(a));
	wire_end_write(guests, &wire->ends[1], b, sizeof(b));
	if (end_same(&wire->ends[0], &wire->ends[1]))
		return why_fail(EINVAL, why, "both ends are %s", a);
	if (pair_find(list, wire->ends) < list->n)
		return why_fail(EEXIST, why, "%s and %s are wired already", a, b);
	return list->n < WIRES_MAX ? 0 : why_fail(E2BIG, why, "more than %d wires", WIRES_MAX);
}

int wire_list_add(struct wire_list *list, const struct wire_guests *guests, const struct wire *wire, struct why *why)
{
	struct wire_nets nets;
	int ret = wire_check(list, guests, wire, why);

	if (ret == 0 && !list->wires)
		ret = wire_list_copy(list, list) < 0 ? why_fail(ENOMEM, why, "out of memory") : 0;
	if (ret < 0)
		return ret;
	list->wires[list->n++] = *wire;
	ret = wire_nets_make(&nets, list, guests, why);
	wire_nets_deinit(&nets);
	if (ret < 0)
		list->n--;
	return ret;
}

int wire_list_remove(struct wire_list *list, const struct wire_guests *guests, const struct wire_end ends[2],
		     struct why *why)
{
	unsigned found = pair_find(list, ends);
	char a[WIRE_NAME_MAX], b[WIRE_NAME_MAX];

	if (found < list->n) {
		list->n--;
		memmove(&list->wires[found], &list->wires[found + 1], (list->n - found) * sizeof(*list->wires));
		return 0;
	}
	wire_end_write(guests, &ends[0], a, sizeof(a));
	wire_end_write(guests, &ends[1], b, sizeof(b));
	return why_fail(ENOENT, why, "there is no wire between %s and %s", a, b);
}

int wire_list_resolve(struct wire_list *list, const struct guest_configs *configs, const struct wire_guests *guests,
		      struct diagnostics *conflicts)
{
	int status = 0;

	for (size_t i = 0; i < configs->n_wires; i++) {
		const struct config_wire *config = &configs->wires[i];
		struct wire_words words;
		struct wire wire;
		struct why why;
		int ret = wire_words_parse(config->where, config->text, &words, &why);

		if (ret < 0) {
			diagnostics_add(conflicts, "%s", why.text);
		} else {
			ret = wire_find(guests, &words, &wire, &why);
			wire.configured = true;
			if (ret == 0)
				ret = wire_list_add(list, guests, &wire, &why);
			if (ret < 0)
				diagnostics_add(conflicts, "%s: wire: %s", config->where, why.text);
		}
		status = ret < 0 ? -EINVAL : status;
	}
	return conflicts->out_of_memory ? -ENOMEM : status;
}
