/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* --check: a table of what each guest would get. */
#pragma once

#include <stdio.h>

#include "guest/resolve.h"
#include "wires/wire_list.h"

/* Guests, their lines, notes and conflicts. */
void check_print(const struct resolved *resolved, const struct wire_list *wires, FILE *stream);
