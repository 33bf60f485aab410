/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A worker has no chip: the supervisor requests its lines, whatever else it is doing. */
#include "policy.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHIP_FD "/dev/gpiochip"
#define LINE_FD "anon_inode:gpio-line"
#define UNUSED	1 /* by the guest; an output in the end */

static int setup(void **state)
{
	struct session *s = policy_start(state, "lines=@A{0:1,on-disconnect=output-high:2-7}", NULL, NULL);

	vmm_start(&s->vmm, session_socket(s));
	return 0;
}

static int setup_replaced(void **state)
{
	int r = setup(state);

	if (r == 0)
		((struct session *)*state)->workers_may_die = true;
	return r;
}

static unsigned fds_of(pid_t pid, const char *prefix)
{
	char path[300], target[64];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		n += strncmp(target, prefix, strlen(prefix)) == 0;
	}
	closedir(dir);
	return n;
}

static void assert_fds_of_lines(struct session *s, unsigned lines)
{
	session_settle(s);
	assert_int_equal(fds_of(session_worker(s), CHIP_FD), 0);
	assert_int_equal(fds_of(session_worker(s), LINE_FD), lines);
	assert_int_equal(fds_of(s->daemon.pid, CHIP_FD), 1);
	assert_int_equal(fds_of(s->daemon.pid, LINE_FD), lines);
}

static void kill_worker(struct session *s)
{
	pid_t old = daemon_worker(&s->daemon, 0);

	daemon_kill_worker(&s->daemon, 0);
	daemon_wait_worker(&s->daemon, 0, old);
	assert_serving(s);
}

static void worker_has_lines_and_no_chip(void **state)
{
	struct session *s = *state;

	assert_fds_of_lines(s, 0);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 5, GPIO_IN), GPIO_OK);
	assert_fds_of_lines(s, 2);
	kill_worker(s);
	assert_fds_of_lines(s, 2);
	gpio_sim_set_live(&s->chips[0], false);
	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_OUT), GPIO_ERR);
	gpio_sim_set_live(&s->chips[0], true);
	daemon_wait_logged(&s->daemon, " is back", 1);
	assert_serving(s);
	assert_fds_of_lines(s, 2);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_NONE), GPIO_OK);
	assert_fds_of_lines(s, 1);
}

/* Sends the request while the supervisor cannot answer: the worker waits. */
static void send_unanswered(struct session *s, uint16_t line)
{
	session_settle(s);
	kill(s->daemon.pid, SIGSTOP);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, line, GPIO_OUT);
	ring_kick(&s->vmm.rings[0]);
	assert_true(ring_silent(&s->vmm.rings[0], 5 * SILENT_MS));
}

static void assert_answered(struct session *s, uint8_t status)
{
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[0])).status, status);
}

static void assert_held_by_the_guest(struct session *s, unsigned line)
{
	int fd = kernel_open(s->chips[0].path);

	assert_string_equal(kernel_line(fd, line).consumer, "vhost-device-gpio:guest0");
	assert_true(kernel_line(fd, line).flags & GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(gpio_set_direction(&s->vmm, (uint16_t)line, GPIO_NONE), GPIO_OK);
	assert_false(kernel_line(fd, line).flags & GPIO_V2_LINE_FLAG_USED);
	close(fd);
}

/* Both programs serve it: the old one before it runs the new one, or that one. */
static void upgrade_while_a_worker_waits(void **state)
{
	struct session *s = *state;

	send_unanswered(s, 0);
	kill(s->daemon.pid, SIGUSR2);
	kill(s->daemon.pid, SIGCONT);
	assert_answered(s, GPIO_OK);
	daemon_wait_logged(&s->daemon, "took over 1 guest", 1);
	assert_held_by_the_guest(s, 0);
	assert_int_equal(daemon_logged(&s->daemon, "is killed"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "does not answer"), 0);
}

static void upgrades_among_requests(void **state)
{
	struct session *s = *state;
	unsigned upgrades = 0;

	for (unsigned i = 0; i < 400; i++) {
		uint16_t line = (uint16_t)(i % 8);

		if (i % 100 == 50) {
			kill(s->daemon.pid, SIGUSR2);
			upgrades++;
		}
		assert_int_equal(gpio_set_direction(&s->vmm, line, i & 8 ? GPIO_IN : GPIO_OUT), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_NONE), GPIO_OK);
	}
	daemon_wait_logged(&s->daemon, "took over 1 guest", 1);
	assert_true(upgrades > 1);
	assert_int_equal(daemon_logged(&s->daemon, "is killed"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "does not answer"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "invalid message from the worker"), 0);
}

