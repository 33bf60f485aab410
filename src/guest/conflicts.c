/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines and sockets that are given twice: every line of a real chip, sorted by chip and offset; neighbours that are alike. */
#include "guest/conflicts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "guest/socket_place.h"

#define RANGE_TEXT_MAX 32

/* A line of a guest. */
struct line_use {
	uint64_t rdev;
	uint32_t offset;
	const struct guest *guest;
	unsigned line;
	size_t order; /* in which it was given, to name the earlier side first */
};

static int use_compare(const void *a, const void *b)
{
	const struct line_use *x = a, *y = b;

	if (x->rdev != y->rdev)
		return x->rdev < y->rdev ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/*
 * A simulated chip is its guest's alone: the guest's number stands for it, above all device numbers that a kernel gives
 * to a character device (12 bits of major).
 */
static size_t uses_add(struct line_use *uses, size_t n, const struct guest *guest, size_t number)
{
	for (unsigned i = 0; i < guest->n_lines; i++, n++) {
		const struct line_rules *rules = &guest->lines[i];
		const struct chip_found *found = &guest->chips[rules->chip].found;

		uses[n] = (struct line_use){ .rdev = found->fd < 0 ? ~(uint64_t)0 - number : found->rdev,
					     .offset = rules->offset,
					     .guest = guest,
					     .line = i,
					     .order = n };
	}
	return n;
}

/* "line 4", "lines 4 to 7". */
static const char *range_write(uint32_t first, size_t n, char text[RANGE_TEXT_MAX])
{
	if (n == 1)
		snprintf(text, RANGE_TEXT_MAX, "line %u", first);
	else
		snprintf(text, RANGE_TEXT_MAX, "lines %u to %u", first, first + (uint32_t)n - 1);
	return text;
}

/* n lines, from these on, are used twice. */
static void conflict_add(const struct line_use *a, const struct line_use *b, size_t n, struct diagnostics *conflicts)
{
	const char *path = a->guest->chips[a->guest->lines[a->line].chip].spec.path;
	const char *verb = n == 1 ? "is" : "are";
	char what[RANGE_TEXT_MAX], of_a[RANGE_TEXT_MAX], of_b[RANGE_TEXT_MAX];

	range_write(a->offset, n, what);
	range_write(a->line, n, of_a);
	range_write(b->line, n, of_b);
	if (a->guest == b->guest)
		diagnostics_add(conflicts, "%s: %s %s %s given twice: as %s and %s of the guest", a->guest->name, path,
				what, verb, of_a, of_b);
	else
		diagnostics_add(conflicts, "%s %s %s given to both %s (its %s) and %s (its %s)", path, what, verb,
				a->guest->name, of_a, b->guest->name, of_b);
}

static bool use_same(const struct line_use *a, const struct line_use *b)
{
	return a->rdev == b->rdev && a->offset == b->offset;
}

static bool use_follows(const struct line_use *use, const struct line_use *first, size_t by)
{
	return use->rdev == first->rdev && use->guest == first->guest && use->offset == first->offset + by &&
	       use->line == first->line + by;
}

/* From a pair on: how many lines follow that the same two have, so that one message is enough. */
static size_t run_length(const struct line_use *pair, size_t n)
{
	size_t length = 1;

	while (2 * length + 1 < n && use_follows(&pair[2 * length], &pair[0], length) &&
	       use_follows(&pair[2 * length + 1], &pair[1], length))
		length++;
	return length;
}

static int lines_overlap(const struct guests *guests, const struct guest *const *serving, size_t n_serving,
			 struct diagnostics *conflicts)
{
	struct line_use *uses;
	size_t n = 0, total = 0;

	for (size_t i = 0; i < n_serving; i++)
		total += serving[i]->n_lines;
	for (size_t i = 0; i < guests->n; i++)
		total += guests->guests[i].n_lines;
	if (total == 0)
		return 0;
	uses = malloc(total * sizeof(*uses));
	if (!uses)
		return -ENOMEM;
	for (size_t i = 0; i < n_serving; i++)
		n = uses_add(uses, n, serving[i], i);
	for (size_t i = 0; i < guests->n; i++)
		n = uses_add(uses, n, &guests->guests[i], n_serving + i);
	qsort(uses, n, sizeof(*uses), use_compare);
	for (size_t i = 0; i + 1 < n; i++) {
		size_t length;

		if (!use_same(&uses[i], &uses[i + 1]))
			continue;
		length = run_length(&uses[i], n - i);
		conflict_add(&uses[i], &uses[i + 1], length, conflicts);
		i += 2 * (length - 1);
	}
	free(uses);
	return 0;
}

static void socket_compare(const struct guest *a, const struct guest *b, struct diagnostics *conflicts)
{
	if (strcmp(a->name, b->name) == 0)
		diagnostics_add(conflicts, "two guests are called %s", a->name);
	for (size_t i = 0; i < 4; i++) {
		const char *of_a = i & 1 ? a->socket.alias : a->socket.path;
		const char *of_b = i & 2 ? b->socket.alias : b->socket.path;

		if (!*of_a || !*of_b || !socket_place_same(of_a, of_b))
			continue;
		if (strcmp(of_a, of_b) == 0)
			diagnostics_add(conflicts, "%s is the socket of both %s and %s", of_a, a->name, b->name);
		else
			diagnostics_add(conflicts, "%s of %s and %s of %s are one socket", of_a, a->name, of_b,
					b->name);
	}
	if (b->socket.fd >= 0 && b->socket.fd == a->socket.fd)
		diagnostics_add(conflicts, "fd %d is the socket of both %s and %s", b->socket.fd, a->name, b->name);
}

/* What two guests must not both have, by hash. */
static size_t claims_add(uint64_t *claims, size_t n, const struct guest *guest)
{
	const struct guest_socket *socket = &guest->socket;

	claims[n++] = text_hash(guest->name);
	if (socket->fd >= 0)
		claims[n++] = 1ull << 32 | (unsigned)socket->fd;
	if (socket->path[0])
		claims[n++] = 2ull << 32 | socket_place_hash(socket->path);
	if (socket->alias[0])
		claims[n++] = 2ull << 32 | socket_place_hash(socket->alias);
	return n;
}

static int claim_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Whether anything at all may be given twice: of a thousand guests half a million pairs need not be looked at then. */
static int sockets_may_conflict(const struct guests *guests, const struct guest *const *serving, size_t n_serving)
{
	uint64_t *claims = calloc(guests->n + n_serving + 1, 4 * sizeof(*claims));
	size_t n = 0;
	bool may = false;

	if (!claims)
		return -ENOMEM;
	for (size_t i = 0; i < n_serving; i++)
		n = claims_add(claims, n, serving[i]);
	for (size_t i = 0; i < guests->n; i++)
		n = claims_add(claims, n, &guests->guests[i]);
	qsort(claims, n, sizeof(*claims), claim_compare);
	for (size_t i = 1; i < n && !may; i++)
		may = claims[i] == claims[i - 1];
	free(claims);
	return may;
}

static void sockets_overlap(const struct guests *guests, const struct guest *const *serving, size_t n_serving,
			    struct diagnostics *conflicts)
{
	for (size_t i = 0; i < guests->n; i++) {
		for (size_t j = 0; j < n_serving; j++)
			socket_compare(serving[j], &guests->guests[i], conflicts);
		for (size_t j = 0; j < i; j++)
			socket_compare(&guests->guests[j], &guests->guests[i], conflicts);
	}
}

int conflicts_find(const struct guests *guests, const struct guest *const *serving, size_t n_serving,
		   struct diagnostics *conflicts)
{
	int ret = sockets_may_conflict(guests, serving, n_serving);

	if (ret < 0)
		return ret;
	if (ret > 0)
		sockets_overlap(guests, serving, n_serving, conflicts);
	return lines_overlap(guests, serving, n_serving, conflicts);
}
