/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The control process beside a worker that is in its guest's hand: whatever that one says, clients are told about the
 * lines of the other guest. Guest a's worker is bad, guest b's is good; both are played here.
 */
#include "rows.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scm.h"
#include "control/control.h"
#include "ipc/control_channel.h"

#define LINES	  1000 /* of a bad worker; the good one has one */
#define ANSWER_MS 60000

struct worker {
	int fd;
	/* What becomes of an answer. False: none is sent. */
	bool (*spoil)(const struct worker *worker, struct control_channel_reply *reply);
	bool is_bad; /* from now on */
	pthread_t thread;
};

struct fixture {
	int ports[2][2]; /* of each guest: the control process's end, the worker's */
	int feed[2];	 /* the control process's end, the supervisor's */
	struct worker workers[2];
	pid_t control;
	int client;
};

static struct fixture fixture;
static unsigned pace = 1; /* the clock of the control process runs so many times as fast as its timers and the test */

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = __real_clock_gettime(clock, now);
	uint64_t ns = ((uint64_t)now->tv_sec * 1000000000u + (uint64_t)now->tv_nsec) * pace;

	*now = (struct timespec){ (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
	return ret;
}

static void *worker_life(void *ctx)
{
	struct worker *worker = ctx;
	struct control_channel_request request;

	while (recv(worker->fd, &request, sizeof(request), 0) == sizeof(request)) {
		struct control_channel_reply reply = { .type = request.type, .id = request.id, .line = request.line };

		if (!__atomic_load_n(&worker->is_bad, __ATOMIC_ACQUIRE) || worker->spoil(worker, &reply))
			send(worker->fd, &reply, sizeof(reply), MSG_NOSIGNAL);
	}
	return NULL;
}

static void worker_start(unsigned guest, bool (*spoil)(const struct worker *, struct control_channel_reply *))
{
	struct worker *worker = &fixture.workers[guest];

	*worker = (struct worker){ .fd = fixture.ports[guest][1], .spoil = spoil };
	assert_int_equal(pthread_create(&worker->thread, NULL, worker_life, worker), 0);
}

static struct sockaddr_un address(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "vgpio-test-control-%d", (int)getpid());
	return address;
}

static int listen_open(void)
{
	struct sockaddr_un name = address();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static const char *no_name(const void *ctx, unsigned line)
{
	return "";
}

static void control_start(void)
{
	const struct control_guest guests[] = { { "a", LINES, no_name, NULL, fixture.ports[0][0] },
						{ "b", 1, no_name, NULL, fixture.ports[1][0] } };
	const struct control_start start = {
		.listen_fd = listen_open(), .feed_fd = fixture.feed[0], .guests = guests, .n_guests = 2
	};

	fixture.control = fork();
	if (fixture.control == 0) {
		close(fixture.feed[1]);
		control_prepare();
		_exit(control_main(&start));
	}
	close(start.listen_fd);
	close(fixture.feed[0]);
}

static int setup(void **state)
{
	struct sockaddr_un name = address();

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fixture.ports[i]), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fixture.feed), 0);
	control_start();
	fixture.client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fixture.client, (struct sockaddr *)&name, sizeof(name)), 0);
	return 0;
}

/* The whole timer with a guest, 20 s, is over after 2. */
static int setup_hurried(void **state)
{
	pace = 10;
	setup(state);
	pace = 1;
	return 0;
}

