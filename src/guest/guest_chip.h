/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The chips of a guest, found by the words of the description: each stands in the guest once, by whatever words. */
#pragma once

#include <stddef.h>

#include "base/why.h"
#include "config/guest_config.h"
#include "guest/guest.h"

/*
 * The index of the chip among the guest's, where it is added when it does not stand there; its fd is the guest's. sim:
 * how many lines a simulated one has. -ENOMEM; any other -errno: not to be had, why says the chip and the reason.
 */
int guest_chip_find(struct guest *guest, const struct config_chip *config, unsigned sim, struct why *why);
