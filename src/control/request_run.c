/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One connection to the control socket and the request that it is at. */
#include "control/request_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "control/control_json.h"
#include "loop/timer.h"

/* The states of a monitor's lines are asked for only while fewer bytes than this wait for the connection. */
#define STREAM_ENOUGH (64ul * 1024)

static void run_step(struct request_run *run);

static struct request_run *run_of(struct control_connection *connection)
{
	return container_of(connection, struct request_run, connection);
}

static const struct worker_client *present_guest(const struct request_run *run)
{
	return &run->guests->guests[line_selection_present(&run->lines).guest];
}

static bool run_streams(const struct request_run *run)
{
	return run->request.command && run->request.command->style == REQUEST_STREAM;
}

/* About wires: what a worker does not answer is no reason to fail. */
static bool run_wires(const struct request_run *run)
{
	static const bool of_wires[] = {
		[REQUEST_WIRE] = true, [REQUEST_UNWIRE] = true, [REQUEST_WIRES] = true, [REQUEST_STREAM] = false
	};

	return run->request.command && of_wires[run->request.command->style];
}

/* The request is over: nothing of it stays. */
static void run_clear(struct request_run *run)
{
	loop_timer_del(&run->timer);
	worker_query_cancel(&run->query);
	wire_query_cancel(&run->wire_query);
	request_deinit(&run->request);
	line_selection_deinit(&run->lines);
	request_reply_clear(&run->reply);
	run->guest_since_ns = 0;
}

static void run_end(struct request_run *run)
{
	run_clear(run);
	control_connection_idle(&run->connection);
}

static void run_fail(struct request_run *run, const char *why)
{
	monitor_catch_up(&run->monitor);
	request_reply_write_object(&run->connection, &run->request, control_json_refusal(why));
	run_end(run);
}

/* One whole reply. */
static void run_finish(struct request_run *run)
{
	monitor_catch_up(&run->monitor);
	request_reply_write(&run->reply, &run->connection, &run->request, &run->lines);
	run_end(run);
}

/* reply: NULL: there is none. */
static void wire_line(struct request_run *run, const struct control_channel_reply *reply)
{
	if (reply && run->reply.time_ns == 0)
		run->reply.time_ns = reply->time_ns;
	if (run->request.command->style == REQUEST_WIRES)
		wire_report_line(&run->reply.wires, &run->lines, reply);
	else
		line_selection_advance(&run->lines);
}

/*
 * The guest of the present line does not answer, or not to what was asked: its worker may be in its hand. Of all lines,
 * and of a monitor's, the others are reported all the same.
 */
static void guest_leave_out(struct request_run *run, const char *what)
{
	const struct worker_client *guest = present_guest(run);
	char why[CONTROL_WORD_MAX + 32];

	if (run_wires(run)) {
		wire_line(run, NULL);
		return;
	}
	snprintf(why, sizeof(why), "%s %s", guest->name, what);
	if (!run->lines.all && !run_streams(run)) {
		run_fail(run, why);
		return;
	}
	if (run_streams(run))
		control_json_tell(&run->connection,
				  json_pack("{s:s, s:s, s:s}", "event", "error", "guest", guest->name, "error", why), 1,
				  true);
	else
		request_reply_add_lack(&run->reply, guest, why);
	line_selection_skip(&run->lines);
}

static void timed_out(struct loop_timer *timer)
{
	struct request_run *run = container_of(timer, struct request_run, timer);

	worker_query_cancel(&run->query);
	guest_leave_out(run, "does not answer");
	run_step(run);
}

static void stream_begin(struct request_run *run)
{
	line_selection_sort(&run->lines);
	request_reply_write_object(&run->connection, &run->request, json_pack("{s:b}", "ok", 1));
	run->connection.streams = true;
	monitor_begin(&run->monitor, &run->lines);
}

/* How many lines can be asked about at once, after the present one. */
static uint32_t lines_more(const struct request_run *run)
{
	const struct worker_client *guest = present_guest(run);
	uint32_t more = guest->n_lines - 1 - line_selection_present(&run->lines).line;
	size_t room = REQUEST_PAGE_MAX - 1 - run->reply.lines.n;

	if (!run->lines.all)
		return 0;
	if (more > CONTROL_CHANNEL_LINES_MAX - 1)
		more = CONTROL_CHANNEL_LINES_MAX - 1;
	return more < room || run_streams(run) ? more : (uint32_t)room;
}

