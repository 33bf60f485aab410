/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A front-end that comes back after a lost connection finds its device as it left it, and its guest notices nothing. */
#include "reconnect.h"

#include <unistd.h>

#define ARMED 4

/* Lines 0 to 3 are armed, but 1 has fired: what the device holds is not what was offered last. Line 5 drives 1. */
static void prepare(struct session *s, uint16_t heads[ARMED])
{
	for (uint16_t i = 0; i < ARMED; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	assert_int_equal(gpio_set_value(&s->vmm, 5, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 6, 1), GPIO_OK);
}

/* All of that is still so. Each buffer comes once; the lines' types, too, were not forgotten. */
static void assert_unchanged(struct session *s, const uint16_t heads[ARMED])
{
	uint16_t head;

	assert_no_event(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_OUT);
	assert_int_equal(line_level(s, 5), 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 6, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 6), 1);
	for (uint16_t i = ARMED; i-- > 0;) {
		line_pulse(s, i);
		if (i == 1)
			assert_no_event(s); /* latched: its buffer was given back */
		else
			assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	head = gpio_unmask(&s->vmm, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_no_event(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		assert_int_equal(vmm_ring_stop(&s->vmm, i), ring_base(&s->vmm.rings[i]));
}

static void session_goes_on(void **state)
{
	struct session *s = *state;
	uint16_t heads[ARMED];

	prepare(s, heads);
	cut_and_come(s);
	assert_same(s, 1);
	assert_unchanged(s, heads);
}

/* Again and again; and who connects and starts no ring in between changes nothing. */
static void each_time(void **state)
{
	struct session *s = *state;
	uint16_t heads[ARMED];

	prepare(s, heads);
	for (unsigned i = 1; i <= 3; i++) {
		cut(s);
		come_again(s);
		cut(s);
		come_again(s);
		rings_again(s);
		assert_serving(s);
		assert_same(s, i);
	}
	assert_unchanged(s, heads);
}

/* A front-end that stopped the rings first knows their positions, and says them. */
static void after_a_stop(void **state)
{
	struct session *s = *state;
	uint16_t heads[ARMED];

	prepare(s, heads);
	vmm_stop(&s->vmm);
	cut(s);
	come_again(s);
	vmm_resume(&s->vmm);
	assert_serving(s);
	assert_same(s, 1);
	assert_unchanged(s, heads);
}

/* The ring of event buffers first, which has never moved: the other one, that is set up, speaks for it. */
static void in_another_order(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	cut(s);
	come_again(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_setup(&s->vmm, i, used_base(&s->vmm.rings[i]));
	for (unsigned i = VMM_RINGS; i-- > 0;) {
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
	assert_serving(s);
	assert_same(s, 1);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_no_event(s);
}

/* The worker that saw the front-end leave is gone when it comes back; so is one that had taken it up again. */
static void over_dead_workers(void **state)
{
	struct session *s = *state;
	uint16_t heads[ARMED];

	s->workers_may_die = true;
	prepare(s, heads);
	cut(s);
	session_take_over(s);
	come_again(s);
	rings_again(s);
	assert_serving(s);
	assert_same(s, 1);
	session_take_over(s);
	assert_serving(s);
	assert_unchanged(s, heads);
}

/* Requests on their way when the connection is cut: each is answered once, and none is lost. */
static void requests_are_answered_once(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	unsigned random = 4711, n = session_buffers(s, VMM_RING_SIZE) / 2;

	assert_serving(s);
	for (unsigned round = 0; round < session_rounds(40, 10); round++) {
		bool seen[VMM_RING_SIZE] = { false };
		struct ring_used used;
		unsigned came = 0;

		for (unsigned i = 0; i < n; i++)
			gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)(i % 8), i % 3);
		/* In-band, a kick waits for the answers. */
		if (!ring->inband)
			ring_notify(ring);
		random = random * 1103515245 + 12345;
		usleep(random / 65536 % 400);
		cut(s);
		for (unsigned again = 0; again < 2; again++) {
			while (came < n && (again ? (used = ring_wait(ring), true) : ring_reap(ring, &used))) {
				assert_in_range(used.id, 0, VMM_RING_SIZE - 1);
				assert_false(seen[used.id]);
				seen[used.id] = true;
				assert_int_equal(gpio_answer_of(&s->vmm, used).status, GPIO_OK);
				came++;
			}
			if (again)
				break;
			come_again(s);
			rings_again(s);
		}
		assert_false(ring_has_used(ring));
		assert_serving(s);
		assert_same(s, round + 1);
	}
}

/* The front-end read the used index, and then the device went on for a moment. */
static void base_is_a_little_old(void **state)
{
	struct session *s = *state;
	uint16_t heads[ARMED];
	uint32_t base[VMM_RINGS];

	prepare(s, heads);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		base[i] = used_base(&s->vmm.rings[i]);
	if (ring_is_packed(&s->vmm.rings[0]))
		skip_because("a packed ring has no index to read");
	assert_serving(s);
	assert_serving(s);
	cut(s);
	come_again(s);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, base[i]);
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
	assert_serving(s);
	assert_same(s, 1);
	assert_unchanged(s, heads);
}

/* The last call may have been for the front-end that was leaving. */
static void driver_is_called(void **state)
{
	struct session *s = *state;
	uint64_t calls[VMM_RINGS];
	uint16_t heads[ARMED];

	prepare(s, heads);
	cut(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		calls[i] = ring_calls(&s->vmm.rings[i]);
	come_again(s);
	rings_again(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_wait_calls(&s->vmm.rings[i], calls[i] + 1);
	assert_same(s, 1);
}

/* Nor does the front-end kick: for what is held, for what nobody has taken yet, and after which nobody called. */
static void without_a_kick(void **state)
{
	struct session *s = *state;
	uint16_t heads[ARMED], head;
	uint64_t calls[VMM_RINGS];

	fds_only(s);
	prepare(s, heads);
	session_settle(s);
	cut(s);
	head = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 3, 0);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		calls[i] = ring_calls(&s->vmm.rings[i]);
	come_again(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_setup(&s->vmm, i, used_base(&s->vmm.rings[i]));
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_enable(&s->vmm, i, true);
	assert_int_equal(ring_wait(&s->vmm.rings[VMM_REQUESTQ]).id, head);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_wait_calls(&s->vmm.rings[i], calls[i] + 1);
	assert_same(s, 1);
	assert_unchanged(s, heads);
}

/* The guest switched an interrupt off while nobody was there. The ring that tells goes first, the buffer goes back. */
static void switched_off_meanwhile(void **state)
{
	struct session *s = *state;
	uint16_t heads[2];

	for (uint16_t i = 0; i < 2; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	cut(s);
	gpio_send(&s->vmm, GPIO_SET_IRQ_TYPE, 0, GPIO_IRQ_NONE);
	come_again(s);
	vmm_ring_setup(&s->vmm, VMM_EVENTQ, used_base(&s->vmm.rings[VMM_EVENTQ]));
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, used_base(&s->vmm.rings[VMM_REQUESTQ]));
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	ring_wait(&s->vmm.rings[VMM_REQUESTQ]);
	vmm_ring_enable(&s->vmm, VMM_EVENTQ, true);
	ring_kick(&s->vmm.rings[VMM_EVENTQ]);
	assert_event(s, heads[0], GPIO_EVENT_INVALID);
	assert_no_event(s);
	line_pulse(s, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	assert_same(s, 1);
}

/* A level is looked at again; an edge that came while nobody had the line is nobody's. */
static void levels_and_edges_meanwhile(void **state)
{
	struct session *s = *state;
	uint16_t high = gpio_arm(&s->vmm, 0, GPIO_IRQ_HIGH), rising = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);

	cut(s);
	line_drive(s, 0, 1);
	line_pulse(s, 1);
	come_again(s);
	rings_again(s);
	assert_event(s, high, GPIO_EVENT_VALID);
	assert_no_event(s);
	line_pulse(s, 1);
	assert_event(s, rising, GPIO_EVENT_VALID);
	assert_same(s, 1);
}

/* What was latched before stays so, also when its line goes to rest in between. */
static void latches_stay(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 2);
	cut_and_come(s);
	head = gpio_unmask(&s->vmm, 2);
	assert_event(s, head, GPIO_EVENT_VALID);
	gpio_unmask(&s->vmm, 2);
	assert_no_event(s);
}

/* A line that is held stays requested: not a glitch on an output, and an edge that nobody took is the guest's. */
static void held_lines_lose_nothing(void **state)
{
	struct session *s = *state;
	uint16_t heads[ARMED];
	struct outside watcher;

	prepare(s, heads);
	if (!outside_wants_real()) {
		outside_open(&watcher, s->daemon.control);
		outside_monitor(&watcher, "guest0.5");
	}
	cut(s);
	assert_int_equal(line_level(s, 5), 1);
	line_pulse(s, 2);
	line_pulse(s, 2);
	line_pulse(s, 1);
	come_again(s);
	rings_again(s);
	assert_event(s, heads[2], GPIO_EVENT_VALID);
	assert_no_event(s);
	heads[1] = gpio_unmask(&s->vmm, 1);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	gpio_unmask(&s->vmm, 2);
	assert_no_event(s);
	if (!outside_wants_real()) {
		assert_int_equal(outside_edges(&watcher, SILENT_MS), 0);
		outside_close(&watcher);
	}
	assert_int_equal(gpio_get_direction(&s->vmm, 5), GPIO_OUT);
	assert_same(s, 1);
}

/* The same edge, found in the note by the successor of the worker that saw it. */
static void held_edge_outlives_a_worker(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_FALLING);

	s->workers_may_die = true;
	cut(s);
	line_pulse(s, 0);
	session_take_over(s);
	line_drive(s, 0, 1);
	come_again(s);
	rings_again(s);
	assert_event(s, head, GPIO_EVENT_VALID);
	gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
	assert_same(s, 1);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)
#define HOLD(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, setup_hold, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("S-02 S-03 S-04 S-07 S-08", session_goes_on),
		STARTED("S-08", each_time),
		STARTED("S-08 V-60", after_a_stop),
		STARTED("S-08", in_another_order),
		STARTED("S-08", over_dead_workers),
		STARTED("S-01 S-03 S-08", requests_are_answered_once),
		STARTED("S-08", base_is_a_little_old),
		STARTED("S-08", driver_is_called),
		STARTED("S-08 V-103", without_a_kick),
		STARTED("S-08 G-65", switched_off_meanwhile),
		STARTED("S-06", levels_and_edges_meanwhile),
		STARTED("S-05", latches_stay),
		HOLD("S-05 S-07 G-95", held_lines_lose_nothing),
		HOLD("S-05", held_edge_outlives_a_worker),
	};

	return session_run("reconnect", tests, sizeof(tests) / sizeof(tests[0]));
}
