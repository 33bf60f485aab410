/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Clients' requests beside one worker, which the test plays. Time passes as the test says. */
#include "rows.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chip/chip.h"
#include "control/request_run.h"
#include "loop/timer.h"

#define LINES	CHIP_LINES_MAX
#define CLIENTS 2
#define TURNS	8 /* of the loop: more than anything takes */

static struct fixture {
	struct loop loop;
	struct control_guest description;
	struct worker_client guest;
	struct worker_clients guests;
	struct request_run runs[CLIENTS];
	int worker, clients[CLIENTS];
	bool waits[CLIENTS]; /* the run does; its time is not over */
} fixture;

int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer));
void __wrap_loop_timer_del(struct loop_timer *timer);

static void timer_note(const struct loop_timer *timer, bool waits)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (timer == &fixture.runs[i].timer)
			fixture.waits[i] = waits;
	}
}

int __wrap_loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t first_ns, uint64_t interval_ns,
			  void (*fn)(struct loop_timer *timer))
{
	timer->fn = fn;
	timer_note(timer, true);
	return 0;
}

void __wrap_loop_timer_del(struct loop_timer *timer)
{
	timer_note(timer, false);
}

static const char *line_name(const void *ctx, unsigned line)
{
	static char name[CHIP_NAME_MAX];

	snprintf(name, sizeof(name), "name%u", line);
	return line % 2 == 0 ? name : "";
}

static void ended(struct request_run *run)
{
	fail_msg("the client is gone");
}

static unsigned n_changes;

static void changed(struct worker_client *guest, const struct control_channel_reply *reply, enum control_edge edge)
{
	n_changes++;
}

static uint32_t n_dropped;

static void dropped(struct worker_client *guest, uint32_t n)
{
	n_dropped += n;
}

static const struct worker_client_ops ops = { .changed = changed, .dropped = dropped };

static void turns(void)
{
	for (unsigned i = 0; i < TURNS; i++)
		assert_return_code(loop_turn(&fixture.loop, 0), 0);
}

static int setup(void **state)
{
	int port[2], ends[2];

	fixture = (struct fixture){ .guests = { .guests = &fixture.guest, .n = 1 } };
	assert_return_code(loop_init(&fixture.loop), 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, port), 0);
	fixture.worker = port[1];
	fixture.description = (struct control_guest){ "a", LINES, line_name, NULL, port[0] };
	assert_return_code(worker_client_init(&fixture.guest, &fixture.loop, &fixture.description, &ops, NULL), 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		fixture.clients[i] = ends[1];
		assert_return_code(request_run_init(&fixture.runs[i], &fixture.loop, ends[0], &fixture.guests, ended),
				   0);
	}
	return 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		request_run_deinit(&fixture.runs[i]);
		close(fixture.clients[i]);
	}
	worker_client_deinit(&fixture.guest);
	loop_deinit(&fixture.loop);
	close(fixture.worker);
	return 0;
}

static void client_asks(unsigned client, const char *request)
{
	assert_int_equal(send(fixture.clients[client], request, strlen(request), 0), strlen(request));
	turns();
}

/* NULL: nothing yet. */
static const char *client_hears(unsigned client)
{
	static char text[1024];
	ssize_t len = recv(fixture.clients[client], text, sizeof(text) - 1, MSG_DONTWAIT);

	text[len > 0 ? len : 0] = '\0';
	return len > 0 ? text : NULL;
}

/* The next question about a line. False: there is none. */
static bool worker_hears(struct control_channel_request *request)
{
	do {
		if (recv(fixture.worker, request, sizeof(*request), MSG_DONTWAIT) != sizeof(*request))
			return false;
	} while (request->type == CONTROL_CHANNEL_WATCH);
	return true;
}

static void worker_says(const struct control_channel_reply *reply)
{
	assert_int_equal(send(fixture.worker, reply, sizeof(*reply), 0), sizeof(*reply));
	turns();
}

static void worker_answers(const struct control_channel_request *request, int8_t level)
{
	const struct control_channel_reply reply = {
		.type = request->type, .id = request->id, .line = request->line, .level = level
	};

	worker_says(&reply);
}

/* Several lines in one message: all that the request asks about, or the first n of them. */
static void worker_answers_lines(const struct control_channel_request *request, unsigned n)
{
	struct control_channel_reply replies[CONTROL_CHANNEL_LINES_MAX];

	if (n > request->value + 1)
		n = request->value + 1;
	for (unsigned i = 0; i < n; i++)
		replies[i] = (struct control_channel_reply){
			.type = request->type, .id = request->id, .line = request->line + i, .level = 1
		};
	assert_int_equal(send(fixture.worker, replies, n * sizeof(*replies), 0), n * sizeof(*replies));
	turns();
}

