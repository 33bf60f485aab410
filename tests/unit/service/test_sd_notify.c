/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the service manager is told: over a socket that the test holds in the manager's place. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/scm.h"
#include "base/util.h"
#include "service/sd_notify.h"
#include "unit/lowest_fd.h"

struct fixture {
	struct sd_notify notify;
	int manager;
	int log, old_stderr; /* what is logged meanwhile */
	int lowest;
	char address[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .notify = SD_NOTIFY_NONE, .manager = -1, .lowest = lowest_fd() };
	fixture.log = memfd_create("log", MFD_CLOEXEC);
	fixture.old_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(fixture.log, STDERR_FILENO);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = &fixture;
	return 0;
}

/* Nothing stays open, and nothing in the environment. */
static int teardown(void **state)
{
	struct fixture *fixture = *state;
	char text[4096];
	ssize_t len = pread(fixture->log, text, sizeof(text), 0);

	sd_notify_deinit(&fixture->notify);
	dup2(fixture->old_stderr, STDERR_FILENO);
	/* With what cmocka says about a failure. */
	if (len > 0)
		fwrite(text, 1, (size_t)len, stderr);
	close(fixture->old_stderr);
	close(fixture->log);
	if (fixture->manager >= 0)
		close(fixture->manager);
	if (fixture->address[0] == '/')
		unlink(fixture->address);
	return getenv("NOTIFY_SOCKET") || getenv("WATCHDOG_USEC") || getenv("WATCHDOG_PID") ||
			       lowest_fd() != fixture->lowest
		       ? -1
		       : 0;
}

static void manager_open(struct fixture *fixture, const char *address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(address);

	memcpy(un.sun_path, address, len);
	if (address[0] == '@')
		un.sun_path[0] = '\0';
	fixture->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fixture->manager, (struct sockaddr *)&un,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (address[0] == '/'))),
			 0);
	strcpy(fixture->address, address);
	setenv("NOTIFY_SOCKET", address, 1);
}

static void manager_open_abstract(struct fixture *fixture)
{
	char address[64];

	snprintf(address, sizeof(address), "@vgpio-test-notify-%d", getpid());
	manager_open(fixture, address);
}

static void assert_told(struct fixture *fixture, const char *message)
{
	char text[2 * SD_NOTIFY_MESSAGE_SIZE];
	ssize_t len = recv(fixture->manager, text, sizeof(text) - 1, 0);

	assert_true(len >= 0);
	text[len] = '\0';
	assert_string_equal(text, message);
}

