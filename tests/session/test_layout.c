/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * An upgrade to a program whose session has another layout, and back, again and again: nobody notices. What two programs do
 * not both know is kept, or refused, by its name. (All else that an upgrade must leave alone: test_upgrade.c as
 * session-upgrade-layout.)
 */
#include "upgrade.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES	 64
#define UPGRADES session_rounds(20, 6)

static void upgrade_to(struct session *s, const char *program)
{
	program_copy(program);
	upgrade(s);
}

/* Two ways: there and back. */
static void upgrade_both(struct session *s)
{
	upgrade_to(s, getenv("OTHER_LAYOUT"));
	upgrade_to(s, program_original);
}

static int setup_lines(void **state)
{
	program_copy(program_original);
	return session_mortal(state, session_started(state, session_setup_with(state, "s64", 0)));
}

/* Of 64 lines half are outputs, half wait for an edge. */
static void held_lines_stay_as_they_are(void **state)
{
	struct session *s = *state;
	uint16_t heads[LINES / 2];

	for (uint16_t i = 0; i < LINES / 2; i++) {
		assert_int_equal(gpio_set_value(&s->vmm, LINES / 2 + i, i % 2), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, LINES / 2 + i, GPIO_OUT), GPIO_OK);
		heads[i] = gpio_arm(&s->vmm, i, i % 3 ? GPIO_IRQ_RISING : GPIO_IRQ_BOTH);
	}
	for (unsigned round = 0; round < UPGRADES; round++) {
		const unsigned fired = round % (LINES / 2);

		upgrade_to(s, round % 2 ? program_original : getenv("OTHER_LAYOUT"));
		for (unsigned i = 0; i < LINES / 2; i++)
			assert_int_equal(line_level(s, LINES / 2 + i), i % 2);
		assert_no_event(s);
		line_pulse(s, fired);
		assert_event(s, heads[fired], GPIO_EVENT_VALID);
		heads[fired] = gpio_unmask(&s->vmm, (uint16_t)fired);
		if (fired % 3 == 0) {
			assert_event(s, heads[fired], GPIO_EVENT_VALID);
			heads[fired] = gpio_unmask(&s->vmm, (uint16_t)fired);
		}
		assert_true(connection_silent(&s->vmm.connection, 1));
	}
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "warning:"), 0);
}

/* A message that has come in part is in the session, its kind and length are as they were. */
static void message_at_hand_is_finished(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	const struct {
		struct vu_header header;
		struct vu_state state;
	} message = { { VU_SET_VRING_ENABLE, VU_VERSION | VU_NEED_REPLY, sizeof(message.state) }, { 1, 1 } };
	const size_t cuts[] = { 1, sizeof(message.header), sizeof(message.header) + 3 };

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		assert_true(connection_send_bytes(c, &message, cuts[i], NULL, 0));
		upgrade_both(s);
		assert_true(
			connection_send_bytes(c, (const char *)&message + cuts[i], sizeof(message) - cuts[i], NULL, 0));
		assert_ok(connection_receive_ack(c, VU_SET_VRING_ENABLE));
		assert_serving(s);
	}
}

/* The other program notes of each line what it was asked for last; the one between does not know that. */
static void what_is_not_known_comes_back(void **state)
{
	struct session *s = *state;

	upgrade_to(s, getenv("OTHER_LAYOUT"));
	assert_int_equal(gpio_set_value(&s->vmm, 3, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 5, 1), GPIO_OK);
	for (unsigned i = 0; i < 3; i++)
		upgrade_to(s, program_original);
	/* Also when a worker dies in between. */
	session_take_over(s);
	assert_int_equal(daemon_logged(&s->daemon, "line 3: hint 2"), 0);
	upgrade_to(s, getenv("OTHER_LAYOUT"));
	assert_int_equal(daemon_logged(&s->daemon, "line 3: hint 2"), 1);
	assert_int_equal(line_level(s, 3), 1);
	/* It ended with the front-end's session. */
	upgrade_to(s, program_original);
	session_reconnect(s);
	assert_int_equal(gpio_set_value(&s->vmm, 3, 1), GPIO_OK);
	upgrade_to(s, getenv("OTHER_LAYOUT"));
	assert_int_equal(daemon_logged(&s->daemon, "line 3: hint 2"), 1);
	assert_int_equal(daemon_logged(&s->daemon, "warning:"), 0);
}

static bool is_refused(void *ctx)
{
	const struct session *s = ctx;

	if (daemon_logged(&s->daemon, "this program does not know line.hint") > 0)
		return daemon_logged(&s->daemon, "cannot take over (exit status") > 0;
	kill(s->daemon.pid, SIGUSR2); /* on a machine that is too busy it may be given up before */
	return false;
}

/* The program that is asked refuses, and everything goes on. */
static void what_must_be_known_is_asked_for_first(void **state)
{
	struct session *s = *state;

	upgrade_to(s, getenv("MUST_LAYOUT"));
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	program_copy(program_original);
	assert_true(wait_for(is_refused, s, WAIT_MS));
	session_settle(s);
	assert_true(daemon_workers_same(&s->daemon));
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
	/* One that knows it goes on. */
	upgrade_to(s, getenv("MUST_LAYOUT"));
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
}

/* Who was not asked, or did not listen: the session ends, in good order. */
static void what_must_be_known_ends_it(void **state)
{
	struct session *s = *state;
	struct upgrade upgrade;
	char text[600];

	upgrade_to(s, getenv("MUST_LAYOUT"));
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	snprintf(text, sizeof(text), "case $1 in --can-take-over=*) exit 0;; esac\nexec '%s' \"$@\"", program_original);
	program_script(text);
	upgrade_begin(s, &upgrade);
	kill(s->daemon.pid, SIGUSR2);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	upgrade_finish(&upgrade);
	assert_int_equal(daemon_logged(&s->daemon, "this program does not know line.hint: it ends"), 1);
	session_reconnect(s);
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
}

#define UPGRADE(fn) cmocka_unit_test_setup_teardown(fn, upgrade_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("S-10", held_lines_stay_as_they_are, setup_lines, session_teardown),
		ROW_TEST_FIXTURE("S-10", message_at_hand_is_finished, upgrade_setup, session_teardown),
		UPGRADE(what_is_not_known_comes_back),
		UPGRADE(what_must_be_known_is_asked_for_first),
		UPGRADE(what_must_be_known_ends_it),
	};

	return upgrade_run("layout", tests, sizeof(tests) / sizeof(tests[0]));
}