/* The states are told: from now on the connection's requests are dealt with, too. */
static void stream_settle(struct request_run *run)
{
	monitor_settle(&run->monitor, &run->lines);
	run_end(run);
}

/* The question about the present line. Should the channel be full, the time for the answer passes. */
static void line_ask(struct request_run *run)
{
	struct line_ref ref = line_selection_present(&run->lines);
	const struct request *request = &run->request;

	if (run_streams(run) && control_connection_waiting(&run->connection) > STREAM_ENOUGH) {
		/* The client takes its time, not the guest. */
		run->guest_since_ns = 0;
		loop_timer_del(&run->timer);
		return;
	}
	if (loop_timer_set(run->connection.loop, &run->timer, WORKER_TIMEOUT_NS, 0, timed_out) < 0)
		control_connection_drop(&run->connection);
	run->query.once = request->command->once;
	worker_client_ask(&run->guests->guests[ref.guest], &run->query, request->command->type, ref.line,
			  request->command->words == REQUEST_WORDS_VALUES ? request->values[run->lines.next]
									  : lines_more(run));
}

/* All lines: a guest that answers each question just in time would hold up the others for hours. */
static bool guest_is_overdue(struct request_run *run)
{
	uint64_t now = clock_now_ns();

	if (!run->lines.all || run->lines.at.line == 0 || run->guest_since_ns == 0) {
		run->guest_since_ns = now;
		return false;
	}
	return now - run->guest_since_ns > REQUEST_GUEST_TIMEOUT_NS;
}

/* Goes on with the request as far as that is possible now. */
static void run_step(struct request_run *run)
{
	if (!run->request.command || run->connection.dropped || run->query.guest || run->wire_query.client)
		return;
	if (!line_selection_over(&run->lines) && guest_is_overdue(run))
		guest_leave_out(run, "does not answer");
	if (line_selection_over(&run->lines)) {
		loop_timer_del(&run->timer);
		if (run_streams(run))
			stream_settle(run);
		else
			run_finish(run);
	} else if (run->request.command->style == REQUEST_PAGES && run->reply.lines.n >= REQUEST_PAGE_MAX) {
		run_finish(run);
	} else {
		line_ask(run);
	}
}

static void line_failed(struct request_run *run, const struct worker_client *guest,
			const struct control_channel_reply *reply)
{
	static const struct {
		int error;
		const char *words;
	} reasons[] = {
		{ -EPERM, "is a real line: read and watch only" },
		{ -EBUSY, "is an output of the guest" },
		{ -ENOTUNIQ, "is driven high and low by its wires" },
	};
	char why[CONTROL_WORD_MAX + 128], word[CONTROL_WORD_MAX];

	control_json_word(guest, line_selection_present(&run->lines).line, word);
	snprintf(why, sizeof(why), "%s: %s", word, strerror(-reply->error));
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].error == reply->error)
			snprintf(why, sizeof(why), "%s %s", word, reasons[i].words);
	}
	run_fail(run, why);
}

static void line_answered(struct request_run *run, const struct worker_client *guest,
			  const struct control_channel_reply *reply)
{
	if (run->reply.time_ns == 0)
		run->reply.time_ns = reply->time_ns;
	switch (run->request.command->style) {
	case REQUEST_LEVELS:
		request_reply_add_level(&run->reply, run->lines.words[run->lines.next], guest, reply);
		break;
	case REQUEST_PAGES:
		if (run->lines.all && reply->line == 0)
			request_reply_add_guest(&run->reply, guest, reply);
		if (!request_reply_add_line(&run->reply, guest, reply))
			control_connection_drop(&run->connection);
		break;
	case REQUEST_WIRE:
	case REQUEST_UNWIRE:
	case REQUEST_WIRES: /* of which none comes here */
		break;
	case REQUEST_STREAM:
		control_json_tell(&run->connection, control_json_event("state", guest, reply, CONTROL_EDGE_NONE), 1,
				  true);
		break;
	}
}

