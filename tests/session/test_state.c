/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The device's state from one daemon to another: what a guest finds there. vhost-user.rst, "Migrating back-end state".
 */
#include "reconnect.h"
#include "state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Another daemon in place of the first, and the same guest in front of it, at other user addresses. */
static void move(struct session *s, const char *device_list)
{
	outside_close(&s->outside);
	vmm_disconnect(&s->vmm);
	assert_int_equal(daemon_stop(&s->daemon), 0);
	daemon_start(&s->daemon, device_list);
	outside_open(&s->outside, s->daemon.control);
	for (unsigned i = 0; i < s->vmm.memory.n_regions; i++)
		s->vmm.memory.regions[i].wire.user_addr += 0x100000000ull;
	session_prepare(s, s->vmm.features);
}

/* Line 0 drives 1, 1 is an input, 3 to 5 are armed and 3 has fired, an edge of 6 waits for a buffer. */
static void make_state(struct session *s, uint16_t *heads)
{
	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	for (uint16_t i = 3; i < 6; i++)
		heads[i] = gpio_arm(&s->vmm, i, i == 5 ? GPIO_IRQ_HIGH : GPIO_IRQ_RISING);
	line_pulse(s, 3);
	assert_event(s, heads[3], GPIO_EVENT_VALID);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 6, GPIO_IRQ_FALLING), GPIO_OK);
	line_pulse(s, 6);
}

static void assert_state(struct session *s, uint16_t *heads)
{
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 1);
	assert_int_equal(line_level(s, 0), 1);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_IN);
	assert_int_equal(gpio_get_direction(&s->vmm, 2), GPIO_NONE);
	assert_no_event(s);
	line_pulse(s, 4);
	assert_event(s, heads[4], GPIO_EVENT_VALID);
	line_drive(s, 5, 1);
	assert_event(s, heads[5], GPIO_EVENT_VALID);
	line_drive(s, 5, 0);
	line_pulse(s, 3);
	heads[3] = gpio_unmask(&s->vmm, 3);
	assert_event(s, heads[3], GPIO_EVENT_VALID);
	heads[6] = gpio_unmask(&s->vmm, 6);
	assert_event(s, heads[6], GPIO_EVENT_VALID);
	assert_no_event(s);
}

/* And the rings are stopped, for the state to be saved. */
static void make_saved(struct session *s, uint16_t *heads, struct saved *saved)
{
	make_state(s, heads);
	vmm_stop(&s->vmm);
	state_save(s, saved);
}

/* And it has the state there, before its rings run. */
static void move_loaded(struct session *s, const struct saved *saved)
{
	move(s, "s8");
	assert_int_equal(state_load(s, saved->data, saved->len), 0);
}

static void guest_goes_on_at_the_destination(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint16_t heads[8];

	simulated_only("two daemons");
	make_saved(s, heads, &saved);
	move_loaded(s, &saved);
	/* Lines are what they were before the rings run. */
	assert_int_equal(line_level(s, 0), 1);
	vmm_resume(&s->vmm);
	assert_state(s, heads);
	assert_int_equal(daemon_logged(&s->daemon, "guest reset"), 0);
	/* And back again. */
	heads[4] = gpio_unmask(&s->vmm, 4);
	vmm_stop(&s->vmm);
	state_save(s, &saved);
	move_loaded(s, &saved);
	vmm_resume(&s->vmm);
	line_pulse(s, 4);
	assert_event(s, heads[4], GPIO_EVENT_VALID);
	assert_no_event(s);
}

/* The destination's front-end does not kick, and goes by what was used. */
static void guest_goes_on_without_a_kick(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint16_t heads[8];

	simulated_only("two daemons");
	fds_only(s);
	make_saved(s, heads, &saved);
	move_loaded(s, &saved);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_setup(&s->vmm, i, used_base(&s->vmm.rings[i]));
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_enable(&s->vmm, i, true);
	assert_no_event(s);
	line_pulse(s, 4);
	assert_event(s, heads[4], GPIO_EVENT_VALID);
	heads[4] = gpio_unmask(&s->vmm, 4);
	assert_state(s, heads);
	assert_int_equal(daemon_logged(&s->daemon, "guest reset"), 0);
}

