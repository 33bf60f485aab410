/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One call of vgpioctl: the words of its command line, taken apart. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bench/parameters.h"
#include "board/link.h"

#define CALL_MAPS_MAX 256

/* Options of some verbs; those without a value have "". */
enum call_option {
	CALL_HOLD,
	CALL_BOUNCE,
	CALL_HZ,
	CALL_COUNT,
	CALL_TIMEOUT,
	CALL_STABLE,
	CALL_ANY,
	CALL_ALL,
	CALL_SET,
	CALL_SEED,
	CALL_TAP,
	CALL_JUNIT,
	CALL_RECORD,
	CALL_OUTPUT,
	CALL_TRIGGER,
	CALL_BEFORE,
	CALL_AFTER,
	CALL_LIMIT,
	CALL_MAP,
	CALL_SPEED,
	CALL_INVERT,
	CALL_DELAY,
	CALL_NUMERIC,
	CALL_NAMES,
	CALL_OPTIONS,
};

struct call {
	struct link link; /* owned */
	const char *path; /* of the control socket */
	bool json;	  /* print what the daemon says as it is */
	char **words;	  /* behind the verb; main()'s argv, as all that follows */
	int n_words;
	const char *options[CALL_OPTIONS]; /* NULL: not given */
	const char *sets[PARAMETERS_MAX];  /* of each --set */
	size_t n_sets;
	const char *maps[CALL_MAPS_MAX]; /* of each --map */
	size_t n_maps;
};
