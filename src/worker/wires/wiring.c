/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What lines and wires make of each other. */
#include "worker/wires/wiring.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "chip/chip.h"

static uint32_t word_count(uint32_t word)
{
	return word >> WIRE_WORD_COUNT;
}

/* What it brings, whoever it is by: enum chip_drives. */
static unsigned word_drives(uint32_t word)
{
	return (word & CHIP_DRIVES_ALL) | (word & WIRE_GATE_LOW ? CHIP_DRIVES_LOW : 0) |
	       (word & WIRE_GATE_HIGH ? CHIP_DRIVES_HIGH : 0);
}

/* Changed more than once since it was looked at: what it was in between would go by unseen. */
static bool source_jumped(const struct wiring_source *source)
{
	return ((word_count(source->now) - word_count(source->seen)) & 0xffff) > 1;
}

/* before: as it was in between, of those that jumped. */
static unsigned net_drives(const struct wiring *wiring, unsigned begin, unsigned end, bool before)
{
	unsigned drives = 0;

	for (unsigned i = begin; i < end; i++) {
		const struct wiring_source *source = &wiring->sources[i];

		drives |= word_drives(before && source_jumped(source) ? source->now >> WIRE_WORD_BEFORE : source->now);
	}
	return drives;
}

/* Lines */

static uint32_t gates_bring(const struct wiring *wiring, const struct wiring_line *line)
{
	uint32_t brings = 0;

	for (unsigned i = line->gates; i < line->gates_end; i++)
		brings |= wiring->gates[i]->out ? WIRE_GATE_HIGH : WIRE_GATE_LOW;
	return brings;
}

#define DRIVER_MAX (WIRE_NAME_MAX + sizeof("a wire to "))

/* False: it does not. */
static bool driver_write(uint32_t word, const char *name, unsigned drives, char text[DRIVER_MAX])
{
	if (word & drives)
		snprintf(text, DRIVER_MAX, "%s", name);
	else if (word_drives(word) & drives)
		snprintf(text, DRIVER_MAX, "a wire to %s", name);
	return word_drives(word) & drives;
}

/* The first who does, of this line and the others of its net. */
static void driver_find(const struct wiring *wiring, const struct wiring_line *line, unsigned drives,
			char text[DRIVER_MAX])
{
	bool found = driver_write(line->brings, line->name, drives, text);

	for (unsigned i = line->begin; i < line->end && !found; i++)
		found = driver_write(wiring->sources[i].now, wiring->sources[i].name, drives, text);
}

/* A peer can begin one as often as it likes: limited. */
static void conflict_look(struct wiring *wiring, struct wiring_line *line)
{
	bool before = line->conflict;
	char high[DRIVER_MAX], low[DRIVER_MAX];

	line->conflict =
		chip_drives_conflict(word_drives(line->brings) | net_drives(wiring, line->begin, line->end, false));
	if (!line->first || !line->conflict || before)
		return;
	driver_find(wiring, line, CHIP_DRIVES_HIGH, high);
	driver_find(wiring, line, CHIP_DRIVES_LOW, low);
	log_limited(wiring->limit, LOG_LEVEL_WARNING, wiring->tag, "wires: driven high by %s and low by %s", high, low);
}

static void line_bring(struct wiring *wiring, struct wiring_line *line)
{
	struct chip_wire_end end;
	uint32_t brings;

	chip_wire_end(wiring->chip, line->line, &end);
	brings = end.drives | gates_bring(wiring, line);
	if (brings == (line->brings & WIRE_WORD_BITS))
		return;
	line->brings = ((line->brings & ~(WIRE_WORD_COUNT_IN - 1)) + WIRE_WORD_COUNT_IN) |
		       (line->brings & WIRE_WORD_BITS) << WIRE_WORD_BEFORE | brings;
	__atomic_store_n(line->word, line->brings, __ATOMIC_RELEASE);
	wiring->told |= line->tells;
}

/* Its gates have their levels. */
static void line_settle(struct wiring *wiring, struct wiring_line *line, bool before)
{
	unsigned wired;

	line_bring(wiring, line);
	wired = net_drives(wiring, line->begin, line->end, before) | word_drives(gates_bring(wiring, line));
	chip_wire(wiring->chip, line->line, (uint8_t)wired);
}

/* Gates */

/* One more is one too many: the last one goes, and so does the change back. */
static void gate_hold(struct wiring_gate *gate, bool level, uint64_t due_ns)
{
	if (gate->n_held == WIRE_HELD_MAX) {
		gate->n_held--;
		return;
	}
	gate->held[(gate->at_held + gate->n_held) % WIRE_HELD_MAX].due_ns = due_ns;
	gate->held[(gate->at_held + gate->n_held) % WIRE_HELD_MAX].level = level;
	gate->n_held++;
}

