/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Lines of two guests that are wired: what one drives is an input and an interrupt of the other, whatever becomes of their
 * workers and of the daemon.
 */
#include "upgrade.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILLS session_rounds(200, 0)

/* The other guest's machine, and a line of each, as who asks for wires calls it. */
static struct vmm other;
#define OURS   "guest0.dummy1"
#define THEIRS "guest1.dummy1"
#define LINE   1

static int with_other(void **state, int outcome)
{
	struct session *s = *state;

	if (outcome < 0)
		return outcome;
	vmm_init(&other, 0);
	vmm_start(&other, s->daemon.sockets[1]);
	return session_mortal(state, session_started(state, 0));
}

static int setup(void **state)
{
	program_copy(program_original);
	return with_other(state, session_setup_with(state, "s8:s8", 0));
}

static int teardown(void **state)
{
	vmm_deinit(&other);
	return session_teardown(state);
}

/* Until the other guest reads this level. */
struct reading {
	struct vmm *vmm;
	uint16_t line;
	int level;
};

static bool reads_it(void *ctx)
{
	const struct reading *reading = ctx;

	return gpio_get_value(reading->vmm, reading->line) == reading->level;
}

static void wait_level(struct vmm *vmm, uint16_t line, int level)
{
	struct reading reading = { vmm, line, level };

	if (!wait_for(reads_it, &reading, WAIT_MS))
		fail_msg("line %u does not become %d", line, level);
}

static void drive(struct session *s, uint32_t value)
{
	assert_int_equal(gpio_set_value(&s->vmm, LINE, value), GPIO_OK);
}

/* Joined, ours an output at 0 and theirs an input. */
static void join(struct session *s, bool invert, unsigned delay_us)
{
	simulated_only("wires join simulated lines");
	outside_wire(&s->outside, OURS, THEIRS, invert, delay_us);
	assert_int_equal(gpio_set_value(&s->vmm, LINE, 0), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, LINE, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&other, LINE, GPIO_IN), GPIO_OK);
	session_settle(s);
}

static void event_of(struct vmm *vmm, uint16_t head)
{
	struct gpio_event event = gpio_event_wait(vmm);

	assert_int_equal(event.head, head);
	assert_int_equal(event.status, GPIO_EVENT_VALID);
}

static void what_one_drives_interrupts_the_other(void **state)
{
	struct session *s = *state;
	uint16_t head;

	join(s, false, 0);
	head = gpio_arm(&other, LINE, GPIO_IRQ_BOTH);
	for (unsigned i = 1; i <= 20; i++) {
		drive(s, i % 2);
		event_of(&other, head);
		assert_int_equal(gpio_get_value(&other, LINE), i % 2);
		head = gpio_unmask(&other, LINE);
	}
	/* Parted: the line is its pull's again. */
	outside_unwire(&s->outside, THEIRS, OURS);
	drive(s, 1);
	session_settle(s);
	assert_int_equal(gpio_get_value(&other, LINE), 0);
	assert_false(ring_has_used(&other.rings[VMM_EVENTQ]));
}

/* Between two looks of the other's worker: stopped meanwhile, it sees one level before and after. */
static void a_pulse_is_not_lost(void **state)
{
	struct session *s = *state;
	uint16_t head;

	join(s, false, 0);
	head = gpio_arm(&other, LINE, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < 10; i++) {
		kill(daemon_worker(&s->daemon, 1), SIGSTOP);
		drive(s, 1);
		drive(s, 0);
		kill(daemon_worker(&s->daemon, 1), SIGCONT);
		event_of(&other, head);
		assert_int_equal(gpio_get_value(&other, LINE), 0);
		head = gpio_unmask(&other, LINE);
	}
	session_settle(s);
	assert_false(ring_has_used(&other.rings[VMM_EVENTQ]));
}

static void inverted_and_late(void **state)
{
	struct session *s = *state;
	uint64_t since;
	uint16_t head;

	join(s, true, 100000);
	wait_level(&other, LINE, 1);
	head = gpio_arm(&other, LINE, GPIO_IRQ_FALLING);
	since = clock_ms();
	drive(s, 1);
	event_of(&other, head);
	assert_true(clock_ms() - since >= 99);
	assert_int_equal(gpio_get_value(&other, LINE), 0);
	/* A gate has a direction: what is behind it drives nothing before it. */
	assert_int_equal(line_level(s, LINE), 1);
}

static void lines_of_one_guest(void **state)
{
	struct session *s = *state;
	uint16_t head;

	join(s, false, 0);
	outside_wire(&s->outside, THEIRS, "guest1.dummy2", true, 0);
	outside_wire(&s->outside, "guest1.dummy2", "guest1.dummy3", true, 0);
	for (uint16_t line = 2; line <= 3; line++)
		assert_int_equal(gpio_set_direction(&other, line, GPIO_IN), GPIO_OK);
	wait_level(&other, 2, 1);
	wait_level(&other, 3, 0);
	head = gpio_arm(&other, 3, GPIO_IRQ_RISING);
	drive(s, 1);
	event_of(&other, head);
	assert_int_equal(gpio_get_value(&other, 2), 0);
	assert_int_equal(gpio_get_value(&other, 3), 1);
}

