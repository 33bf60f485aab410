/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Who watches a worker's lines: what it is told, and what becomes of that when it does not read. */
#include "control_fixture.h"

#include <sys/socket.h>

static void silent_until_watched(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply event;

	guest_drives(fixture, 0, 1);
	assert_false(next(fixture, &event));
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 1).error, 0);
	guest_drives(fixture, 1, 1);
	event = expect(fixture, CONTROL_CHANNEL_EVENT);
	assert_int_equal(event.id, 0);
	assert_int_equal(event.line, 1);
	assert_int_equal(event.level, 1);
	assert_int_equal(event.direction, GPIO_DIRECTION_OUT);
	assert_int_equal(event.dropped, 0);
	assert_true(event.time_ns > 0);
	while (next(fixture, &event))
		;
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 0).error, 0);
	guest_drives(fixture, 1, 0);
	assert_false(next(fixture, &event));
}

static void what_did_not_change_is_not_told(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply event;

	ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 1);
	ask(fixture, CONTROL_CHANNEL_SET, 4, 1);
	assert_int_equal(expect(fixture, CONTROL_CHANNEL_EVENT).level, 1);
	expect(fixture, CONTROL_CHANNEL_SET);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_SET, 4, 1).level, 1);
	control_server_line_changed(fixture->server, 4);
	control_server_line_changed(fixture->server, LINES);
	control_server_line_changed(NULL, 0);
	assert_false(next(fixture, &event));
}

static void who_watches_learns_of_interrupts(void **state)
{
	struct fixture *fixture = *state;
	const struct gpio_request arm = { GPIO_MSG_SET_IRQ_TYPE, 2, IRQ_TYPE_EDGE_BOTH };
	const struct gpio_request disarm = { GPIO_MSG_SET_IRQ_TYPE, 2, IRQ_TYPE_NONE };
	struct control_channel_reply event;

	fixture->lines.irq_enabled = true;
	ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 1);
	lines_request(&fixture->lines, &arm);
	event = expect(fixture, CONTROL_CHANNEL_EVENT);
	assert_int_equal(event.line, 2);
	assert_int_equal(event.irq_type, IRQ_TYPE_EDGE_BOTH);
	lines_request(&fixture->lines, &arm);
	assert_false(next(fixture, &event));
	lines_request(&fixture->lines, &disarm);
	assert_int_equal(expect(fixture, CONTROL_CHANNEL_EVENT).irq_type, IRQ_TYPE_NONE);
	assert_false(next(fixture, &event));
}

static void guest_sets(struct fixture *fixture, bool level)
{
	const struct gpio_request request = { GPIO_MSG_SET_VALUE, 0, level };

	lines_request(&fixture->lines, &request);
}

/* Line 0, which is watched, changes so often, beginning with 1, and nobody reads of it. */
static void change_unread(struct fixture *fixture, unsigned n)
{
	guest_drives(fixture, 0, 0);
	ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 1);
	for (unsigned i = 1; i <= n; i++)
		guest_sets(fixture, i % 2);
}

/* Nobody reads: the worker goes on, the number of lost events comes with the next one that goes out. */
static void lost_events_are_counted(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply event;
	unsigned told = 0;

	change_unread(fixture, 10000);
	for (; next(fixture, &event); told++)
		assert_int_equal(event.dropped, 0);
	assert_in_range(told, 1, 9999);
	guest_sets(fixture, 1);
	event = expect(fixture, CONTROL_CHANNEL_EVENT);
	assert_int_equal(event.level, 1);
	assert_int_equal(event.dropped, 10000 - told);
	guest_sets(fixture, 0);
	assert_int_equal(expect(fixture, CONTROL_CHANNEL_EVENT).dropped, 0);
}

/* Also when nothing else happens: the reader is not left with a state of the past. */
static void lost_events_are_told_of_when_there_is_room(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply event;
	unsigned told = 0;

	change_unread(fixture, 1001);
	for (; next(fixture, &event); told++)
		;
	loop_turn(&fixture->loop, 0);
	event = expect(fixture, CONTROL_CHANNEL_EVENT);
	assert_int_equal(event.line, 0);
	assert_int_equal(event.level, 1);
	assert_int_equal(event.dropped, 1001 - told - 1);
	loop_turn(&fixture->loop, 0);
	assert_false(next(fixture, &event));
}

