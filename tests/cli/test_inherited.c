/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Sockets that the program is given: --fd, fd=, and those of socket activation. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gpio.h"
#include "proc.h"
#include "wait.h"

/* Starts the program on "FD", which stands for the number of the fd, and gives the fd away. */
static void start_on(struct run *daemon, const char *words, int fd)
{
	const char *at = strstr(words, "FD");
	char text[256];

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%d%s", (int)(at - words), words, fd, at + 2);
	run_start(daemon, "daemon", "VHOST_DEVICE_GPIO", text);
	close(fd);
}

static void a_listening_one(void **state)
{
	struct run daemon;

	start_on(&daemon, "--fd FD -l s4 --log-level info", socket_listen("x"));
	child_wait(&daemon, "vgpio:guest0", 0);
	check_serves("x", 4);
	child_replace(&daemon, "vgpio:guest0");
	check_serves("x", 4);
	assert_int_equal(run_stop(&daemon), 0);
	/* It is whoever made it that removes it. */
	assert_true(file_exists("x"));
	assert_int_equal(socket_connect("x"), -1);
	assert_non_null(strstr(run_err(&daemon), "info: guest0: s4 (4 lines)\n"));
}

static void connected_up(struct run *daemon, struct vmm *vmm, const char *words)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	/* The program must not get the front-end's end, too: it would keep it open. */
	assert_int_equal(fcntl(pair[0], F_SETFD, FD_CLOEXEC), 0);
	vmm_init(vmm, 0);
	start_on(daemon, words, pair[1]);
	child_wait(daemon, "vgpio:guest0", 0);
	vmm_start_on(vmm, pair[0]);
	assert_int_equal(gpio_set_value(vmm, 2, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(vmm, 2, GPIO_OUT), GPIO_OK);
}

static void a_connected_one_ends_with_the_front_end(void **state)
{
	struct run daemon;
	struct vmm vmm;

	connected_up(&daemon, &vmm, "--fd FD -l s4 --log-level warning");
	/* A crash in between is nothing that the front-end sees. */
	child_replace(&daemon, "vgpio:guest0");
	assert_int_equal(gpio_get_value(&vmm, 2), 1);
	vmm_deinit(&vmm);
	assert_int_equal(run_wait(&daemon), 0);
	assert_string_equal(run_said(&daemon), "error: guest0: process killed by signal 9 (Killed): restarting\n");
}

static void a_connected_one_sees_the_end_of_the_program(void **state)
{
	struct run daemon;
	struct vmm vmm;

	connected_up(&daemon, &vmm, "--guest fd=FD,sim=4 --log-level warning");
	assert_int_equal(run_stop(&daemon), 0);
	assert_true(connection_ends(&vmm.connection, WAIT_MS));
	vmm_deinit(&vmm);
}

/* It cannot come again: with its session the guest is over, its lines as they are to be. */
static void a_connected_one_sees_a_crash_loop(void **state)
{
	struct run daemon;
	struct vmm vmm;

	connected_up(&daemon, &vmm, "--fd FD -l s4 --log-level warning");
	for (int i = 0; i < 4; i++)
		child_replace(&daemon, "vgpio:guest0");
	assert_int_equal(gpio_get_value(&vmm, 2), 1);
	child_crash_loop(&daemon, "vgpio:guest0");
	assert_true(connection_ends(&vmm.connection, FIXTURE_MS));
	assert_int_equal(run_wait(&daemon), 0);
	vmm_deinit(&vmm);
}

/* One guest is over, the other, which listens, goes on. */
static void a_connected_and_a_listening_one(void **state)
{
	struct run daemon;
	struct vmm vmm;

	connected_up(&daemon, &vmm, "--guest fd=FD,sim=4 --guest name=b,socket=b.sock,sim=2 --log-level warning");
	check_serves("b.sock", 2);
	vmm_deinit(&vmm);
	child_wait_gone(&daemon, "vgpio:guest0");
	check_serves("b.sock", 2);
	daemon_down(&daemon);
}

