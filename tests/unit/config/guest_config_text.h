/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A guest's description as one line of text, field by field, so that tests can compare it. */
#pragma once

#include "config/guest_config.h"

#define GUEST_CONFIG_TEXT_MAX 65536

/* "N0[gpiochip0]{1 6 "reset"=shutdown}": kind, number, word, lines, and all that is not zero. */
const char *guest_config_text(const struct guest_config *guest);
