/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The processes: their life, their end, and what the death of one means to the others. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc.h"
#include "wait.h"

static void stays_in_the_foreground(void **state)
{
	struct run daemon;
	pid_t pid;

	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	pid = daemon.pid;
	assert_int_equal(getsid(pid), getsid(0));
	assert_int_equal(getpgid(pid), getpgid(0));
	assert_true(proc_alive(pid));
	daemon_down(&daemon);
}

#define KILLED "processes did not exit within 2 s, sending SIGKILL"

/* Before the supervisor sends SIGKILL. */
static void check_prompt_end(struct run *daemon, int signo)
{
	kill(daemon->pid, signo);
	assert_int_equal(run_wait(daemon), 0);
	assert_null(strstr(run_err(daemon), KILLED));
	assert_false(file_exists("gpio.sock"));
	assert_false(file_exists("gpio.sock0"));
}

static void ends_promptly(void **state)
{
	struct run daemon;
	int fd;

	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	check_prompt_end(&daemon, SIGTERM);
	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	check_prompt_end(&daemon, SIGINT);
	/* With a front-end that is in the middle of a message. */
	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	fd = socket_connect("gpio.sock");
	assert_int_equal(write(fd, "\1\0\0", 3), 3);
	proc_wait_quiet(daemon.pid);
	check_prompt_end(&daemon, SIGTERM);
	close(fd);
}

/* A worker that does not listen to reason is killed after two seconds. */
static void ends_although_a_worker_hangs(void **state)
{
	struct run daemon;
	uint64_t start;
	pid_t worker;

	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	kill(worker, SIGSTOP);
	start = clock_ms();
	daemon_down(&daemon);
	assert_true(clock_ms() - start >= 1900);
	assert_non_null(strstr(run_err(&daemon), KILLED));
	assert_false(proc_alive(worker));
}

static void runs_on_dev_null(void **state)
{
	static const char *const files[] = { "daemon.out", "daemon.err" };
	struct run daemon;
	int fd;

	for (int i = 0; i < 2; i++)
		assert_int_equal(symlink("/dev/null", files[i]), 0);
	daemon_up(&daemon, "-s gpio.sock -l s8", 1, false);
	child_replace(&daemon, "vgpio:guest0");
	fd = socket_connect("gpio.sock");
	assert_true(fd >= 0);
	close(fd);
	daemon_down(&daemon);
}