static void one_fd_is_for_one_thing(void **state)
{
	char words[128], expected[160];
	int fd = socket_listen("x"), again;
	struct run run;

	snprintf(words, sizeof(words), "--fd %d -l s4 --ready-fd %d", fd, fd);
	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", words);
	assert_int_equal(run_wait(&run), 1);
	snprintf(expected, sizeof(expected), "vhost-device-gpio: --ready-fd: fd %d is the socket of guest guest0\n",
		 fd);
	assert_string_equal(run_err(&run), expected);
	snprintf(words, sizeof(words), "--guest fd=%d,sim=4 --guest fd=%d,sim=4", fd, fd);
	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", words);
	assert_int_equal(run_wait(&run), 1);
	snprintf(expected, sizeof(expected), "vhost-device-gpio: guest guest1: fd %d is guest guest0's\n", fd);
	assert_string_equal(run_err(&run), expected);
	/* Nor is one under two numbers. */
	again = dup(fd);
	snprintf(words, sizeof(words), "--guest fd=%d,sim=4 --guest socket=c,sim=1 --guest fd=%d,sim=4", fd, again);
	run_start(&run, "daemon", "VHOST_DEVICE_GPIO", words);
	assert_int_equal(run_wait(&run), 1);
	snprintf(expected, sizeof(expected),
		 "vhost-device-gpio: guest guest2: fd %d is the socket of guest guest0, too\n", again);
	assert_string_equal(run_err(&run), expected);
	close(again);
	close(fd);
}

/* What a service manager does between fork() and exec(). */
struct activation {
	int fds[4];
	unsigned n;
	const char *names; /* NULL: none are given */
	bool for_another;  /* LISTEN_PID is somebody else's */
};

static void activate(void *ctx)
{
	const struct activation *activation = ctx;
	char pid[16], n[8];

	/* First out of the way, then to 3, 4, ... */
	for (unsigned i = 0; i < activation->n; i++)
		dup2(activation->fds[i], 100 + (int)i);
	for (unsigned i = 0; i < activation->n; i++) {
		dup2(100 + (int)i, 3 + (int)i);
		close(100 + (int)i);
	}
	snprintf(pid, sizeof(pid), "%d", (int)getpid() + activation->for_another);
	snprintf(n, sizeof(n), "%u", activation->n);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", n, 1);
	if (activation->names)
		setenv("LISTEN_FDNAMES", activation->names, 1);
}

static void activation_make(struct activation *activation, unsigned n, const char *names)
{
	static const char *const paths[] = { "x", "y", "z" };

	*activation = (struct activation){ .n = n, .names = names };
	for (unsigned i = 0; i < n; i++) {
		unlink(paths[i]);
		activation->fds[i] = socket_listen(paths[i]);
	}
}

static void activation_start(struct run *daemon, struct activation *activation, const char *words)
{
	run_start_with(daemon, "daemon", "VHOST_DEVICE_GPIO", words, activate, activation);
	for (unsigned i = 0; i < activation->n; i++)
		close(activation->fds[i]);
}

static void activation_without_names(void **state)
{
	struct activation activation;
	struct run daemon;

	activation_make(&activation, 2, NULL);
	activation_start(&daemon, &activation, "-c 2 -l s4:s6");
	check_serves("x", 4);
	check_serves("y", 6);
	assert_int_equal(run_stop(&daemon), 0);
	assert_true(file_exists("x") && file_exists("y"));
}

/* Names go before order; what has no chosen one goes to whoever is left. */
static void activation_with_names(void **state)
{
	struct activation activation;
	struct run daemon;

	activation_make(&activation, 3, "ivi:vgpio.socket:ci");
	activation_start(&daemon, &activation,
			 "--guest name=a,sim=3 --guest name=ci,sim=4 --guest name=b,sim=5,socket=b.sock --guest "
			 "name=ivi,sim=6");
	check_serves("x", 6);
	check_serves("y", 3);
	check_serves("z", 4);
	check_serves("b.sock", 5);
	assert_int_equal(run_stop(&daemon), 0);
}

