/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Guests for the tests of wires. */
#include "wires_fixture.h"

#include <stdio.h>
#include <string.h>

#define GUESTS 128

static struct guest guests[GUESTS];
static struct guest_chip chips[GUESTS][2];
static struct line_rules rules[GUESTS][FIXTURE_LINES];
static const struct guest *list[GUESTS];

const struct wire_guests *fixture_guests(size_t n)
{
	static struct wire_guests all;

	for (size_t i = 0; i < n; i++) {
		guests[i] =
			(struct guest){ .chips = chips[i], .n_chips = 2, .lines = rules[i], .n_lines = FIXTURE_LINES };
		if (i < 26)
			snprintf(guests[i].name, sizeof(guests[i].name), "%c", (char)('a' + i));
		else
			snprintf(guests[i].name, sizeof(guests[i].name), "g%zu", i);
		chips[i][0] = (struct guest_chip){ .found = { .fd = -1, .n_lines = FIXTURE_LINES } };
		chips[i][1] = (struct guest_chip){ .found = { .fd = 0, .n_lines = 1 } };
		for (uint32_t j = 0; j < FIXTURE_LINES; j++) {
			rules[i][j] = (struct line_rules){ .offset = j };
			snprintf(rules[i][j].name, sizeof(rules[i][j].name), "x%u", j);
		}
		list[i] = &guests[i];
	}
	if (n > 0)
		rules[n - 1][FIXTURE_LINES - 1].chip = 1;
	all = (struct wire_guests){ list, n };
	return &all;
}

int fixture_wire(struct wire_list *wires, const struct wire_guests *all, const char *words, struct why *why)
{
	struct wire_words parsed;
	struct wire wire;
	int ret = wire_words_parse("test", words, &parsed, why);

	if (ret == 0)
		ret = wire_find(all, &parsed, &wire, why);
	return ret == 0 ? wire_list_add(wires, all, &wire, why) : ret;
}
