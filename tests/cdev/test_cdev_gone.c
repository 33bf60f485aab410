/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A real chip that goes away while a guest uses it, and comes back. */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

#define N_LINES 8

static struct gpio_sim *chip_of(struct session *s)
{
	return &s->chips[0];
}

static int setup(void **state)
{
	static const struct gpio_sim_line lines[] = { { .offset = 1, .name = "LED" }, { .name = NULL } };
	return session_setup_made(state, N_LINES, "unplugged", lines);
}

static int setup_killed(void **state)
{
	return session_mortal(state, setup(state));
}

static void unplug(struct session *s)
{
	gpio_sim_set_live(chip_of(s), false);
}

/* Returns when the worker has it again. */
static void plug(struct session *s, unsigned times)
{
	gpio_sim_set_live(chip_of(s), true);
	daemon_wait_logged(&s->daemon, " is back", times);
	assert_serving(s);
}

static void requests_are_errors_while_it_is_gone(void **state)
{
	struct session *s = *state;
	uint64_t start;

	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	unplug(s);
	start = clock_ms();
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(gpio_set_value(&s->vmm, 0, i % 2), GPIO_ERR);
		assert_int_equal(gpio_get_value(&s->vmm, 1), -1);
		assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_ERR);
		assert_int_equal(gpio_set_irq_type(&s->vmm, 1, GPIO_IRQ_BOTH), GPIO_ERR);
	}
	assert_true(clock_ms() - start < WAIT_MS);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(gpio_get_direction(&s->vmm, 2), GPIO_NONE);
	/* Giving a line back needs no chip. */
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_NONE), GPIO_OK);
	assert_in_range(daemon_logged(&s->daemon, "line 0): set value: the chip is gone"), 1, 10);
	assert_in_range(daemon_logged(&s->daemon, "the chip is gone"), 1, 15);
}

/* Clock ticks. */
static uint64_t cpu_time(pid_t pid)
{
	char path[64], line[512] = "";
	unsigned long user = 0, system = 0;
	const char *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	end = strrchr(line, ')');
	assert_non_null(end);
	assert_int_equal(sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
	return user + system;
}

static void gone_chip_costs_nothing(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	uint64_t waits, forced, ticks;

	for (uint16_t i = 0; i < N_LINES; i++)
		gpio_arm(&s->vmm, i, GPIO_IRQ_BOTH);
	unplug(s);
	session_rest(s);
	waits = proc_status(worker, "voluntary_ctxt_switches");
	forced = proc_status(worker, "nonvoluntary_ctxt_switches");
	ticks = cpu_time(worker);
	sleep_ms(1500);
	assert_int_equal(proc_status(worker, "voluntary_ctxt_switches"), waits);
	assert_int_equal(proc_status(worker, "nonvoluntary_ctxt_switches"), forced);
	assert_int_equal(cpu_time(worker), ticks);
	assert_no_event(s);
	assert_int_equal(ring_used_idx(&s->vmm.rings[VMM_EVENTQ]), 0);
	assert_serving(s);
}

static void everything_is_applied_again(void **state)
{
	struct session *s = *state;
	uint16_t edge, level;
	int fd;

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 5, 1), GPIO_OK);
	edge = gpio_arm(&s->vmm, 3, GPIO_IRQ_FALLING);
	level = gpio_arm(&s->vmm, 4, GPIO_IRQ_HIGH);
	for (unsigned times = 1; times <= 3; times++) {
		unplug(s);
		assert_int_equal(gpio_set_value(&s->vmm, 0, 0), GPIO_ERR);
		plug(s, times);
		fd = kernel_open(chip_of(s)->path);
		assert_int_equal(line_level(s, 0), 1);
		assert_int_equal(line_level(s, 1), 0);
		assert_true(kernel_line(fd, 1).flags & GPIO_V2_LINE_FLAG_OUTPUT);
		assert_true(kernel_line(fd, 2).flags & GPIO_V2_LINE_FLAG_INPUT);
		assert_true(kernel_line(fd, 3).flags & GPIO_V2_LINE_FLAG_EDGE_FALLING);
		assert_false(kernel_line(fd, 3).flags & GPIO_V2_LINE_FLAG_EDGE_RISING);
		assert_string_equal(kernel_line(fd, 2).consumer, "vhost-device-gpio:guest0");
		for (unsigned i = 5; i < N_LINES; i++)
			assert_false(kernel_line(fd, i).flags & GPIO_V2_LINE_FLAG_USED);
		close(fd);
		/* The buffers from before are still held, and good for the edges of now. */
		assert_no_event(s);
		line_pulse(s, 3);
		assert_event(s, edge, GPIO_EVENT_VALID);
		line_drive(s, 4, 1);
		assert_event(s, level, GPIO_EVENT_VALID);
		line_drive(s, 4, 0);
		edge = gpio_unmask(&s->vmm, 3);
		level = gpio_unmask(&s->vmm, 4);
	}
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 5), 1);
}

