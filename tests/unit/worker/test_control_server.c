/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The worker's side of the port, on a simulated chip: answers, events, and a reader that does not read. */
#include "rows.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chip/chip.h"
#include "chip/chip_spec.h"
#include "gpio/lines.h"
#include "gpio/lines_attach.h"
#include "ipc/control_channel.h"
#include "loop/loop.h"
#include "unit/gpio/fake_chip.h"
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

static void on_lines_changed(void *ctx, uint16_t line)
{
	struct fixture *fixture = ctx;

	control_server_line_changed(fixture->server, line);
}

static void on_irq(void *ctx, uint16_t line, enum irq_action action)
{
}

static int none_kept(void *ctx, unsigned offset)
{
	return -1;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct chip_host chip_host = {
		.loop = &fixture->loop, .tag = "test", .consumer = "test", .observer = lines_observer(&fixture->lines)
	};
	const struct lines_host lines_host = { .irq = on_irq, .changed = on_lines_changed, .changed_ctx = fixture };
	struct chip_spec spec;
	struct chip_found found;
	struct why why;
	int fds[2];

	assert_int_equal(chip_spec_parse("s8", 2, &spec), 0);
	assert_int_equal(chip_probe(&spec, &found, &why), 0);
	assert_int_equal(loop_init(&fixture->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	fixture->ours = fds[0];
	fixture->workers = fds[1];
	fixture->state = calloc(1, found.state_size);
	assert_int_equal(chip_attach(&spec, &found, fixture->state, &chip_host, &fixture->chip), 0);
	for (unsigned i = 0; i < LINES; i++)
		snprintf(fixture->rules[i].name, sizeof(fixture->rules[i].name), "dummy%u", i);
	assert_int_equal(lines_attach(&fixture->lines, fixture->chip, "test", fixture->rules, LINES_BEGIN_RESUME,
				      fixture->line_state, &lines_host, none_kept, NULL),
			 0);
	assert_int_equal(
		control_server_attach(&fixture->server, &fixture->loop, fixture->workers, &fixture->lines, "test"), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	control_server_detach(fixture->server);
	lines_detach(&fixture->lines);
	chip_detach(fixture->chip);
	loop_deinit(&fixture->loop);
	close(fixture->ours);
	close(fixture->workers);
	free(fixture->state);
	free(fixture);
	return 0;
}

/* False: there is nothing to read. */
static bool next(struct fixture *fixture, struct control_channel_reply *reply)
{
	ssize_t len = recv(fixture->ours, reply, sizeof(*reply), MSG_DONTWAIT);

	if (len < 0)
		return false;
	assert_int_equal(len, sizeof(*reply));
	return true;
}

static struct control_channel_reply expect(struct fixture *fixture, enum control_channel_type type)
{
	struct control_channel_reply reply;

	assert_true(next(fixture, &reply));
	assert_int_equal(reply.type, type);
	return reply;
}

static void ask(struct fixture *fixture, uint32_t type, uint32_t line, uint32_t value)
{
	struct control_channel_request request = {
		.type = type, .id = ++fixture->last_id, .line = line, .value = value
	};

	assert_int_equal(send(fixture->ours, &request, sizeof(request), 0), sizeof(request));
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
}

/* Asks and takes the reply, with nothing before it. */
static struct control_channel_reply ask_reply(struct fixture *fixture, uint32_t type, uint32_t line, uint32_t value)
{
	struct control_channel_reply reply;

	ask(fixture, type, line, value);
	reply = expect(fixture, type);
	assert_int_equal(reply.id, fixture->last_id);
	return reply;
}

static void guest_drives(struct fixture *fixture, uint16_t line, uint32_t level)
{
	const struct gpio_request set = { GPIO_MSG_SET_VALUE, line, level };
	const struct gpio_request out = { GPIO_MSG_SET_DIRECTION, line, GPIO_DIRECTION_OUT };

	assert_int_equal(lines_request(&fixture->lines, &set).status, GPIO_STATUS_OK);
	assert_int_equal(lines_request(&fixture->lines, &out).status, GPIO_STATUS_OK);
}

static void tells_all_about_a_line(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_reply reply;

	reply = ask_reply(fixture, CONTROL_CHANNEL_INFO, 3, 0);
	assert_int_equal(reply.error, 0);
	assert_int_equal(reply.line, 3);
	assert_int_equal(reply.level, 0);
	assert_int_equal(reply.direction, GPIO_DIRECTION_NONE);
	assert_int_equal(reply.sim, 1);
	assert_int_equal(reply.connected, 0);
	control_server_set_connected(fixture->server, true);
	guest_drives(fixture, 3, 1);
	reply = ask_reply(fixture, CONTROL_CHANNEL_GET, 3, 0);
	assert_int_equal(reply.level, 1);
	assert_int_equal(reply.direction, GPIO_DIRECTION_OUT);
	assert_int_equal(reply.connected, 1);
}

static void drives_pulls_and_toggles(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_SET, 1, 1).level, 1);
	assert_int_equal(chip_outside_level(fixture->chip, 1), 1);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_TOGGLE, 1, 0).level, 0);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_TOGGLE, 1, 0).level, 1);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_PULL, 1, 0).level, 0);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_PULL, 1, 1).level, 1);
}