/* A ring that was started and never used looks like a new one, and is none. */
/* A machine that was restored and is reset before it runs: its new rings have the base of rings of which nothing was used. */
static void guest_that_is_reset_after_a_load(void **state)
{
	struct session *s = *state;
	const struct ring *requests = &s->vmm.rings[VMM_REQUESTQ];
	struct saved saved;
	uint16_t head;

	for (unsigned line = 0; line < 3; line++)
		gpio_arm(&s->vmm, (uint16_t)line, GPIO_IRQ_RISING);
	/* Where a packed ring comes by once in two laps: nothing tells that the next one there is new. */
	while (ring_is_packed(requests) && (requests->avail_at.index != 0 || !requests->avail_at.wrap))
		gpio_get_direction(&s->vmm, 0);
	vmm_stop(&s->vmm);
	state_save(s, &saved);
	assert_int_equal(state_load(s, saved.data, saved.len), 0);
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	assert_no_event(s);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 1);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_no_event(s);
}

static void guest_that_did_little_yet(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint16_t head;

	simulated_only("two daemons");
	head = gpio_unmask(&s->vmm, 2);
	vmm_stop(&s->vmm);
	state_save(s, &saved);
	move_loaded(s, &saved);
	vmm_resume(&s->vmm);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_OK);
	line_pulse(s, 2);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_int_equal(daemon_logged(&s->daemon, "guest reset"), 0);
}