static void two_that_disagree_are_named_once(void **state)
{
	struct session *s = *state;

	join(s, false, 0);
	drive(s, 1);
	wait_level(&other, LINE, 1);
	/* They agree. */
	assert_int_equal(gpio_set_value(&other, LINE, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&other, LINE, GPIO_OUT), GPIO_OK);
	session_settle(s);
	assert_int_equal(daemon_logged(&s->daemon, "driven"), 0);
	assert_int_equal(gpio_set_value(&other, LINE, 0), GPIO_OK);
	daemon_wait_logged(&s->daemon, "driven high by " OURS " and low by " THEIRS, 1);
	/* Still the same, whoever serves them. */
	for (unsigned i = 0; i < 2; i++)
		daemon_kill_worker(&s->daemon, i);
	assert_int_equal(gpio_get_value(&s->vmm, LINE), 1);
	assert_int_equal(gpio_get_value(&other, LINE), 0);
	session_settle(s);
	assert_int_equal(daemon_logged(&s->daemon, "driven"), 1);
	assert_int_equal(gpio_set_direction(&other, LINE, GPIO_IN), GPIO_OK);
	wait_level(&other, LINE, 1);
}

static void either_worker_dies(void **state)
{
	struct session *s = *state;
	uint16_t head;

	join(s, false, 0);
	drive(s, 1);
	wait_level(&other, LINE, 1);
	head = gpio_arm(&other, LINE, GPIO_IRQ_BOTH);
	/* Who drives: nobody notices. */
	daemon_kill_worker(&s->daemon, 0);
	assert_serving(s);
	session_settle(s);
	assert_false(ring_has_used(&other.rings[VMM_EVENTQ]));
	assert_int_equal(gpio_get_value(&other, LINE), 1);
	/* Who reads, and what it misses. */
	daemon_kill_worker(&s->daemon, 1);
	drive(s, 0);
	event_of(&other, head);
	assert_int_equal(gpio_get_value(&other, LINE), 0);
	head = gpio_unmask(&other, LINE);
	/* Both. */
	daemon_kill_worker(&s->daemon, 0);
	daemon_kill_worker(&s->daemon, 1);
	drive(s, 1);
	event_of(&other, head);
	assert_int_equal(gpio_get_value(&other, LINE), 1);
}

static void a_program_takes_over(void **state)
{
	struct session *s = *state;
	uint16_t head;

	join(s, false, 0);
	outside_wire(&s->outside, "guest0.dummy2", "guest1.dummy2", true, 1000);
	for (unsigned i = 1; i <= 4; i++) {
		head = gpio_arm(&other, LINE, GPIO_IRQ_BOTH);
		upgrade(s);
		session_settle(s);
		assert_false(ring_has_used(&other.rings[VMM_EVENTQ]));
		drive(s, i % 2);
		event_of(&other, head);
		assert_int_equal(gpio_get_value(&other, LINE), i % 2);
		assert_int_equal(outside_get(&s->outside, "guest1.dummy2"), 1);
		assert_int_equal(gpio_set_irq_type(&other, LINE, GPIO_IRQ_NONE), GPIO_OK);
	}
	outside_unwire(&s->outside, OURS, THEIRS);
	session_settle(s);
	assert_int_equal(gpio_get_value(&other, LINE), 0);
}

/* In whatever either of them is doing: in the end the line is what was driven last, and the change was told. */
static void killed_while_it_toggles(void **state)
{
	struct session *s = *state;
	unsigned random = 4711;
	uint32_t level = 0;
	uint16_t head;

	join(s, false, 0);
	head = gpio_arm(&other, LINE, GPIO_IRQ_BOTH);
	for (unsigned i = 0; i < KILLS; i++) {
		uint64_t end;

		random = random * 1103515245 + 12345;
		end = clock_ns() + random / 65536 % 2000 * 1000;
		kill(daemon_worker(&s->daemon, random >> 30 & 1), SIGKILL);
		do {
			level = !level;
			drive(s, level);
		} while (clock_ns() < end);
		/* Another one than after the last round. */
		if (level == i % 2) {
			level = !level;
			drive(s, level);
		}
		event_of(&other, head);
		wait_level(&other, LINE, (int)level);
		/* What else was latched is over. */
		assert_int_equal(gpio_set_irq_type(&other, LINE, GPIO_IRQ_NONE), GPIO_OK);
		head = gpio_arm(&other, LINE, GPIO_IRQ_BOTH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_one_drives_interrupts_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pulse_is_not_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(inverted_and_late, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_of_one_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(two_that_disagree_are_named_once, setup, teardown),
		cmocka_unit_test_setup_teardown(either_worker_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_takes_over, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_while_it_toggles, setup, teardown),
	};

	return upgrade_run("wires", tests, sizeof(tests) / sizeof(tests[0]));
}
