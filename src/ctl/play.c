/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The verb play: a waveform file as stimulus. All of it is read, and looked at to its end, before anything is done. Without
 * --map each signal is that of the line of its name, as record writes them.
 */
#include "ctl/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "bench/words.h"
#include "board/player.h"
#include "ctl/arguments.h"
#include "ctl/input.h"
#include "wave/vcd_find.h"

#define SIZE_BYTES_MAX (256ul * 1024 * 1024)
#define NS_PER_US      1000.0
#define NS_PER_S       1e9

/* What is played on a line. */
struct source {
	const struct vcd_signal *signal;
	uint32_t bit;
};

struct play {
	const char *file;
	char *text; /* owned */
	struct vcd_reader reader;
	struct playback playback;
	struct player player;
	struct source sources[SCENARIO_LINES_MAX]; /* of the lines of the arguments */
	uint64_t speed;
	struct why why;
};

/* False: said, as below. */
static bool source_add(struct play *play, struct arguments *arguments, const char *line,
		       const struct vcd_signal *signal, uint32_t bit)
{
	size_t n = arguments->scenario.n_lines;
	uint16_t number;

	if (parser_line(&arguments->parser, line, true, &number) < 0) {
		error_print("play: %s", arguments->why.text);
		return false;
	}
	if (number < n) {
		error_print("play: \"%s\" is to be two signals", line);
		return false;
	}
	play->sources[number] = (struct source){ signal, bit };
	return true;
}

/* "top.uart.tx=ci.rx". */
static bool map_take(struct play *play, struct arguments *arguments, const char *map)
{
	const char *equals = strrchr(map, '=');
	const struct vcd_signal *signal;
	char name[VCD_NAME_MAX];
	uint32_t bit;

	if (!equals || equals == map || !equals[1] || (size_t)(equals - map) >= sizeof(name)) {
		error_print("--map: \"%s\" is not SIGNAL=LINE", map);
		return false;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(equals - map), map);
	signal = vcd_find(&play->reader.head, name, &bit, &play->why);
	if (!signal) {
		error_print("%s: %s", play->file, play->why.text);
		return false;
	}
	return source_add(play, arguments, equals + 1, signal, bit);
}

static bool all_take(struct play *play, struct arguments *arguments)
{
	const struct vcd_head *head = &play->reader.head;

	for (size_t i = 0; i < head->n; i++) {
		const struct vcd_signal *signal = &head->signals[i];

		if (signal->width != 1) {
			error_print("%s: \"%s\" is no single wire: --map says what is to be played", play->file,
				    signal->name);
			return false;
		}
		if (!source_add(play, arguments, signal->name, signal, 0))
			return false;
	}
	if (head->n == 0)
		error_print("%s: it has no signals", play->file);
	return head->n > 0;
}

static bool sources_take(struct play *play, const struct call *call, struct arguments *arguments)
{
	if (call->n_maps == 0)
		return all_take(play, arguments);
	for (size_t i = 0; i < call->n_maps; i++) {
		if (!map_take(play, arguments, call->maps[i]))
			return false;
	}
	return true;
}

/* To the end, before anything is done. */
static bool file_check(struct play *play)
{
	struct playback_moment moment;
	int ret;

	do {
		ret = playback_next(&play->playback, &moment);
	} while (ret > 0);
	playback_rewind(&play->playback);
	return ret == 0;
}

static bool file_open(struct play *play)
{
	size_t len;

	play->text = input_read(play->file, SIZE_BYTES_MAX, &len);
	if (!play->text)
		return false;
	if (vcd_reader_open(&play->reader, play->file, play->text, len, &play->why) < 0) {
		error_print("%s", play->why.text);
		return false;
	}
	return true;
}

static bool playback_make(struct play *play, const struct arguments *arguments)
{
	size_t n = arguments->scenario.n_lines;

	if (playback_init(&play->playback, &play->reader, n, play->speed) < 0) {
		error_print("out of memory");
		return false;
	}
	for (size_t i = 0; i < n; i++)
		playback_map(&play->playback, (uint16_t)i, play->sources[i].signal, play->sources[i].bit);
	if (!file_check(play)) {
		error_print("%s", play->why.text);
		return false;
	}
	return true;
}

static void jitter_print(const char *text, uint64_t ns)
{
	if (ns == UINT64_MAX)
		printf("%s more than %u us", text, JITTER_US);
	else
		printf("%s %.0f us", text, (double)ns / NS_PER_US);
}

static void result_print(const struct play *play)
{
	const struct jitter *jitter = &play->player.jitter;

	printf("%llu changes in %.6f s", (unsigned long long)play->player.n_changes,
	       (double)play->playback.at_ns / NS_PER_S);
	if (jitter->n > 0) {
		jitter_print("; late by", jitter_usual(jitter));
		jitter_print("; jitter p99", jitter_within(jitter, 99));
		jitter_print(", at most", jitter_max(jitter));
	}
	putchar('\n');
}

static bool is_twice(const struct board *board)
{
	for (size_t i = 0; board->has_twins && i < board->trace.n_lines; i++) {
		if (board->lines[i].same_as == i)
			continue;
		error_print("play: \"%s\" is to be two signals", board->lines[i].name);
		return true;
	}
	return false;
}

static int lines_play(struct play *play, struct call *call, const struct arguments *arguments)
{
	struct board board = { .link = NULL };
	bool good;

	if (!arguments_open(arguments, call, &board))
		return EXIT_FAILED;
	good = !is_twice(&board) && player_run(&play->player, &board, &play->playback);
	if (good)
		result_print(play);
	return arguments_close(call, &board) && good ? 0 : EXIT_FAILED;
}

static int play(struct play *play, struct call *call)
{
	struct arguments *arguments = arguments_make();
	int status = EXIT_USAGE;

	if (arguments && file_open(play) && sources_take(play, call, arguments) && playback_make(play, arguments))
		status = lines_play(play, call, arguments);
	playback_deinit(&play->playback);
	vcd_reader_close(&play->reader);
	free(play->text);
	arguments_free(arguments);
	return status;
}

int play_call(struct call *call)
{
	static struct play state = { .speed = 1000 };
	const char *speed = call->options[CALL_SPEED];

	if (call->n_words != 1) {
		error_print("play needs one FILE");
		return EXIT_USAGE;
	}
	if (speed && words_factor(speed, &state.speed) < 0) {
		error_print("--speed: \"%s\" is not a number from 0.001 to 1000", speed);
		return EXIT_USAGE;
	}
	state.file = call->words[0];
	return play(&state, call);
}
