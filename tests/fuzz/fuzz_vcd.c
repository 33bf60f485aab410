/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: the reader of waveform files, and what is played of one. What is refused is refused with its place in words;
 * what is understood is played in order of time, each line once a moment and only when it changes, and a second time as
 * the first.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/words.h"
#include "input.h"
#include "wave/playback.h"
#include "wave/vcd_find.h"

#define LINES_MAX 256

static void check_moment(const struct playback_moment *moment, uint8_t *levels, size_t n_lines)
{
	static bool seen[LINES_MAX];

	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < moment->n; i++) {
		const struct playback_step *step = &moment->steps[i];

		MUST(step->line < n_lines && step->level <= VCD_NONE);
		MUST(!seen[step->line] && levels[step->line] != step->level + 1);
		seen[step->line] = true;
		levels[step->line] = (uint8_t)(step->level + 1);
	}
}

/* Returns a sum of all that is played; *ret is as of playback_next(). */
static uint64_t play(struct playback *playback, int *ret)
{
	uint8_t levels[LINES_MAX] = { 0 };
	struct playback_moment moment;
	uint64_t sum = 0, last_ns = 0;
	bool ended = false;

	for (unsigned n = 0; (*ret = playback_next(playback, &moment)) > 0; n++) {
		MUST(!ended && (n == 0 || moment.at_ns >= last_ns));
		MUST(moment.at_ns <= WORDS_VALUE_MAX * 1000);
		ended = moment.n == 0;
		check_moment(&moment, levels, playback->n_lines);
		for (size_t i = 0; i < moment.n; i++)
			sum = sum * 31 + moment.steps[i].line * 8u + moment.steps[i].level;
		sum = sum * 31 + moment.at_ns;
		last_ns = moment.at_ns;
	}
	return sum;
}

/* Each signal has a line, and each bit of those that have few. */
static void map_all(struct playback *playback, const struct vcd_head *head)
{
	uint16_t line = 0;

	for (size_t i = 0; i < head->n; i++) {
		for (uint32_t bit = 0; bit < head->signals[i].width && bit < 9 && line < LINES_MAX; bit++)
			playback_map(playback, line++, &head->signals[i], bit);
	}
}

/* What is found by its name is that, or is not the only one. */
static void check_names(const struct vcd_head *head)
{
	for (size_t i = 0; i < head->n && i < 16; i++) {
		const struct vcd_signal *signal = &head->signals[i], *found;
		struct why why = { "" };
		uint32_t bit;

		MUST(signal->number < head->n_numbers &&
		     vcd_head_find_code(head, signal->code)->number == signal->number);
		found = vcd_find(head, signal->name, &bit, &why);
		MUST(found ? bit < found->width : *why.text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t speeds[] = { 1000, 1, 1000000, 333 };
	struct vcd_reader reader;
	struct playback playback = { .reader = NULL };
	struct why why = { "" };
	int ret = vcd_reader_open(&reader, "f", (const char *)data, size, &why), again;
	uint64_t sum;

	MUST(ret == 0 || strncmp(why.text, "f:", 2) == 0);
	if (ret == 0) {
		check_names(&reader.head);
		MUST(playback_init(&playback, &reader, LINES_MAX, speeds[size % 4]) == 0);
		map_all(&playback, &reader.head);
		sum = play(&playback, &ret);
		MUST(ret == 0 || strncmp(why.text, "f:", 2) == 0);
		playback_rewind(&playback);
		MUST(play(&playback, &again) == sum && again == ret);
	}
	playback_deinit(&playback);
	vcd_reader_close(&reader);
	return 0;
}