/* The eventq never ran: it is a new one at the destination. */
static void guest_with_one_ring(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint32_t base;
	uint16_t head;

	simulated_only("two daemons");
	vmm_deinit(&s->vmm);
	vmm_init(&s->vmm, 0);
	session_prepare(s, VMM_FEATURES);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 0);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	base = vmm_ring_stop(&s->vmm, VMM_REQUESTQ);
	state_save(s, &saved);
	move_loaded(s, &saved);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, base);
	vmm_ring_setup(&s->vmm, VMM_EVENTQ, 0);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_IN);
	head = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	line_pulse(s, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

/* The destination's front-end keeps in-flight regions, too, given before the state or after it. */
static void in_flight_regions_at_the_destination(void **state)
{
	struct session *s = *state;

	simulated_only("two daemons");
	for (unsigned after = 0; after < 2; after++) {
		struct vu_inflight wire = { .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
		struct saved saved;
		uint16_t heads[8];
		int fd;

		if (after) {
			assert_int_equal(session_teardown(state), 0);
			assert_int_equal(session_setup_started(state), 0);
			s = *state;
		}
		make_saved(s, heads, &saved);
		move(s, "s8");
		fd = message_get_inflight(&s->vmm.connection, &wire, sizeof(wire));
		if (!after)
			assert_ok(message_set_inflight(&s->vmm.connection, &wire, fd));
		assert_int_equal(state_load(s, saved.data, saved.len), 0);
		if (after)
			assert_ok(message_set_inflight(&s->vmm.connection, &wire, fd));
		close(fd);
		vmm_resume(&s->vmm);
		assert_state(s, heads);
	}
}

/* "If the migration fails, then the source can transparently resume operation". */
static void source_goes_on(void **state)
{
	struct session *s = *state;
	struct saved saved, again;
	uint16_t heads[8];

	make_saved(s, heads, &saved);
	state_save(s, &again);
	assert_int_equal(saved.len, again.len);
	assert_memory_equal(saved.data, again.data, saved.len);
	vmm_resume(&s->vmm);
	assert_state(s, heads);
}

static void state_of_another_device_is_refused(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint16_t heads[8];

	simulated_only("two daemons");
	make_saved(s, heads, &saved);
	move(s, "s4");
	assert_int_not_equal(state_load(s, saved.data, saved.len), 0);
	assert_int_equal(line_level(s, 0), 0);
	session_reconnect(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
}

static void damaged_state_changes_nothing(void **state)
{
	struct session *s = *state;
	struct saved saved, bad;
	uint16_t heads[8];

	make_saved(s, heads, &saved);
	for (size_t len = 0; len < saved.len; len += 1 + len / 8)
		assert_int_not_equal(state_load(s, saved.data, len), 0);
	bad = saved;
	bad.data[bad.len++] = 0;
	assert_int_not_equal(state_load(s, bad.data, bad.len), 0);
	/* The header, and that of the first ring but for position and lag, of which any is possible. */
	for (unsigned i = 0; i < 32; i++) {
		if (i >= 20 && i < 26)
			continue;
		bad = saved;
		bad.data[i] ^= 0x40;
		assert_int_not_equal(state_load(s, bad.data, bad.len), 0);
	}
	/* And the lines, which are last. */
	for (unsigned i = 1; i <= 40; i++) {
		bad = saved;
		bad.data[bad.len - i] ^= 0x40;
		assert_int_not_equal(state_load(s, bad.data, bad.len), 0);
	}
	vmm_resume(&s->vmm);
	assert_state(s, heads);
}

/* In-flight regions are not looked into before they are used: whatever stands there, the worker lives. */
static void hostile_state(void **state)
{
	struct session *s = *state;
	struct saved saved, bad;

	srand(1);
	gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
	vmm_stop(&s->vmm);
	state_save(s, &saved);
	for (unsigned round = 0; round < 100; round++) {
		bad = saved;
		for (unsigned i = 0; i < 200; i++)
			bad.data[48 + (size_t)rand() % (bad.len - 48 - 40)] = (uint8_t)rand();
		state_load(s, bad.data, bad.len);
		vmm_resume(&s->vmm);
		assert_true(message_sync(&s->vmm.connection));
		message_get_vring_base(&s->vmm.connection, 0);
		message_get_vring_base(&s->vmm.connection, 1);
	}
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	session_reconnect(s);
	assert_serving(s);
}

/* The guest was reset on the way: the base says so. */
static void state_and_rings_that_do_not_belong_together(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint16_t heads[8];

	simulated_only("two daemons");
	make_saved(s, heads, &saved);
	move_loaded(s, &saved);
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	assert_int_equal(line_level(s, 0), 0);
	line_pulse(s, 4);
	assert_no_event(s);
}

static void worker_dies(void **state)
{
	struct session *s = *state;
	struct saved saved, cut;
	uint16_t heads[8];
	int end;

	s->workers_may_die = true;
	make_saved(s, heads, &saved);
	session_take_over(s);
	assert_int_equal(state_check(s), 0);
	/* In the midst of a save: the end comes early, and CHECK_DEVICE_STATE says so. */
	end = state_begin(s, VU_STATE_SAVE, 4096);
	session_take_over(s);
	cut.len = state_read(end, cut.data, STATE_MAX);
	close(end);
	assert_true(cut.len < saved.len);
	assert_int_not_equal(state_check(s), 0);
	/* After a load: it stays loaded. */
	assert_int_equal(state_load(s, saved.data, saved.len), 0);
	session_take_over(s);
	assert_int_equal(state_check(s), 0);
	vmm_resume(&s->vmm);
	assert_state(s, heads);
}

/* A front-end that comes back, and tries to load what is cut off: that is as if it had not tried. */
static void truncated_state_of_one_that_comes_back(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint16_t heads[8];

	make_saved(s, heads, &saved);
	cut(s);
	come_again(s);
	for (size_t len = 0; len < saved.len; len += 1 + len / 4)
		assert_int_not_equal(state_load(s, saved.data, len), 0);
	vmm_resume(&s->vmm);
	assert_serving(s);
	assert_same(s, 1);
	assert_state(s, heads);
}

/* What it loads is what it wants, not what it left. */
static void loaded_state_of_one_that_comes_back(void **state)
{
	struct session *s = *state;
	struct saved saved;
	uint16_t heads[8];

	make_saved(s, heads, &saved);
	cut(s);
	come_again(s);
	/* The lines are last, 4 bytes each, the direction first: line 1 was an input. */
	assert_int_equal(saved.data[saved.len - 7 * 4], GPIO_IN);
	saved.data[saved.len - 7 * 4] = GPIO_NONE;
	assert_int_equal(state_load(s, saved.data, saved.len), 0);
	vmm_resume(&s->vmm);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
	assert_int_equal(daemon_logged(&s->daemon, "front-end reconnected"), 0);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("V-96 PF-19 S-07", guest_goes_on_at_the_destination),
		STARTED("V-96 V-103", guest_goes_on_without_a_kick),
		STARTED("V-96 G-91", guest_that_is_reset_after_a_load),
		STARTED("V-96", guest_that_did_little_yet),
		STARTED("V-96", guest_with_one_ring),
		STARTED("V-96 V-86", in_flight_regions_at_the_destination),
		STARTED("V-96", source_goes_on),
		STARTED("V-96", state_of_another_device_is_refused),
		STARTED("V-96", damaged_state_changes_nothing),
		STARTED("V-96 S-08", hostile_state),
		STARTED("V-96 S-08", truncated_state_of_one_that_comes_back),
		STARTED("V-96 S-08", loaded_state_of_one_that_comes_back),
		STARTED("V-96 S-08", state_and_rings_that_do_not_belong_together),
		STARTED("V-96 S-10", worker_dies),
	};

	return session_run("state", tests, sizeof(tests) / sizeof(tests[0]));
}
