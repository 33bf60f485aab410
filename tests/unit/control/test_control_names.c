/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The names of a guest's lines are told one after the other: who waits for them, how long. Time passes as the test says. */
#include "rows.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/request_run.h"

#define LINES 4
#define TURNS 8 /* of the loop: more than anything takes */

/* A client's request for a line of a guest, whose worker is this test. */
static struct bench {
	struct loop loop;
	struct control_guest guest;
	struct control_guests guests;
	struct control_job job;
	int worker, client;
	uint32_t n_lines;
	bool patient; /* the job waits; its time is not over */
} bench;

int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer));

int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer))
{
	timer->fn = fn;
	if (timer == &bench.job.patience)
		bench.patient = true;
	return 0;
}

static void answered(struct control_guest *guest, const struct port_reply *reply)
{
	control_job_answered(&bench.job, guest, reply);
}

static void ready(struct control_guest *guest)
{
	control_job_names_known(&bench.job);
}

static void ended(struct control_job *job)
{
	fail_msg("the client is gone");
}

static const struct control_guest_ops ops = { .answered = answered, .ready = ready };

static void turns(void)
{
	for (unsigned i = 0; i < TURNS; i++)
		assert_return_code(loop_turn(&bench.loop, 0), 0);
}

static void setup_lines(uint32_t n_lines)
{
	static const char request[] = "{\"cmd\":\"get\",\"lines\":[\"a.2\"]}\n";
	int port[2], ends[2];

	bench = (struct bench){ .n_lines = n_lines, .guests = { &bench.guest, 1 } };
	assert_return_code(loop_init(&bench.loop), 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, port), 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	bench.worker = port[1];
	bench.client = ends[1];
	assert_return_code(control_guest_init(&bench.guest, &bench.loop, "a", port[0], &ops, NULL), 0);
	assert_return_code(control_job_init(&bench.job, &bench.loop, ends[0], &bench.guests, ended), 0);
	assert_int_equal(send(bench.client, request, sizeof(request) - 1, 0), sizeof(request) - 1);
	turns();
	assert_true(bench.patient);
}

static int setup(void **state)
{
	setup_lines(LINES);
	return 0;
}

static int setup_many(void **state)
{
	setup_lines(CHIP_LINES_MAX);
	return 0;
}

static int teardown(void **state)
{
	control_job_deinit(&bench.job);
	close(bench.guest.fd);
	control_guest_deinit(&bench.guest);
	loop_deinit(&bench.loop);
	close(bench.worker);
	close(bench.client);
	return 0;
}

/* The worker answers the next question about a line. */
static void worker_answer(void)
{
	struct port_request request;
	struct port_reply reply;

	do {
		assert_int_equal(recv(bench.worker, &request, sizeof(request), MSG_DONTWAIT), sizeof(request));
	} while (request.type == PORT_WATCH);
	reply = (struct port_reply){
		.type = request.type, .id = request.id, .line = request.line, .n_lines = bench.n_lines, .level = 1
	};
	snprintf(reply.name, sizeof(reply.name), "name%u", request.line);
	assert_int_equal(send(bench.worker, &reply, sizeof(reply), 0), sizeof(reply));
	turns();
}

static void time_passes(void)
{
	assert_true(bench.patient);
	bench.patient = false;
	bench.job.patience.fn(&bench.job.patience);
	turns();
}

/* NULL: nothing yet. */
static const char *client_hears(void)
{
	static char text[1024];
	ssize_t len = recv(bench.client, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[len > 0 ? len : 0] = '\0';
	return len > 0 ? text : NULL;
}

static void names_that_come_are_waited_for(void **state)
{
	for (unsigned i = 0; i < LINES; i++) {
		worker_answer();
		assert_null(client_hears());
		if (i + 1 < LINES)
			time_passes();
	}
	worker_answer();
	assert_string_equal(client_hears(), "{\"ok\":true,\"lines\":{\"a.2\":1}}\n");
}

static void silence_is_told_at_once(void **state)
{
	time_passes();
	assert_string_equal(client_hears(), "{\"ok\":false,\"error\":\"a does not answer\"}\n");
}

static void silence_after_some_names_is_told(void **state)
{
	worker_answer();
	time_passes();
	assert_null(client_hears());
	time_passes();
	assert_string_equal(client_hears(), "{\"ok\":false,\"error\":\"a does not answer\"}\n");
}

/* Its names are there: an answer is waited for once. */
static void silence_of_a_known_guest_is_told(void **state)
{
	for (unsigned i = 0; i < LINES; i++)
		worker_answer();
	time_passes();
	assert_string_equal(client_hears(), "{\"ok\":false,\"error\":\"a does not answer\"}\n");
}

static void a_worker_that_dawdles_is_given_up(void **state)
{
	unsigned n = 0;

	while (!client_hears()) {
		assert_in_range(++n, 1, 1000);
		worker_answer();
		time_passes();
	}
	/* Not before what a slow machine needs for as many lines as there can be. */
	assert_in_range(n, 20, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_that_come_are_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_is_told_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_after_some_names_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_of_a_known_guest_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_worker_that_dawdles_is_given_up, setup_many, teardown),
	};

	return cmocka_run_group_tests_name("control_names", tests, NULL, NULL);
}
