/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control protocol's monitor: states first, then changes; slow readers; processes that are replaced. */
#include "fixture.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proc.h"
#include "wait.h"

#define SET(line, level) "{\"cmd\":\"set\",\"lines\":{\"" line "\":" level "}}"

/* The next object: "state guest0.dummy1 0", "change guest0.dummy1 1 rising". */
static void check_next(int fd, const char *expected)
{
	json_t *event = json_loads(socket_hear(fd), 0, NULL);
	const char *edge = json_string_value(json_object_get(event, "edge"));
	char text[128];

	snprintf(text, sizeof(text), "%s %s %lld%s%s", json_string_value(json_object_get(event, "event")),
		 json_string_value(json_object_get(event, "line")), json_integer_value(json_object_get(event, "level")),
		 edge ? " " : "", edge ? edge : "");
	assert_string_equal(text, expected);
	assert_true(json_integer_value(json_object_get(event, "time_ns")) > 0);
	json_decref(event);
}

static int monitor(const char *request)
{
	int fd = socket_connect("ctl.sock");

	socket_exchange(fd, request, "{\"ok\":true}");
	return fd;
}

static void set(int fd, const char *request)
{
	socket_say(fd, request);
	assert_non_null(strstr(socket_hear(fd), "\"ok\":true"));
}

/* Each event has the next number, but one for what was lost: that of the last of these. A reply has that before it. */
static void check_seq(const json_t *object, json_int_t *seq)
{
	json_int_t count = json_integer_value(json_object_get(object, "count"));

	if (json_object_get(object, "event"))
		*seq += count > 0 ? count : 1;
	assert_int_equal(json_integer_value(json_object_get(object, "seq")), *seq);
}

static int monitor_as(const char *id)
{
	char request[128], reply[64];
	int fd = socket_connect("ctl.sock");

	snprintf(request, sizeof(request), "{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"],\"id\":%s}", id);
	snprintf(reply, sizeof(reply), "{\"ok\":true,\"id\":%s}", id);
	socket_exchange(fd, request, reply);
	return fd;
}

static void states_then_changes(void **state)
{
	struct run daemon;
	int fd, watcher;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	set(fd, SET("guest0.dummy1", "1"));
	/* In the order of the lines, each once. */
	watcher = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest1.0\",\"guest0.1\",\"guest0.dummy1\"]}");
	check_next(watcher, "state guest0.dummy1 1");
	check_next(watcher, "state guest1.dummy0 0");
	set(fd, SET("guest0.dummy1", "1"));
	set(fd, SET("guest0.dummy2", "1"));
	set(fd, SET("guest1.dummy0", "1"));
	set(fd, SET("guest0.dummy1", "0"));
	check_next(watcher, "change guest1.dummy0 1 rising");
	check_next(watcher, "change guest0.dummy1 0 falling");
	close(watcher);
	close(fd);
	daemon_down(&daemon);
}

static void all_lines(void **state)
{
	struct run daemon;
	int fd, watcher;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s2:s1 --control ctl.sock", 2, true);
	watcher = monitor("{\"cmd\":\"monitor\"}");
	check_next(watcher, "state guest0.dummy0 0");
	check_next(watcher, "state guest0.dummy1 0");
	check_next(watcher, "state guest1.dummy0 0");
	fd = socket_connect("ctl.sock");
	set(fd, SET("guest0.1", "1"));
	check_next(watcher, "change guest0.dummy1 1 rising");
	close(watcher);
	close(fd);
	daemon_down(&daemon);
}

/* Whoever monitors may ask on: what came before an answer stands before it, what came of it has no earlier stamp. */
static void it_asks_on(void **state)
{
	struct run daemon;
	json_int_t stamp = 0;
	int watcher;

	daemon_up_two(&daemon);
	watcher = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"]}");
	check_next(watcher, "state guest0.dummy0 0");
	for (int i = 1; i < 20; i++) {
		json_t *event, *reply;

		socket_say(watcher, i % 2 ? SET("guest0.0", "1") : SET("guest0.0", "0"));
		event = json_loads(socket_hear(watcher), 0, NULL);
		reply = json_loads(socket_hear(watcher), 0, NULL);
		assert_string_equal(json_string_value(json_object_get(event, "event")), "change");
		assert_true(json_is_true(json_object_get(reply, "ok")));
		assert_true(json_integer_value(json_object_get(reply, "time_ns")) > stamp);
		stamp = json_integer_value(json_object_get(event, "time_ns"));
		assert_true(json_integer_value(json_object_get(reply, "time_ns")) < stamp);
		json_decref(event);
		json_decref(reply);
	}
	socket_exchange(watcher, "{\"cmd\":\"monitor\"}",
			"{\"ok\":false,\"error\":\"this connection monitors already\",\"seq\":20}");
	socket_exchange(watcher, "{\"cmd\":\"get\",\"lines\":[\"x\"]}",
			"{\"ok\":false,\"error\":\"no line \\\"x\\\"\",\"seq\":20}");
	close(watcher);
	daemon_down(&daemon);
}

