/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Signals of a Value Change Dump in the words of a user. */
#pragma once

#include "wave/vcd_head.h"

/*
 * The signal that is meant by a whole name, "top.uart.tx", or by the end of one behind a dot, "tx", where that is one
 * signal; and a bit of a vector, "data[3]". *bit counts from the right. NULL: why says so.
 */
const struct vcd_signal *vcd_find(const struct vcd_head *head, const char *word, uint32_t *bit, struct why *why);
