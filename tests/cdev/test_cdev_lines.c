/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A real chip's lines: what the guest sees of them, and what the kernel sees of the guest. */
#include "session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "kernel.h"

#define CONSUMER "vhost-device-gpio:guest0"

static struct gpio_sim *chip_of(struct session *s)
{
	return &s->chips[0];
}

static int kernel_of(struct session *s)
{
	return kernel_open(chip_of(s)->path);
}

static int setup_lines(void **state, unsigned n_lines, const struct gpio_sim_line *lines)
{
	return session_setup_made(state, n_lines, "fixture", lines);
}

static int setup_named(void **state)
{
	static const struct gpio_sim_line lines[] = {
		{ .offset = 0, .name = "reset" },      { .offset = 1, .name = "LED red" },
		{ .offset = 2, .name = "reset" },      { .offset = 3, .name = "Lüfter" },
		{ .offset = 5, .name = "last-name!" }, { .name = NULL },
	};

	return setup_lines(state, 6, lines);
}

static int setup_unnamed(void **state)
{
	return setup_lines(state, 8, NULL);
}

static int setup_hogged(void **state)
{
	static const struct gpio_sim_line lines[] = {
		{ .offset = 1, .name = "fan", .hog = "board-hog", .hog_direction = "output-high" },
		{ .name = NULL },
	};

	return setup_lines(state, 8, lines);
}

static void names_as_found(void **state)
{
	static const char want[] = "\0reset\0LED red\0\0\0\0last-name!";
	struct session *s = *state;
	uint8_t names[sizeof(want)];
	struct gpio_wire_config config;

	assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, &config), 0);
	assert_int_equal(config.ngpio, 6);
	assert_int_equal(config.names_size, sizeof(want) - 1);
	assert_int_equal(gpio_get_names(&s->vmm, 0, sizeof(want) - 1, names), sizeof(want));
	assert_memory_equal(names, want, sizeof(want));
	assert_int_equal(daemon_logged(&s->daemon, "is not shown to the guest"), 2);
}

static void no_names(void **state)
{
	struct session *s = *state;
	struct gpio_wire_config config;

	assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, &config), 0);
	assert_int_equal(config.ngpio, 8);
	assert_int_equal(config.names_size, 0);
	assert_int_equal(gpio_request(&s->vmm, GPIO_GET_LINE_NAMES, 0, 0).status, GPIO_ERR);
}

static void consumer_is_the_guest(void **state)
{
	struct session *s = *state;
	int fd = kernel_of(s);

	assert_false(kernel_line_is_used(fd, 3, false));
	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_IN), GPIO_OK);
	assert_string_equal(kernel_line(fd, 3).consumer, CONSUMER);
	assert_true(kernel_line(fd, 3).flags & GPIO_V2_LINE_FLAG_USED);
	assert_true(kernel_line(fd, 3).flags & GPIO_V2_LINE_FLAG_INPUT);
	close(fd);
}

/* One request, that already is an output, and a level that nobody saw low. */
static void output_in_one_step(void **state)
{
	struct session *s = *state;
	struct kernel_changes changes;
	int fd = kernel_of(s);

	line_drive(s, 0, 1);
	kernel_watch(fd, 0);
	assert_int_equal(gpio_set_value(&s->vmm, 0, 1), GPIO_OK);
	assert_false(kernel_line_is_used(fd, 0, false));
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 0), 1);
	changes = kernel_changes(fd);
	assert_int_equal(changes.requested, 1);
	assert_int_equal(changes.configured + changes.released, 0);
	assert_true(changes.first_flags & GPIO_V2_LINE_FLAG_OUTPUT);
	close(fd);
}

/* At once: when the answer is there, the kernel has the line back. */
static void none_releases_exactly_that_line(void **state)
{
	struct session *s = *state;
	int fd = kernel_of(s);

	for (uint16_t line = 0; line < 8; line++)
		assert_int_equal(gpio_set_direction(&s->vmm, line, line % 2 ? GPIO_IN : GPIO_OUT), GPIO_OK);
	for (unsigned round = 0; round < 20; round++) {
		uint16_t line = (uint16_t)(round % 8);

		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_NONE), GPIO_OK);
		for (unsigned i = 0; i < 8; i++) {
			bool used = kernel_line(fd, i).flags & GPIO_V2_LINE_FLAG_USED;

			assert_int_equal(used, i != line);
		}
		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_IN), GPIO_OK);
	}
	close(fd);
}

