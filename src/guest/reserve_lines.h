/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What must be tried on the chips before anything is served: lines with an init are requested and stay so; of lines with
 * settings it is found out whether the chip can do them.
 */
#pragma once

#include "guest/diagnostics.h"
#include "guest/guest.h"

/* Fills guest->reserved. 0; -EINVAL: conflicts were added; -ENOMEM. */
int reserve_lines(struct guest *guest, struct diagnostics *conflicts);
