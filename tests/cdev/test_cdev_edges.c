/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Interrupts of a real chip: many lines, many edges, and none while nothing happens. */
#include "session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel.h"

#define N_LINES	 64
#define CONSUMER "vhost-device-gpio:guest0"

static struct gpio_sim *chip_of(struct session *s)
{
	return &s->chips[0];
}

static int setup(void **state)
{
	return session_setup_made(state, N_LINES, NULL, NULL);
}

static int setup_killed(void **state)
{
	return session_mortal(state, setup(state));
}

static void arm_all(struct session *s, uint16_t *heads, uint32_t type)
{
	s->vmm.layout = RING_INDIRECT;
	for (uint16_t i = 0; i < N_LINES; i++)
		heads[i] = gpio_arm(&s->vmm, i, type);
}

static void every_line_armed_at_once(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	uint16_t heads[N_LINES];
	unsigned fds = proc_fds(worker);

	arm_all(s, heads, GPIO_IRQ_RISING);
	assert_int_equal(proc_threads(worker), 1);
	assert_fds(worker, fds + N_LINES);
	for (unsigned i = 0; i < N_LINES; i++) {
		line_drive(s, i, 1);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_serving(s);
}

static void armed_lines_cost_nothing(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	uint16_t heads[N_LINES];
	uint64_t waits, forced;

	arm_all(s, heads, GPIO_IRQ_BOTH);
	assert_serving(s);
	session_rest(s);
	waits = proc_status(worker, "voluntary_ctxt_switches");
	forced = proc_status(worker, "nonvoluntary_ctxt_switches");
	sleep_ms(3000);
	assert_int_equal(proc_status(worker, "voluntary_ctxt_switches"), waits);
	assert_int_equal(proc_status(worker, "nonvoluntary_ctxt_switches"), forced);
}

/* The line of the buffer that came back. */
static unsigned line_of(const uint16_t *heads, struct gpio_event event)
{
	assert_int_equal(event.status, GPIO_EVENT_VALID);
	for (unsigned i = 0; i < N_LINES; i++)
		if (heads[i] == event.head)
			return i;
	fail_msg("head %u is no line's", event.head);
	return 0;
}

/* Far enough from each other, so that gpio-sim delivers each. */
static void each_of_10000_edges_comes(void **state)
{
	struct session *s = *state;
	unsigned before = gpio_sim_interrupts(CONSUMER), edges = 0, events = 0;
	uint16_t heads[N_LINES];

	arm_all(s, heads, GPIO_IRQ_BOTH);
	while (edges < 10000) {
		bool seen[N_LINES] = { false };

		for (unsigned i = 0; i < N_LINES; i++, edges++)
			gpio_sim_pull(chip_of(s), i, edges / N_LINES % 2 == 0);
		for (unsigned i = 0; i < N_LINES; i++, events++) {
			unsigned line = line_of(heads, gpio_event_wait(&s->vmm));

			assert_false(seen[line]);
			seen[line] = true;
		}
		for (uint16_t i = 0; i < N_LINES; i++)
			heads[i] = gpio_event_send(&s->vmm, i);
		ring_notify(&s->vmm.rings[VMM_EVENTQ]);
		ring_wait_taken(&s->vmm.rings[VMM_EVENTQ]);
		sleep_ms(10);
	}
	assert_no_event(s);
	assert_int_equal(gpio_sim_interrupts(CONSUMER) - before, edges);
	print_message("%u edges, %u interrupts in the kernel, %u events\n", edges,
		      gpio_sim_interrupts(CONSUMER) - before, events);
}

/* As fast as they can be made: gpio-sim merges most; of what the kernel delivers, a driver that re-arms loses none. */
static void burst_of_10000_edges(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	unsigned before = gpio_sim_interrupts(CONSUMER), kernel, events = 0;
	struct ring_used used;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	for (unsigned i = 0; i < 10000; i++) {
		gpio_sim_pull(chip_of(s), 0, i % 2 == 0);
		if (ring_reap(eventq, &used)) {
			events++;
			gpio_event_send(&s->vmm, 0);
			ring_notify(eventq);
		}
	}
	for (uint64_t end_ms = clock_ms() + 200; clock_ms() < end_ms; sleep_ms(1)) {
		if (ring_reap(eventq, &used)) {
			events++;
			gpio_event_send(&s->vmm, 0);
			ring_notify(eventq);
		}
	}
	kernel = gpio_sim_interrupts(CONSUMER) - before;
	print_message("5000 rising edges, %u interrupts in the kernel, %u events\n", kernel, events);
	assert_true(events > 0 && events <= kernel);
	/* One may wait in the latch while the buffer is on its way; more than one there are one. */
	assert_true(kernel - events <= 1 + kernel / 4);
	line_drive(s, 0, 0);
	line_drive(s, 0, 1);
	assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
}

static void masked_edges_are_latched_once(void **state)
{
	struct session *s = *state;
	uint16_t head;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_BOTH), GPIO_OK);
	for (unsigned i = 0; i < 40; i++)
		line_drive(s, 0, i % 2 == 0);
	head = gpio_unmask(&s->vmm, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
	assert_int_equal(daemon_logged(&s->daemon, "edges dropped"), 0);
}

