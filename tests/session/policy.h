/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What tests of the host's rules start from: guests that are described by words, on simulated chips or on gpio-sim, and
 * what the outside and the kernel say of a line.
 */
#pragma once

#include "session.h"

#include "kernel.h"

#define POLICY_LINES 8 /* of each chip */

#define real_only(why)                                                                                                 \
	do {                                                                                                           \
		if (!outside_wants_real()) {                                                                           \
			skip_because("only on a real chip: %s", why);                                                  \
		}                                                                                                      \
	} while (0)

/*
 * A daemon with one guest, or two (second may be NULL), and one more option (NULL). A and B behind an '@' in the words are
 * the chips; simulated, A is the guest's own and there is no B.
 */
struct session *policy_start(void **state, const char *first, const char *second, const char *option);
/* The words that the program got for the first guest. */
char *policy_words(void);

/* The level on the wire of a line of the first chip, which is the line of the same number of the first guest. */
int policy_level(struct session *s, unsigned line);
/* The same once more when the pull was renewed: gpio-sim shows of a line that became an input what it was as an output. */
int policy_settled(struct session *s, unsigned line, int up);
void policy_pull(struct session *s, unsigned line, int up);

/* The flags of that line in the kernel: GPIO_V2_LINE_FLAG_*. */
uint64_t policy_flags(const struct session *s, unsigned line);
#define NOT_HELD 0
/* What the kernel says of it, where there is a kernel that does: ..._INPUT, ..._OUTPUT or NOT_HELD. */
void assert_kernel(const struct session *s, unsigned line, uint64_t want);