static void refuses(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_GET, LINES, 0).error, -ERANGE);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_SET, UINT32_MAX, 1).error, -ERANGE);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_SET, 0, 2).error, -EINVAL);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_PULL, 0, 2).error, -EINVAL);
	assert_int_equal(ask_reply(fixture, 99, 0, 0).error, -EINVAL);
	assert_int_equal(ask_reply(fixture, 0, 0, 0).error, -EINVAL);
	guest_drives(fixture, 2, 0);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_SET, 2, 1).error, -EBUSY);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_TOGGLE, 2, 0).error, -EBUSY);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_GET, 2, 0).level, 0);
}

static void bad_messages_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct control_channel_request request = { .type = CONTROL_CHANNEL_GET };
	char longer[sizeof(request) + 1] = { CONTROL_CHANNEL_GET };

	send(fixture->ours, &request, sizeof(request) - 1, 0);
	send(fixture->ours, longer, sizeof(longer), 0);
	send(fixture->ours, &request, 0, 0);
	send(fixture->ours, &request, sizeof(request), 0); /* id 0 */
	loop_turn(&fixture->loop, 0);
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_GET, 1, 0).error, 0);
}

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

/* In one message; nothing behind the last line. */
static void several_lines_are_one_message(void **state)
{
	struct control_channel_reply replies[CONTROL_CHANNEL_LINES_MAX + 1];
	struct fixture *fixture = *state;

	for (unsigned first = 0; first < LINES; first += LINES - 1) {
		unsigned n = LINES - first;

		ask(fixture, CONTROL_CHANNEL_INFO, first, UINT32_MAX);
		assert_int_equal(recv(fixture->ours, replies, sizeof(replies), MSG_DONTWAIT), n * sizeof(*replies));
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(replies[i].id, fixture->last_id);
			assert_int_equal(replies[i].line, first + i);
			assert_int_equal(replies[i].error, 0);
		}
	}
	assert_int_equal(ask_reply(fixture, CONTROL_CHANNEL_INFO, LINES, 3).error, -ERANGE);
	ask(fixture, CONTROL_CHANNEL_INFO, 2, 1);
	assert_int_equal(recv(fixture->ours, replies, sizeof(replies), MSG_DONTWAIT), 2 * sizeof(*replies));
}

