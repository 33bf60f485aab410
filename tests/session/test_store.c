/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * SIGUSR1: the service ends, and its guests wait in the service manager's fd store for the next start. The test is the
 * manager.
 */
#include "upgrade.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CARRIER_FD 9 /* a shell can redirect numbers of one digit */
#define NAME	   "vhost-device-gpio-handover"

/* The manager: what it was told since the start, and what it stores. */
static int manager = -1, stored = -1;
static char told[4096];

static void script_write(const char *program)
{
	char text[600];

	snprintf(text, sizeof(text),
		 "if [ \"$STORED\" ]; then LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=" NAME "\n"
		 "export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES; exec 3<&%d %d<&-; fi\n"
		 "exec '%s' \"$@\"",
		 CARRIER_FD, CARRIER_FD, program);
	program_script(text);
}

static void manager_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "vgpio-store-%d", (int)getpid());
	char word[sizeof(address.sun_path) + 1];

	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)),
			 0);
	snprintf(word, sizeof(word), "@%s", address.sun_path + 1);
	setenv("NOTIFY_SOCKET", word, 1);
	told[0] = '\0';
}

/* One message: an fd that comes with FDSTORE is stored, one that comes with BARRIER is closed. */
static bool manager_turn(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char text[512];
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
	};
	ssize_t len = recvmsg(manager, &msg, MSG_CMSG_CLOEXEC);
	int fd = -1;

	if (len < 0)
		return false;
	text[len] = '\0';
	if (CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	if (strcmp(text, "FDSTORE=1\nFDNAME=" NAME "\nFDPOLL=0") == 0) {
		assert_int_equal(stored, -1);
		stored = fcntl(fd, F_DUPFD_CLOEXEC, CARRIER_FD + 1);
	}
	if (fd >= 0)
		close(fd);
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", text);
	return true;
}

static bool is_told(void *ctx)
{
	while (manager_turn())
		;
	return strstr(told, ctx);
}

static void wait_told(const char *text)
{
	if (!wait_for(is_told, (void *)(uintptr_t)text, WAIT_MS))
		fail_msg("\"%s\" is not told, but: %s", text, told);
}

static int setup(void **state)
{
	struct session *s;

	stored = -1;
	manager_open();
	script_write(program_original);
	if (session_setup_started(state) < 0)
		return -1;
	s = *state;
	s->workers_may_die = true;
	wait_told("READY=1");
	return 0;
}

static int teardown(void **state)
{
	int ret = session_teardown(state);

	close(manager);
	if (stored >= 0)
		close(stored);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("STORED");
	return ret;
}

static bool has_ended(void *ctx)
{
	while (manager_turn())
		;
	return !proc_alive(*(pid_t *)ctx) || proc_state(*(pid_t *)ctx) == 'Z';
}

static void service_end(struct session *s)
{
	told[0] = '\0';
	kill(s->daemon.pid, SIGUSR1);
	assert_true(wait_for(has_ended, &s->daemon.pid, WAIT_MS));
	assert_int_equal(daemon_wait(&s->daemon), 0);
	while (manager_turn())
		;
	outside_close(&s->outside);
}

static bool has_worker(void *ctx)
{
	struct session *s = ctx;
	pid_t pid = daemon_worker(&s->daemon, 0);

	return pid != 0 && proc_state(pid) == 'S';
}

static void service_start(struct session *s, const char *count, const char *devices)
{
	char path[64];
	const char *words[] = { "-s", path, "-c", count, "-l", devices, "--control", s->daemon.control, NULL };

	snprintf(path, sizeof(path), "%s/gpio", s->daemon.dir);
	told[0] = '\0';
	if (stored >= 0) {
		assert_int_equal(dup2(stored, CARRIER_FD), CARRIER_FD);
		setenv("STORED", "1", 1);
	}
	daemon_spawn(&s->daemon, words);
	if (stored >= 0)
		close(CARRIER_FD);
	wait_told("READY=1");
	assert_true(wait_for(has_worker, s, WAIT_MS));
	s->daemon.workers[0] = daemon_worker(&s->daemon, 0);
	outside_open(&s->outside, s->daemon.control);
	if (stored >= 0)
		wait_told("FDSTOREREMOVE=1\nFDNAME=" NAME);
	if (stored >= 0)
		close(stored);
	stored = -1;
	unsetenv("STORED");
}

/* Nobody was waited for: each process knows that it is to end. */
static void assert_prompt(const struct session *s)
{
	assert_int_equal(daemon_logged(&s->daemon, "did not exit within"), 0);
}

