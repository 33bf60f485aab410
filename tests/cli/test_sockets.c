/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The sockets: their names, live and stale ones, and what is left at the end. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void check_connects(const char *path)
{
	int fd = socket_connect(path);

	if (fd < 0)
		fail_msg("%s does not listen", path);
	close(fd);
}

static void one_a_guest(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s8:s32", 2, false);
	check_connects("gpio.sock0");
	check_connects("gpio.sock1");
	assert_false(file_exists("gpio.sock"));
	daemon_down(&daemon);
}

static void exactly_that_path_too(void **state)
{
	struct run daemon;
	struct stat st;

	daemon_up(&daemon, "--socket-path=gpio.sock --device-list s8", 1, false);
	check_connects("gpio.sock");
	check_connects("gpio.sock0");
	assert_int_equal(lstat("gpio.sock", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	daemon_down(&daemon);
}

static void live_one_is_not_stolen(void **state)
{
	struct run daemon, second;

	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	run_start(&second, "second", "VHOST_DEVICE_GPIO", "-s gpio.sock -l s8");
	assert_int_equal(run_wait(&second), 1);
	assert_string_equal(run_err(&second), "vhost-device-gpio: gpio.sock0: in use by another process\n");
	check_connects("gpio.sock");
	daemon_down(&daemon);
}

/* kill -9 of all leaves sockets and link; the next start takes their place. */
static void stale_one_is_replaced(void **state)
{
	struct run daemon;
	pid_t worker;

	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	kill(daemon.pid, SIGKILL);
	kill(worker, SIGKILL);
	assert_int_equal(run_wait(&daemon), 128 + SIGKILL);
	assert_true(file_exists("gpio.sock0"));
	assert_true(file_exists("gpio.sock"));
	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	check_connects("gpio.sock");
	daemon_down(&daemon);
}

static bool is_stale(void *path)
{
	int fd = socket_connect(path);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

/* While the supervisor is dead and its worker not yet: live. When both are gone: stale. The worker goes by itself. */
static void workers_end_with_the_supervisor(void **state)
{
	static char sockets[][16] = { "gpio.sock0", "gpio.sock1" };
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s8:s8", 2, false);
	kill(daemon.pid, SIGKILL);
	assert_int_equal(run_wait(&daemon), 128 + SIGKILL);
	run_wait_err(&daemon, "guest0: the supervisor is gone");
	run_wait_err(&daemon, "guest1: the supervisor is gone");
	for (unsigned i = 0; i < 2; i++)
		assert_true(wait_for(is_stale, sockets[i], FIXTURE_MS));
	daemon_up(&daemon, "-s gpio.sock -c 2 -l s8:s8", 2, false);
	daemon_down(&daemon);
}

static void what_another_made_stays(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "-s gpio -l s8", 1, false);
	unlink("gpio0");
	close(open("gpio0", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(run_stop(&daemon), 0);
	assert_true(file_exists("gpio0"));
	assert_false(file_exists("gpio"));
}

/* A front-end that comes again and again never finds the door shut. */
static void listens_without_a_gap(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	for (int i = 0; i < 200; i++)
		check_connects("gpio.sock");
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(one_a_guest),
		CASE("B-01", exactly_that_path_too),
		CASE("B-10 B-13", live_one_is_not_stolen),
		CASE("B-13", stale_one_is_replaced),
		PLAIN(workers_end_with_the_supervisor),
		PLAIN(what_another_made_stays),
		CASE("B-14", listens_without_a_gap),
	};

	return cmocka_run_group_tests_name("cli sockets", tests, NULL, NULL);
}
