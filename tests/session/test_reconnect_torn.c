/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What a front-end left, and what may happen to it until that one is back: workers that die over it, memory that is
 * damaged.
 */
#include "faults.h"
#include "layout.h"
#include "reconnect.h"

#include <unistd.h>

static int setup_held(void **state)
{
	faults_open();
	return session_mortal(state, setup_hold(state));
}

/* Two buffers are held, one was given back; line 5 drives 1. */
static void prepare(struct session *s, uint16_t heads[3])
{
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	assert_int_equal(gpio_set_value(&s->vmm, 5, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_OUT), GPIO_OK);
}

static void assert_unchanged(struct session *s, const uint16_t heads[3])
{
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_OUT);
	assert_int_equal(line_level(s, 5), 1);
	line_pulse(s, 2);
	assert_event(s, heads[2], GPIO_EVENT_VALID);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	assert_no_event(s);
}

/*
 * The worker dies there, and so do its successors that come there again. A request that waits in the ring is not to be
 * done by one that only finishes what was begun.
 */
static void die_at(struct session *s, enum fault_point point, unsigned deaths)
{
	uint16_t heads[3], waits;

	prepare(s, heads);
	faults_arm(point, 0, deaths);
	waits = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 5, 0);
	vmm_disconnect(&s->vmm);
	if (point != FAULT_RECONNECT_RESTORED)
		faults_wait(deaths);
	come_again(s);
	rings_again(s);
	assert_int_equal(ring_wait(&s->vmm.rings[VMM_REQUESTQ]).id, waits);
	assert_unchanged(s, heads);
	assert_deaths(deaths);
	faults_disarm();
	assert_same(s, 1);
}

static void deaths_over_a_note(void **state)
{
	die_at(*state, FAULT_RECONNECT_SAVED, 1);
}

static void deaths_over_a_leave(void **state)
{
	die_at(*state, FAULT_RECONNECT_RESET, 3);
}

static void deaths_over_a_return(void **state)
{
	die_at(*state, FAULT_RECONNECT_RESTORED, 2);
}

static unsigned next_random(unsigned *random)
{
	*random = *random * 1103515245 + 12345;
	return *random >> 16;
}

/* Some bytes of it are others; or the rest of it is zeroes. */
static void damage(int fd, struct layout_piece piece, unsigned *random)
{
	static const uint8_t zeroes[4096];
	unsigned n = 1 + next_random(random) % 40;

	if (next_random(random) % 4 == 0) {
		for (size_t at = next_random(random) % piece.size, some; at < piece.size; at += some) {
			some = piece.size - at < sizeof(zeroes) ? piece.size - at : sizeof(zeroes);
			assert_int_equal(pwrite(fd, zeroes, some, (off_t)(piece.at + at)), some);
		}
		return;
	}
	while (n-- > 0) {
		uint8_t byte = (uint8_t)next_random(random);

		assert_int_equal(pwrite(fd, &byte, 1, (off_t)(piece.at + next_random(random) % piece.size)), 1);
	}
}

/*
 * Whatever the note says: the worker lives, answers messages, and serves the next machine. What a guest gets back from
 * damaged memory is not right, and cannot be.
 */
static void damaged_notes(void **state)
{
	struct session *s = *state;
	unsigned random = 2024, resumed = 0;

	faults_set_patient(true);
	for (unsigned round = 0; round < session_rounds(120, 10); round++) {
		int fd = layout_open(s->daemon.pid);
		uint16_t heads[3];
		pid_t worker;

		prepare(s, heads);
		cut(s);
		if (round % 3 != 1)
			damage(fd, layout_reconnect(), &random);
		if (round % 3 != 0)
			damage(fd, layout_inflight(next_random(&random) % 2, VMM_RING_SIZE), &random);
		worker = daemon_worker(&s->daemon, 0);
		if (round % 2) {
			daemon_kill_worker(&s->daemon, 0);
			worker = daemon_wait_worker(&s->daemon, 0, worker);
		}
		come_again(s);
		rings_again(s);
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_QUEUE_NUM), 2);
		cut(s);
		vmm_deinit(&s->vmm);
		vmm_init(&s->vmm, 0);
		vmm_start(&s->vmm, session_socket(s));
		assert_serving(s);
		assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_NONE);
		assert_int_equal(daemon_worker(&s->daemon, 0), worker);
		close(fd);
	}
	resumed = daemon_logged(&s->daemon, "front-end reconnected");
	print_message("taken for the same session in spite of it: %u\n", resumed);
	assert_int_equal(daemon_logged(&s->daemon, "Sanitizer"), 0);
}

#define TORN(rows, fn) ROW_TEST_FIXTURE(rows, fn, faults_setup, faults_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TORN("S-08", deaths_over_a_note),
		TORN("S-08", deaths_over_a_leave),
		TORN("S-08", deaths_over_a_return),
		ROW_TEST_FIXTURE("S-08 S-07", deaths_over_a_leave, setup_held, faults_teardown),
		TORN("S-08", damaged_notes),
	};

	return session_run("reconnect_torn", tests, sizeof(tests) / sizeof(tests[0]));
}