static void query_answered(struct worker_query *query, const struct control_channel_reply *reply)
{
	struct request_run *run = container_of(query, struct request_run, query);

	if (reply->error == 0 && reply->line == line_selection_present(&run->lines).line && run_wires(run)) {
		wire_line(run, reply);
	} else if (reply->error == 0 && reply->line == line_selection_present(&run->lines).line) {
		line_answered(run, present_guest(run), reply);
		line_selection_advance(&run->lines);
	} else if (run->lines.all || run_streams(run) || run_wires(run)) {
		worker_query_cancel(query);
		guest_leave_out(run, "sent an invalid answer");
	} else {
		line_failed(run, present_guest(run), reply);
	}
	run_step(run);
}

/* Wires */

static void wires_begin(struct request_run *run)
{
	if (wire_report_begin(&run->reply.wires, run->guests->wires, run->guests, &run->lines) < 0)
		run_fail(run, strerror(ENOMEM));
	else
		run_step(run);
}

/*
 * Done, and the workers have been told; now they are to have done it, too. Each has, once it has answered a second
 * question: in the turn of the first one it has heard of it at the latest. The second end is asked last, when the first
 * one has told it of its level.
 */
static void wire_answered(struct wire_query *query, const struct control_channel_wired *reply)
{
	struct request_run *run = container_of(query, struct request_run, wire_query);
	struct line_ref *ends = calloc(4, sizeof(*ends));
	char why[sizeof(reply->why) + 1];

	snprintf(why, sizeof(why), "%.*s", (int)sizeof(reply->why), reply->why);
	if (reply->error < 0 || !ends) {
		free(ends);
		run_fail(run, reply->error < 0 ? why : strerror(ENOMEM));
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		ends[i] = run->lines.named[i % 2];
	free(run->lines.named);
	run->lines.named = ends;
	run->lines.n_named = 4;
	run_step(run);
}

static void wire_timed_out(struct loop_timer *timer)
{
	run_fail(container_of(timer, struct request_run, timer), "the daemon does not answer");
}

/* Of the two lines that were looked up. */
static void wire_ask(struct request_run *run)
{
	const struct line_ref *ends = run->lines.named;
	const struct control_channel_wire request = { .unwire = run->request.command->style == REQUEST_UNWIRE,
						      .guests = { ends[0].guest, ends[1].guest },
						      .lines = { ends[0].line, ends[1].line },
						      .delay_us = run->request.delay_us,
						      .invert = run->request.invert };

	run->wire_query.answered = wire_answered;
	if (!run->guests->wires || !wire_client_ask(run->guests->wires, &run->wire_query, &request) ||
	    loop_timer_set(run->connection.loop, &run->timer, WORKER_TIMEOUT_NS, 0, wire_timed_out) < 0)
		run_fail(run, "the daemon does not answer");
}

static void client_line(struct control_connection *connection, const char *line, size_t len)
{
	struct request_run *run = run_of(connection);
	struct why why;

	if (request_parse(&run->request, line, len, &why) < 0) {
		run_fail(run, why.text);
		return;
	}
	connection->busy = true;
	if (run->monitor.lines && run_streams(run)) {
		run_fail(run, "this connection monitors already");
		return;
	}
	if (run->request.command->style == REQUEST_WIRES) {
		wires_begin(run);
		return;
	}
	if (line_selection_init(&run->lines, run->guests, &run->request, &why) < 0) {
		run_fail(run, why.text);
		return;
	}
	if (run->request.command->words == REQUEST_WORDS_TWO) {
		wire_ask(run);
		return;
	}
	request_reply_begin(&run->reply);
	if (run_streams(run))
		stream_begin(run);
	run_step(run);
}

static void client_drained(struct control_connection *connection)
{
	struct request_run *run = run_of(connection);

	monitor_catch_up(&run->monitor);
	run_step(run);
}

static void client_ended(struct control_connection *connection)
{
	struct request_run *run = run_of(connection);

	run->ended(run);
}

static const struct control_connection_ops client_ops = {
	.line = client_line,
	.drained = client_drained,
	.ended = client_ended,
};

int request_run_init(struct request_run *run, struct loop *loop, int fd, struct worker_clients *guests,
		     void (*ended)(struct request_run *run))
{
	memset(run, 0, sizeof(*run));
	run->guests = guests;
	monitor_init(&run->monitor, &run->connection, guests);
	run->ended = ended;
	run->query.answered = query_answered;
	return control_connection_init(&run->connection, loop, fd, &client_ops);
}

void request_run_deinit(struct request_run *run)
{
	monitor_deinit(&run->monitor);
	run_clear(run);
	control_connection_deinit(&run->connection);
}
