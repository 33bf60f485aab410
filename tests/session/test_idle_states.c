/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What becomes of each line at every end that a session can have, seen from outside.
 *
 * The ends of the daemon itself are seen on real chips only: there a copy of a line's fd makes the kernel leave the line
 * as the daemon left it.
 */
#include "policy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line_fds.h"
#include "traced.h"

/* One line: what the guest does, what the outside does, and what must be then. No idle state is like another. */
static const struct idle_state {
	const char *words;
	int pull;	/* of the outside */
	int driven;	/* by the guest; -1: it does not use the line */
	int before;	/* the level before the end */
	int after;	/* the level after the end */
	uint64_t holds; /* GPIO_V2_LINE_FLAG_INPUT, OUTPUT or NOT_HELD after it */
} idle_states[POLICY_LINES] = {
	{ "0,on-disconnect=release", 0, 1, 1, 0, NOT_HELD },
	{ "1,on-disconnect=hold", 0, 1, 1, 1, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "2,on-disconnect=hold", 1, 0, 0, 0, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "3,on-disconnect=input", 0, 1, 1, 0, GPIO_V2_LINE_FLAG_INPUT },
	{ "4,on-disconnect=output-low", 1, 1, 1, 0, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "5,on-disconnect=output-high", 0, 0, 0, 1, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "6,on-disconnect=output-high", 0, -1, 0, 1, GPIO_V2_LINE_FLAG_OUTPUT },
	{ "7,active-low,on-disconnect=output-low", 0, 1, 0, 1, GPIO_V2_LINE_FLAG_OUTPUT },
};

static int setup_idle_states(void **state)
{
	char words[DAEMON_GUEST_TEXT_MAX] = "lines=@A{";
	size_t len = strlen(words);

	for (unsigned i = 0; i < POLICY_LINES; i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", i ? ":" : "", idle_states[i].words);
	snprintf(words + len, sizeof(words) - len, "}");
	policy_start(state, words, NULL, NULL);
	return 0;
}

/* A guest that uses its lines as the table says. again: it is not the first one. */
static void idle_states_prepare_again(struct session *s, bool again)
{
	vmm_start(&s->vmm, session_socket(s));
	for (unsigned i = 0; i < POLICY_LINES; i++) {
		policy_pull(s, i, idle_states[i].pull);
		if (idle_states[i].driven < 0)
			continue;
		assert_int_equal(gpio_set_value(&s->vmm, (uint16_t)i, (uint32_t)idle_states[i].driven), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, (uint16_t)i, GPIO_OUT), GPIO_OK);
	}
	for (unsigned i = 0; i < POLICY_LINES; i++) {
		int before = idle_states[i].driven < 0 && again ? idle_states[i].after : idle_states[i].before;

		if (policy_level(s, i) != before)
			fail_msg("line %u is %d before the end", i, policy_level(s, i));
	}
}

static void idle_states_prepare(struct session *s)
{
	idle_states_prepare_again(s, false);
}

static void idle_state_check(struct session *s, unsigned line)
{
	const struct idle_state *idle_state = &idle_states[line];
	int got = policy_settled(s, line, idle_state->pull);

	if (got != idle_state->after)
		fail_msg("line %u (%s) is %d after the end", line, idle_state->words, got);
	assert_kernel(s, line, idle_state->holds);
}

static void idle_states_check(struct session *s)
{
	for (unsigned i = 0; i < POLICY_LINES; i++)
		idle_state_check(s, i);
}

/* The next guest finds nothing of the last one's, whatever the host made of the lines. */
static void idle_states_next_guest(struct session *s)
{
	for (uint16_t i = 0; i < POLICY_LINES; i++) {
		assert_int_equal(gpio_get_direction(&s->vmm, i), GPIO_NONE);
		assert_int_equal(gpio_get_value(&s->vmm, i), -1);
	}
	idle_states_check(s);
	assert_int_equal(gpio_set_direction(&s->vmm, 4, GPIO_OUT), GPIO_OK);
	assert_int_equal(policy_level(s, 4), 0);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_IN), GPIO_OK);
	assert_int_equal(policy_settled(s, 5, 0), 0);
}

static void idle_states_at_disconnect(void **state)
{
	struct session *s = *state;

	for (unsigned round = 0; round < 2; round++) {
		idle_states_prepare_again(s, round > 0);
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		idle_states_check(s);
		vmm_deinit(&s->vmm);
		vmm_init(&s->vmm, 0);
	}
	vmm_start(&s->vmm, session_socket(s));
	idle_states_next_guest(s);
}

static void idle_states_at_reset_device(void **state)
{
	struct session *s = *state;

	idle_states_prepare(s);
	assert_ok(message_send(&s->vmm.connection, VU_RESET_DEVICE, NULL, 0, NULL, 0));
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
	idle_states_check(s);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features));
	vmm_restart(&s->vmm);
	idle_states_next_guest(s);
}

