/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What whoever started the program is told: --ready-fd, the service manager's socket, and what processes inherit. */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proc.h"
#include "wait.h"

/* What comes through a pipe until its end. */
static const char *pipe_text(int fd)
{
	static char text[64];
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < sizeof(text) - 1) {
		assert_true(wait_readable(fd, FIXTURE_MS));
		n = read(fd, text + len, sizeof(text) - 1 - len);
		assert_true(n >= 0);
		len += (size_t)n;
	}
	text[len] = '\0';
	close(fd);
	return text;
}

/* Starts the program with --ready-fd and these words; returns the reading end. */
static int ready_start(struct run *run, const char *words)
{
	char text[256];
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFD, FD_CLOEXEC), 0);
	snprintf(text, sizeof(text), "--ready-fd=%d %s", fds[1], words);
	run_start(run, "daemon", "VHOST_DEVICE_GPIO", text);
	close(fds[1]);
	return fds[0];
}

static void ready_means_that_the_sockets_are_there(void **state)
{
	struct run daemon;
	int fd = ready_start(&daemon, "-s gpio.sock -c 2 -l s8:s8 --control ctl.sock");

	assert_string_equal(pipe_text(fd), "\n");
	for (int i = 0; i < 3; i++) {
		static const char *const paths[] = { "gpio.sock0", "gpio.sock1", "ctl.sock" };

		fd = socket_connect(paths[i]);
		assert_true(fd >= 0);
		close(fd);
	}
	daemon_down(&daemon);
}

/* The end without a newline: it failed. */
static void a_failed_start_is_not_ready(void **state)
{
	static const char *const words[] = { "-s gpio.sock -l 1000", "-s nope/gpio.sock -l s8", "-s x -l s8 --nope",
					     "-s gpio.sock -l s8 --control nope/x", "--guest sim=8" };
	struct run daemon;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int fd = ready_start(&daemon, words[i]);

		assert_string_equal(pipe_text(fd), "");
		assert_in_range(run_wait(&daemon), 1, 2);
	}
}

static void nobody_reads_what_is_ready(void **state)
{
	struct run daemon;
	int fd = ready_start(&daemon, "-s gpio.sock -l s8");

	close(fd);
	child_wait(&daemon, "vgpio:guest0", 0);
	daemon_down(&daemon);
}

/* A service manager. */
struct manager {
	int fd;
	const char *watchdog_usec; /* NULL: none */
};

static void manager_prepare(void *ctx)
{
	const struct manager *manager = ctx;
	char path[128];

	assert_non_null(getcwd(path, sizeof(path) - 10));
	strcat(path, "/notify");
	setenv("NOTIFY_SOCKET", path, 1);
	if (manager->watchdog_usec)
		setenv("WATCHDOG_USEC", manager->watchdog_usec, 1);
}

static void manager_start(struct manager *manager, const char *watchdog_usec, struct run *daemon, const char *words)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "notify" };

	*manager = (struct manager){ .watchdog_usec = watchdog_usec };
	manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(manager->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	run_start_with(daemon, "daemon", "VHOST_DEVICE_GPIO", words, manager_prepare, manager);
}

