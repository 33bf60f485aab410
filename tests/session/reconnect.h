/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A front-end whose connection is cut and that comes back, with the memory and the rings that it had: as QEMU 7.2 does
 * with reconnect=. What it knows of its rings is what they say was used.
 */
#pragma once

#include "policy.h"

/* As session_setup_started(), and all lines are held when a guest goes. */
int setup_hold(void **state);

/* The connection is gone without a word, and the worker has noticed. */
void cut(struct session *s);
/* Another connection, up to memory; and its rings, started. */
void come_again(struct session *s);
void rings_again(struct session *s);
/* SET_VRING_BASE of a front-end that goes by what was used. */
uint32_t used_base(const struct ring *ring);
/* All of it, cut included. */
void cut_and_come(struct session *s);

/* It was taken for the same session as often; and was not, with these words in the log. */
void assert_same(struct session *s, unsigned times);
void assert_other(struct session *s, const char *why);