static void sessions_wait_for_the_next_start(void **state)
{
	struct session *s = *state;
	unsigned fds = 0, worker_fds = 0;

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
	for (unsigned i = 0; i < 5; i++) {
		uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING), request;

		service_end(s);
		assert_prompt(s);
		assert_non_null(strstr(told, "STOPPING=1"));
		assert_non_null(strstr(told, "BARRIER=1"));
		assert_true(stored >= 0);
		assert_true(access(session_socket(s), F_OK) == 0);
		assert_true(access(s->daemon.control, F_OK) == 0);
		assert_true(connection_silent(&s->vmm.connection, 20));
		/* The guest goes on meanwhile. */
		request = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 1, 0);
		ring_notify(&s->vmm.rings[VMM_REQUESTQ]);
		service_start(s, "1", "s8");
		assert_int_equal(ring_wait(&s->vmm.rings[VMM_REQUESTQ]).id, request);
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
		assert_int_equal(line_level(s, 1), 1);
		line_drive(s, 0, 1);
		assert_event(s, head, GPIO_EVENT_VALID);
		line_drive(s, 0, 0);
		if (i == 0) {
			fds = proc_fds(s->daemon.pid);
			worker_fds = proc_fds(session_worker(s));
		}
		assert_int_equal(proc_fds(s->daemon.pid), fds);
		assert_fds(session_worker(s), worker_fds);
	}
	/* An upgrade in place between: nothing of the store is taken for its own. */
	kill(s->daemon.pid, SIGUSR2);
	daemon_wait_worker(&s->daemon, 0, s->daemon.workers[0]);
	assert_serving(s);
	service_end(s);
	service_start(s, "1", "s8");
	assert_serving(s);
	kill(s->daemon.pid, SIGTERM);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	assert_true(access(session_socket(s), F_OK) < 0);
	assert_true(access(s->daemon.control, F_OK) < 0);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
}

/* What is stored ends when the manager closes it: the unit was stopped for good. */
static void nobody_comes(void **state)
{
	struct session *s = *state;

	service_end(s);
	assert_true(connection_silent(&s->vmm.connection, 20));
	close(stored);
	stored = -1;
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
}

static void no_manager(void **state)
{
	struct session *s;

	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(session_setup_started(state), 0);
	s = *state;
	s->workers_may_die = true;
	kill(s->daemon.pid, SIGUSR1);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	assert_int_equal(daemon_logged(&s->daemon, "there is no service manager"), 1);
	assert_true(access(session_socket(s), F_OK) < 0);
	assert_int_equal(session_teardown(state), 0);
	unsetenv("NOTIFY_SOCKET");
}

static int no_setup(void **state)
{
	script_write(program_original);
	return 0;
}

/* The manager still has the fd bundle while the next program runs: what it carried must not live on in there. */
static void image_that_is_refused(void **state)
{
	struct session *s = *state;
	int held;

	service_end(s);
	script_write(getenv("OTHER_IMAGE"));
	held = fcntl(stored, F_DUPFD_CLOEXEC, CARRIER_FD + 1);
	service_start(s, "1", "s8");
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	close(held);
	assert_int_equal(daemon_logged(&s->daemon, "socket-path: not known here"), 1);
	session_reconnect(s);
	assert_serving(s);
}

static void session_of_another_layout(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	service_end(s);
	script_write(getenv("OTHER_LAYOUT"));
	service_start(s, "1", "s8");
	assert_serving(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_OUT);
}

/* The manager did not hear that it was taken. */
static void bundle_that_is_empty(void **state)
{
	struct session *s = *state;
	int fds[2];

	service_end(s);
	close(stored);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	close(fds[0]);
	stored = fds[1];
	service_start(s, "1", "s8");
	session_reconnect(s);
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "error:"), 0);
}

/* The unit was changed: what was served is served on, what is new comes. */
static void other_words(void **state)
{
	struct session *s = *state;
	struct vmm other;
	char path[64];

	service_end(s);
	service_start(s, "2", "s8:s4");
	assert_serving(s);
	snprintf(path, sizeof(path), "%s/gpio1", s->daemon.dir);
	vmm_init(&other, 0);
	vmm_start(&other, path);
	assert_true(gpio_get_direction(&other, 3) >= 0);
	vmm_deinit(&other);
}

static void worker_that_hangs(void **state)
{
	struct session *s = *state;

	kill(session_worker(s), SIGSTOP);
	service_end(s);
	service_start(s, "1", "s8");
	assert_serving(s);
}

#define STORE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE(sessions_wait_for_the_next_start),
		STORE(nobody_comes),
		cmocka_unit_test_setup(no_manager, no_setup),
		STORE(image_that_is_refused),
		STORE(session_of_another_layout),
		STORE(bundle_that_is_empty),
		STORE(other_words),
		STORE(worker_that_hangs),
	};

	return upgrade_run("store", tests, sizeof(tests) / sizeof(tests[0]));
}
