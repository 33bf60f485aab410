/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The wires of a guest's lines to each other and to those of other guests, in the loop of its worker. */
#pragma once

#include "chip/chip_types.h"
#include "loop/loop.h"

struct wires;

/* Without wires, until the supervisor tells of some. NULL: no memory. loop and tag outlive it. */
struct wires *wires_new(struct loop *loop, const char *tag);
/* For the chip that is about to be attached. */
struct chip_wires wires_of_chip(struct wires *wires);
/* The chip is there, and outlives the wires. */
void wires_attach(struct wires *wires, struct chip *chip);
/* A message of the supervisor's, of which the fd is taken over; dealt with later, in the loop. */
void wires_message(struct wires *wires, uint32_t key, int fd);
/* The peers hear of what changed last. NULL: nothing to do. */
void wires_free(struct wires *wires);