static void assert_told_nothing(struct fixture *fixture)
{
	char byte;

	assert_int_equal(recv(fixture->manager, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
}

/* How many lines were logged, and the text of them. */
static int logged(struct fixture *fixture, char *text, size_t size)
{
	ssize_t len = pread(fixture->log, text, size - 1, 0);
	int lines = 0;

	assert_true(len >= 0);
	text[len] = '\0';
	for (char *c = text; *c; c++)
		lines += *c == '\n';
	return lines;
}

static void assert_silent(struct fixture *fixture)
{
	char text[512];

	assert_int_equal(logged(fixture, text, sizeof(text)), 0);
}

static void assert_one_warning(struct fixture *fixture, const char *part)
{
	char text[1024];

	assert_int_equal(logged(fixture, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "warning"));
	assert_non_null(strstr(text, part));
}

static void tell_all(struct sd_notify *notify)
{
	struct loop loop;

	assert_int_equal(loop_init(&loop), 0);
	sd_notify_status(notify, "x");
	sd_notify_ready(notify);
	sd_notify_reloading(notify);
	sd_notify_stopping(notify);
	assert_int_equal(sd_notify_watchdog_start(notify, &loop), 0);
	assert_null(notify->watchdog.watch.loop);
	loop_deinit(&loop);
}

static void nobody_to_tell(void **state)
{
	static const char *const sockets[] = { NULL, "" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		if (sockets[i])
			setenv("NOTIFY_SOCKET", sockets[i], 1);
		setenv("WATCHDOG_USEC", "garbage", 1);
		sd_notify_init(&fixture->notify);
		assert_int_equal(fixture->notify.fd, -1);
		tell_all(&fixture->notify);
		assert_silent(fixture);
	}
}

static void words_of_each_state(void **state)
{
	struct fixture *fixture = *state;

	manager_open_abstract(fixture);
	sd_notify_init(&fixture->notify);
	assert_int_equal(fcntl(fixture->notify.fd, F_GETFD), FD_CLOEXEC);
	sd_notify_ready(&fixture->notify);
	assert_told(fixture, "READY=1");
	sd_notify_status(&fixture->notify, "%d guests", 3);
	assert_told(fixture, "STATUS=3 guests");
	sd_notify_stopping(&fixture->notify);
	assert_told(fixture, "STOPPING=1");
	sd_notify_send(&fixture->notify, "ERRNO=%d\nX_A=1", 5);
	assert_told(fixture, "ERRNO=5\nX_A=1");
	assert_silent(fixture);
}

static void socket_with_a_path(void **state)
{
	struct fixture *fixture = *state;
	char address[64];

	snprintf(address, sizeof(address), "/tmp/vgpio-test-notify-%d", getpid());
	manager_open(fixture, address);
	sd_notify_init(&fixture->notify);
	sd_notify_ready(&fixture->notify);
	assert_told(fixture, "READY=1");
}

/* The longest that there is: an abstract name has no NUL at its end. */
static void longest_abstract_name(void **state)
{
	struct fixture *fixture = *state;
	char address[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];

	memset(address, 'n', sizeof(address) - 1);
	address[sizeof(address) - 1] = '\0';
	address[snprintf(address, sizeof(address), "@vgpio-test-%d", getpid())] = 'n';
	manager_open(fixture, address);
	sd_notify_init(&fixture->notify);
	sd_notify_ready(&fixture->notify);
	assert_told(fixture, "READY=1");
}

static void reload_carries_its_time(void **state)
{
	struct fixture *fixture = *state;
	char text[SD_NOTIFY_MESSAGE_SIZE] = "";
	struct timespec now;
	unsigned long long usec, after;

	manager_open_abstract(fixture);
	sd_notify_init(&fixture->notify);
	sd_notify_reloading(&fixture->notify);
	clock_gettime(CLOCK_MONOTONIC, &now);
	after = (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
	assert_true(recv(fixture->manager, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
	assert_in_range(usec, after - 10000000, after);
}

static void status_is_one_printable_line(void **state)
{
	struct fixture *fixture = *state;
	char text[2 * SD_NOTIFY_MESSAGE_SIZE];
	ssize_t len;

	manager_open_abstract(fixture);
	sd_notify_init(&fixture->notify);
	sd_notify_status(&fixture->notify, "%s", "a\nMAINPID=1\xff\x7f~");
	assert_told(fixture, "STATUS=a?MAINPID=1??~");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	sd_notify_status(&fixture->notify, "%s", text);
	len = recv(fixture->manager, text, sizeof(text), 0);
	assert_in_range(len, SD_NOTIFY_MESSAGE_SIZE / 2, SD_NOTIFY_MESSAGE_SIZE - 1);
}

static void bad_socket_is_one_warning(void **state)
{
	/* The last two are one character longer than what fits. */
	static const struct {
		const char *word, *reason;
	} rows[] = {
		{ "/nonexistent/notify", "No such file or directory" },
		{ "relative", "Address family not supported" },
		{ "@", "Address family not supported" },
		{ "vsock:2:1234", "Address family not supported" },
		{ "/1234567890123456789012345678901234567890123456789012345678901234567890"
		  "1234567890123456789012345678901234567",
		  "File name too long" },
		{ "@1234567890123456789012345678901234567890123456789012345678901234567890"
		  "12345678901234567890123456789012345678",
		  "File name too long" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setenv("NOTIFY_SOCKET", rows[i].word, 1);
		setenv("WATCHDOG_USEC", "1000000", 1);
		sd_notify_init(&fixture->notify);
		assert_int_equal(fixture->notify.fd, -1);
		assert_int_equal(fixture->notify.watchdog_ns, 0);
		tell_all(&fixture->notify);
		assert_one_warning(fixture, rows[i].word);
		assert_one_warning(fixture, rows[i].reason);
		assert_int_equal(ftruncate(fixture->log, 0), 0);
		lseek(fixture->log, 0, SEEK_SET);
	}
}

static void manager_that_goes(void **state)
{
	struct fixture *fixture = *state;

	manager_open_abstract(fixture);
	sd_notify_init(&fixture->notify);
	close(fixture->manager);
	fixture->manager = -1;
	sd_notify_ready(&fixture->notify);
	assert_one_warning(fixture, "cannot notify the service manager");
}

/* A manager that reads nothing costs the one that tells it a second, and the watchdog nothing. */
static void manager_that_sleeps(void **state)
{
	const struct timeval long_wait = { .tv_sec = 30 };
	struct fixture *fixture = *state;
	struct timeval wait;
	struct timespec before, after;
	struct loop loop;
	socklen_t len = sizeof(wait);

	manager_open_abstract(fixture);
	setenv("WATCHDOG_USEC", "1000", 1);
	sd_notify_init(&fixture->notify);
	assert_int_equal(getsockopt(fixture->notify.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, &len), 0);
	assert_int_equal(wait.tv_sec, 1);
	while (send(fixture->notify.fd, "", 1, MSG_DONTWAIT) == 1)
		;
	assert_int_equal(errno, EAGAIN);
	sd_notify_ready(&fixture->notify);
	assert_int_equal(fixture->notify.log_limit.written, 1);
	assert_int_equal(setsockopt(fixture->notify.fd, SOL_SOCKET, SO_SNDTIMEO, &long_wait, sizeof(long_wait)), 0);
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(sd_notify_watchdog_start(&fixture->notify, &loop), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(loop_turn(&loop, 5000), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 20);
	assert_int_equal(fixture->notify.log_limit.written, 2);
	sd_notify_deinit(&fixture->notify);
	loop_deinit(&loop);
}

struct watchdog_row {
	const char *usec, *pid; /* NULL: not set; "" as pid: ours */
	uint64_t ns;
	const char *warning; /* NULL: none */
};

static void watchdog_variables(void **state)
{
	static const struct watchdog_row rows[] = {
		{ "3000000", "", 3000000000, NULL },
		{ "3000000", NULL, 3000000000, NULL },
		{ "3000000", "1", 0, NULL },
		{ NULL, "", 0, NULL },
		{ "3000000", "0", 0, "WATCHDOG_PID=0" },
		{ "3000000", "12x", 0, "WATCHDOG_PID=12x" },
		{ "3000000", "-1", 0, "WATCHDOG_PID=-1" },
		{ "3000000", "99999999999", 0, "WATCHDOG_PID=99999999999" },
		{ "0", "", 0, "WATCHDOG_USEC=0" },
		{ "", "", 0, "WATCHDOG_USEC=" },
		{ "1s", "", 0, "WATCHDOG_USEC=1s" },
		{ "+5", "", 0, "WATCHDOG_USEC=+5" },
		{ "18446744073709551615", "", 0, "WATCHDOG_USEC=18446744073709551615" },
		{ "18446744073709551", "", 18446744073709551000u, NULL },
	};
	struct fixture *fixture = *state;
	char own[16];

	snprintf(own, sizeof(own), "%d", getpid());
	manager_open_abstract(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setenv("NOTIFY_SOCKET", fixture->address, 1);
		if (rows[i].usec)
			setenv("WATCHDOG_USEC", rows[i].usec, 1);
		if (rows[i].pid)
			setenv("WATCHDOG_PID", *rows[i].pid ? rows[i].pid : own, 1);
		sd_notify_init(&fixture->notify);
		assert_null(getenv("WATCHDOG_USEC"));
		assert_null(getenv("WATCHDOG_PID"));
		assert_true(fixture->notify.fd >= 0);
		assert_int_equal(fixture->notify.watchdog_ns, rows[i].ns);
		if (rows[i].warning)
			assert_one_warning(fixture, rows[i].warning);
		else
			assert_silent(fixture);
		assert_int_equal(ftruncate(fixture->log, 0), 0);
		lseek(fixture->log, 0, SEEK_SET);
		sd_notify_deinit(&fixture->notify);
	}
}

/* Fed at half the interval, as long as the loop turns; never faster than the limit. */
static void watchdog_is_fed(void **state)
{
	static const struct {
		const char *usec;
		long interval_ns;
	} rows[] = { { "200000", 100000000 }, { "1", SD_NOTIFY_WATCHDOG_MIN_NS } };
	struct fixture *fixture = *state;
	struct itimerspec times;
	struct loop loop;

	manager_open_abstract(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		setenv("NOTIFY_SOCKET", fixture->address, 1);
		setenv("WATCHDOG_USEC", rows[i].usec, 1);
		sd_notify_init(&fixture->notify);
		assert_int_equal(loop_init(&loop), 0);
		assert_int_equal(sd_notify_watchdog_start(&fixture->notify, &loop), 0);
		assert_int_equal(timerfd_gettime(fixture->notify.watchdog.fd, &times), 0);
		assert_int_equal(times.it_interval.tv_sec, 0);
		assert_int_equal(times.it_interval.tv_nsec, rows[i].interval_ns);
		assert_in_range(times.it_value.tv_nsec, 1, rows[i].interval_ns);
		for (int turn = 0; turn < 3; turn++) {
			assert_told_nothing(fixture);
			assert_int_equal(loop_turn(&loop, 5000), 0);
			assert_told(fixture, "WATCHDOG=1");
		}
		sd_notify_deinit(&fixture->notify);
		assert_null(fixture->notify.watchdog.watch.loop);
		loop_deinit(&loop);
	}
}

/* A message that brings an fd: the fd, and its text. */
static int told_with_fd(struct fixture *fixture, const char *message)
{
	char text[SD_NOTIFY_MESSAGE_SIZE];
	size_t n_fds;
	int fd = -1;
	ssize_t len = scm_recv(fixture->manager, text, sizeof(text) - 1, &fd, 1, &n_fds, 0);

	assert_true(len >= 0);
	text[len] = '\0';
	assert_string_equal(text, message);
	assert_int_equal(n_fds, 1);
	return fd;
}

static void fds_for_the_store(void **state)
{
	struct fixture *fixture = *state;
	struct stat ours, theirs;
	int fd = memfd_create("stored", MFD_CLOEXEC), got;

	manager_open_abstract(fixture);
	sd_notify_init(&fixture->notify);
	assert_int_equal(sd_notify_store(&fixture->notify, "name", fd), 0);
	got = told_with_fd(fixture, "FDSTORE=1\nFDNAME=name\nFDPOLL=0");
	assert_int_equal(fstat(fd, &ours), 0);
	assert_int_equal(fstat(got, &theirs), 0);
	assert_int_equal(ours.st_ino, theirs.st_ino);
	sd_notify_unstore(&fixture->notify, "name");
	assert_told(fixture, "FDSTOREREMOVE=1\nFDNAME=name");
	close(got);
	close(fd);
}

static void *manager_main(void *ctx)
{
	struct fixture *fixture = ctx;
	char text[16];
	size_t n_fds = 0;
	int fd = -1;

	usleep(50000);
	scm_recv(fixture->manager, text, sizeof(text), &fd, 1, &n_fds, 0);
	close(fd);
	return NULL;
}

/* It returns when the manager has closed what the message brought, not before. */
static void barrier(void **state)
{
	struct fixture *fixture = *state;
	struct timespec before, after;
	pthread_t thread;

	manager_open_abstract(fixture);
	sd_notify_init(&fixture->notify);
	assert_int_equal(pthread_create(&thread, NULL, manager_main, fixture), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(sd_notify_barrier(&fixture->notify), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	pthread_join(thread, NULL);
	assert_true((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 40000000);
}

static void no_store(void **state)
{
	struct fixture *fixture = *state;

	sd_notify_init(&fixture->notify);
	assert_int_equal(sd_notify_store(&fixture->notify, "name", 0), -ENOTCONN);
	assert_int_equal(sd_notify_barrier(&fixture->notify), -ENOTCONN);
	/* One that is gone. */
	manager_open_abstract(fixture);
	sd_notify_init(&fixture->notify);
	close(fixture->manager);
	fixture->manager = -1;
	assert_int_equal(sd_notify_store(&fixture->notify, "name", 0), -ECONNREFUSED);
	assert_true(sd_notify_barrier(&fixture->notify) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_to_tell, setup, teardown),
		cmocka_unit_test_setup_teardown(words_of_each_state, setup, teardown),
		cmocka_unit_test_setup_teardown(socket_with_a_path, setup, teardown),
		cmocka_unit_test_setup_teardown(longest_abstract_name, setup, teardown),
		cmocka_unit_test_setup_teardown(reload_carries_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(status_is_one_printable_line, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_socket_is_one_warning, setup, teardown),
		cmocka_unit_test_setup_teardown(manager_that_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(manager_that_sleeps, setup, teardown),
		cmocka_unit_test_setup_teardown(watchdog_variables, setup, teardown),
		cmocka_unit_test_setup_teardown(watchdog_is_fed, setup, teardown),
		cmocka_unit_test_setup_teardown(fds_for_the_store, setup, teardown),
		cmocka_unit_test_setup_teardown(barrier, setup, teardown),
		cmocka_unit_test_setup_teardown(no_store, setup, teardown),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
