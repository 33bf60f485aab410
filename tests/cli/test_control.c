/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control protocol (docs/control-protocol.md): requests, replies, errors, and clients that misbehave. */
#include "fixture.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proc.h"
#include "wait.h"

#define CLIENTS_MAX 32

static void check_error(int fd, const char *line, const char *error)
{
	json_t *reply;

	socket_say(fd, line);
	reply = json_loads(socket_hear(fd), 0, NULL);
	assert_true(json_is_false(json_object_get(reply, "ok")));
	assert_string_equal(json_string_value(json_object_get(reply, "error")), error);
	json_decref(reply);
}

static void gets_sets_pulls_and_toggles(void **state)
{
	struct run daemon;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.dummy2\",\"guest1.31\"]}",
			"{\"ok\":true,\"lines\":{\"guest0.dummy2\":0,\"guest1.31\":0}}");
	socket_exchange(fd, "{\"cmd\":\"set\",\"lines\":{\"guest0.dummy2\":1,\"dummy31\":1}}",
			"{\"ok\":true,\"lines\":{\"guest0.dummy2\":1,\"dummy31\":1}}");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.2\",\"guest1.dummy31\",\"31\"]}",
			"{\"ok\":true,\"lines\":{\"guest0.2\":1,\"guest1.dummy31\":1,\"31\":1}}");
	socket_exchange(fd, "{\"cmd\":\"toggle\",\"lines\":[\"guest0.2\"]}",
			"{\"ok\":true,\"lines\":{\"guest0.2\":0}}");
	socket_exchange(fd, "{\"cmd\":\"pull\",\"lines\":{\"guest0.2\":\"pull-up\"}}",
			"{\"ok\":true,\"lines\":{\"guest0.2\":1}}");
	socket_exchange(fd, "{\"cmd\":\"pull\",\"lines\":{\"guest0.2\":\"pull-down\"}}",
			"{\"ok\":true,\"lines\":{\"guest0.2\":0}}");
	close(fd);
	daemon_down(&daemon);
}

static void tells_about_lines(void **state)
{
	struct run daemon;
	int fd;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s1:s1 --control ctl.sock", 2, true);
	fd = socket_connect("ctl.sock");
	socket_exchange(
		fd, "{\"cmd\":\"info\"}",
		"{\"ok\":true,\"guests\":[{\"name\":\"guest0\",\"lines\":1,\"connected\":false,\"ready\":false},"
		"{\"name\":\"guest1\",\"lines\":1,\"connected\":false,\"ready\":false}],\"lines\":["
		"{\"line\":\"guest0.dummy0\",\"guest\":\"guest0\",\"offset\":0,\"name\":\"dummy0\","
		"\"direction\":\"none\",\"level\":0,\"irq\":\"none\",\"armed\":false,\"sim\":true},"
		"{\"line\":\"guest1.dummy0\",\"guest\":\"guest1\",\"offset\":0,\"name\":\"dummy0\","
		"\"direction\":\"none\",\"level\":0,\"irq\":\"none\",\"armed\":false,\"sim\":true}]}");
	socket_exchange(fd, "{\"cmd\":\"info\",\"lines\":[\"guest1.0\"]}",
			"{\"ok\":true,\"lines\":[{\"line\":\"guest1.dummy0\",\"guest\":\"guest1\",\"offset\":0,"
			"\"name\":\"dummy0\",\"direction\":\"none\",\"level\":0,\"irq\":\"none\",\"armed\":false,"
			"\"sim\":true}]}");
	close(fd);
	daemon_down(&daemon);
}