static void gate_feed(const struct wiring *wiring, struct wiring_gate *gate, bool before, uint64_t now_ns)
{
	bool level = chip_drives_level(net_drives(wiring, gate->first, gate->end, before)) != gate->invert;

	if (level == gate->in)
		return;
	gate->in = level;
	if (gate->delay_ns > 0)
		gate_hold(gate, level, now_ns + gate->delay_ns);
	else
		gate->out = level;
}

/* Takes one change that is due. */
static bool gate_settle(struct wiring_gate *gate, uint64_t now_ns)
{
	if (gate->n_held == 0 || gate->held[gate->at_held].due_ns > now_ns)
		return false;
	gate->out = gate->held[gate->at_held].level;
	gate->at_held = (gate->at_held + 1) % WIRE_HELD_MAX;
	gate->n_held--;
	return true;
}

/* Looking */

static void line_pass(struct wiring *wiring, struct wiring_line *line, bool before, uint64_t now_ns)
{
	for (unsigned i = line->gates; i < line->gates_end; i++)
		gate_feed(wiring, wiring->gates[i], before, now_ns);
	line_settle(wiring, line, before);
}

/* Of a line that has a wire. */
#define SUM_MARK (1u << 31)

static uint32_t line_sum(const struct wiring *wiring, const struct wiring_line *line)
{
	uint32_t sum = 0;

	for (unsigned i = line->begin; i < line->all_end; i++)
		sum += word_count(wiring->sources[i].now);
	return sum | SUM_MARK;
}

static void sources_read(struct wiring *wiring, const struct wiring_line *line)
{
	for (unsigned i = line->begin; i < line->all_end; i++)
		wiring->sources[i].now = __atomic_load_n(wiring->sources[i].word, __ATOMIC_ACQUIRE);
}

/* What was read is looked at. A pulse that is over by now is one all the same. */
static void line_look(struct wiring *wiring, struct wiring_line *line, uint64_t now_ns)
{
	bool jumped = false;

	for (unsigned i = line->begin; i < line->all_end && !jumped; i++)
		jumped = source_jumped(&wiring->sources[i]);
	if (jumped)
		line_pass(wiring, line, true, now_ns);
	line_pass(wiring, line, false, now_ns);
	for (unsigned i = line->begin; i < line->all_end; i++)
		wiring->sources[i].seen = wiring->sources[i].now;
	*line->sum = line_sum(wiring, line);
	conflict_look(wiring, line);
}

void wiring_look(struct wiring *wiring, uint64_t peers, uint64_t now_ns)
{
	for (unsigned i = 0; i < wiring->n_lines; i++) {
		struct wiring_line *line = &wiring->lines[i];

		if (!(line->reads & peers))
			continue;
		sources_read(wiring, line);
		line_look(wiring, line, now_ns);
	}
}

/* Which of several sources changed is not known: each may have. One pulse too many is better than one too few. */
static void line_begin(struct wiring *wiring, struct wiring_line *line)
{
	struct chip_wire_end end;
	uint32_t missed;

	chip_wire_end(wiring->chip, line->line, &end);
	line->conflict = end.conflict; /* it is named already */
	sources_read(wiring, line);
	line->fresh = !(*line->sum & SUM_MARK);
	missed = line->fresh ? 0 : line_sum(wiring, line) - *line->sum;
	if (missed > 1 && line->all_end - line->begin > 1)
		missed = 2;
	for (unsigned i = line->begin; i < line->all_end && !line->kept; i++)
		wiring->sources[i].seen = wiring->sources[i].now - missed * WIRE_WORD_COUNT_IN;
	line->brings = *line->word;
}

/* It holds what it held, which is in the line's word, unless other gates do, too. */
static void gates_begin(const struct wiring *wiring, const struct wiring_line *line)
{
	uint32_t brings = line->brings & (WIRE_GATE_LOW | WIRE_GATE_HIGH);

	for (unsigned i = line->gates; i < line->gates_end; i++) {
		struct wiring_gate *gate = wiring->gates[i];
		unsigned drives = net_drives(wiring, gate->first, gate->end, false);

		if (gate->kept)
			continue;
		gate->out = chip_drives_level(drives) != gate->invert;
		if (!line->fresh && (brings == WIRE_GATE_LOW || brings == WIRE_GATE_HIGH))
			gate->out = brings == WIRE_GATE_HIGH;
		gate->in = gate->out;
	}
}

