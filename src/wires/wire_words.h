/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A wire as users write it: "ivi.tx bmc.rx invert delay=5ms", with blanks or commas between the words. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "chip/chip_types.h"
#include "config/guest_settings.h"

/* GUEST.LINE; LINE is an offset when it is all digits, and a name otherwise, which may be quoted. */
struct wire_word {
	char guest[GUEST_NAME_MAX];
	char name[CHIP_NAME_MAX]; /* "": by offset */
	uint32_t offset;
};

struct wire_words {
	struct wire_word ends[2];
	bool invert;
	uint32_t delay_us;
};

/* -EINVAL with why, which begins with where. */
int wire_words_parse(const char *where, const char *text, struct wire_words *words, struct why *why);