/* A reply never tells about more than 1024 lines. */
static void many_lines_come_in_pages(void **state)
{
	struct run daemon;
	size_t n = 0, pages = 0;
	char request[128] = "{\"cmd\":\"info\"}";
	const char *more;
	json_t *reply;
	int fd;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s1500:s1500 --control ctl.sock", 2, true);
	fd = socket_connect("ctl.sock");
	do {
		socket_say(fd, request);
		reply = json_loads(socket_hear(fd), 0, NULL);
		n += json_array_size(json_object_get(reply, "lines"));
		pages++;
		more = json_string_value(json_object_get(reply, "more"));
		if (more)
			snprintf(request, sizeof(request), "{\"cmd\":\"info\",\"from\":\"%s\"}", more);
		json_decref(reply);
	} while (more && pages < 10);
	assert_int_equal(n, 3000);
	assert_int_equal(pages, 3);
	close(fd);
	daemon_down(&daemon);
}

static void errors_name_the_word(void **state)
{
	static const struct {
		const char *line, *error;
	} errors[] = {
		{ "{\"cmd\":\"get\",\"lines\":[\"foo\"]}", "no line \"foo\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"guest0.foo\"]}", "no line \"guest0.foo\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"guest0.8\"]}", "no line \"guest0.8\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"guest2.0\"]}", "no line \"guest2.0\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"99999999999999999999\"]}", "no line \"99999999999999999999\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"\"]}", "no line \"\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"guest0.\"]}", "no line \"guest0.\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"dummy2\"]}", "\"dummy2\" is ambiguous: guest0.dummy2, guest1.dummy2" },
		{ "{\"cmd\":\"get\",\"lines\":[\"7\"]}", "\"7\" is ambiguous: guest0.dummy7, guest1.dummy7" },
		{ "{\"cmd\":\"get\",\"lines\":[\"\\u00e9\"]}", "no line \"??\"" },
		{ "{\"cmd\":\"get\",\"lines\":[1]}", "word 1 of \"lines\" is not a string" },
		{ "{\"cmd\":\"get\",\"lines\":[]}", "\"lines\" must be an array of lines" },
		{ "{\"cmd\":\"get\"}", "\"lines\" must be an array of lines" },
		{ "{\"cmd\":\"get\",\"lines\":{\"guest0.0\":1}}", "\"lines\" must be an array of lines" },
		{ "{\"cmd\":\"set\",\"lines\":[\"guest0.0\"]}",
		  "\"lines\" must be an object with a value for each line" },
		{ "{\"cmd\":\"set\",\"lines\":{\"guest0.0\":2}}", "the value of \"guest0.0\" is not 0 or 1" },
		{ "{\"cmd\":\"set\",\"lines\":{\"guest0.0\":\"1\"}}", "the value of \"guest0.0\" is not 0 or 1" },
		{ "{\"cmd\":\"pull\",\"lines\":{\"guest0.0\":\"up\"}}",
		  "the value of \"guest0.0\" is not pull-down or pull-up" },
		{ "{\"cmd\":\"frob\"}", "unknown command \"frob\"" },
		{ "{\"lines\":[\"guest0.0\"]}", "\"cmd\" is missing" },
		{ "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"],\"x\":1}", "unknown key \"x\"" },
		{ "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"],\"from\":\"guest0.0\"}",
		  "\"from\" and \"lines\" exclude each other" },
		{ "{\"cmd\":\"info\",\"from\":\"guest0.99\"}", "no line \"guest0.99\"" },
		{ "[1]", "not a JSON object" },
		{ "{\"cmd\":\"get\",\"cmd\":\"get\"}", "not JSON: duplicate object key near '\"cmd\"'" },
		{ "{", "not JSON: string or '}' expected near end of file" },
	};
	struct run daemon;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		check_error(fd, errors[i].line, errors[i].error);
	/* The first bad word ends the request before anything is done. */
	check_error(fd, "{\"cmd\":\"set\",\"lines\":{\"guest0.0\":1,\"foo\":1}}", "no line \"foo\"");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}", "{\"ok\":true,\"lines\":{\"guest0.0\":0}}");
	close(fd);
	daemon_down(&daemon);
}