/* What a guest's reboot comes to. */
static void idle_states_at_fresh_rings(void **state)
{
	struct session *s = *state;

	idle_states_prepare(s);
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
	idle_states_next_guest(s);
}

static void none_at_a_pause(void **state)
{
	struct session *s = *state;

	idle_states_prepare(s);
	vmm_stop(&s->vmm);
	session_settle(s);
	for (unsigned i = 0; i < POLICY_LINES; i++)
		assert_int_equal(policy_level(s, i), idle_states[i].before);
	vmm_resume(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(policy_level(s, 0), 1);
}

static bool are_idle(void *ctx)
{
	struct session *s = ctx;

	for (unsigned i = 0; i < POLICY_LINES; i++) {
		if (policy_settled(s, i, idle_states[i].pull) != idle_states[i].after)
			return false;
	}
	return true;
}

/* The session goes, and the connection with it; what the guest made of its lines is known for once. */
static void idle_states_at_a_crash_loop(void **state)
{
	struct session *s = *state;

	s->workers_may_die = true;
	idle_states_prepare(s);
	session_settle(s);
	daemon_crash_loop(&s->daemon, 0);
	wait_for(are_idle, s, WAIT_MS);
	idle_states_check(s);
	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, 0);
	vmm_start(&s->vmm, session_socket(s));
	idle_states_next_guest(s);
}

/* The end of the daemon: its lines stay as it left them, because we hold them too. */

static bool worker_is_gone(void *ctx)
{
	return !proc_alive(*(pid_t *)ctx);
}

struct copying {
	struct line_fds *copies;
	pid_t pid;
	unsigned n;
};

static bool have_all(void *ctx)
{
	const struct copying *copying = ctx;

	line_fds_close(copying->copies);
	line_fds_copy(copying->copies, copying->pid);
	return copying->copies->n == copying->n;
}

/* The supervisor learns of each line a moment later. */
static void idle_states_copy(const struct session *s, struct line_fds *copies)
{
	struct copying copying = { .copies = copies, .pid = s->daemon.pid };

	for (unsigned i = 0; i < POLICY_LINES; i++)
		copying.n += idle_states[i].driven >= 0;
	copies->n = 0;
	assert_true(wait_for(have_all, &copying, WAIT_MS));
}

static void idle_states_check_held(struct session *s)
{
	for (unsigned i = 0; i < POLICY_LINES; i++) {
		/* Of a released line nobody says what our copy shows; and one that was not used we have none of. */
		if (idle_states[i].holds == NOT_HELD || idle_states[i].driven < 0)
			continue;
		idle_state_check(s, i);
	}
}

static void idle_states_at_the_end(struct session *s, int signo)
{
	const unsigned unused = 6;
	struct line_fds copies;
	struct kernel_changes changes;
	pid_t worker = session_worker(s);
	int chip, status;

	s->workers_may_die = true;
	idle_states_prepare(s);
	idle_states_copy(s, &copies);
	chip = kernel_open(s->chips[0].path);
	kernel_watch(chip, unused);
	outside_close(&s->outside);
	kill(s->daemon.pid, signo);
	status = daemon_wait(&s->daemon);
	assert_int_equal(status, signo == SIGTERM ? 0 : 128 + signo);
	assert_true(wait_for(worker_is_gone, &worker, WAIT_MS));
	idle_states_check_held(s);
	/* Taken as an output, and gone with the process. Without a supervisor nobody can take what nobody had. */
	changes = kernel_changes(chip);
	assert_int_equal(changes.requested, signo == SIGTERM);
	assert_int_equal(changes.released, signo == SIGTERM);
	assert_int_equal(changes.first_flags & GPIO_V2_LINE_FLAG_OUTPUT,
			 signo == SIGTERM ? GPIO_V2_LINE_FLAG_OUTPUT : 0);
	line_fds_close(&copies);
	close(chip);
	for (unsigned i = 0; i < POLICY_LINES; i++)
		assert_kernel(s, i, NOT_HELD);
}

static void idle_states_at_sigterm(void **state)
{
	real_only("the level outlives the daemon there, by a copy of the line's fd");
	idle_states_at_the_end(*state, SIGTERM);
}

static void idle_states_at_sigint(void **state)
{
	struct session *s = *state;
	struct line_fds copies;

	real_only("the level outlives the daemon there, by a copy of the line's fd");
	s->workers_may_die = true;
	idle_states_prepare(s);
	idle_states_copy(s, &copies);
	kill(s->daemon.pid, SIGINT);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	idle_states_check_held(s);
	line_fds_close(&copies);
}

static void idle_states_when_the_supervisor_is_killed(void **state)
{
	real_only("the level outlives the daemon there, by a copy of the line's fd");
	idle_states_at_the_end(*state, SIGKILL);
}

