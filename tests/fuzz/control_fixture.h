/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control process in this one, with two guests: "a", whose worker is the real port on eight simulated lines, and
 * "bb", whose worker the input plays.
 *
 * To be linked with --wrap for loop_run (in its place the target's function runs), for loop_timer_set and
 * loop_timer_del (time passes when the input says so), and for accept4 (what waits for a client has little room).
 */
#pragma once

#include "input.h"

/* control_main() on a new socket; when it is set up, live() runs, and then it ends. */
void control_fixture_run(void (*live)(void));
/* Turns of the control process and of the worker. */
void control_fixture_turns(void);
/* A client's end. */
int control_fixture_connect(void);

/* Operations: see fuzz_control.c. */
void control_fixture_drive(struct input *in);
void control_fixture_flood(struct input *in);
void control_fixture_restart(struct input *in);
void control_fixture_hostile(struct input *in);
void control_fixture_wire(struct input *in);
void control_fixture_time(struct input *in);