/* What is active when the chip is back is told. */
static void active_level_is_told_at_the_return(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 4, GPIO_IRQ_LOW);

	assert_event(s, head, GPIO_EVENT_VALID);
	line_drive(s, 4, 1);
	head = gpio_unmask(&s->vmm, 4);
	assert_no_event(s);
	unplug(s);
	assert_no_event(s);
	plug(s, 1); /* its lines are pulled down */
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void another_chip_is_not_taken_for_it(void **state)
{
	struct session *s = *state;
	struct gpio_sim other, larger;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
	unplug(s);
	gpio_sim_make(&other, N_LINES, "another", NULL);
	gpio_sim_set_live(&other, true);
	gpio_sim_make(&larger, N_LINES + 1, "unplugged", NULL);
	gpio_sim_set_live(&larger, true);
	sleep_ms(100);
	assert_int_equal(daemon_logged(&s->daemon, " is back"), 0);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_ERR);
	plug(s, 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	gpio_sim_remove(&other);
	gpio_sim_remove(&larger);
}

/* The worker that saw it go is not the one that sees it come. */
static void worker_dies_while_it_is_gone(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 3, GPIO_IRQ_RISING);
	uint8_t names[N_LINES + 4];

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	unplug(s);
	session_take_over(s);
	assert_int_equal(gpio_get_names(&s->vmm, 0, N_LINES + 3, names), N_LINES + 4);
	assert_string_equal((char *)names + 2, "LED");
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_OUT);
	assert_int_equal(gpio_get_value(&s->vmm, 0), -1);
	plug(s, 1);
	assert_int_equal(line_level(s, 0), 1);
	assert_no_event(s);
	line_drive(s, 3, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

/* The worker that is to take the chip that came back dies before it does: SIGSTOP holds it until then. */
static void worker_dies_at_the_return(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 3, GPIO_IRQ_RISING);

	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	unplug(s);
	assert_serving(s);
	kill(daemon_worker(&s->daemon, 0), SIGSTOP);
	gpio_sim_set_live(chip_of(s), true);
	daemon_wait_logged(&s->daemon, " came back as ", 1);
	session_take_over(s);
	assert_serving(s);
	assert_int_equal(line_level(s, 0), 1);
	assert_int_equal(gpio_get_value(&s->vmm, 0), 1);
	assert_no_event(s);
	line_drive(s, 3, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void returns_leak_no_fd(void **state)
{
	struct session *s = *state;
	unsigned worker, supervisor;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	session_settle(s);
	worker = proc_fds(session_worker(s));
	supervisor = proc_fds(s->daemon.pid);
	for (unsigned times = 1; times <= 4; times++) {
		unplug(s);
		plug(s, times);
		assert_fds(session_worker(s), worker);
		assert_fds(s->daemon.pid, supervisor);
	}
}

/* Adapters that are alike: each has its port, by which udev would call it, and whatever number. */
enum { LEFT, RIGHT, N_PORTS };
static const char *const ports[N_PORTS] = { "/dev/gpio-test/by-path/left", "/dev/gpio-test/by-path/right" };

static void port_plug(struct session *s, unsigned port)
{
	gpio_sim_set_live(&s->chips[port], true);
	mkdir("/dev/gpio-test", 0755);
	mkdir("/dev/gpio-test/by-path", 0755);
	assert_int_equal(symlink(s->chips[port].path, ports[port]), 0);
}

static void port_unplug(struct session *s, unsigned port)
{
	gpio_sim_set_live(&s->chips[port], false);
	assert_int_equal(unlink(ports[port]), 0);
	rmdir("/dev/gpio-test/by-path"); /* after the last one, as udev does */
}

static int setup_guests(void **state, const char *const *guests)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	*state = s;
	for (unsigned port = 0; port < N_PORTS; port++) {
		gpio_sim_make(&s->chips[port], N_LINES, "adapter", NULL);
		port_plug(s, port);
	}
	daemon_start_guests(&s->daemon, guests, NULL);
	outside_open(&s->outside, s->daemon.control);
	vmm_init(&s->vmm, 0);
	return session_started(state, session_mortal(state, 0));
}

static int setup_twins(void **state)
{
	static const char *const guests[] = { "lines=@/dev/gpio-test/by-path/left",
					      "lines=@/dev/gpio-test/by-path/right", NULL };

	return setup_guests(state, guests);
}

static int teardown_twins(void **state)
{
	struct session *s = *state;

	for (unsigned port = 0; port < N_PORTS; port++)
		unlink(ports[port]);
	rmdir("/dev/gpio-test/by-path");
	rmdir("/dev/gpio-test");
	gpio_sim_remove(&s->chips[N_PORTS]); /* a third */
	return session_teardown(state);
}

static void assert_levels(struct session *s, unsigned left, unsigned right)
{
	assert_int_equal(gpio_sim_level(&s->chips[LEFT], 1), left);
	assert_int_equal(gpio_sim_level(&s->chips[RIGHT], 1), right);
}

/* Each guest's output moves its own board, and no other. */
static void assert_own_boards(struct session *s, struct vmm *right)
{
	for (unsigned value = 0; value < 4; value++) {
		assert_int_equal(gpio_set_value(&s->vmm, 1, value & 1), GPIO_OK);
		assert_int_equal(gpio_set_value(right, 1, value >> 1), GPIO_OK);
		assert_levels(s, value & 1, value >> 1);
	}
	assert_int_equal(gpio_set_value(right, 1, 0), GPIO_OK);
}

static void right_start(struct session *s, struct vmm *right)
{
	vmm_init(right, 0);
	vmm_start(right, s->daemon.sockets[1]);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(right, 1, GPIO_OUT), GPIO_OK);
	assert_own_boards(s, right);
}