/* More edges than the kernel keeps, while the worker sleeps: that some are lost is said, and that there were some. */
static void overflow_is_noticed(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);

	kill(worker, SIGSTOP);
	for (unsigned i = 0; i < 24; i++)
		line_drive(s, 0, i % 2 == 0);
	kill(worker, SIGCONT);
	assert_event(s, head, GPIO_EVENT_VALID);
	head = gpio_unmask(&s->vmm, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	gpio_unmask(&s->vmm, 0);
	assert_no_event(s);
	assert_int_equal(daemon_logged(&s->daemon, "line 0: 8 edges dropped"), 1);
}

/* What a line of another process's chip would see: the level of an output, looked at again and again. */
struct sampler {
	pid_t pid;
	int report;
};

static void sample(int level_fd, int report)
{
	unsigned seen[2] = { 0, 0 };
	char text[8];

	alarm(20);
	while (access("/tmp/stop-sampling", F_OK) < 0) {
		for (unsigned i = 0; i < 50; i++)
			seen[pread(level_fd, text, sizeof(text), 0) > 0 && text[0] == '1']++;
	}
	if (write(report, seen, sizeof(seen)) != sizeof(seen))
		_exit(1);
	_exit(0);
}

static struct sampler sampler_start(struct session *s, unsigned line)
{
	int fds[2];
	struct sampler sampler;

	unlink("/tmp/stop-sampling");
	assert_int_equal(pipe(fds), 0);
	sampler.report = fds[0];
	sampler.pid = fork();
	if (sampler.pid == 0)
		sample(gpio_sim_open_level(chip_of(s), line), fds[1]);
	close(fds[1]);
	return sampler;
}

/* How often it saw the line low; *all: how often it looked. */
static unsigned sampler_stop(const struct sampler *sampler, unsigned *all)
{
	unsigned seen[2];

	close(open("/tmp/stop-sampling", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_true(wait_readable(sampler->report, WAIT_MS));
	assert_int_equal(read(sampler->report, seen, sizeof(seen)), sizeof(seen));
	close(sampler->report);
	*all = seen[0] + seen[1];
	return seen[0];
}

/* The output stays high, the kernel never sees the line released, and no edge is lost. */
static void killed_worker_leaves_the_lines_alone(void **state)
{
	struct session *s = *state;
	uint16_t heads[3];
	struct kernel_changes changes;
	struct sampler sampler;
	unsigned all;
	int fd = kernel_open(chip_of(s)->path);

	assert_int_equal(gpio_set_value(&s->vmm, 9, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 9, GPIO_OUT), GPIO_OK);
	for (uint16_t i = 0; i < 3; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	kernel_watch(fd, 9);
	kernel_watch(fd, 0);
	sampler = sampler_start(s, 9);
	for (unsigned i = 0; i < 3; i++) {
		/* It cannot see the edge any more, when it dies. */
		kill(daemon_worker(&s->daemon, 0), SIGSTOP);
		line_pulse(s, i);
		session_take_over(s);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_no_event(s);
	assert_int_equal(sampler_stop(&sampler, &all), 0);
	print_message("looked at the output %u times\n", all);
	assert_true(all > 100);
	changes = kernel_changes(fd);
	assert_int_equal(changes.requested + changes.released, 0);
	close(fd);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup, session_teardown)
#define KILLED(rows, fn)  ROW_TEST_FIXTURE(rows, fn, setup_killed, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("G-78 G-62", every_line_armed_at_once),
		STARTED("G-79", armed_lines_cost_nothing),
		STARTED("G-53 G-61 G-63", each_of_10000_edges_comes),
		STARTED("G-56 G-57", burst_of_10000_edges),
		STARTED("G-56 G-57", masked_edges_are_latched_once),
		STARTED("G-57", overflow_is_noticed),
		KILLED("S-02 S-05 S-07 G-95", killed_worker_leaves_the_lines_alone),
	};

	return session_run("cdev_edges", tests, sizeof(tests) / sizeof(tests[0]));
}