static void time_passes(unsigned client)
{
	assert_true(fixture.waits[client]);
	fixture.waits[client] = false;
	fixture.runs[client].timer.fn(&fixture.runs[client].timer);
	turns();
}

/* Nobody asks the worker for a name. */
static void a_line_is_found_by_its_name(void **state)
{
	struct control_channel_request request;

	assert_false(worker_hears(&request));
	client_asks(0, "{\"cmd\":\"get\",\"lines\":[\"a.name65534\",\"name2\",\"a.3\"]}\n");
	for (unsigned i = 0; i < 3; i++) {
		assert_true(worker_hears(&request));
		assert_int_equal(request.line, ((unsigned[]){ 65534, 2, 3 })[i]);
		worker_answers(&request, 1);
	}
	assert_false(worker_hears(&request));
	assert_string_equal(client_hears(0), "{\"ok\":true,\"lines\":{\"a.name65534\":1,\"name2\":1,\"a.3\":1}}\n");
}

static void an_unknown_name_is_refused_at_once(void **state)
{
	struct control_channel_request request;

	client_asks(0, "{\"cmd\":\"set\",\"lines\":{\"a.2\":1,\"name3\":1}}\n");
	assert_string_equal(client_hears(0),
			    "{\"ok\":false,\"error\":\"no line \\\"name3\\\"; did you mean \\\"a.name0\\\"?\"}\n");
	assert_false(worker_hears(&request));
}

static void silence_is_told(void **state)
{
	client_asks(0, "{\"cmd\":\"get\",\"lines\":[\"a.2\"]}\n");
	assert_null(client_hears(0));
	time_passes(0);
	assert_string_equal(client_hears(0), "{\"ok\":false,\"error\":\"a does not answer\"}\n");
}

/* In whatever order the answers come. */
static void an_answer_goes_to_who_has_asked(void **state)
{
	struct control_channel_request first, second;

	client_asks(0, "{\"cmd\":\"get\",\"lines\":[\"a.2\"]}\n");
	client_asks(1, "{\"cmd\":\"get\",\"lines\":[\"a.2\"]}\n");
	assert_true(worker_hears(&first));
	assert_true(worker_hears(&second));
	worker_answers(&second, 1);
	assert_null(client_hears(0));
	assert_string_equal(client_hears(1), "{\"ok\":true,\"lines\":{\"a.2\":1}}\n");
	worker_answers(&first, 0);
	assert_string_equal(client_hears(0), "{\"ok\":true,\"lines\":{\"a.2\":0}}\n");
}

/* To a question whose time was over, to none, or twice. */
static void an_answer_that_nobody_waits_for_is_none(void **state)
{
	struct control_channel_request late, request;

	client_asks(0, "{\"cmd\":\"get\",\"lines\":[\"a.2\"]}\n");
	assert_true(worker_hears(&late));
	time_passes(0);
	client_hears(0);
	client_asks(0, "{\"cmd\":\"get\",\"lines\":[\"a.2\"]}\n");
	assert_true(worker_hears(&request));
	worker_answers(&late, 0);
	worker_answers(
		&(struct control_channel_request){ .type = CONTROL_CHANNEL_GET, .id = request.id + 1, .line = 2 }, 0);
	assert_null(client_hears(0));
	worker_answers(&request, 1);
	worker_answers(&request, 0);
	assert_string_equal(client_hears(0), "{\"ok\":true,\"lines\":{\"a.2\":1}}\n");
	assert_null(client_hears(0));
}

/* The worker and its channel are gone; nobody is there now. */
static void worker_dies(void)
{
	shutdown(fixture.worker, SHUT_RDWR);
	close(fixture.worker);
	fixture.worker = -1;
	turns();
	assert_int_equal(fixture.guest.fd, -1);
}

static void worker_comes(void)
{
	int port[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, port), 0);
	close(fixture.worker);
	fixture.worker = port[1];
	worker_client_renew(&fixture.guest, port[0]);
	turns();
}

#define TOGGLE "{\"cmd\":\"toggle\",\"lines\":[\"a.3\"]}\n"
#define SET    "{\"cmd\":\"set\",\"lines\":{\"a.2\":1}}\n"