static void many_candidates_are_not_all_named(void **state)
{
	struct run daemon;
	int fd;

	daemon_up(&daemon, "-s gpio.sock -c 6 -l s1:s1:s1:s1:s1:s1 --control ctl.sock", 6, true);
	fd = socket_connect("ctl.sock");
	check_error(fd, "{\"cmd\":\"get\",\"lines\":[\"dummy0\"]}",
		    "\"dummy0\" is ambiguous: guest0.dummy0, guest1.dummy0, guest2.dummy0, guest3.dummy0 and 2 more");
	close(fd);
	daemon_down(&daemon);
}

/* Requests that come together are answered in order; the last one needs no end of line. */
static void requests_may_be_piped(void **state)
{
	struct run daemon;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	dprintf(fd, "{\"cmd\":\"set\",\"lines\":{\"guest0.0\":1}}\n{\"cmd\":\"frob\"}\n"
		    "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}");
	shutdown(fd, SHUT_WR);
	assert_string_equal(socket_hear(fd), "{\"ok\":true,\"lines\":{\"guest0.0\":1}}");
	assert_string_equal(socket_hear(fd), "{\"ok\":false,\"error\":\"unknown command \\\"frob\\\"\"}");
	assert_string_equal(socket_hear(fd), "{\"ok\":true,\"lines\":{\"guest0.0\":1}}");
	assert_true(wait_readable(fd, FIXTURE_MS));
	assert_int_equal(read(fd, &(char){ 0 }, 1), 0);
	close(fd);
	daemon_down(&daemon);
}

/* Nothing is asked, so nothing is answered. */
static void blank_lines_are_skipped(void **state)
{
	struct run daemon;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	dprintf(fd, "\n\r\n \t \n{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}\r\n\n\n{\"cmd\":\"frob\"}\n ");
	shutdown(fd, SHUT_WR);
	assert_string_equal(socket_hear(fd), "{\"ok\":true,\"lines\":{\"guest0.0\":0}}");
	assert_string_equal(socket_hear(fd), "{\"ok\":false,\"error\":\"unknown command \\\"frob\\\"\"}");
	assert_true(wait_readable(fd, FIXTURE_MS));
	assert_int_equal(read(fd, &(char){ 0 }, 1), 0);
	close(fd);
	daemon_down(&daemon);
}

static void long_lines_are_refused(void **state)
{
	char text[4200];
	struct run daemon;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	/* As long as may be, with the end of line. */
	memset(text, ' ', sizeof(text));
	memcpy(text, "{\"cmd\":\"frob\"}", 14);
	text[4095] = '\n';
	assert_int_equal(write(fd, text, 4096), 4096);
	assert_string_equal(socket_hear(fd), "{\"ok\":false,\"error\":\"unknown command \\\"frob\\\"\"}");
	text[4095] = ' ';
	assert_int_equal(write(fd, text, 4096), 4096);
	assert_string_equal(socket_hear(fd), "{\"ok\": false, \"error\": \"request longer than 4096 bytes\"}");
	assert_true(wait_readable(fd, FIXTURE_MS));
	assert_int_equal(read(fd, text, 1), 0);
	close(fd);
	daemon_down(&daemon);
}

static void deep_nesting_is_no_trouble(void **state)
{
	char text[4001];
	struct run daemon;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	socket_say(fd, text);
	assert_non_null(strstr(socket_hear(fd), "\"ok\":false"));
	close(fd);
	daemon_down(&daemon);
}

static void too_many_clients_are_told_so(void **state)
{
	struct run daemon;
	int fds[CLIENTS_MAX], fd;

	daemon_up_two(&daemon);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		fds[i] = socket_connect("ctl.sock");
		socket_exchange(fds[i], "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}",
				"{\"ok\":true,\"lines\":{\"guest0.0\":0}}");
	}
	fd = socket_connect("ctl.sock");
	assert_string_equal(socket_hear(fd), "{\"ok\":false,\"error\":\"too many clients\"}");
	close(fd);
	for (int i = 0; i < CLIENTS_MAX; i++)
		close(fds[i]);
	proc_wait_quiet(daemon.pid);
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}", "{\"ok\":true,\"lines\":{\"guest0.0\":0}}");
	close(fd);
	daemon_down(&daemon);
}

