/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The host's rules for a guest's lines, seen from outside: what a guest may do and what it is shown. */
#include "policy.h"

#include <unistd.h>

static int setup_rules(void **state)
{
	policy_start(state, "lines=@A{0,input:1,ro:2,output:3,no-irq:4,init=output-high:5,init=input:6,active-low:7}",
		     NULL, NULL);
	return 0;
}

/* What is not the guest's to do fails, and the line never is an output. */
static void refuse_output(struct session *s, uint16_t line)
{
	struct kernel_changes changes;
	int chip = outside_wants_real() ? kernel_open(s->chips[0].path) : -1;

	for (int up = 1; up >= 0; up--) {
		policy_pull(s, line, up);
		assert_int_equal(gpio_set_value(&s->vmm, line, !up), line == 1 ? GPIO_ERR : GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_OUT), GPIO_ERR);
		assert_int_equal(policy_level(s, line), up);
		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_IN), GPIO_OK);
		if (chip >= 0 && up)
			kernel_watch(chip, line);
		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_OUT), GPIO_ERR);
		assert_int_equal(gpio_get_direction(&s->vmm, line), GPIO_IN);
		assert_int_equal(policy_level(s, line), up);
		assert_int_equal(gpio_get_value(&s->vmm, line), up);
	}
	if (chip >= 0) {
		changes = kernel_changes(chip);
		assert_int_equal(changes.requested + changes.released, 0);
		assert_false(changes.first_flags & GPIO_V2_LINE_FLAG_OUTPUT);
		assert_kernel(s, line, GPIO_V2_LINE_FLAG_INPUT);
		close(chip);
	}
	assert_int_equal(gpio_set_irq_type(&s->vmm, line, GPIO_IRQ_RISING), GPIO_OK);
}

static void locks_hold(void **state)
{
	struct session *s = *state;

	vmm_start(&s->vmm, session_socket(s));
	refuse_output(s, 0);
	refuse_output(s, 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_ERR);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_BOTH), GPIO_ERR);
	assert_int_equal(gpio_get_direction(&s->vmm, 2), GPIO_NONE);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 3, GPIO_IRQ_BOTH), GPIO_ERR);
	assert_int_equal(gpio_set_direction(&s->vmm, 7, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 7, GPIO_OUT), GPIO_OK);
}

/* Before any guest; then the guest does as it likes, and leaves the line to its on-disconnect. */
static void init_comes_first(void **state)
{
	struct session *s = *state;

	assert_int_equal(policy_level(s, 4), 1);
	assert_kernel(s, 4, GPIO_V2_LINE_FLAG_OUTPUT);
	assert_kernel(s, 5, GPIO_V2_LINE_FLAG_INPUT);
	assert_kernel(s, 7, NOT_HELD);
	vmm_start(&s->vmm, session_socket(s));
	assert_int_equal(gpio_get_direction(&s->vmm, 4), GPIO_NONE);
	assert_int_equal(policy_level(s, 4), 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 4, GPIO_OUT), GPIO_OK);
	assert_int_equal(policy_level(s, 4), 0);
	assert_int_equal(gpio_set_value(&s->vmm, 4, 1), GPIO_OK);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_int_equal(policy_level(s, 4), 0);
	assert_kernel(s, 4, NOT_HELD);
	assert_kernel(s, 5, NOT_HELD);
}

static void active_low_is_low(void **state)
{
	struct session *s = *state;

	vmm_start(&s->vmm, session_socket(s));
	assert_int_equal(gpio_set_value(&s->vmm, 6, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 6, GPIO_OUT), GPIO_OK);
	assert_int_equal(policy_level(s, 6), 0);
	assert_int_equal(gpio_set_value(&s->vmm, 6, 0), GPIO_OK);
	assert_int_equal(policy_level(s, 6), 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 6, GPIO_IN), GPIO_OK);
	policy_pull(s, 6, 1);
	assert_int_equal(gpio_get_value(&s->vmm, 6), 0);
	policy_pull(s, 6, 0);
	assert_int_equal(gpio_get_value(&s->vmm, 6), 1);
}

static int setup_safe(void **state)
{
	policy_start(state, "lines=@A{0:1,on-disconnect=release:2,on-disconnect=output-high:3-7}", NULL, "--safe");
	return 0;
}

static void safe_makes_inputs(void **state)
{
	struct session *s = *state;

	real_only("the kernel tells an input from a line that nobody holds");
	vmm_start(&s->vmm, session_socket(s));
	for (uint16_t i = 0; i < 4; i++) {
		assert_int_equal(gpio_set_value(&s->vmm, i, 1), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, i, GPIO_OUT), GPIO_OK);
	}
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_kernel(s, 0, GPIO_V2_LINE_FLAG_INPUT);
	assert_int_equal(policy_settled(s, 0, 0), 0);
	assert_kernel(s, 1, NOT_HELD);
	assert_kernel(s, 2, GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(policy_level(s, 2), 1);
	assert_kernel(s, 3, GPIO_V2_LINE_FLAG_INPUT);
	assert_kernel(s, 7, GPIO_V2_LINE_FLAG_INPUT);
}

