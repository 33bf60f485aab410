/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A worker's control channel on lines of a simulated chip; the test is the control process. */
#pragma once

#include "rows.h"

#include "chip/chip.h"
#include "gpio/lines.h"
#include "ipc/control_channel.h"
#include "loop/loop.h"
#include "worker/control_server.h"

#define LINES 8

struct fixture {
	struct loop loop;
	int ours, workers;
	void *state;
	struct chip *chip;
	struct lines lines;
	struct line_rules rules[LINES];
	struct line_state line_state[LINES];
	struct control_server *server;
	uint32_t last_id;
};

/* cmocka fixtures: *state is the fixture. */
int fixture_up(void **state);
int fixture_down(void **state);

/* What lines ask of their host: nothing is done about interrupts, no fd is stored. */
void on_irq(void *ctx, uint16_t line, enum irq_action action);
int none_kept(void *ctx, unsigned offset);

/* False: there is nothing to read. */
bool next(struct fixture *fixture, struct control_channel_reply *reply);
struct control_channel_reply expect(struct fixture *fixture, enum control_channel_type type);
void ask(struct fixture *fixture, uint32_t type, uint32_t line, uint32_t value);
/* Asks and takes the reply, with nothing before it. */
struct control_channel_reply ask_reply(struct fixture *fixture, uint32_t type, uint32_t line, uint32_t value);
/* The guest makes the line an output. */
void guest_drives(struct fixture *fixture, uint16_t line, uint32_t level);
