/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A Value Change Dump as what is to be done to lines, and when: moments, in order, each with the lines that are another
 * then than before. Times are those since the first one in the file.
 */
#pragma once

#include "wave/vcd_reader.h"

struct playback_step {
	uint16_t line;
	enum vcd_level level;
};

/* One without steps is the end of the file, if that comes later than the last change. */
struct playback_moment {
	uint64_t at_ns;
	const struct playback_step *steps; /* of the playback, until it is asked again */
	size_t n;
};

struct playback_target {
	uint32_t bit;
	uint16_t line;
	uint32_t next; /* of the same identifier, and 1; 0: none */
};

struct playback {
	struct vcd_reader *reader;	 /* the caller's, at its first change */
	uint64_t speed;			 /* in thousandths */
	uint32_t *first;		 /* owned; of each identifier: its first target, and 1 */
	struct playback_target *targets; /* owned; one a line */
	uint8_t *levels;		 /* owned; of each line: as it stands */
	uint32_t *places;		 /* owned; of each line: its step of this moment, and 1 */
	struct playback_step *steps;	 /* owned; of this moment */
	size_t n_lines, n_targets, n_steps;
	struct vcd_change change; /* the first one of the next moment */
	bool has_change, ended;
	uint64_t at_ns; /* of the last moment */
};

/* n_lines, of which none has a signal yet. 0 or -ENOMEM; to be given up in any case. */
int playback_init(struct playback *playback, struct vcd_reader *reader, size_t n_lines, uint64_t speed);
/* The bit of the signal is to be played on this line, which has none yet. */
void playback_map(struct playback *playback, uint16_t line, const struct vcd_signal *signal, uint32_t bit);
/* 1; 0: it is over; -EINVAL: the reader's why. */
int playback_next(struct playback *playback, struct playback_moment *moment);
/* From the beginning again. */
void playback_rewind(struct playback *playback);
void playback_deinit(struct playback *playback);