static void check_fd_is_dev_null(pid_t pid, int fd)
{
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	assert_true(readlink(path, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "/dev/null");
}

/* Closed fds 0 to 2 are not given to sockets. */
static void runs_with_stdio_closed(void **state)
{
	struct run daemon = { .name = "daemon" };
	char *argv[] = { getenv("VHOST_DEVICE_GPIO"), NULL, NULL, NULL, NULL, NULL };
	char words[] = "-s gpio.sock -l s8";
	int argc = 1;

	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	daemon.pid = fork();
	if (daemon.pid == 0) {
		for (int fd = 0; fd <= 2; fd++)
			close(fd);
		execv(argv[0], argv);
		_exit(127);
	}
	child_wait(&daemon, "vgpio:guest0", 0);
	for (int fd = 0; fd <= 2; fd++)
		check_fd_is_dev_null(daemon.pid, fd);
	daemon_down(&daemon);
}

static void says_what_it_serves(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s8:s32", 2, false);
	daemon_down(&daemon);
	assert_string_equal(run_said(&daemon), "info: guest0: s8 (8 lines) on gpio.sock0\n"
					       "info: guest1: s32 (32 lines) on gpio.sock1\n");
	assert_string_equal(run_out(&daemon), "");
}

static void check_own_fds_only(pid_t pid, const char *dir, int guest)
{
	char own[80], other[80];

	snprintf(own, sizeof(own), "%s/gpio%d", dir, guest);
	snprintf(other, sizeof(other), "%s/gpio%d", dir, (guest + 1) % 3);
	assert_true(proc_listens(pid, own));
	assert_false(proc_listens(pid, other));
	/* 0 to 2, socket, supervisor channel, session, epoll, signalfd. */
	assert_int_equal(proc_fds(pid), 8);
}

static void each_process_has_its_own_fds_only(void **state)
{
	char dir[64], words[160];
	struct run daemon;

	/* The kernel's list of sockets knows relative paths as such: those of other tests look the same. */
	assert_non_null(getcwd(dir, sizeof(dir)));
	snprintf(words, sizeof(words), "-s %s/gpio -c 3 -l s8:s8:s8", dir);
	daemon_up(&daemon, words, 3, false);
	for (int guest = 0; guest < 3; guest++) {
		char name[32];

		snprintf(name, sizeof(name), "vgpio:guest%d", guest);
		check_own_fds_only(child_wait(&daemon, name, 0), dir, guest);
		check_own_fds_only(child_replace(&daemon, name), dir, guest);
	}
	daemon_down(&daemon);
	assert_false(file_exists("gpio0"));
}

static void a_killed_worker_is_replaced(void **state)
{
	struct run daemon;
	pid_t other;
	int fd;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s8:s32 --log-level warning", 2, false);
	other = child_wait(&daemon, "vgpio:guest1", 0);
	child_replace(&daemon, "vgpio:guest0");
	assert_int_equal(child_named(&daemon, "vgpio:guest1"), other);
	fd = socket_connect("gpio.sock0");
	assert_true(fd >= 0);
	close(fd);
	daemon_down(&daemon);
	assert_string_equal(run_said(&daemon), "error: guest0: process killed by signal 9 (Killed): restarting\n");
}

/* One that was told to end is missed like one that crashed. */
static void a_worker_that_ends_is_replaced(void **state)
{
	struct run daemon;
	pid_t worker;

	daemon_up(&daemon, "-s gpio.sock -l s8 --log-level warning", 1, false);
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	kill(worker, SIGTERM);
	child_wait(&daemon, "vgpio:guest0", worker);
	daemon_down(&daemon);
	assert_string_equal(run_said(&daemon), "error: guest0: process ended with status 0: restarting\n");
}

/* Also in its first moment: a signal waits until the process takes it, and does not end it as it is. */
static void told_to_end_at_once(void **state)
{
	static const char *const names[] = { "vgpio:guest0", "vgpio:control" };
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -l s8 --control ctl.sock --log-level warning", 1, true);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		pid_t old = child_wait(&daemon, names[i], 0);

		kill(old, SIGTERM);
		for (int n = 0; n < 6; n++) {
			pid_t pid;

			while ((pid = child_named(&daemon, names[i])) == 0 || pid == old)
				;
			kill(pid, SIGTERM);
			old = pid;
		}
		child_wait(&daemon, names[i], old);
	}
	daemon_down(&daemon);
	assert_non_null(strstr(run_err(&daemon), "error: guest0: process ended with status 0: restarting\n"));
	assert_null(strstr(run_err(&daemon), "killed by signal 15"));
}

/* As one in its guest's hand: shutdown(2) of every socket that it has, also in the name of those who have it, too. */
static void sockets_shut(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	assert_true(pidfd >= 0);
	for (int i = 3; i < 64; i++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, i, 0);

		shutdown(fd, SHUT_RD);
		if (fd >= 0)
			close(fd);
	}
	close(pidfd);
}

