/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The names of a simulated chip's lines: "button:led::irq". */
#pragma once

#include "base/why.h"
#include "config/guest_config.h"

/* For guest->sim lines, from the first on; an empty word leaves its line without a name. -EINVAL with why; -ENOMEM. */
int sim_names_parse(const char *text, struct guest_config *guest, struct why *why);