/* The supervisor waits for the worker's end, and the worker for a line: also for one that only the end needs. */
static void stop_while_a_worker_waits(void **state)
{
	struct session *s = *state;
	int fd = kernel_open(s->chips[0].path);
	struct kernel_changes changes;

	kernel_watch(fd, UNUSED);
	send_unanswered(s, 0);
	kill(s->daemon.pid, SIGTERM);
	kill(s->daemon.pid, SIGCONT);
	outside_close(&s->outside);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	changes = kernel_changes(fd);
	assert_int_equal(changes.requested, 1);
	assert_true(changes.first_flags & GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(daemon_logged(&s->daemon, "are killed"), 0);
	assert_int_equal(daemon_logged(&s->daemon, "does not answer"), 0);
	close(fd);
}

/* The supervisor has it, and nobody to give it to but the successor, who asks, too. */
static void worker_dies_while_it_waits(void **state)
{
	struct session *s = *state;
	pid_t old = daemon_worker(&s->daemon, 0);

	send_unanswered(s, 0);
	kill(old, SIGKILL);
	kill(s->daemon.pid, SIGCONT);
	daemon_wait_worker(&s->daemon, 0, old);
	assert_answered(s, GPIO_OK);
	assert_held_by_the_guest(s, 0);
	assert_int_equal(daemon_logged(&s->daemon, "invalid message from the worker"), 0);
}

/* That the chip is back is told before or after the answer. */
static void chip_comes_back_while_a_worker_waits(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_value(&s->vmm, 2, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_OUT), GPIO_OK);
	gpio_sim_set_live(&s->chips[0], false);
	assert_int_equal(gpio_set_value(&s->vmm, 2, 1), GPIO_ERR);
	send_unanswered(s, 0);
	gpio_sim_set_live(&s->chips[0], true);
	kill(s->daemon.pid, SIGCONT);
	gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[0]));
	daemon_wait_logged(&s->daemon, " is back", 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 2), 1);
	assert_held_by_the_guest(s, 0);
}

/* A supervisor that hangs costs one wait; what it does in the end for a request that has failed is undone. */
static void late_answer_holds_no_line(void **state)
{
	struct session *s = *state;
	uint64_t start;
	int fd = kernel_open(s->chips[0].path);

	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_OUT), GPIO_OK);
	send_unanswered(s, 0);
	assert_answered(s, GPIO_ERR);
	start = clock_ms();
	for (uint16_t line = 4; line < 8; line++)
		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_OUT), GPIO_ERR);
	assert_true(clock_ms() - start < 4 * 10000);
	/* What it has goes on. */
	assert_int_equal(gpio_set_value(&s->vmm, 3, 1), GPIO_OK);
	assert_int_equal(line_level(s, 3), 1);
	kill(s->daemon.pid, SIGCONT);
	assert_false(kernel_line_is_used(fd, 0, false));
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_held_by_the_guest(s, 0);
	close(fd);
}

#define WITH(rows, fn, setup) ROW_TEST_FIXTURE(rows, fn, setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH("G-23", worker_has_lines_and_no_chip, setup_replaced),
		WITH("G-92", upgrade_while_a_worker_waits, setup_replaced),
		WITH("G-92", upgrades_among_requests, setup_replaced),
		WITH("G-93", stop_while_a_worker_waits, setup_replaced),
		WITH("G-92", worker_dies_while_it_waits, setup_replaced),
		WITH("G-39", chip_comes_back_while_a_worker_waits, setup),
		WITH("G-39", late_answer_holds_no_line, setup),
	};

	return session_run("cdev_broker", tests, sizeof(tests) / sizeof(tests[0]));
}