/* What a worker did to the sockets that it shares is not its successor's trouble. */
static void shut_sockets_are_made_anew(void **state)
{
	struct run daemon, ctl;
	pid_t worker, control;

	daemon_up(&daemon, "-s gpio.sock -l s8 --control ctl.sock --log-level warning", 1, true);
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	control = child_wait(&daemon, "vgpio:control", 0);
	/* All of them, before that is seen. Nobody can come then: no more is needed for the worker's end. */
	kill(daemon.pid, SIGSTOP);
	sockets_shut(worker);
	kill(daemon.pid, SIGCONT);
	child_wait(&daemon, "vgpio:guest0", worker);
	check_serves("gpio.sock", 8);
	run_start(&ctl, "ctl", "VGPIOCTL", "--control ctl.sock get 0");
	assert_int_equal(run_wait(&ctl), 0);
	assert_int_equal(child_named(&daemon, "vgpio:control"), control);
	daemon_down(&daemon);
	assert_false(file_exists("gpio.sock"));
	assert_non_null(strstr(run_err(&daemon), "the worker shut down the listening socket: there is another one"));
	assert_null(strstr(run_err(&daemon), "invalid message"));
}

/*
 * Who dies again and again without getting on is started with longer and longer pauses; then once with its rings broken;
 * then its session ends, and the front-end sees the end of its connection.
 */
static void a_crash_loop_is_bounded(void **state)
{
	struct run daemon;
	pid_t other;
	char byte;
	int fd;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s8:s8 --log-level warning", 2, false);
	other = child_wait(&daemon, "vgpio:guest1", 0);
	fd = socket_connect("gpio.sock0");
	proc_wait_quiet(daemon.pid); /* accepted and handed to the supervisor */
	for (int i = 0; i < 6; i++)
		child_replace(&daemon, "vgpio:guest0");
	assert_false(wait_readable(fd, 50));
	child_crash_loop(&daemon, "vgpio:guest0");
	assert_true(wait_readable(fd, FIXTURE_MS));
	assert_int_equal(read(fd, &byte, 1), 0);
	close(fd);
	child_wait(&daemon, "vgpio:guest0", 0);
	assert_non_null(strstr(run_err(&daemon), "error: guest0: process killed by signal 9 (Killed): restarting\n"));
	assert_non_null(
		strstr(run_err(&daemon), "error: guest0: process killed by signal 9 (Killed): restarting in 20 ms\n"));
	assert_non_null(strstr(run_err(&daemon), "error: guest0: process killed by signal 6 (Aborted), again and again "
						 "without progress: its rings are broken, restarting in "));
	assert_non_null(strstr(run_err(&daemon), "error: guest0: process killed by signal 6 (Aborted), again and again "
						 "without progress: session dropped, restarting in "));
	assert_int_equal(child_named(&daemon, "vgpio:guest1"), other);
	fd = socket_connect("gpio.sock0");
	assert_true(fd >= 0);
	close(fd);
	daemon_down(&daemon);
}

/* Signals that mean nothing to the supervisor, or that tell of nothing. */
static void spurious_signals_are_harmless(void **state)
{
	struct run daemon;

	daemon_up(&daemon, "-s gpio.sock -l s8 --log-level warning", 1, false);
	for (int i = 0; i < 50; i++) {
		kill(daemon.pid, SIGCHLD);
		kill(daemon.pid, SIGPIPE);
		kill(daemon.pid, SIGSTOP);
		kill(daemon.pid, SIGCONT);
	}
	child_replace(&daemon, "vgpio:guest0");
	daemon_down(&daemon);
	assert_string_equal(run_said(&daemon), "error: guest0: process killed by signal 9 (Killed): restarting\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("B-08", stays_in_the_foreground),	  CASE("B-09", ends_promptly),
		PLAIN(ends_although_a_worker_hangs),	  CASE("B-12", runs_on_dev_null),
		CASE("B-12", runs_with_stdio_closed),	  PLAIN(says_what_it_serves),
		PLAIN(each_process_has_its_own_fds_only), CASE("B-15", a_killed_worker_is_replaced),
		PLAIN(shut_sockets_are_made_anew),	  PLAIN(told_to_end_at_once),
		PLAIN(a_worker_that_ends_is_replaced),	  CASE("B-15", a_crash_loop_is_bounded),
		PLAIN(spurious_signals_are_harmless),
	};

	return cmocka_run_group_tests_name("cli processes", tests, NULL, NULL);
}