/* By ids: whoever has asked, also what is refused. What was told before a reply shows in its number. */
static void replies_are_told_apart(void **state)
{
	static const char *const ids[] = { "7", "\"a b\"", "-1", "0" };
	struct run daemon;
	json_int_t seq = 0;
	char text[128];
	int watcher;

	daemon_up_two(&daemon);
	watcher = monitor_as(ids[0]);
	for (unsigned i = 0; i < 40; i++) {
		json_t *object;
		char *id;

		if (i % 8 == 0)
			snprintf(text, sizeof(text), "{\"cmd\":\"nod\",\"id\":%s}", ids[i % 4]);
		else
			snprintf(text, sizeof(text), "{\"cmd\":\"toggle\",\"lines\":[\"guest0.0\"],\"id\":%s}",
				 ids[i % 4]);
		socket_say(watcher, text);
		do {
			object = json_loads(socket_hear(watcher), 0, NULL);
			check_seq(object, &seq);
			id = json_dumps(json_object_get(object, "id"), JSON_ENCODE_ANY);
			json_decref(object);
		} while (!id);
		assert_string_equal(id, ids[i % 4]);
		free(id);
	}
	close(watcher);
	daemon_down(&daemon);
}

static void an_id_is_a_word(void **state)
{
	struct run daemon;
	int fd;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	socket_exchange(fd, "{\"id\":\"x\",\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}",
			"{\"ok\":true,\"id\":\"x\",\"lines\":{\"guest0.0\":0}}");
	socket_exchange(fd, "{\"id\":1,\"cmd\":\"get\",\"lines\":[\"x\"]}",
			"{\"ok\":false,\"error\":\"no line \\\"x\\\"\",\"id\":1}");
	socket_exchange(fd, "{\"id\":[],\"cmd\":\"info\"}",
			"{\"ok\":false,\"error\":\"\\\"id\\\" is not a number or a string of up to 64 bytes\"}");
	close(fd);
	daemon_down(&daemon);
}

/* It says all that it will, and goes on to listen. */
static void it_may_close_its_half(void **state)
{
	struct run daemon;
	int fd, watcher;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	watcher = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"]}");
	shutdown(watcher, SHUT_WR);
	check_next(watcher, "state guest0.dummy0 0");
	set(fd, SET("guest0.0", "1"));
	check_next(watcher, "change guest0.dummy0 1 rising");
	close(watcher);
	close(fd);
	daemon_down(&daemon);
}

static void several_watch_one_line(void **state)
{
	struct run daemon;
	int fd, first, second;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	first = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"]}");
	check_next(first, "state guest0.dummy0 0");
	second = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"]}");
	check_next(second, "state guest0.dummy0 0");
	set(fd, SET("guest0.0", "1"));
	check_next(first, "change guest0.dummy0 1 rising");
	check_next(second, "change guest0.dummy0 1 rising");
	close(first);
	proc_wait_quiet(daemon.pid);
	set(fd, SET("guest0.0", "0"));
	check_next(second, "change guest0.dummy0 0 falling");
	close(second);
	close(fd);
	daemon_down(&daemon);
}

static void goes_on_with_the_next_worker(void **state)
{
	struct run daemon;
	int fd, watcher;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	watcher = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"]}");
	check_next(watcher, "state guest0.dummy0 0");
	child_replace(&daemon, "vgpio:guest0");
	set(fd, SET("guest0.0", "1"));
	check_next(watcher, "change guest0.dummy0 1 rising");
	close(watcher);
	close(fd);
	daemon_down(&daemon);
}

