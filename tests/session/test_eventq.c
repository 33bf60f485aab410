/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The eventq's buffers: shapes, wrong ones, many of them, what they cost (VirtIO GPIO, "eventq Operation"). */
#include "session.h"

#include <stdlib.h>

#include "chain.h"

static void event_buffers_of_any_shape(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_space(s, 2), response = chain_space(s, 4);
	const struct ring_part split[] = { { request, 1, false }, { request + 1, 1, false }, { response, 4, true } };
	const uint16_t line = 3;
	struct ring_used used;
	uint16_t head;

	memory_write(&s->vmm.memory, request, &line, 2);
	for (int layout = RING_DIRECT; layout <= RING_MIXED; layout++) {
		memory_write(&s->vmm.memory, response, (uint8_t[]){ GPIO_UNTOUCHED }, 1);
		assert_int_equal(gpio_set_irq_type(&s->vmm, line, GPIO_IRQ_RISING), GPIO_OK);
		head = chain_post(s, VMM_EVENTQ, split, 3, (enum ring_layout)layout);
		line_pulse(s, line);
		used = ring_wait(&s->vmm.rings[VMM_EVENTQ]);
		assert_int_equal(used.id, head);
		assert_int_equal(used.len, 1);
		assert_int_equal(chain_byte(s, response, 0), GPIO_EVENT_VALID);
		assert_true(chain_untouched(s, response, 1, 4));
	}
}

static void buffer_of_a_disabled_line_is_held(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_unmask(&s->vmm, 0);

	line_pulse(s, 0);
	assert_no_event(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	assert_no_event(s);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void buffer_of_a_disabled_line_comes_back_at_none(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_unmask(&s->vmm, 0);

	assert_no_event(s);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_INVALID);
	head = gpio_unmask(&s->vmm, 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_NONE), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_INVALID);
}

static void no_invalid_ping_pong(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	uint64_t end_ms;
	unsigned n = 0;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_NONE), GPIO_OK);
	assert_event(s, head, GPIO_EVENT_INVALID);
	gpio_unmask(&s->vmm, 0);
	end_ms = clock_ms() + 300;
	while (clock_ms() < end_ms) {
		struct ring_used used;

		if (ring_reap(eventq, &used)) {
			n++;
			gpio_unmask(&s->vmm, 0);
		}
	}
	assert_in_range(n, 0, 30);
}

static void second_buffer_of_a_line_is_invalid(void **state)
{
	struct session *s = *state;
	uint16_t first = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING), second = gpio_unmask(&s->vmm, 0);

	assert_event(s, second, GPIO_EVENT_INVALID);
	line_drive(s, 0, 1);
	assert_event(s, first, GPIO_EVENT_VALID);
}

static void buffer_of_a_line_beyond_the_last_is_invalid(void **state)
{
	static const uint16_t lines[] = { 8, 0x100, 0x8000, 0xffff };
	struct session *s = *state;

	for (unsigned i = 0; i < 4; i++) {
		uint16_t head = gpio_unmask(&s->vmm, lines[i]);

		assert_event(s, head, GPIO_EVENT_INVALID);
	}
	assert_serving(s);
}

