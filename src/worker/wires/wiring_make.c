/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* From a table to lines, sources and gates. */
#include "worker/wires/wiring_make.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "chip/chip.h"

#define NS_PER_US 1000u

/* A whole file. Its size is sealed. */
static int file_map(int fd, int prot, void **bytes, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0)
		return -EINVAL;
	*bytes = mmap(NULL, (size_t)st.st_size, prot, MAP_SHARED, fd, 0);
	if (*bytes == MAP_FAILED) {
		*bytes = NULL;
		return -errno;
	}
	*size = (uint64_t)st.st_size;
	return 0;
}

static int memories_map(struct wiring *wiring, const struct wire_intake *intake)
{
	uint64_t size = 0;
	void *bytes = NULL;
	int ret = 0;

	for (; wiring->n_peers < intake->n_peers && ret == 0; wiring->n_peers++) {
		struct wiring_memory *memory = &wiring->memories[wiring->n_peers];
		int prot = wiring->n_peers == 0 ? PROT_READ | PROT_WRITE : PROT_READ;

		ret = file_map(intake->peers[wiring->n_peers].memory, prot, &bytes, &memory->size);
		memory->words = bytes;
	}
	if (ret == 0)
		ret = file_map(intake->table, PROT_READ, &bytes, &size);
	if (ret < 0)
		return ret;
	wiring->rows = bytes;
	wiring->n_rows = intake->n_rows;
	return size == wiring->n_rows * sizeof(*wiring->rows) ? 0 : -EBADMSG;
}

static bool row_is_good(const struct wiring *wiring, const struct wire_row *row)
{
	return row->kind <= WIRE_ROW_LISTENER && row->peer < wiring->n_peers &&
	       row->line < chip_n_lines(wiring->chip) && WIRE_MEMORY_SIZE(row->line + 1) <= wiring->memories[0].size &&
	       WIRE_MEMORY_SIZE((uint64_t)row->peer_line + 1) <= wiring->memories[row->peer].size &&
	       row->delay_us <= WIRE_DELAY_MAX_US && row->name[WIRE_NAME_MAX - 1] == '\0';
}

static void line_add(struct wiring *wiring, const struct wire_row *row)
{
	uint32_t *words = wiring->memories[0].words;
	size_t n_words = wiring->memories[0].size / sizeof(*words) / 2;

	wiring->lines[wiring->n_lines++] = (struct wiring_line){ .line = row->line,
								 .name = row->name,
								 .first = row->first,
								 .begin = wiring->n_sources,
								 .end = wiring->n_sources,
								 .all_end = wiring->n_sources,
								 .gates = wiring->n_gates,
								 .gates_end = wiring->n_gates,
								 .word = &words[row->line],
								 .sum = &words[n_words + row->line] };
}

static void source_add(struct wiring *wiring, struct wiring_line *line, const struct wire_row *row)
{
	wiring->sources[wiring->n_sources++] =
		(struct wiring_source){ .word = &wiring->memories[row->peer].words[row->peer_line], .name = row->name };
	line->all_end = wiring->n_sources;
	line->reads |= UINT64_C(1) << row->peer;
}

static int gate_add(struct wiring *wiring, struct wiring_line *line, const struct wire_row *row)
{
	size_t n_held = row->delay_us > 0 ? WIRE_HELD_MAX : 0;
	struct wiring_gate *gate = calloc(1, sizeof(*gate) + n_held * sizeof(gate->held[0]));

	if (!gate)
		return -ENOMEM;
	gate->first = gate->end = wiring->n_sources;
	gate->invert = row->invert;
	gate->delay_ns = (uint64_t)row->delay_us * NS_PER_US;
	wiring->gates[wiring->n_gates++] = gate;
	line->gates_end = wiring->n_gates;
	return 0;
}

/* Of a line that has its WIRE_ROW_LINE. */
static int row_add(struct wiring *wiring, const struct wire_row *row)
{
	struct wiring_line *line = &wiring->lines[wiring->n_lines - 1];
	int ret = 0;

	switch ((enum wire_row_kind)row->kind) {
	case WIRE_ROW_LINE:
		break;
	case WIRE_ROW_MEMBER:
		source_add(wiring, line, row);
		line->end = wiring->n_sources;
		break;
	case WIRE_ROW_GATE:
		if (row->gate == line->gates_end - line->gates)
			ret = gate_add(wiring, line, row);
		if (ret < 0)
			break;
		source_add(wiring, line, row);
		wiring->gates[wiring->n_gates - 1]->end = wiring->n_sources;
		break;
	case WIRE_ROW_LISTENER:
		line->tells |= UINT64_C(1) << row->peer;
		break;
	}
	return ret;
}

/* Rows of a line in the order of their kinds, lines ascending: else what lies in an array would not lie together. */
static bool row_follows(const struct wiring *wiring, const struct wire_row *row)
{
	if (row == wiring->rows)
		return row->kind == WIRE_ROW_LINE;
	if (row->kind == WIRE_ROW_LINE)
		return row->line > row[-1].line;
	return row->line == row[-1].line && row->kind >= row[-1].kind &&
	       (row->kind != WIRE_ROW_GATE || row[-1].kind != WIRE_ROW_GATE || row->gate - row[-1].gate <= 1) &&
	       (row->kind != WIRE_ROW_GATE || row[-1].kind == WIRE_ROW_GATE || row->gate == 0);
}

static int rows_add(struct wiring *wiring)
{
	int ret = 0;

	wiring->lines = calloc(wiring->n_rows, sizeof(*wiring->lines));
	wiring->sources = calloc(wiring->n_rows, sizeof(*wiring->sources));
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	wiring->gates = calloc(wiring->n_rows, sizeof(*wiring->gates));
	if (!wiring->rows || !wiring->lines || !wiring->sources || !wiring->gates)
		return -ENOMEM;
	for (unsigned i = 0; i < wiring->n_rows && ret == 0; i++) {
		const struct wire_row *row = &wiring->rows[i];

		if (!row_is_good(wiring, row) || !row_follows(wiring, row))
			return -EBADMSG;
		if (row->kind == WIRE_ROW_LINE)
			line_add(wiring, row);
		ret = row_add(wiring, row);
	}
	return ret;
}

int wiring_make(struct wiring *wiring, const struct wire_intake *intake, struct chip *chip, const char *tag,
		struct log_limit *limit)
{
	int ret = wire_intake_is_whole(intake) ? 0 : -ENODATA;

	*wiring = (struct wiring){ .chip = chip, .tag = tag, .limit = limit };
	if (ret == 0)
		ret = memories_map(wiring, intake);
	if (ret == 0)
		ret = rows_add(wiring);
	if (ret < 0)
		wiring_free(wiring);
	return ret;
}

void wiring_free(struct wiring *wiring)
{
	for (unsigned i = 0; i < wiring->n_peers; i++) {
		if (wiring->memories[i].words)
			munmap(wiring->memories[i].words, wiring->memories[i].size);
	}
	if (wiring->rows)
		munmap(wiring->rows, wiring->n_rows * sizeof(*wiring->rows));
	for (unsigned i = 0; i < wiring->n_gates; i++)
		free(wiring->gates[i]);
	free(wiring->gates);
	free(wiring->lines);
	free(wiring->sources);
	*wiring = (struct wiring){ .n_lines = 0 };
}
