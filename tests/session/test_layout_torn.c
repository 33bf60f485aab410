/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Workers that die while they move a session to another layout: the next one does, from the beginning. And sessions that
 * a worker in a guest's hand has made of any bytes.
 */
#include "faults.h"
#include "upgrade.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int setup_guests(void **state, const char *device_list)
{
	faults_open();
	program_copy(program_original);
	return session_mortal(state, session_started(state, session_setup_with(state, device_list, 0)));
}

static int setup(void **state)
{
	return setup_guests(state, "s8");
}

static int setup_two(void **state)
{
	return setup_guests(state, "s8:s4");
}

/* From a program of another layout to the one whose workers die; the guest notices nothing. */
static void dies_at(struct session *s, enum fault_point point, unsigned skip, unsigned deaths)
{
	uint16_t head;

	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	faults_arm(point, skip, deaths);
	program_copy(getenv("FAULTY"));
	upgrade(s);
	assert_serving(s);
	assert_deaths(deaths);
	faults_disarm();
	assert_int_equal(line_level(s, 1), 1);
	line_pulse(s, 0);
	assert_event(s, head, GPIO_EVENT_VALID);
	assert_true(connection_silent(&s->vmm.connection, 1));
	assert_int_equal(daemon_logged(&s->daemon, "warning:"), 0);
	program_copy(program_original);
	upgrade(s);
	assert_serving(s);
}

static void in_the_midst_of_it(void **state)
{
	for (unsigned skip = 0; skip < 8; skip += 3)
		dies_at(*state, FAULT_SESSION_MOVING, skip, 2);
}

static void before_it_has_said_so(void **state)
{
	dies_at(*state, FAULT_SESSION_MOVED, 0, 3);
}

static void before_it_goes_on(void **state)
{
	dies_at(*state, FAULT_SESSION_TOLD, 0, 1);
}

/* The session's memory of a worker: one of its fds, which the test may open. */
static int session_open(pid_t worker)
{
	char path[300], target[64];
	struct dirent *entry;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)worker);
	dir = opendir(path);
	assert_non_null(dir);
	while (fd < 0 && (entry = readdir(dir))) {
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)worker, entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		if (strcmp(target, "/memfd:session (deleted)") == 0)
			fd = open(path, O_RDWR | O_CLOEXEC);
	}
	closedir(dir);
	assert_true(fd >= 0);
	return fd;
}

/* Whatever bytes; the supervisor and the other guest go on, and so does this one, with a session or without. */
static void any_bytes(void **state)
{
	static uint8_t bytes[1 << 16];
	struct session *s = *state;
	struct vmm other;
	unsigned random = 99;

	vmm_init(&other, 0);
	vmm_start(&other, s->daemon.sockets[1]);
	for (unsigned round = 0; round < 6; round++) {
		struct upgrade upgrade;
		struct stat st;
		int fd = session_open(session_worker(s));

		assert_serving(s);
		assert_int_equal(fstat(fd, &st), 0);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1103515245 + 12345;
			bytes[i] = round == 0 ? 0xff : (random >> 16) % 7 ? 0 : (uint8_t)(random >> 24);
		}
		program_copy(round % 2 ? program_original : getenv("FAULTY"));
		upgrade_begin(s, &upgrade);
		kill(session_worker(s), SIGSTOP);
		for (off_t at = round % 3 == 2 ? st.st_size - (off_t)sizeof(bytes) : 0; at < st.st_size && at >= 0;
		     at += 40 * (off_t)sizeof(bytes))
			assert_true(pwrite(fd, bytes, sizeof(bytes), at) > 0);
		close(fd);
		kill(s->daemon.pid, SIGUSR2);
		upgrade_finish(&upgrade);
		assert_true(gpio_get_direction(&other, 3) >= 0);
		assert_true(connection_silent(&other.connection, 1));
		session_reconnect(s);
		assert_serving(s);
	}
	vmm_deinit(&other);
}

#define TORN(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup, faults_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TORN("S-10", in_the_midst_of_it),
		TORN("S-10", before_it_has_said_so),
		TORN("S-10", before_it_goes_on),
		ROW_TEST_FIXTURE("S-08", any_bytes, setup_two, faults_teardown),
	};

	return upgrade_run("layout_torn", tests, sizeof(tests) / sizeof(tests[0]));
}