static struct wiring_line *line_find(const struct wiring *wiring, uint32_t number)
{
	unsigned low = 0, high = wiring->n_lines;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (wiring->lines[middle].line < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < wiring->n_lines && wiring->lines[low].line == number ? &wiring->lines[low] : NULL;
}

static bool gate_reads(const struct wiring *wiring, const struct wiring_gate *gate, const char *name)
{
	unsigned i = gate->first;

	while (i < gate->end && strcmp(wiring->sources[i].name, name) != 0)
		i++;
	return i < gate->end;
}

/* Its net may have gained or lost lines. */
static bool gate_is_same(const struct wiring *wiring, const struct wiring_gate *gate, const struct wiring *before,
			 const struct wiring_gate *was)
{
	return gate->delay_ns == was->delay_ns && gate->invert == was->invert &&
	       (gate_reads(wiring, gate, before->sources[was->first].name) ||
		gate_reads(before, was, wiring->sources[gate->first].name));
}

static void gate_keep(const struct wiring *wiring, struct wiring_gate *gate, const struct wiring *before,
		      const struct wiring_line *was)
{
	for (unsigned i = was->gates; i < was->gates_end && !gate->kept; i++) {
		const struct wiring_gate *from = before->gates[i];

		if (!gate_is_same(wiring, gate, before, from))
			continue;
		gate->in = from->in;
		gate->out = from->out;
		gate->n_held = from->n_held;
		gate->at_held = from->at_held;
		memcpy(gate->held, from->held, WIRE_HELD_MAX * sizeof(gate->held[0]));
		gate->kept = true;
	}
}

void wiring_keep(struct wiring *wiring, struct wiring *before, uint64_t now_ns)
{
	/* In this order: what comes in between is seen by both, and not by none. */
	for (unsigned i = 0; i < wiring->n_lines; i++) {
		struct wiring_line *line = &wiring->lines[i];

		line->kept = line_find(before, line->line);
		sources_read(wiring, line);
		for (unsigned j = line->begin; j < line->all_end; j++)
			wiring->sources[j].seen = wiring->sources[j].now;
	}
	wiring_look(before, UINT64_MAX, now_ns);
	for (unsigned i = 0; i < wiring->n_lines; i++) {
		const struct wiring_line *line = &wiring->lines[i], *was = line_find(before, line->line);

		for (unsigned j = line->gates; j < line->gates_end && was; j++) {
			if (wiring->gates[j]->delay_ns > 0)
				gate_keep(wiring, wiring->gates[j], before, was);
		}
	}
}

bool wiring_has(const struct wiring *wiring, uint32_t line)
{
	return line_find(wiring, line);
}

void wiring_drives(struct wiring *wiring, uint32_t number)
{
	struct wiring_line *line = line_find(wiring, number);

	if (!line)
		return;
	line_bring(wiring, line);
	conflict_look(wiring, line);
}

/* When they have wires again, what others did meanwhile is nothing to them. */
static void others_forget(const struct wiring *wiring)
{
	unsigned n = (unsigned)(wiring->memories[0].size / WIRE_MEMORY_SIZE(1));

	for (unsigned i = 0; i < n; i++) {
		if (!wiring_has(wiring, i))
			wiring->memories[0].words[n + i] = 0;
	}
}

void wiring_begin(struct wiring *wiring, uint64_t now_ns)
{
	others_forget(wiring);
	for (unsigned i = 0; i < wiring->n_lines; i++) {
		struct wiring_line *line = &wiring->lines[i];

		line_begin(wiring, line);
		gates_begin(wiring, line);
		line_look(wiring, line, now_ns);
		wiring->told |= line->tells;
	}
}

uint64_t wiring_due_ns(const struct wiring *wiring)
{
	uint64_t due_ns = WIRING_NEVER;

	for (unsigned i = 0; i < wiring->n_gates; i++) {
		const struct wiring_gate *gate = wiring->gates[i];

		if (gate->n_held > 0 && gate->held[gate->at_held].due_ns < due_ns)
			due_ns = gate->held[gate->at_held].due_ns;
	}
	return due_ns;
}

void wiring_settle(struct wiring *wiring, uint64_t now_ns)
{
	for (unsigned i = 0; i < wiring->n_lines; i++) {
		struct wiring_line *line = &wiring->lines[i];

		for (unsigned j = line->gates; j < line->gates_end; j++) {
			while (gate_settle(wiring->gates[j], now_ns))
				line_settle(wiring, line, false);
		}
		conflict_look(wiring, line);
	}
}