/* Until then no other request is read. */
static void several_lines_wait_for_room(void **state)
{
	struct control_channel_reply reply, replies[CONTROL_CHANNEL_LINES_MAX];
	struct fixture *fixture = *state;
	unsigned unread = 0;

	while (send(fixture->workers, &reply, sizeof(reply), MSG_DONTWAIT) == sizeof(reply))
		unread++;
	ask(fixture, CONTROL_CHANNEL_INFO, 1, 2);
	ask(fixture, CONTROL_CHANNEL_GET, 4, 0);
	for (; unread > 0; unread--)
		assert_int_equal(recv(fixture->ours, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
	assert_int_equal(recv(fixture->ours, &reply, sizeof(reply), MSG_DONTWAIT), -1);
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
	assert_int_equal(recv(fixture->ours, replies, sizeof(replies), MSG_DONTWAIT), 3 * sizeof(*replies));
	assert_int_equal(replies[0].id, fixture->last_id - 1);
	assert_int_equal(replies[0].line, 1);
	assert_int_equal(replies[2].line, 3);
	reply = expect(fixture, CONTROL_CHANNEL_GET);
	assert_int_equal(reply.id, fixture->last_id);
	assert_int_equal(reply.line, 4);
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

/* The outside of a chip that is not simulated is the world's. */
static void a_real_line_is_not_driven(void **state)
{
	static const uint32_t types[] = { CONTROL_CHANNEL_SET, CONTROL_CHANNEL_PULL, CONTROL_CHANNEL_TOGGLE };
	const struct lines_host lines_host = { .irq = on_irq };
	struct fixture *fixture = *state;
	struct fake_chip fake;
	struct lines lines;
	struct line_rules rules[FAKE_LINES] = { 0 };
	struct line_state line_state[FAKE_LINES] = { 0 };
	struct control_channel_reply reply;

	fake_chip_init(&fake);
	assert_int_equal(lines_attach(&lines, &fake.chip, "test", rules, LINES_BEGIN_RESUME, line_state, &lines_host,
				      none_kept, NULL),
			 0);
	control_server_detach(fixture->server);
	assert_int_equal(control_server_attach(&fixture->server, &fixture->loop, fixture->workers, &lines, "test"), 0);
	fake_chip_journal(&fake);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_reply(fixture, types[i], 1, 1).error, -EPERM);
	reply = ask_reply(fixture, CONTROL_CHANNEL_GET, 1, 0);
	assert_int_equal(reply.error, 0);
	assert_int_equal(reply.level, -1); /* nobody holds it */
	assert_int_equal(reply.sim, 0);
	assert_string_equal(fake_chip_journal(&fake), "1:get 1:get 1:get 1:get ");
	control_server_detach(fixture->server);
	fixture->server = NULL;
	lines_detach(&lines);
}

static void the_other_end_may_go(void **state)
{
	struct fixture *fixture = *state;

	shutdown(fixture->ours, SHUT_RDWR);
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_turn(&fixture->loop, 0), 0);
	guest_drives(fixture, 0, 1);
}

/* It is over, and no bad message: the process does not go round and round over it. */
static void end_of_file(void **state)
{
	struct fixture *fixture = *state;
	struct pollfd pfd = { .fd = fixture->loop.epoll_fd, .events = POLLIN };

	shutdown(fixture->workers, SHUT_RD);
	assert_int_equal(loop_turn(&fixture->loop, 0), 0);
	assert_int_equal(poll(&pfd, 1, 0), 0);
	control_server_line_changed(fixture->server, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(end_of_file, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_all_about_a_line, setup, teardown),
		cmocka_unit_test_setup_teardown(several_lines_are_one_message, setup, teardown),
		cmocka_unit_test_setup_teardown(several_lines_wait_for_room, setup, teardown),
		cmocka_unit_test_setup_teardown(drives_pulls_and_toggles, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_messages_are_passed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(silent_until_watched, setup, teardown),
		cmocka_unit_test_setup_teardown(what_did_not_change_is_not_told, setup, teardown),
		cmocka_unit_test_setup_teardown(who_watches_learns_of_interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_events_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_events_are_told_of_when_there_is_room, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_events_are_told_of_with_a_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reply_is_stamped_before_its_act, setup, teardown),
		cmocka_unit_test_setup_teardown(who_watches_learns_of_front_end_and_driver, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reply_waits_for_room, setup, teardown),
		cmocka_unit_test_setup_teardown(levels_are_those_on_the_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(a_real_line_is_not_driven, setup, teardown),
		cmocka_unit_test_setup_teardown(the_other_end_may_go, setup, teardown),
	};

	return cmocka_run_group_tests_name("control_server", tests, NULL, NULL);
}
