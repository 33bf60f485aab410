/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --guest key=value,...: one guest in one word. */
#pragma once

#include "base/why.h"
#include "config/guest_config.h"

/*
 * Adds the guest. number: 0 when this is the only --guest, else which one it is, from 1 on: messages say so. A comma in
 * braces or quotes belongs to its value. With neither socket nor fd the caller has to find the guest's socket elsewhere.
 * -EINVAL with why; -ENOMEM.
 */
int guest_option_parse(const char *word, unsigned number, struct guest_configs *configs, struct why *why);
