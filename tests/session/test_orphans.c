/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Lines whose worker could not see to them when their session ended for good: it was killed, or kept from its end by its
 * front-end. On a real chip a copy of a line's fd makes the kernel leave the line as the daemon left it.
 */
#include "policy.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "line_fds.h"
#include "reload.h"

/* What the guest makes an output of, driven to the other level where there is one, and the last line, of which it has none. */
static const struct orphan {
	const char *words;
	int driven; /* -1: it does not use the line */
	int after;
	uint64_t holds;
} orphans[] = {
	{ "on-disconnect=output-low", 1, 0, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "on-disconnect=output-high", 0, 1, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "active-low,on-disconnect=output-low", 1, 1, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "on-disconnect=input", 1, 0, GPIO_V2_LINE_FLAG_INPUT },
	{ "on-disconnect=hold", 1, 1, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "on-disconnect=hold", 0, 0, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "on-disconnect=output-high", -1, 1, GPIO_V2_LINE_FLAG_OUTPUT },
};

#define ORPHANS (sizeof(orphans) / sizeof(orphans[0]))
#define UNUSED	(ORPHANS - 1)

static int setup(void **state)
{
	static char lines[DAEMON_GUEST_TEXT_MAX];
	struct session *s = calloc(1, sizeof(*s));
	int len;

	assert_non_null(s);
	if (outside_wants_real()) {
		gpio_sim_make_dummy(&s->chips[0], POLICY_LINES);
		outside_is_real(0, &s->chips[0]);
		len = snprintf(lines, sizeof(lines), "lines = @%u{", s->chips[0].number);
	} else {
		len = snprintf(lines, sizeof(lines), "sim = %d\nlines = @sim{", POLICY_LINES);
	}
	for (size_t i = 0; i < ORPHANS; i++)
		len += snprintf(lines + len, sizeof(lines) - (size_t)len, "%s%zu,%s", i ? ":" : "", i,
				orphans[i].words);
	snprintf(lines + len, sizeof(lines) - (size_t)len, "}");
	s->workers_may_die = true;
	return reload_setup_lines(state, s, lines);
}

static void lines_use(struct session *s)
{
	vmm_start(&s->vmm, session_socket(s));
	for (size_t i = 0; i < ORPHANS; i++) {
		if (orphans[i].driven < 0)
			continue;
		assert_int_equal(gpio_set_value(&s->vmm, (uint16_t)i, (uint32_t)orphans[i].driven), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, (uint16_t)i, GPIO_OUT), GPIO_OK);
	}
	session_settle(s);
}

static void orphan_check(struct session *s, unsigned line)
{
	int got = policy_settled(s, line, 0);

	if (got != orphans[line].after)
		fail_msg("line %u (%s) is %d after the end", line, orphans[line].words, got);
	assert_kernel(s, line, orphans[line].holds);
}

static void assert_taken_once(int chip)
{
	struct kernel_changes changes = kernel_changes(chip);

	assert_int_equal(changes.requested, 1);
	assert_true(changes.first_flags & GPIO_V2_LINE_FLAG_OUTPUT);
}

/* The session ends, as end says, while the worker can do nothing; on real chips the lines are looked at. */
static void orphans_at(struct session *s, void (*end)(struct session *s))
{
	struct line_fds copies = { .n = 0 };
	int chip = -1;

	lines_use(s);
	if (outside_wants_real()) {
		line_fds_copy(&copies, s->daemon.pid);
		assert_int_equal(copies.n, UNUSED);
		chip = kernel_open(s->chips[0].path);
		kernel_watch(chip, UNUSED);
	}
	end(s);
	for (unsigned i = 0; i < UNUSED && outside_wants_real(); i++)
		orphan_check(s, i);
	if (outside_wants_real())
		assert_taken_once(chip);
	line_fds_close(&copies);
	for (unsigned i = 0; i < ORPHANS; i++)
		assert_kernel(s, i, NOT_HELD);
	if (chip >= 0)
		close(chip);
}

static void daemon_ends(struct session *s)
{
	outside_close(&s->outside);
	kill(s->daemon.pid, SIGTERM);
	assert_int_equal(daemon_wait(&s->daemon), 0);
}

static void hang_and_end(struct session *s)
{
	kill(session_worker(s), SIGSTOP);
	daemon_ends(s);
}

static void of_a_worker_that_hangs_at_the_end(void **state)
{
	orphans_at(*state, hang_and_end);
}

/* The supervisor learns of both at once. */
static void die_and_end(struct session *s)
{
	pid_t worker = session_worker(s);

	outside_close(&s->outside);
	kill(s->daemon.pid, SIGSTOP);
	kill(worker, SIGKILL);
	kill(s->daemon.pid, SIGTERM);
	kill(s->daemon.pid, SIGCONT);
	assert_int_equal(daemon_wait(&s->daemon), 0);
}

static void of_a_worker_that_dies_at_the_end(void **state)
{
	orphans_at(*state, die_and_end);
}

/* Nobody is left to ask about them, either. */
static void hang_and_be_removed(struct session *s)
{
	kill(session_worker(s), SIGSTOP);
	reload_guests(s, 1);
}

static void of_a_guest_that_is_removed(void **state)
{
	struct session *s = *state;

	orphans_at(s, hang_and_be_removed);
	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, 0);
	reload_guests(s, 0);
	lines_use(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
}

/* The worker's signals go to who reads it, and a front-end lets it be read. */
static void eat_signals_and_end(struct session *s)
{
	static const uint32_t ids[] = { VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR };
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		message_send_vring_fd(&s->vmm.connection, ids[i], 1, fd);
	message_set_device_state_fd(&s->vmm.connection, VU_STATE_LOAD, 0, fd);
	close(fd);
	daemon_ends(s);
}

static void of_a_worker_whose_signals_are_eaten(void **state)
{
	struct session *s = *state;

	fds_only(s);
	orphans_at(s, eat_signals_and_end);
}

#define ORPHANS_TEST(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup, reload_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ORPHANS_TEST("G-93 G-97", of_a_worker_that_hangs_at_the_end),
		ORPHANS_TEST("G-93 G-97", of_a_worker_that_dies_at_the_end),
		ORPHANS_TEST("G-93 G-97", of_a_guest_that_is_removed),
		ORPHANS_TEST("G-93 G-97", of_a_worker_whose_signals_are_eaten),
	};

	return session_run("orphans", tests, sizeof(tests) / sizeof(tests[0]));
}
