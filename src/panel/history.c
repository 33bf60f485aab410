/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The last ten seconds of a line. */
#include "panel/history.h"

#include <string.h>

#define SEEN_LOW     1u
#define SEEN_HIGH    2u
#define SEEN_UNKNOWN 4u

#define BINS_A_SECOND (1000000000u / HISTORY_BIN_NS)

static uint8_t seen_of(int level)
{
	if (level < 0)
		return SEEN_UNKNOWN;
	return level ? SEEN_HIGH : SEEN_LOW;
}

static void bin_set(struct history *history, uint64_t bin)
{
	history->seen[bin % HISTORY_BINS] = seen_of(history->level);
	history->edges[bin % HISTORY_BINS] = 0;
}

void history_begin(struct history *history, int level, uint64_t now_ns)
{
	memset(history, 0, sizeof(*history));
	history->head = now_ns / HISTORY_BIN_NS;
	history->level = (int8_t)level;
	bin_set(history, history->head);
}

void history_advance(struct history *history, uint64_t now_ns)
{
	uint64_t bin = now_ns / HISTORY_BIN_NS;

	if (bin > history->head + HISTORY_BINS)
		history->head = bin - HISTORY_BINS;
	while (history->head < bin)
		bin_set(history, ++history->head);
}

void history_event(struct history *history, int level, bool is_edge, uint64_t time_ns, uint64_t now_ns)
{
	uint64_t bin = time_ns / HISTORY_BIN_NS, oldest;
	uint16_t *edges;

	history_advance(history, now_ns);
	oldest = history->head - (history->head < HISTORY_BINS - 1 ? history->head : HISTORY_BINS - 1);
	if (bin > history->head)
		bin = history->head;
	if (bin < oldest)
		bin = oldest;
	history->level = (int8_t)level;
	history->seen[bin % HISTORY_BINS] |= seen_of(level);
	edges = &history->edges[bin % HISTORY_BINS];
	*edges += is_edge && *edges < UINT16_MAX;
	/* It was taken to be as before since then. */
	while (++bin <= history->head)
		bin_set(history, bin);
}

unsigned history_rate(const struct history *history)
{
	unsigned sum = 0;

	for (uint64_t i = 1; i <= BINS_A_SECOND && i <= history->head; i++)
		sum += history->edges[(history->head - i) % HISTORY_BINS];
	return sum;
}

enum history_shape history_shape(const struct history *history, uint64_t first, unsigned n)
{
	unsigned seen = 0, edges = 0;

	for (uint64_t bin = first; bin < first + n; bin++) {
		if (bin > history->head || bin + HISTORY_BINS <= history->head)
			continue;
		seen |= history->seen[bin % HISTORY_BINS];
		edges += history->edges[bin % HISTORY_BINS];
	}
	if (edges > 1)
		return HISTORY_EDGES;
	/* Also without an edge: it was not told. */
	if (edges == 1 || (seen & SEEN_LOW && seen & SEEN_HIGH))
		return HISTORY_EDGE;
	if (seen & SEEN_UNKNOWN)
		return HISTORY_UNKNOWN;
	if (seen)
		return seen & SEEN_HIGH ? HISTORY_HIGH : HISTORY_LOW;
	return HISTORY_NONE;
}

bool history_is_flat(const struct history *history)
{
	for (unsigned i = 0; i < HISTORY_BINS; i++) {
		if (history->edges[i] > 0 || history->seen[i] != seen_of(history->level))
			return false;
	}
	return true;
}