static void check_refusal(unsigned n, const char *names, bool for_another, const char *words, int status,
			  const char *line)
{
	struct activation activation;
	char expected[160];
	struct run run;

	activation_make(&activation, n, names);
	activation.for_another = for_another;
	activation_start(&run, &activation, words);
	assert_int_equal(run_wait(&run), status);
	snprintf(expected, sizeof(expected), "vhost-device-gpio: %s\n", line);
	assert_string_equal(run_err(&run), expected);
}

static void check_activation(unsigned n, const char *names, bool for_another, const char *words, const char *line)
{
	check_refusal(n, names, for_another, words, 1, line);
}

static void activation_that_does_not_fit(void **state)
{
	check_activation(2, NULL, false, "-l s4", "fd 4: no guest is left that wants a socket");
	check_activation(1, NULL, false, "-c 2 -l s4:s4", "guest guest1: has neither a socket nor an fd");
	check_activation(1, "nix", false, "-l s4", "fd 3 (nix): there is no guest of this name");
	check_activation(1, "a", false, "--guest name=a,socket=b,sim=1", "fd 3 (a): this guest has a socket");
	check_activation(1, "a:b", false, "--guest name=a,sim=1", "LISTEN_FDNAMES has 2 names for 1 fds");
	check_refusal(1, NULL, true, "--guest name=a,sim=1", 2,
		      "--guest: the guest has no socket (socket or fd), and socket activation gave none");
	assert_false(file_exists("b"));
}

static void activation_for_another_is_left_alone(void **state)
{
	struct activation activation;
	struct run daemon;

	activation_make(&activation, 1, NULL);
	activation.for_another = true;
	activation_start(&daemon, &activation, "-s gpio.sock -l s4");
	check_serves("gpio.sock", 4);
	daemon_down(&daemon);
}

struct fds_search {
	pid_t pid;
	unsigned fds;
};

static bool fds_are(void *ctx)
{
	const struct fds_search *search = ctx;

	return proc_fds(search->pid) == search->fds;
}

/* The sockets are the guests' alone, also after a worker's death. */
static void each_worker_has_its_own(void **state)
{
	struct activation activation;
	char path[2][64], dir[48];
	struct run daemon;

	assert_non_null(getcwd(dir, sizeof(dir)));
	snprintf(path[0], sizeof(path[0]), "%s/p", dir);
	snprintf(path[1], sizeof(path[1]), "%s/q", dir);
	activation = (struct activation){ .fds = { socket_listen(path[0]), socket_listen(path[1]) }, .n = 2 };
	activation_start(&daemon, &activation, "-c 2 -l s4:s6 --control ctl.sock");
	check_serves("p", 4);
	check_serves("q", 6);
	for (int i = 0; i < 2; i++) {
		static const char *const names[] = { "vgpio:guest0", "vgpio:guest1" };
		pid_t worker = child_wait(&daemon, names[i], 0);

		/* When the front-end's are closed: 0 to 2, socket, supervisor channel, session, control channel, epoll, signalfd. */
		struct fds_search search = { worker, 9 };

		assert_true(wait_for(fds_are, &search, WAIT_MS));
		assert_true(proc_listens(worker, path[i]));
		assert_false(proc_listens(worker, path[1 - i]));
		assert_false(proc_listens(child_wait(&daemon, "vgpio:control", 0), path[i]));
		assert_int_equal(proc_fds_inherited(worker), 0);
	}
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("B-02", a_listening_one),
		CASE("B-02", a_connected_one_ends_with_the_front_end),
		PLAIN(a_connected_one_sees_the_end_of_the_program),
		PLAIN(a_connected_one_sees_a_crash_loop),
		PLAIN(a_connected_and_a_listening_one),
		PLAIN(one_fd_is_for_one_thing),
		PLAIN(activation_without_names),
		PLAIN(activation_with_names),
		PLAIN(activation_that_does_not_fit),
		PLAIN(activation_for_another_is_left_alone),
		PLAIN(each_worker_has_its_own),
	};

	return cmocka_run_group_tests_name("cli inherited", tests, NULL, NULL);
}