static int setup_chosen(void **state)
{
	policy_start(state, "lines=@A{6=six:2=\"second one\":4-5}", NULL, NULL);
	return 0;
}

/* Lines of the guest 0, 1, 2, 3 are 6, 2, 4, 5 of the chip. */
static void chosen_and_renamed(void **state)
{
	static const char want[] = "\0six\0second one\0dummy4\0dummy5";
	struct session *s = *state;
	uint8_t names[sizeof(want)];
	struct gpio_wire_config config;

	vmm_start(&s->vmm, session_socket(s));
	assert_int_equal(message_get_config(&s->vmm.connection, 0, sizeof(config), &config), 0);
	assert_int_equal(config.ngpio, 4);
	assert_int_equal(gpio_get_names(&s->vmm, 0, config.names_size, names), sizeof(want));
	assert_memory_equal(names, want, sizeof(want));
	assert_int_equal(gpio_get_direction(&s->vmm, 4), -1);
	assert_int_equal(gpio_set_direction(&s->vmm, 6, GPIO_OUT), GPIO_ERR);
	for (uint16_t i = 0; i < 4; i++) {
		assert_int_equal(gpio_set_value(&s->vmm, i, 1), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, i, GPIO_OUT), GPIO_OK);
	}
	if (outside_wants_real()) {
		for (unsigned i = 0; i < POLICY_LINES; i++)
			assert_int_equal(gpio_sim_level(&s->chips[0], i), i == 2 || (i >= 4 && i <= 6));
		return;
	}
	assert_int_equal(outside_get(&s->outside, "guest0.six"), 1);
	assert_int_equal(outside_get(&s->outside, "guest0.second one"), 1);
}

static int setup_shared(void **state)
{
	if (outside_wants_real())
		policy_start(state, "lines=@A{0-2:3=low,on-disconnect=output-high}@B{7=far}", "lines=@B{0=near}@A{4-6}",
			     NULL);
	return 0;
}

static int teardown_shared(void **state)
{
	return outside_wants_real() ? session_teardown(state) : 0;
}

/* All lines of both chips that are high, as bits: those of B above those of A. */
static unsigned high_lines(const struct session *s)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < 2 * POLICY_LINES; i++)
		bits |= (unsigned)gpio_sim_level(&s->chips[i / POLICY_LINES], i % POLICY_LINES) << i;
	return bits;
}

static void drive_all(struct vmm *vmm, uint16_t n_lines)
{
	for (uint16_t i = 0; i < n_lines; i++) {
		assert_int_equal(gpio_set_value(vmm, i, 1), GPIO_OK);
		assert_int_equal(gpio_set_direction(vmm, i, GPIO_OUT), GPIO_OK);
	}
	assert_int_equal(gpio_set_direction(vmm, n_lines, GPIO_OUT), GPIO_ERR);
}

/* Two guests have lines of the same two chips: each moves its own. */
static void shared_chips(void **state)
{
	const unsigned first = 0x800f, second = 0x0170, idle = 0x0008;
	struct session *s = *state;
	struct vmm other;

	real_only("a simulated chip is one guest's");
	vmm_init(&other, 0);
	vmm_start(&s->vmm, s->daemon.sockets[0]);
	vmm_start(&other, s->daemon.sockets[1]);
	drive_all(&s->vmm, 5);
	assert_int_equal(high_lines(s), first);
	drive_all(&other, 4);
	assert_int_equal(high_lines(s), first | second);
	assert_int_equal(gpio_set_value(&s->vmm, 0, 0), GPIO_OK);
	assert_int_equal(high_lines(s), (first & ~1u) | second);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_int_equal(high_lines(s), second | idle);
	assert_int_equal(gpio_get_value(&other, 0), 1);
	vmm_deinit(&other);
}

#define WITH(rows, fn, setup) ROW_TEST_FIXTURE(rows, fn, setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH("G-39", locks_hold, setup_rules),
		WITH("G-93", init_comes_first, setup_rules),
		WITH("G-27 G-30", active_low_is_low, setup_rules),
		WITH("G-93", safe_makes_inputs, setup_safe),
		WITH("G-01 G-05", chosen_and_renamed, setup_chosen),
		ROW_TEST_FIXTURE("G-94", shared_chips, setup_shared, teardown_shared),
	};

	return session_run("policy", tests, sizeof(tests) / sizeof(tests[0]));
}