/* A reply that is made after them tells of them, if no event did: it stands for all that came before. */
static void lost_events_are_told_of_with_a_reply(void **state)
{
	const struct control_channel_request request = { .type = CONTROL_CHANNEL_GET, .id = 77 };
	struct fixture *fixture = *state;
	struct control_channel_reply reply;
	unsigned told = 0;

	change_unread(fixture, 1001);
	assert_int_equal(send(fixture->ours, &request, sizeof(request), 0), sizeof(request));
	loop_turn(&fixture->loop, 0); /* there is no room: it waits */
	for (; next(fixture, &reply) && reply.type == CONTROL_CHANNEL_EVENT; told++)
		;
	while (reply.type != CONTROL_CHANNEL_GET && loop_turn(&fixture->loop, 0) == 0)
		next(fixture, &reply);
	assert_int_equal(reply.id, 77);
	assert_int_equal(reply.dropped, 1001 - told);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_GET, 0, 0).dropped, 0);
}

/* The stamp of a reply is before all that came of its request. */
static void a_reply_is_stamped_before_its_act(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply event;

	ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 1);
	ask(fixture, CONTROL_CHANNEL_SET, 4, 1);
	event = expect(fixture, CONTROL_CHANNEL_EVENT);
	assert_true(expect(fixture, CONTROL_CHANNEL_SET).time_ns < event.time_ns);
}

static void who_watches_learns_of_front_end_and_driver(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply event;

	control_server_set_connected(fixture->server, true);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 1).ready, 0);
	control_server_set_ready(fixture->server, true);
	event = expect(fixture, CONTROL_CHANNEL_EVENT);
	assert_int_equal(event.connected, 1);
	assert_int_equal(event.ready, 1);
	control_server_set_ready(fixture->server, true);
	assert_false(next(fixture, &event));
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_GET, 1, 0).ready, 1);
	control_server_set_ready(fixture->server, false);
	control_server_set_connected(fixture->server, false);
	assert_int_equal(expect(fixture, CONTROL_CHANNEL_EVENT).ready, 0);
	assert_int_equal(expect(fixture, CONTROL_CHANNEL_EVENT).connected, 0);
	control_server_set_ready(NULL, true);
}

/* A reply waits for room; it is never lost, and no event overtakes it. */
static void a_reply_waits_for_room(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply reply;
	unsigned replies = 0;

	change_unread(fixture, 10000);
	for (unsigned i = 0; i < 3; i++)
		ask(fixture, CONTROL_CHANNEL_GET, 0, 0);
	guest_sets(fixture, 1);
	for (unsigned turn = 0; turn < 10 && replies < 3; turn++) {
		while (next(fixture, &reply))
			replies += reply.type == CONTROL_CHANNEL_GET;
		loop_turn(&fixture->loop, 0);
	}
	assert_int_equal(replies, 3);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_GET, 0, 0).level, 1);
}

/* What a monitor is shown, and what it drives, is the wire: the host's settings stand between it and the guest. */
static void levels_are_those_on_the_wire(void **state)
{
	struct fixture *fixture = *state;
	const struct chip_line_config config = {
		.direction = CHIP_DIRECTION_IN,
		.settings = { .active_low = true, .bias = CHIP_BIAS_PULL_UP, .debounce_us = 1000000000 }
	};
	struct control_channel_reply event;

	ask_reply(fixture, CONTROL_CHANNEL_WATCH, 0, 1);
	assert_int_equal(chip_configure(fixture->chip, 1, &config), 0);
	event = expect(fixture, CONTROL_CHANNEL_EVENT); /* the bias pulled it up */
	assert_int_equal(event.line, 1);
	assert_int_equal(event.level, 1);
	assert_int_equal(chip_get(fixture->chip, 1), 0);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_GET, 1, 0).level, 1);
	ask(fixture, CONTROL_CHANNEL_TOGGLE, 1, 0);
	assert_int_equal(expect(fixture, CONTROL_CHANNEL_EVENT).level, 0);
	assert_int_equal(expect(fixture, CONTROL_CHANNEL_TOGGLE).level, 0);
	assert_int_equal(chip_get(fixture->chip, 1), 0); /* for the debounce time */
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(silent_until_watched),
		T(what_did_not_change_is_not_told),
		T(who_watches_learns_of_interrupts),
		T(lost_events_are_counted),
		T(lost_events_are_told_of_when_there_is_room),
		T(lost_events_are_told_of_with_a_reply),
		T(a_reply_is_stamped_before_its_act),
		T(who_watches_learns_of_front_end_and_driver),
		T(a_reply_waits_for_room),
		T(levels_are_those_on_the_wire),
	};

	return cmocka_run_group_tests_name("control_events", tests, NULL, NULL);
}
