/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Lines on a fake chip, and what they say to their user: the fixture of all tests of lines. */
#pragma once

#include "fake_chip.h"
#include "gpio/idle_state.h"
#include "gpio/line_chip.h"
#include "gpio/lines.h"
#include "gpio/lines_attach.h"
#include "gpio/lines_reconnect.h"

struct fixture {
	struct fake_chip fake;
	struct lines lines;
	struct line_rules rules[FAKE_LINES]; /* none at first */
	enum lines_begin begin;		     /* RESUME at first */
	struct line_state memory[FAKE_LINES];
	int stored_fds[FAKE_LINES]; /* -1: none */
	/* What came last by lines_host.irq, and how often. */
	uint16_t irq_line;
	enum irq_action irq_action;
	int irqs;
	int changes;
};

/* cmocka fixtures: *state is the fixture; its lines are attached with interrupts enabled. */
int fixture_up(void **state);
int fixture_down(void **state);

void fixture_attach(struct fixture *fixture);
/* The process died: the chip object and the lines are new, session memory, stored fds and rules are not. */
void fixture_reattach(struct fixture *fixture, enum lines_begin begin);
/* What lines_attach() said. */
int fixture_try_attach(struct fixture *fixture);

/* One request: its answer as 0xSSVV, status and value. */
unsigned ask(struct fixture *fixture, unsigned type, unsigned line, uint32_t value);
#define OK(value) (GPIO_STATUS_OK << 8 | (value))
#define ERR	  (GPIO_STATUS_ERR << 8)

/* How many interrupts came since the last call. */
int irqs(struct fixture *fixture);

/* The chip reports an edge. */
void edge_comes(struct fixture *fixture, unsigned offset, enum chip_edge edge, bool level);
/* The fake chip's level changes, and its edge is reported if it was asked for. */
void wire(struct fixture *fixture, unsigned line, bool level);

/* Requests and directions, short. */
enum { NAMES = GPIO_MSG_GET_LINE_NAMES, GET_DIR, SET_DIR, GET_VALUE, SET_VALUE, SET_IRQ };
enum { NONE = GPIO_DIRECTION_NONE, OUT, IN };

#define assert_journal(fixture, expected) assert_string_equal(fake_chip_journal(&(fixture)->fake), expected)

/* The chip's line has the settings of its rules. */
void assert_settings(struct fixture *fixture, unsigned line);

/* The driver gives a buffer for the line. */
enum irq_action give(struct fixture *fixture, unsigned line);
/* The line rises and falls. */
void pulse(struct fixture *fixture, unsigned line);