static void twins_come_back_in_the_other_order(void **state)
{
	struct session *s = *state;
	struct vmm right;

	right_start(s, &right);
	for (unsigned times = 1; times <= 2; times++) {
		port_unplug(s, LEFT);
		port_unplug(s, RIGHT);
		port_plug(s, RIGHT);
		daemon_wait_logged(&s->daemon, "by-path/right is back", times);
		assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_ERR);
		assert_int_equal(gpio_set_value(&right, 1, 1), GPIO_OK);
		assert_int_equal(gpio_sim_level(&s->chips[RIGHT], 1), 1);
		port_plug(s, LEFT);
		daemon_wait_logged(&s->daemon, "by-path/left is back", times);
		assert_serving(s);
		assert_levels(s, 1, 1);
		assert_own_boards(s, &right);
		assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
		assert_levels(s, 1, 0);
	}
	vmm_deinit(&right);
}

/* It has no path that anybody waits for. */
static void third_of_the_kind_is_not_taken(void **state)
{
	struct session *s = *state;
	struct vmm right;

	right_start(s, &right);
	port_unplug(s, LEFT);
	gpio_sim_make(&s->chips[N_PORTS], N_LINES, "adapter", NULL);
	gpio_sim_set_live(&s->chips[N_PORTS], true);
	session_settle(s);
	assert_int_equal(daemon_logged(&s->daemon, "came back"), 0);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_ERR);
	assert_int_equal(gpio_sim_level(&s->chips[N_PORTS], 1), 0);
	port_plug(s, LEFT);
	daemon_wait_logged(&s->daemon, "by-path/left is back", 1);
	assert_own_boards(s, &right);
	vmm_deinit(&right);
}