/* But for what done twice is not what was asked for. */
static void another_worker_is_asked_again(void **state)
{
	struct control_channel_request before, request;

	client_asks(1, TOGGLE);
	client_asks(0, SET);
	assert_true(worker_hears(&request));
	assert_true(worker_hears(&before));
	worker_dies();
	worker_comes();
	assert_true(worker_hears(&request));
	assert_int_equal(request.type, CONTROL_CHANNEL_SET);
	assert_int_equal(request.line, 2);
	assert_int_equal(request.value, 1);
	assert_int_not_equal(request.id, before.id);
	assert_false(worker_hears(&before));
	worker_answers(&request, 1);
	assert_string_equal(client_hears(0), "{\"ok\":true,\"lines\":{\"a.2\":1}}\n");
	assert_null(client_hears(1));
	/* Nor is the next worker, whatever this one did. */
	worker_dies();
	worker_comes();
	assert_false(worker_hears(&request));
	time_passes(1);
	assert_string_equal(client_hears(1), "{\"ok\":false,\"error\":\"a does not answer\"}\n");
}

static void assert_toggled_once(void)
{
	struct control_channel_request request;

	assert_true(worker_hears(&request));
	assert_int_equal(request.type, CONTROL_CHANNEL_TOGGLE);
	assert_int_equal(request.line, 3);
	assert_false(worker_hears(&request));
	worker_answers(&request, 1);
	assert_string_equal(client_hears(1), "{\"ok\":true,\"lines\":{\"a.3\":1}}\n");
}

/* What a worker left unread it has not done; nor what came behind the one that it was at. */
static void what_nobody_has_done_is_done(void **state)
{
	struct control_channel_request request;

	client_asks(1, TOGGLE);
	worker_dies();
	worker_comes();
	assert_toggled_once();
	client_asks(0, SET);
	client_asks(1, TOGGLE);
	assert_true(worker_hears(&request));
	assert_true(worker_hears(&request));
	worker_dies();
	worker_comes();
	assert_true(worker_hears(&request));
	assert_int_equal(request.type, CONTROL_CHANNEL_TOGGLE);
	worker_answers(&request, 1);
	assert_true(worker_hears(&request));
	assert_int_equal(request.type, CONTROL_CHANNEL_SET);
	worker_answers(&request, 1);
	assert_string_equal(client_hears(0), "{\"ok\":true,\"lines\":{\"a.2\":1}}\n");
	assert_string_equal(client_hears(1), "{\"ok\":true,\"lines\":{\"a.3\":1}}\n");
}

static void asked_between_two_workers(void **state)
{
	worker_dies();
	client_asks(1, TOGGLE);
	assert_null(client_hears(1));
	worker_comes();
	assert_toggled_once();
}

/* The next one comes before the end of the last one was seen: its answers are all read. */
static void answered_by_the_last_worker(void **state)
{
	struct control_channel_request request;
	struct control_channel_reply reply = { .type = CONTROL_CHANNEL_TOGGLE, .line = 3, .level = 1 };

	client_asks(1, TOGGLE);
	assert_true(worker_hears(&request));
	reply.id = request.id;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(send(fixture.worker, &(struct control_channel_reply){ .type = CONTROL_CHANNEL_EVENT },
				      sizeof(reply), 0),
				 sizeof(reply));
	assert_int_equal(send(fixture.worker, &reply, sizeof(reply), 0), sizeof(reply));
	shutdown(fixture.worker, SHUT_RDWR);
	worker_comes();
	assert_string_equal(client_hears(1), "{\"ok\":true,\"lines\":{\"a.3\":1}}\n");
	assert_false(worker_hears(&request));
}

/* Nothing goes round and round over a channel that is at its end, whoever shut it. */
static void an_end_is_told_once(void **state)
{
	struct pollfd pfd = { .fd = fixture.loop.epoll_fd, .events = POLLIN };

	shutdown(fixture.worker, SHUT_WR);
	turns();
	assert_int_equal(poll(&pfd, 1, 0), 0);
	assert_int_equal(fixture.guest.fd, -1);
	worker_comes();
	close(fixture.worker);
	fixture.worker = -1;
	turns();
	assert_int_equal(poll(&pfd, 1, 0), 0);
}

/* They may come in any number of messages; a page ends where it ends. */
static void lines_are_asked_for_together(void **state)
{
	struct control_channel_request request, next;
	unsigned n = 0;

	client_asks(0, "{\"cmd\":\"info\"}\n");
	assert_true(worker_hears(&request));
	assert_int_equal(request.line, 0);
	assert_int_equal(request.value, CONTROL_CHANNEL_LINES_MAX - 1);
	worker_answers_lines(&request, 5);
	assert_false(worker_hears(&next));
	/* Its successor is asked for the others. */
	worker_dies();
	worker_comes();
	assert_true(worker_hears(&request));
	assert_int_equal(request.line, 5);
	assert_int_equal(request.value, CONTROL_CHANNEL_LINES_MAX - 6);
	worker_answers_lines(&request, CONTROL_CHANNEL_LINES_MAX);
	for (; worker_hears(&request); n += request.value + 1)
		worker_answers_lines(&request, CONTROL_CHANNEL_LINES_MAX);
	assert_int_equal(CONTROL_CHANNEL_LINES_MAX + n, REQUEST_PAGE_MAX);
	assert_non_null(client_hears(0));
}