static void malformed_event_buffers_come_back(void **state)
{
	struct session *s = *state;
	uint64_t request = chain_space(s, 2), response = chain_space(s, 4);
	const uint16_t line = 0;
	const struct ring_part short_request[] = { { request, 1, false }, { response, 1, true } };
	const struct ring_part no_request[] = { { response, 1, true } };
	const struct ring_part no_response[] = { { request, 2, false } };
	const struct ring_part empty_response[] = { { request, 2, false }, { response, 0, true } };
	const struct ring_part bad_request[] = { { 0x10, 2, false }, { response, 1, true } };
	uint16_t head;

	memory_write(&s->vmm.memory, request, &line, 2);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	assert_int_equal(chain_send(s, VMM_EVENTQ, short_request, 2, RING_DIRECT), 1);
	assert_int_equal(chain_byte(s, response, 0), GPIO_EVENT_INVALID);
	assert_int_equal(chain_send(s, VMM_EVENTQ, no_request, 1, RING_DIRECT), 1);
	assert_int_equal(chain_send(s, VMM_EVENTQ, no_response, 1, RING_DIRECT), 0);
	assert_int_equal(chain_send(s, VMM_EVENTQ, empty_response, 2, RING_DIRECT), 0);
	assert_int_equal(chain_send(s, VMM_EVENTQ, bad_request, 2, RING_DIRECT), 1);
	assert_true(chain_untouched(s, response, 1, 4));
	head = gpio_unmask(&s->vmm, 0);
	line_drive(s, 0, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static int setup_1024(void **state)
{
	return session_setup_with(state, outside_wants_real() ? "s8" : "s1024", 1024);
}

static void all_lines_armed_at_once(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	uint16_t *heads;
	uint64_t rss;
	unsigned fds, n;

	simulated_only("no kernel has 1024 interrupts to give, see cdev's 64 lines");
	heads = calloc(1024, sizeof(*heads));
	assert_non_null(heads);
	vmm_start(&s->vmm, session_socket(s));
	s->vmm.layout = RING_INDIRECT;
	n = session_buffers(s, 1024);
	assert_serving(s);
	rss = proc_status(worker, "VmRSS");
	fds = proc_fds(worker);
	for (uint16_t i = 0; i < n; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_int_equal(s->vmm.rings[VMM_EVENTQ].n_free, 0);
	assert_serving(s);
	assert_int_equal(proc_threads(worker), 1);
	assert_fds(worker, fds);
	if (!proc_has_address_sanitizer(worker))
		assert_true(proc_status(worker, "VmRSS") < rss + 2048);
	for (unsigned i = 0; i < n; i += 93) {
		line_drive(s, i, 1);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	free(heads);
}

static int setup_64(void **state)
{
	return session_setup_with(state, "s64", 64);
}

static void armed_lines_cost_no_wakeups(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	uint64_t waits, forced;

	vmm_start(&s->vmm, session_socket(s));
	s->vmm.layout = RING_INDIRECT;
	for (uint16_t i = 0; i < session_buffers(s, 64); i++)
		gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	assert_serving(s);
	session_rest(s);
	waits = proc_status(worker, "voluntary_ctxt_switches");
	forced = proc_status(worker, "nonvoluntary_ctxt_switches");
	sleep_ms(2000);
	assert_int_equal(proc_status(worker, "voluntary_ctxt_switches"), waits);
	assert_int_equal(proc_status(worker, "nonvoluntary_ctxt_switches"), forced);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void events_come_soon(void **state)
{
	struct session *s = *state;
	uint64_t ns[200];

	simulated_only("what counts there is how much is added to the kernel's own delay, see bench/edge.c");
	gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t start = clock_ns();

		line_drive(s, 0, i % 2 == 0);
		assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
		ns[i] = clock_ns() - start;
		gpio_unmask(&s->vmm, 0);
	}
	qsort(ns, 200, sizeof(ns[0]), compare_u64);
	/* A machine that is busy with something else delays many, not all of them. */
	assert_true(ns[20] < 5000000);
	assert_true(ns[100] < 50000000);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("G-72", event_buffers_of_any_shape),
		STARTED("G-73", buffer_of_a_disabled_line_is_held),
		STARTED("G-65 G-73", buffer_of_a_disabled_line_comes_back_at_none),
		STARTED("G-74 X-10", no_invalid_ping_pong),
		STARTED("G-75", second_buffer_of_a_line_is_invalid),
		STARTED("G-76", buffer_of_a_line_beyond_the_last_is_invalid),
		STARTED("G-77", malformed_event_buffers_come_back),
		ROW_TEST_FIXTURE("G-78 R-02 R-38 X-06", all_lines_armed_at_once, setup_1024, session_teardown),
		ROW_TEST_FIXTURE("G-79 X-06", armed_lines_cost_no_wakeups, setup_64, session_teardown),
		STARTED("G-80", events_come_soon),
	};

	return session_run("eventq", tests, sizeof(tests) / sizeof(tests[0]));
}