/* They go under one program and come under the next, which sees the one come and finds the other. */
static void twins_come_back_around_an_upgrade(void **state)
{
	struct session *s = *state;
	struct vmm right;

	right_start(s, &right);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	port_unplug(s, LEFT);
	port_unplug(s, RIGHT);
	session_settle(s);
	kill(s->daemon.pid, SIGSTOP);
	kill(s->daemon.pid, SIGUSR2);
	port_plug(s, RIGHT);
	kill(s->daemon.pid, SIGCONT);
	daemon_wait_logged(&s->daemon, "took over 2 guests", 1);
	/* A worker that starts when its chip is there again has nothing to say of that. */
	daemon_wait_logged(&s->daemon, "session restored", 2);
	port_plug(s, LEFT);
	daemon_wait_logged(&s->daemon, "by-path/right came back", 1);
	daemon_wait_logged(&s->daemon, "by-path/left is back", 1);
	assert_serving(s);
	assert_levels(s, 1, 0);
	assert_own_boards(s, &right);
	vmm_deinit(&right);
}

/* By a label, which one chip had at the start. */
static int setup_label(void **state)
{
	static const struct gpio_sim_line none[] = { { .name = NULL } };
	static const char *const guests[] = { "lines=@lonely", NULL };
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	*state = s;
	gpio_sim_make(&s->chips[0], N_LINES, "lonely", none);
	gpio_sim_set_live(&s->chips[0], true);
	outside_is_real(0, &s->chips[0]);
	daemon_start_guests(&s->daemon, guests, NULL);
	outside_open(&s->outside, s->daemon.control);
	vmm_init(&s->vmm, 0);
	return session_started(state, 0);
}

static void two_of_a_label_are_not_told_apart(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	gpio_sim_make(&s->chips[1], N_LINES, "lonely", NULL);
	gpio_sim_set_live(&s->chips[1], true);
	session_settle(s);
	unplug(s);
	session_settle(s);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_ERR);
	gpio_sim_set_live(chip_of(s), true);
	daemon_wait_logged(&s->daemon, "no chip is taken for it: two chips have this label: /dev/gpiochip", 1);
	session_settle(s);
	assert_int_equal(daemon_logged(&s->daemon, "came back"), 0);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_ERR);
	gpio_sim_set_live(&s->chips[1], false);
	daemon_wait_logged(&s->daemon, " is back", 1);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(gpio_sim_level(chip_of(s), 1), 1);
}

#define PLUGGED(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup, session_teardown)
#define TWINS(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, setup_twins, teardown_twins)
#define KILLED(rows, fn)  ROW_TEST_FIXTURE(rows, fn, setup_killed, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLUGGED("G-39 G-41", requests_are_errors_while_it_is_gone),
		PLUGGED("G-79", gone_chip_costs_nothing),
		PLUGGED("G-39", everything_is_applied_again),
		PLUGGED("G-59", active_level_is_told_at_the_return),
		PLUGGED("G-39", another_chip_is_not_taken_for_it),
		KILLED("S-04 S-07", worker_dies_while_it_is_gone),
		KILLED("S-04 S-07", worker_dies_at_the_return),
		PLUGGED("V-12", returns_leak_no_fd),
		TWINS("G-96", twins_come_back_in_the_other_order),
		TWINS("G-96", third_of_the_kind_is_not_taken),
		TWINS("G-96", twins_come_back_around_an_upgrade),
		ROW_TEST_FIXTURE("G-96", two_of_a_label_are_not_told_apart, setup_label, session_teardown),
	};

	return session_run("cdev_gone", tests, sizeof(tests) / sizeof(tests[0]));
}
