/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The worker's end of its control channel: what is asked of it, and what it answers. */
#include "control_fixture.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "gpio/lines_attach.h"
#include "unit/gpio/fake_chip.h"

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

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(end_of_file),
		T(tells_all_about_a_line),
		T(several_lines_are_one_message),
		T(several_lines_wait_for_room),
		T(drives_pulls_and_toggles),
		T(refuses),
		T(bad_messages_are_passed_over),
		T(a_real_line_is_not_driven),
		T(the_other_end_may_go),
	};

	return cmocka_run_group_tests_name("control_server", tests, NULL, NULL);
}
