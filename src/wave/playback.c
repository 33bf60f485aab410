/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A Value Change Dump as what is to be done to lines. */
#include "wave/playback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL_UNSET UINT8_MAX

int playback_init(struct playback *playback, struct vcd_reader *reader, size_t n_lines, uint64_t speed)
{
	*playback = (struct playback){ .reader = reader, .speed = speed, .n_lines = n_lines };
	playback->first = calloc(reader->head.n_numbers + 1, sizeof(*playback->first));
	playback->targets = calloc(n_lines + 1, sizeof(*playback->targets));
	playback->levels = malloc(n_lines + 1);
	playback->places = calloc(n_lines + 1, sizeof(*playback->places));
	playback->steps = calloc(n_lines + 1, sizeof(*playback->steps));
	if (!playback->first || !playback->targets || !playback->levels || !playback->places || !playback->steps)
		return -ENOMEM;
	memset(playback->levels, LEVEL_UNSET, n_lines + 1);
	return 0;
}

void playback_deinit(struct playback *playback)
{
	free(playback->first);
	free(playback->targets);
	free(playback->levels);
	free(playback->places);
	free(playback->steps);
	*playback = (struct playback){ .reader = NULL };
}

void playback_map(struct playback *playback, uint16_t line, const struct vcd_signal *signal, uint32_t bit)
{
	uint32_t *first = &playback->first[signal->number];

	playback->targets[playback->n_targets++] = (struct playback_target){ .bit = bit, .line = line, .next = *first };
	*first = (uint32_t)playback->n_targets;
}

void playback_rewind(struct playback *playback)
{
	vcd_reader_rewind(playback->reader);
	memset(playback->levels, LEVEL_UNSET, playback->n_lines);
	/* Where the file is wrong, a moment is not gone through to its end. */
	memset(playback->places, 0, playback->n_lines * sizeof(*playback->places));
	playback->has_change = playback->ended = false;
	playback->at_ns = 0;
}

/* Of what a line becomes within a moment the last counts. */
static void step_put(struct playback *playback, uint16_t line, enum vcd_level level)
{
	uint32_t *place = &playback->places[line];

	if (*place == 0) {
		if (level == playback->levels[line])
			return;
		*place = (uint32_t)++playback->n_steps;
	}
	playback->steps[*place - 1] = (struct playback_step){ .line = line, .level = level };
}

static void change_take(struct playback *playback, const struct vcd_change *change)
{
	for (uint32_t i = playback->first[change->number]; i > 0; i = playback->targets[i - 1].next)
		step_put(playback, playback->targets[i - 1].line,
			 vcd_change_level(change, playback->targets[i - 1].bit));
}

/* A line that is in the end as it was before has no step. */
static void steps_settle(struct playback *playback)
{
	size_t n = 0;

	for (size_t i = 0; i < playback->n_steps; i++) {
		struct playback_step step = playback->steps[i];

		playback->places[step.line] = 0;
		if (playback->levels[step.line] != step.level)
			playback->steps[n++] = step;
		playback->levels[step.line] = (uint8_t)step.level;
	}
	playback->n_steps = n;
}

/* All changes of one time stamp; *time_ns is that. 1; 0: there is none any more. */
static int changes_take(struct playback *playback, uint64_t *time_ns)
{
	struct vcd_change *change = &playback->change;
	int ret = playback->has_change ? 1 : vcd_reader_next(playback->reader, change);

	playback->n_steps = 0;
	playback->has_change = false;
	*time_ns = ret > 0 ? change->time_ns : playback->reader->time_ns;
	for (; ret > 0 && change->time_ns == *time_ns; ret = vcd_reader_next(playback->reader, change)) {
		change_take(playback, change);
		playback->has_change = true;
	}
	if (ret < 0)
		return ret;
	steps_settle(playback);
	if (ret == 0 && !playback->has_change)
		return 0;
	playback->has_change = ret > 0;
	return 1;
}

/* The times are below WORDS_VALUE_MAX, and the speed is one of words_factor(). */
static uint64_t time_scale(const struct playback *playback, uint64_t time_ns)
{
	return (time_ns - playback->reader->first_ns) * 1000 / playback->speed;
}

int playback_next(struct playback *playback, struct playback_moment *moment)
{
	uint64_t time_ns, at_ns;
	int ret;

	if (playback->ended)
		return 0;
	do {
		ret = changes_take(playback, &time_ns);
	} while (ret > 0 && playback->n_steps == 0);
	if (ret < 0)
		return ret;
	at_ns = time_scale(playback, time_ns);
	playback->ended = ret == 0;
	*moment = (struct playback_moment){ .at_ns = at_ns,
					    .steps = playback->steps,
					    .n = ret > 0 ? playback->n_steps : 0 };
	if (ret == 0 && at_ns == playback->at_ns)
		return 0;
	playback->at_ns = at_ns;
	return 1;
}
