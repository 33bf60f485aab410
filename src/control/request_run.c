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

/* The states of a monitor's lines are asked for only while fewer bytes than this wait for the client. */
#define STREAM_ENOUGH (64ul * 1024)

static void job_step(struct control_job *job);

static struct control_job *job_of(struct control_client *client)
{
	return container_of(client, struct control_job, client);
}

static const struct control_guest *present_guest(const struct control_job *job)
{
	return &job->guests->guests[control_lines_present(&job->lines).guest];
}

static bool job_streams(const struct control_job *job)
{
	return job->request.command && job->request.command->style == CONTROL_STREAM;
}

bool control_job_watches_guest(const struct control_job *job, const struct control_guest *guest)
{
	return job_streams(job) && control_lines_have_guest(&job->lines, guest);
}

bool control_job_watches(const struct control_job *job, const struct control_guest *guest, uint32_t line)
{
	return job_streams(job) && control_lines_passed(&job->lines, guest, line);
}

/* The request is over: nothing of it stays. */
static void job_clear(struct control_job *job)
{
	for (size_t i = 0; i < job->guests->n; i++) {
		if (control_job_watches_guest(job, &job->guests->guests[i]))
			control_guest_unwatch(&job->guests->guests[i]);
	}
	loop_timer_del(&job->patience);
	control_query_cancel(&job->query);
	control_request_deinit(&job->request);
	control_lines_deinit(&job->lines);
	json_decref(job->told_guests);
	json_decref(job->told_lines);
	job->told_guests = job->told_lines = NULL;
	job->guest_since_ns = 0;
}

static void job_end(struct control_job *job)
{
	job_clear(job);
	control_client_idle(&job->client);
}

static void job_fail(struct control_job *job, const char *why)
{
	control_json_refuse(&job->client, "%s", why);
	job_end(job);
}

/* One whole reply. */
static void job_finish(struct control_job *job)
{
	bool pages = job->request.command->style == CONTROL_PAGES;
	json_t *reply = json_pack("{s:b}", "ok", 1);

	if (pages && job->lines.all)
		json_object_set(reply, "guests", job->told_guests);
	json_object_set(reply, "lines", job->told_lines);
	if (!control_lines_over(&job->lines)) {
		struct control_ref next = control_lines_present(&job->lines);
		char word[CONTROL_WORD_MAX];

		snprintf(word, sizeof(word), "%s.%u", job->guests->guests[next.guest].name, next.line);
		json_object_set_new(reply, "more", json_string(word));
	}
	control_json_write(&job->client, reply, false);
	job_end(job);
}

/*
 * The guest of the present line does not answer, or not to what was asked: its worker may be in its hand. Of all lines,
 * and of a monitor's, that does not keep the others from being told about.
 */
static void guest_leave_out(struct control_job *job, const char *what)
{
	const struct control_guest *guest = present_guest(job);
	char why[CONTROL_WORD_MAX + 32];

	snprintf(why, sizeof(why), "%s %s", guest->name, what);
	if (!job->lines.all && !job_streams(job)) {
		job_fail(job, why);
		return;
	}
	if (job_streams(job))
		control_json_write(&job->client,
				   json_pack("{s:s, s:s, s:s}", "event", "error", "guest", guest->name, "error", why),
				   true);
	else
		json_array_append_new(job->told_guests, json_pack("{s:s, s:s}", "name", guest->name, "error", why));
	control_lines_skip(&job->lines);
}

static void patience_over(struct loop_timer *timer)
{
	struct control_job *job = container_of(timer, struct control_job, patience);

	control_query_cancel(&job->query);
	guest_leave_out(job, "does not answer");
	job_step(job);
}

static void stream_begin(struct control_job *job)
{
	control_lines_sort(&job->lines);
	control_json_write(&job->client, json_pack("{s:b}", "ok", 1), false);
	for (size_t i = 0; i < job->guests->n; i++) {
		if (control_job_watches_guest(job, &job->guests->guests[i]))
			control_guest_watch(&job->guests->guests[i]);
	}
}

/* The question about the present line. When the port is full, the patience is over in time. */
static void line_ask(struct control_job *job)
{
	struct control_ref ref = control_lines_present(&job->lines);
	const struct control_request *request = &job->request;

	if (job_streams(job) && control_client_waiting(&job->client) > STREAM_ENOUGH) {
		/* The client takes its time, not the guest. */
		job->guest_since_ns = 0;
		loop_timer_del(&job->patience);
		return;
	}
	if (loop_timer_set(job->client.loop, &job->patience, CONTROL_PATIENCE_NS, 0, patience_over) < 0)
		control_client_drop(&job->client);
	control_guest_ask(&job->guests->guests[ref.guest], &job->query, request->command->type, ref.line,
			  request->values ? request->values[job->lines.next] : 0);
}

