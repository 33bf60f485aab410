/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The reason of a failure in words, one line, for whoever reports it. */
#pragma once

struct why {
	char text[512]; /* cut where its room ends */
};

/* Writes the words, which may repeat those that are there, and returns -error. */
int why_fail(int error, struct why *why, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with the place before it, "where: ...", and -EINVAL. */
int why_at(struct why *why, const char *where, const char *format, ...) __attribute__((format(printf, 3, 4)));