/* A client that asks for much and reads nothing stops itself, and nobody else. */
static void a_client_that_does_not_read_waits(void **state)
{
	struct run daemon;
	int lazy, fd;

	daemon_up(&daemon, "-s gpio.sock -l s1024 --control ctl.sock", 1, true);
	lazy = socket_connect("ctl.sock");
	for (int i = 0; i < 30; i++)
		socket_say(lazy, "{\"cmd\":\"info\"}");
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"0\"]}", "{\"ok\":true,\"lines\":{\"0\":0}}");
	assert_in_range(proc_status(child_wait(&daemon, "vgpio:control", 0), "VmRSS"), 1, 100 * 1024);
	for (int i = 0; i < 30; i++)
		assert_non_null(strstr(socket_hear(lazy), "\"ok\":true"));
	close(fd);
	close(lazy);
	daemon_down(&daemon);
}

static void a_hung_worker_is_not_waited_for(void **state)
{
	struct run daemon;
	pid_t worker;
	json_t *reply;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}", "{\"ok\":true,\"lines\":{\"guest0.0\":0}}");
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	kill(worker, SIGSTOP);
	check_error(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}", "guest0 does not answer");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest1.0\"]}", "{\"ok\":true,\"lines\":{\"guest1.0\":0}}");
	/* All lines: the others are told about. */
	socket_say(fd, "{\"cmd\":\"info\"}");
	reply = json_loads(socket_hear(fd), 0, NULL);
	assert_int_equal(json_array_size(json_object_get(reply, "lines")), 32);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(json_object_get(reply, "guests"), 0), "error")),
		"guest0 does not answer");
	json_decref(reply);
	kill(worker, SIGCONT);
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}", "{\"ok\":true,\"lines\":{\"guest0.0\":0}}");
	close(fd);
	daemon_down(&daemon);
}

/* The state of simulated lines outlives worker and control process, and so does the control socket. */
static void processes_may_be_replaced(void **state)
{
	struct run daemon;
	pid_t worker;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, "{\"cmd\":\"set\",\"lines\":{\"guest0.3\":1}}", "{\"ok\":true,\"lines\":{\"guest0.3\":1}}");
	child_replace(&daemon, "vgpio:guest0");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.3\"]}", "{\"ok\":true,\"lines\":{\"guest0.3\":1}}");
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	child_replace(&daemon, "vgpio:control");
	assert_true(wait_readable(fd, FIXTURE_MS));
	close(fd);
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, "{\"cmd\":\"get\",\"lines\":[\"guest0.3\"]}", "{\"ok\":true,\"lines\":{\"guest0.3\":1}}");
	assert_int_equal(child_named(&daemon, "vgpio:guest0"), worker);
	close(fd);
	daemon_down(&daemon);
	assert_string_equal(run_said(&daemon), "error: guest0: process killed by signal 9 (Killed): restarting\n"
					       "error: control: process killed by signal 9 (Killed): restarting\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(gets_sets_pulls_and_toggles),	  PLAIN(tells_about_lines),
		PLAIN(many_lines_come_in_pages),	  PLAIN(errors_name_the_word),
		PLAIN(many_candidates_are_not_all_named), PLAIN(requests_may_be_piped),
		PLAIN(blank_lines_are_skipped),		  PLAIN(long_lines_are_refused),
		PLAIN(deep_nesting_is_no_trouble),	  PLAIN(too_many_clients_are_told_so),
		PLAIN(a_client_that_does_not_read_waits), PLAIN(a_hung_worker_is_not_waited_for),
		PLAIN(processes_may_be_replaced),
	};

	return cmocka_run_group_tests_name("cli control", tests, NULL, NULL);
}