static int teardown(void **state)
{
	int status = -1;

	close(fixture.client);
	close(fixture.feed[1]);
	kill(fixture.control, SIGTERM);
	waitpid(fixture.control, &status, 0);
	for (unsigned i = 0; i < 2; i++) {
		shutdown(fixture.ports[i][0], SHUT_RDWR);
		pthread_join(fixture.workers[i].thread, NULL);
		close(fixture.ports[i][0]);
		close(fixture.ports[i][1]);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void say(const char *line)
{
	assert_int_equal(send(fixture.client, line, strlen(line), 0), strlen(line));
}

/* The next line that the client is told. */
static const char *hear(void)
{
	static char line[1 << 20];
	struct pollfd pfd = { .fd = fixture.client, .events = POLLIN };
	size_t len = 0;

	do {
		if (poll(&pfd, 1, ANSWER_MS) != 1)
			fail_msg("no answer but \"%.200s\"", line);
		assert_int_equal(recv(fixture.client, line + len, 1, 0), 1);
		line[++len] = '\0';
	} while (line[len - 1] != '\n' && len < sizeof(line) - 1);
	return line;
}

static void workers_start(bool (*spoil)(const struct worker *worker, struct control_channel_reply *reply))
{
	worker_start(0, spoil);
	worker_start(1, NULL);
	say("{\"cmd\":\"get\",\"lines\":[\"a.999\",\"b.0\"]}\n");
	assert_string_equal(hear(), "{\"ok\":true,\"lines\":{\"a.999\":0,\"b.0\":0}}\n");
	__atomic_store_n(&fixture.workers[0].is_bad, true, __ATOMIC_RELEASE);
}

static bool of_another_line(const struct worker *worker, struct control_channel_reply *reply)
{
	reply->line++;
	return true;
}

static bool an_error(const struct worker *worker, struct control_channel_reply *reply)
{
	reply->error = -5;
	return true;
}

/* Again and again one is there that has not been asked yet, and none answers. */
static bool another_one(const struct worker *worker, struct control_channel_reply *reply)
{
	const struct control_channel_fed fed = { .guest = 0 };
	int fds[2];

	usleep(200000);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0)
		scm_send(fixture.feed[1], &fed, sizeof(fed), fds, 1, 0);
	close(fds[0]);
	dup2(fds[1], worker->fd);
	close(fds[1]);
	return false;
}

static bool slowly(const struct worker *worker, struct control_channel_reply *reply)
{
	usleep(500000);
	return true;
}

static void assert_info(const char *why)
{
	char error[128];
	const char *reply;

	snprintf(error, sizeof(error), "{\"name\":\"a\",\"error\":\"a %s\"}", why);
	say("{\"cmd\":\"info\"}\n");
	reply = hear();
	if (!strstr(reply, error) || !strstr(reply, "\"line\":\"b.0\""))
		fail_msg("%.300s", reply);
}

static void an_answer_of_another_line(void **state)
{
	workers_start(of_another_line);
	assert_info("sent an invalid answer");
}

static void an_answer_that_is_an_error(void **state)
{
	workers_start(an_error);
	assert_info("sent an invalid answer");
}

static void a_worker_that_always_comes_anew(void **state)
{
	workers_start(another_one);
	assert_info("does not answer");
}

static void a_worker_that_takes_its_time(void **state)
{
	workers_start(slowly);
	assert_info("does not answer");
}

/* A monitor of all lines goes on with those of the other guest. */
static void a_monitor_goes_on(void **state)
{
	const struct control_channel_reply event = { .type = CONTROL_CHANNEL_EVENT, .level = 1, .direction = 2 };
	const char *line;

	workers_start(an_error);
	say("{\"cmd\":\"monitor\"}\n");
	assert_string_equal(hear(), "{\"ok\":true}\n");
	do {
		line = hear();
		assert_null(strstr(line, "\"ok\":false"));
	} while (!strstr(line, "\"line\":\"b.0\""));
	assert_int_equal(send(fixture.workers[1].fd, &event, sizeof(event), 0), sizeof(event));
	do {
		line = hear();
	} while (!strstr(line, "\"event\":\"change\"") || !strstr(line, "\"line\":\"b.0\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_of_another_line, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_that_is_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(a_worker_that_always_comes_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(a_worker_that_takes_its_time, setup_hurried, teardown),
		cmocka_unit_test_setup_teardown(a_monitor_goes_on, setup, teardown),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
