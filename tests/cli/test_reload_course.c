/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* SIGHUP: the course of a reload, what may come in between, and what is left when it is over. */
#include "reload.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"

static void two_in_quick_succession(void **state)
{
	start(STAYS ONE, WORDS);
	for (int i = 0; i < 20; i++) {
		config_write(i % 2 ? STAYS ONE : STAYS TWO);
		kill(daemon_run.pid, SIGHUP);
		if (i % 3 == 0)
			sleep_ms(1);
	}
	config_write(STAYS TWO);
	kill(daemon_run.pid, SIGHUP);
	proc_wait_quiet(daemon_run.pid);
	check_guests("stays two ");
	check_serves("two.sock", 2);
	assert_false(file_exists("one.sock"));
	stop();
}

/* The guest that leaves does not: a second request has to wait, and is not lost. */
static void one_that_does_not_end_is_killed(void **state)
{
	struct run run;
	uint64_t begin;
	pid_t one;

	start(STAYS ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	kill(one, SIGSTOP);
	begin = clock_ms();
	config_write(STAYS "[guest new]\nsocket = one.sock\nsim = 7\n");
	kill(daemon_run.pid, SIGHUP);
	wait_logged("info: one: no longer configured: stopping\n", 1);
	config_write(STAYS TWO);
	kill(daemon_run.pid, SIGHUP);
	/* Meanwhile the others are served, and so is the control socket. */
	assert_int_equal(ctl(&run, "get stays.3"), 0);
	assert_string_equal(run_out(&run), "\"stays.3\"=active\n");
	assert_int_equal(gpio_get_value(&vmm, 3), 1);
	wait_logged("info: reload: ", 2);
	assert_true(clock_ms() - begin >= 1900);
	wait_guests("stays two ");
	check_serves("two.sock", 2);
	assert_false(file_exists("one.sock"));
	stop();
}

/* The control process dies while guests that have gone and guests that still go are in its list. */
static void control_dies_meanwhile(void **state)
{
	pid_t one;

	start(STAYS TWO ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	kill(one, SIGSTOP);
	config_write(STAYS);
	kill(daemon_run.pid, SIGHUP);
	child_wait_gone(&daemon_run, "vgpio:two");
	child_replace(&daemon_run, "vgpio:control");
	assert_int_equal(gpio_get_value(&vmm, 3), 1);
	wait_logged("info: reload: 1 guest\n", 1);
	wait_guests("stays ");
	stop();
}

static void sigterm_meanwhile(void **state)
{
	pid_t one;

	start(STAYS ONE, WORDS);
	one = child_wait(&daemon_run, "vgpio:one", 0);
	kill(one, SIGSTOP);
	config_write(STAYS TWO);
	kill(daemon_run.pid, SIGHUP);
	wait_logged("info: one: no longer configured: stopping\n", 1);
	stop();
	assert_int_equal(logged("info: two: "), 0);
}

static void manager_prepare(void *ctx)
{
	char path[128];

	assert_non_null(getcwd(path, sizeof(path) - 10));
	strcat(path, "/notify");
	setenv("NOTIFY_SOCKET", path, 1);
}

static void check_hears(int fd, const char *begin)
{
	char text[512];
	ssize_t n;

	assert_true(wait_readable(fd, FIXTURE_MS));
	n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	if (strncmp(text, begin, strlen(begin)) != 0)
		fail_msg("\"%s\" came in place of \"%s\"", text, begin);
}

static void the_service_manager_is_told(void **state)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "notify" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), taken;

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	config_write(STAYS ONE);
	run_start_with(&daemon_run, "daemon", "VHOST_DEVICE_GPIO", WORDS, manager_prepare, NULL);
	check_hears(fd, "STATUS=2 guests");
	check_hears(fd, "READY=1");
	reload(STAYS);
	check_hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	check_hears(fd, "STATUS=1 guest");
	check_hears(fd, "READY=1");
	reload("nonsense");
	check_hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	check_hears(fd, "STATUS=1 guest; the new configuration is refused, the old one stays");
	check_hears(fd, "READY=1");
	/* What was left out of a reload. */
	vmm_init(&vmm, 0);
	vmm_start(&vmm, "stays.sock");
	taken = socket_listen("two.sock");
	reload(GUEST("stays", "sim = 5") ONE TWO);
	check_hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	check_hears(fd, "STATUS=2 guests; not all guests of the new configuration can be served; left out: stays, two");
	check_hears(fd, "READY=1");
	reload_unchanged(GUEST("stays", "sim = 5") ONE);
	check_hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	check_hears(fd, "STATUS=2 guests; left out: stays");
	check_hears(fd, "READY=1");
	vmm_deinit(&vmm);
	close(taken);
	unlink("two.sock");
	daemon_down(&daemon_run);
	check_hears(fd, "STOPPING=1");
	close(fd);
}

/* The first count may have met a timer under way. */
static bool fds_are_no_more(void *ctx)
{
	return proc_fds(daemon_run.pid) <= *(unsigned *)ctx;
}

/* Fifty guests come and go: fds and memory are what they were. */
static void nothing_is_left_of_those_that_left(void **state)
{
	unsigned fds;
	uint64_t memory;

	start(STAYS, WORDS " --log-level info");
	for (int i = 0; i < 5; i++)
		reload(i % 2 ? STAYS : STAYS ONE TWO);
	reload(STAYS);
	fds = proc_fds(daemon_run.pid);
	memory = proc_status(daemon_run.pid, "VmData");
	for (int i = 0; i < 50; i++)
		reload(i % 2 ? STAYS : STAYS ONE GUEST("two", "sim = 5000"));
	assert_true(wait_for(fds_are_no_more, &fds, FIXTURE_MS));
	if (!proc_has_address_sanitizer(daemon_run.pid))
		assert_in_range(proc_status(daemon_run.pid, "VmData"), 0, memory + 300);
	/* One more, with guests that are refused. */
	for (int i = 0; i < 50; i++)
		reload(STAYS ONE "[guest two]\nsocket = one.sock\nsim = 5\n");
	assert_true(wait_for(fds_are_no_more, &fds, FIXTURE_MS));
	stop();
}

static void each_process_has_its_own_fds(void **state)
{
	start(STAYS ONE, WORDS);
	reload(STAYS TWO);
	reload(STAYS TWO ONE);
	/* 0 to 2, socket, supervisor channel, session, control channel, epoll, signalfd. */
	assert_int_equal(proc_fds(child_wait(&daemon_run, "vgpio:one", 0)), 9);
	assert_int_equal(proc_fds(child_wait(&daemon_run, "vgpio:two", 0)), 9);
	/* 0 to 2, socket, three ports, epoll, signalfd, and one timer a guest at most. */
	assert_in_range(proc_fds(child_wait(&daemon_run, "vgpio:control", 0)), 9, 12);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(two_in_quick_succession),	     PLAIN(one_that_does_not_end_is_killed),
		PLAIN(control_dies_meanwhile),	     PLAIN(sigterm_meanwhile),
		PLAIN(the_service_manager_is_told),  PLAIN(nothing_is_left_of_those_that_left),
		PLAIN(each_process_has_its_own_fds),
	};

	return cmocka_run_group_tests_name("cli reload_course", tests, NULL, NULL);
}