static void reconfigured_without_a_release(void **state)
{
	struct session *s = *state;
	struct kernel_changes changes;
	int fd = kernel_of(s);

	kernel_watch(fd, 2);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_BOTH), GPIO_OK);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_NONE), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 2, 1), GPIO_OK);
	assert_int_equal(line_level(s, 2), 1);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_IN), GPIO_OK);
	changes = kernel_changes(fd);
	assert_int_equal(changes.requested, 1);
	assert_int_equal(changes.released, 0);
	assert_true(changes.configured >= 4);
	assert_string_equal(kernel_line(fd, 2).consumer, CONSUMER);
	close(fd);
}

static void check_busy(struct session *s, uint16_t line, const char *holder)
{
	char words[128];

	snprintf(words, sizeof(words), "(%s line %u): set output: Device or resource busy (held by \"%s\")",
		 chip_of(s)->path, line, holder);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(gpio_set_direction(&s->vmm, line, GPIO_OUT), GPIO_ERR);
		assert_int_equal(gpio_get_direction(&s->vmm, line), GPIO_NONE);
	}
	assert_in_range(daemon_logged(&s->daemon, words), 1, 10);
	assert_int_equal(gpio_set_irq_type(&s->vmm, line, GPIO_IRQ_RISING), GPIO_ERR);
	assert_int_equal(gpio_get_value(&s->vmm, line), -1);
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_OUT), GPIO_OK);
}

static void hogged_line_is_busy(void **state)
{
	struct session *s = *state;

	check_busy(s, 1, "board-hog");
	assert_int_equal(line_level(s, 1), 1);
}

static void line_of_another_process_is_busy(void **state)
{
	struct session *s = *state;
	int fd = kernel_of(s), taken = kernel_take(fd, 4, "somebody else");

	check_busy(s, 4, "somebody else");
	close(taken);
	assert_int_equal(gpio_set_direction(&s->vmm, 4, GPIO_OUT), GPIO_OK);
	close(fd);
}

/* The child may open 100 fds and cannot raise that. Its end is the program's. */
static void run_limited(const char *device, const char *socket, int out)
{
	const struct rlimit limit = { 100, 100 };

	alarm(10);
	dup2(out, STDERR_FILENO);
	prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE);
	setrlimit(RLIMIT_NOFILE, &limit);
	execl(getenv("VHOST_DEVICE_GPIO"), "vhost-device-gpio", "-s", socket, "-c", "1", "-l", device, (char *)NULL);
	_exit(127);
}

static void too_few_fds_are_refused_at_the_start(void **state)
{
	struct gpio_sim chip;
	char number[16], text[512] = "";
	size_t have = 0;
	int fds[2], status;
	ssize_t len;
	pid_t pid;

	gpio_sim_make(&chip, 64, NULL, NULL);
	gpio_sim_set_live(&chip, true);
	snprintf(number, sizeof(number), "%u", chip.number);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		run_limited(number, "/tmp/limited", fds[1]);
	close(fds[1]);
	while ((len = read(fds[0], text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)len;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	gpio_sim_remove(&chip);
	if (!strstr(text, "need 147 open files, the limit is 100"))
		fail_msg("it says: %s", text);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

#define WITH(rows, fn, setup) ROW_TEST_FIXTURE(rows, fn, setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH("G-01 G-02 G-04 G-05 G-06 G-07", names_as_found, setup_named),
		WITH("G-02 G-03 G-20", no_names, setup_unnamed),
		WITH("G-23", consumer_is_the_guest, setup_unnamed),
		WITH("G-25", output_in_one_step, setup_unnamed),
		WITH("G-23 G-33", none_releases_exactly_that_line, setup_unnamed),
		WITH("G-95", reconfigured_without_a_release, setup_unnamed),
		WITH("G-39", hogged_line_is_busy, setup_hogged),
		WITH("G-39", line_of_another_process_is_busy, setup_unnamed),
		ROW_TEST("G-78", too_few_fds_are_refused_at_the_start),
	};

	return session_run("cdev_lines", tests, sizeof(tests) / sizeof(tests[0]));
}
