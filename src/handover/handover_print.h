/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A handover image in the words of its records, for people. */
#pragma once

#include <stdio.h>

#include "base/why.h"
#include "handover/handover_format.h"

/*
 * Prints an image of any version, one record a line, and whether this program could take it: look says what it thinks of
 * a guest, and may be NULL. -errno, with why: it cannot be read, or has no frame.
 */
int handover_print(const char *path, FILE *stream, int (*look)(const struct handover_guest *guest, struct why *why),
		   struct why *why);
