/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The body of a handover image: which member is which record. */
#pragma once

#include "handover/handover_format.h"

/* Of a struct handover. */
extern const struct record_table handover_table;