/* --make-safe */

/* Everything at one blow: a supervisor that is stopped starts nobody, a worker that is killed tells nobody. */
static void kill_all(struct session *s)
{
	pid_t children[DAEMON_GUESTS_MAX + 1];
	unsigned n;

	outside_close(&s->outside);
	kill(s->daemon.pid, SIGSTOP);
	n = proc_children(s->daemon.pid, children, DAEMON_GUESTS_MAX + 1);
	assert_true(n > 0);
	for (unsigned i = 0; i < n; i++)
		kill(children[i], SIGKILL);
	kill(s->daemon.pid, SIGKILL);
	assert_int_equal(daemon_wait(&s->daemon), 128 + SIGKILL);
	for (unsigned i = 0; i < n; i++)
		assert_true(wait_for(worker_is_gone, &children[i], WAIT_MS));
}

/* What --make-safe makes of the table: nobody knows what "hold" would hold. */
static void made_safe_check(struct session *s)
{
	for (unsigned i = 0; i < POLICY_LINES; i++) {
		bool left = idle_states[i].holds == NOT_HELD || strstr(idle_states[i].words, "hold");

		assert_kernel(s, i, left ? NOT_HELD : idle_states[i].holds);
		if (policy_level(s, i) != (left ? idle_states[i].pull : idle_states[i].after))
			fail_msg("line %u (%s) is %d", i, idle_states[i].words, policy_level(s, i));
	}
}

struct safe_wait {
	struct session *s;
	unsigned line;
};

static bool is_made_safe(void *ctx)
{
	const struct safe_wait *wait = ctx;

	return policy_flags(wait->s, wait->line) & GPIO_V2_LINE_FLAG_USED;
}

static void made_safe_and_held(void **state)
{
	struct session *s = *state;
	const char *const words[] = { "--guest", policy_words(), "--make-safe=hold", NULL };
	struct safe_wait last = { s, POLICY_LINES - 1 };

	real_only("a simulated chip is gone with the daemon");
	s->workers_may_die = true;
	idle_states_prepare(s);
	kill_all(s);
	for (unsigned i = 0; i < POLICY_LINES; i++) {
		assert_kernel(s, i, NOT_HELD);
		assert_int_equal(policy_level(s, i), idle_states[i].pull);
	}
	daemon_spawn(&s->daemon, words);
	assert_true(wait_for(is_made_safe, &last, WAIT_MS));
	made_safe_check(s);
	sleep_ms(SILENT_MS);
	made_safe_check(s);
	kill(s->daemon.pid, SIGTERM);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	for (unsigned i = 0; i < POLICY_LINES; i++)
		assert_kernel(s, i, NOT_HELD);
}

static void made_safe_once(void **state)
{
	char *argv[] = { getenv("VHOST_DEVICE_GPIO"), (char[]){ "--guest" }, policy_words(), (char[]){ "--make-safe" },
			 NULL };
	struct session *s = *state;
	pid_t pid;

	real_only("a simulated chip is gone with the daemon");
	s->workers_may_die = true;
	idle_states_prepare(s);
	kill_all(s);
	pid = traced_run(argv);
	made_safe_check(s);
	assert_int_equal(traced_end(pid), 0);
	for (unsigned i = 0; i < POLICY_LINES; i++)
		assert_kernel(s, i, NOT_HELD);
}

/* The guest's own word: none of the host's idle states. They come at the session's end, to this line too. */
static void given_back_is_released(void **state)
{
	struct session *s = *state;

	idle_states_prepare(s);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_NONE), GPIO_OK);
	assert_int_equal(policy_level(s, 5), 0);
	assert_kernel(s, 5, NOT_HELD);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_int_equal(policy_level(s, 5), 1);
	assert_kernel(s, 5, GPIO_V2_LINE_FLAG_OUTPUT);
}

#define IDLE_STATES(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup_idle_states, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IDLE_STATES("G-93 G-94", idle_states_at_disconnect),
		IDLE_STATES("G-93", idle_states_at_reset_device),
		IDLE_STATES("G-93", idle_states_at_fresh_rings),
		IDLE_STATES("G-92", none_at_a_pause),
		IDLE_STATES("G-93 G-94", idle_states_at_a_crash_loop),
		IDLE_STATES("G-93", idle_states_at_sigterm),
		IDLE_STATES("G-93", idle_states_at_sigint),
		IDLE_STATES("G-93", idle_states_when_the_supervisor_is_killed),
		IDLE_STATES("G-93", made_safe_and_held),
		IDLE_STATES("G-93", made_safe_once),
		IDLE_STATES("G-23 G-93", given_back_is_released),
	};

	return session_run("idle_states", tests, sizeof(tests) / sizeof(tests[0]));
}