/* All lines: a guest that answers each question just in time would hold up the others for hours. */
static bool guest_dawdles(struct control_job *job)
{
	uint64_t now = clock_now_ns();

	if (!job->lines.all || job->lines.at.line == 0 || job->guest_since_ns == 0) {
		job->guest_since_ns = now;
		return false;
	}
	return now - job->guest_since_ns > CONTROL_GUEST_PATIENCE_NS;
}

/* Goes on with the request as far as that is possible now. */
static void job_step(struct control_job *job)
{
	if (!job->request.command || job->client.dropped || job->query.guest)
		return;
	if (!control_lines_over(&job->lines) && guest_dawdles(job))
		guest_leave_out(job, "does not answer");
	if (control_lines_over(&job->lines)) {
		loop_timer_del(&job->patience);
		if (!job_streams(job))
			job_finish(job);
	} else if (job->request.command->style == CONTROL_PAGES &&
		   json_array_size(job->told_lines) >= CONTROL_PAGE_MAX) {
		job_finish(job);
	} else {
		line_ask(job);
	}
}

static void line_failed(struct control_job *job, const struct control_guest *guest, const struct port_reply *reply)
{
	static const struct {
		int error;
		const char *words;
	} reasons[] = {
		{ -EPERM, "is a real line: read and watch only" },
		{ -EBUSY, "is an output of the guest" },
	};
	char why[CONTROL_WORD_MAX + 128], word[CONTROL_WORD_MAX];

	control_word(guest, control_lines_present(&job->lines).line, word);
	snprintf(why, sizeof(why), "%s: %s", word, strerror(-reply->error));
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].error == reply->error)
			snprintf(why, sizeof(why), "%s %s", word, reasons[i].words);
	}
	job_fail(job, why);
}

static void guest_told(struct control_job *job, const struct control_guest *guest, const struct port_reply *reply)
{
	json_array_append_new(job->told_guests, json_pack("{s:s, s:i, s:b}", "name", guest->name, "lines",
							  (int)guest->n_lines, "connected", (int)reply->connected));
}

static void line_answered(struct control_job *job, const struct control_guest *guest, const struct port_reply *reply)
{
	switch (job->request.command->style) {
	case CONTROL_LEVELS:
		json_object_set_new(job->told_lines, job->request.words[job->lines.next],
				    reply->level < 0 ? json_null() : json_integer(reply->level));
		break;
	case CONTROL_PAGES:
		if (job->lines.all && reply->line == 0)
			guest_told(job, guest, reply);
		json_array_append_new(job->told_lines, control_json_line(guest, reply));
		break;
	case CONTROL_STREAM:
		control_json_write(&job->client, control_json_event("state", guest, reply, CONTROL_EDGE_NONE), true);
		break;
	}
}

static void query_answered(struct control_query *query, const struct port_reply *reply)
{
	struct control_job *job = container_of(query, struct control_job, query);

	if (reply->error == 0 && reply->line == control_lines_present(&job->lines).line) {
		line_answered(job, present_guest(job), reply);
		control_lines_advance(&job->lines);
	} else if (job->lines.all || job_streams(job)) {
		guest_leave_out(job, "makes no sense");
	} else {
		line_failed(job, present_guest(job), reply);
	}
	job_step(job);
}

static void client_line(struct control_client *client, const char *line, size_t len)
{
	struct control_job *job = job_of(client);
	struct why why;

	if (control_request_parse(&job->request, line, len, &why) < 0) {
		control_json_refuse(client, "%s", why.text);
		return;
	}
	client->busy = true;
	if (control_lines_init(&job->lines, job->guests, &job->request, &why) < 0) {
		job_fail(job, why.text);
		return;
	}
	job->told_guests = json_array();
	job->told_lines = job->request.command->style == CONTROL_LEVELS ? json_object() : json_array();
	if (job_streams(job))
		stream_begin(job);
	job_step(job);
}

static void client_drained(struct control_client *client)
{
	job_step(job_of(client));
}

static void client_ended(struct control_client *client)
{
	struct control_job *job = job_of(client);

	job->ended(job);
}

static const struct control_client_ops client_ops = {
	.line = client_line,
	.drained = client_drained,
	.ended = client_ended,
};

int control_job_init(struct control_job *job, struct loop *loop, int fd, struct control_guests *guests,
		     void (*ended)(struct control_job *job))
{
	memset(job, 0, sizeof(*job));
	job->guests = guests;
	job->ended = ended;
	job->query.answered = query_answered;
	return control_client_init(&job->client, loop, fd, &client_ops);
}

void control_job_deinit(struct control_job *job)
{
	job_clear(job);
	control_client_deinit(&job->client);
}