/* What changes while there is no worker to tell of it is asked for when there is one: here a dropped session. */
static void learns_what_it_could_not_see(void **state)
{
	struct run daemon;
	int fd, watcher;

	daemon_up_two(&daemon);
	fd = socket_connect("ctl.sock");
	set(fd, SET("guest0.1", "1"));
	watcher = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest0.1\"]}");
	check_next(watcher, "state guest0.dummy1 1");
	/* A crash loop throws the connection away, one more death what is known of the lines, too. */
	child_crash_loop(&daemon, "vgpio:guest0");
	kill(child_wait(&daemon, "vgpio:guest0", 0), SIGABRT);
	check_next(watcher, "change guest0.dummy1 0 falling");
	close(watcher);
	close(fd);
	daemon_down(&daemon);
}

/* What a client heard of guest0's lines: changes, and how many of them were lost; and how line 0 is. */
struct heard {
	unsigned changes, lost, told_after;
	json_int_t level, time_ns, seq;
};

static bool hear_event(int fd, struct heard *heard)
{
	json_t *event = json_loads(socket_hear(fd), 0, NULL);
	const char *kind = json_string_value(json_object_get(event, "event"));
	json_int_t time_ns = json_integer_value(json_object_get(event, "time_ns"));

	check_seq(event, &heard->seq);
	if (kind && strcmp(kind, "lost") == 0) {
		heard->lost += (unsigned)json_integer_value(json_object_get(event, "count"));
		heard->told_after = 0;
	} else if (kind && strcmp(kind, "change") == 0) {
		heard->changes += !json_is_null(json_object_get(event, "edge"));
		heard->level = json_integer_value(json_object_get(event, "level"));
		heard->told_after++;
		assert_true(time_ns > heard->time_ns);
		heard->time_ns = time_ns;
	}
	json_decref(event);
	return kind;
}

/*
 * A client that monitors and does not read for a while makes nobody wait, and is told how much it missed and how things
 * are, before it is told anything else.
 */
static void a_slow_reader_is_told_what_it_missed(void **state)
{
	struct heard heard = { 0 };
	struct run daemon;
	int fd, lazy;

	daemon_up_two(&daemon);
	lazy = monitor("{\"cmd\":\"monitor\",\"lines\":[\"guest0.0\"]}");
	fd = socket_connect("ctl.sock");
	for (unsigned i = 0; i < 6001; i++)
		set(fd, i % 2 ? SET("guest0.0", "0") : SET("guest0.0", "1"));
	socket_say(lazy, "{\"cmd\":\"get\",\"lines\":[\"guest0.0\"]}");
	while (hear_event(lazy, &heard))
		;
	assert_true(heard.lost > 0);
	assert_int_equal(heard.changes + heard.lost, 6001);
	assert_int_equal(heard.told_after, 1);
	assert_int_equal(heard.level, 1);
	/* It goes on. */
	set(fd, SET("guest0.0", "0"));
	assert_true(hear_event(lazy, &heard));
	assert_int_equal(heard.changes + heard.lost, 6002);
	close(lazy);
	close(fd);
	daemon_down(&daemon);
}

/* One hung guest: its states are missed, those of the others come, and it is watched all the same. */
static void a_hung_guest_is_named(void **state)
{
	struct run daemon;
	pid_t worker;
	int fd, watcher;

	daemon_up(&daemon, "-s gpio.sock -c 2 -l s1:s1 --control ctl.sock", 2, true);
	fd = socket_connect("ctl.sock");
	set(fd, SET("guest0.0", "0")); /* the names are known now */
	set(fd, SET("guest1.0", "0"));
	worker = child_wait(&daemon, "vgpio:guest0", 0);
	kill(worker, SIGSTOP);
	watcher = monitor("{\"cmd\":\"monitor\"}");
	assert_string_equal(
		socket_hear(watcher),
		"{\"event\":\"error\",\"guest\":\"guest0\",\"error\":\"guest0 does not answer\",\"seq\":1}");
	check_next(watcher, "state guest1.dummy0 0");
	kill(worker, SIGCONT);
	proc_wait_quiet(daemon.pid);
	set(fd, SET("guest0.0", "1"));
	check_next(watcher, "change guest0.dummy0 1 rising");
	close(watcher);
	close(fd);
	daemon_down(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(states_then_changes),
		PLAIN(all_lines),
		PLAIN(several_watch_one_line),
		PLAIN(goes_on_with_the_next_worker),
		PLAIN(learns_what_it_could_not_see),
		PLAIN(a_slow_reader_is_told_what_it_missed),
		PLAIN(a_hung_guest_is_named),
		PLAIN(it_asks_on),
		PLAIN(it_may_close_its_half),
		PLAIN(replies_are_told_apart),
		PLAIN(an_id_is_a_word),
	};

	return cmocka_run_group_tests_name("cli monitor", tests, NULL, NULL);
}