/* The worker may be in its guest's hand. */
static void lines_that_do_not_follow_are_refused(void **state)
{
	struct control_channel_request request;
	struct control_channel_reply replies[2];

	client_asks(0, "{\"cmd\":\"info\"}\n");
	assert_true(worker_hears(&request));
	for (unsigned i = 0; i < 2; i++)
		replies[i] = (struct control_channel_reply){ .type = request.type, .id = request.id };
	assert_int_equal(send(fixture.worker, replies, sizeof(replies), 0), sizeof(replies));
	turns();
	assert_string_equal(client_hears(0),
			    "{\"ok\":true,\"guests\":[{\"name\":\"a\",\"lines\":65535,"
			    "\"connected\":false,\"ready\":false},{\"name\":\"a\",\"error\":\"a "
			    "sent an invalid answer\"}],\"lines\":[{\"line\":\"a.name0\",\"guest\":\"a\",\"offset\":0,"
			    "\"name\":\"name0\",\"direction\":\"none\",\"level\":0,\"irq\":\"none\","
			    "\"armed\":false,\"sim\":false}]}\n");
}

/* Every change is told of, or counted: also one that only undoes what was lost. */
static void lost_changes_are_counted(void **state)
{
	struct control_channel_reply event = { .type = CONTROL_CHANNEL_EVENT, .line = 2, .level = 1 };

	n_dropped = 0;
	worker_says(&event);
	event.dropped = 1; /* to 0, and back to 1 */
	worker_says(&event);
	assert_int_equal(n_dropped, 2);
	event.dropped = 2;
	event.level = 0;
	worker_says(&event);
	assert_int_equal(n_dropped, 4);
}

/* Whoever monitors all lines and does not read is waited for: the guest is not said to be silent. */
/* However many a message has: each costs every client that monitors, and the others wait meanwhile. */
static void so_many_changes_a_turn(void **state)
{
	struct control_channel_reply events[CONTROL_CHANNEL_LINES_MAX];
	unsigned n_sent = 0, n_before;

	client_asks(0, "{\"cmd\":\"info\",\"lines\":[\"a.0\"]}\n");
	for (unsigned i = 0; i < CONTROL_CHANNEL_LINES_MAX; i++)
		events[i] = (struct control_channel_reply){ .type = CONTROL_CHANNEL_EVENT, .level = i % 2 };
	while (n_sent < 20 && send(fixture.worker, events, sizeof(events), MSG_DONTWAIT) > 0)
		n_sent++;
	assert_int_equal(n_sent, 20);
	n_changes = 0;
	do {
		n_before = n_changes;
		assert_return_code(loop_turn(&fixture.loop, 0), 0);
		assert_in_range(n_changes - n_before, 0, 64 + CONTROL_CHANNEL_LINES_MAX);
	} while (n_changes != n_before);
	/* The first one is not a change. */
	assert_int_equal(n_changes, 20 * CONTROL_CHANNEL_LINES_MAX - 1);
}

static void a_client_that_does_not_read_takes_its_own_time(void **state)
{
	struct control_channel_request request;
	unsigned n = 0;

	client_asks(0, "{\"cmd\":\"monitor\"}\n");
	for (; worker_hears(&request); n += request.value + 1)
		worker_answers_lines(&request, CONTROL_CHANNEL_LINES_MAX);
	assert_in_range(n, 100, LINES - 1);
	assert_false(fixture.waits[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_is_found_by_its_name, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unknown_name_is_refused_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(silence_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_goes_to_who_has_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_that_nobody_waits_for_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(another_worker_is_asked_again, setup, teardown),
		cmocka_unit_test_setup_teardown(what_nobody_has_done_is_done, setup, teardown),
		cmocka_unit_test_setup_teardown(asked_between_two_workers, setup, teardown),
		cmocka_unit_test_setup_teardown(answered_by_the_last_worker, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_are_asked_for_together, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_that_do_not_follow_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_changes_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(so_many_changes_a_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_does_not_read_takes_its_own_time, setup, teardown),
	};

	return cmocka_run_group_tests_name("request_run", tests, NULL, NULL);
}