/* The next message. */
static const char *manager_hears(const struct manager *manager)
{
	static char text[512];
	ssize_t n;

	assert_true(wait_readable(manager->fd, FIXTURE_MS));
	n = recv(manager->fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static void the_service_manager_is_told(void **state)
{
	unsigned long long usec;
	struct manager manager;
	struct run daemon;

	manager_start(&manager, NULL, &daemon, "-s gpio.sock -c 2 -l s8:s8");
	assert_string_equal(manager_hears(&manager), "STATUS=2 guests");
	assert_string_equal(manager_hears(&manager), "READY=1");
	for (int i = 0; i < 2; i++) {
		static const char *const paths[] = { "gpio.sock0", "gpio.sock1" };
		int fd = socket_connect(paths[i]);

		assert_true(fd >= 0);
		close(fd);
	}
	/* A worker's death is the daemon's own business; SIGHUP means nothing here, but it is waited for what comes of it. */
	child_replace(&daemon, "vgpio:guest0");
	kill(daemon.pid, SIGHUP);
	run_wait_err(&daemon, "warning: supervisor: SIGHUP: there is no --config to read again\n");
	assert_int_equal(sscanf(manager_hears(&manager), "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
	assert_string_equal(manager_hears(&manager), "STATUS=2 guests; there is no --config to read again");
	assert_string_equal(manager_hears(&manager), "READY=1");
	kill(daemon.pid, SIGTERM);
	assert_string_equal(manager_hears(&manager), "STOPPING=1");
	assert_int_equal(run_wait(&daemon), 0);
	assert_false(wait_readable(manager.fd, 0));
	close(manager.fd);
}

static void a_failed_start_is_not_told(void **state)
{
	struct manager manager;
	struct run daemon;

	manager_start(&manager, NULL, &daemon, "-s nope/gpio.sock -l s8");
	assert_int_equal(run_wait(&daemon), 1);
	assert_false(wait_readable(manager.fd, 0));
	close(manager.fd);
}

static bool is_stopped(void *ctx)
{
	return proc_state(*(pid_t *)ctx) == 'T';
}

static void the_watchdog_is_fed(void **state)
{
	struct manager manager;
	struct run daemon;
	uint64_t start;

	manager_start(&manager, "200000", &daemon, "-s gpio.sock -l s8");
	assert_string_equal(manager_hears(&manager), "STATUS=1 guest");
	assert_string_equal(manager_hears(&manager), "READY=1");
	start = clock_ms();
	for (int i = 0; i < 5; i++)
		assert_string_equal(manager_hears(&manager), "WATCHDOG=1");
	/* Twice in each interval, as far as the machine lets it. */
	assert_in_range(clock_ms() - start, 300, 10000);
	/* It is the supervisor's loop that lives: stopped, nothing comes. */
	kill(daemon.pid, SIGSTOP);
	assert_true(wait_for(is_stopped, &daemon.pid, WAIT_MS));
	while (wait_readable(manager.fd, 0))
		manager_hears(&manager);
	assert_false(wait_readable(manager.fd, 400));
	kill(daemon.pid, SIGCONT);
	assert_string_equal(manager_hears(&manager), "WATCHDOG=1");
	daemon_down(&daemon);
	close(manager.fd);
}

/* The manager may be gone, or never have been: no reason not to serve. */
static void a_manager_that_is_gone(void **state)
{
	struct manager manager;
	struct run daemon;

	manager_start(&manager, "100000", &daemon, "-s gpio.sock -l s8");
	manager_hears(&manager);
	close(manager.fd);
	unlink("notify");
	child_wait(&daemon, "vgpio:guest0", 0);
	run_wait_err(&daemon, "warning: notify: cannot notify the service manager: Connection refused\n");
	daemon_down(&daemon);
}

/* Nothing of it goes to the processes: 0 to 2, socket, supervisor channel, session, control channel, epoll, signalfd. */
static void processes_inherit_nothing(void **state)
{
	struct manager manager;
	struct run daemon;
	pid_t worker;

	manager_start(&manager, "100000", &daemon, "-s gpio.sock -c 2 -l s8:s8 --control ctl.sock");
	manager_hears(&manager);
	worker = child_wait(&daemon, "vgpio:guest1", 0);
	assert_int_equal(proc_fds(worker), 9);
	worker = child_replace(&daemon, "vgpio:guest1");
	assert_int_equal(proc_fds(worker), 9);
	/* 0 to 2, socket, two ports, epoll, signalfd; one timer a guest at most. */
	assert_in_range(proc_fds(child_wait(&daemon, "vgpio:control", 0)), 8, 10);
	/* None of them survives an exec, but for what we were given ourselves. */
	assert_int_equal(proc_fds_inherited(daemon.pid), proc_fds_inherited(getpid()));
	assert_int_equal(proc_fds_inherited(worker), 0);
	daemon_down(&daemon);
	close(manager.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(ready_means_that_the_sockets_are_there),
		PLAIN(a_failed_start_is_not_ready),
		PLAIN(nobody_reads_what_is_ready),
		PLAIN(the_service_manager_is_told),
		PLAIN(a_failed_start_is_not_told),
		PLAIN(the_watchdog_is_fed),
		PLAIN(a_manager_that_is_gone),
		PLAIN(processes_inherit_nothing),
	};

	return cmocka_run_group_tests_name("cli notify", tests, NULL, NULL);
}
