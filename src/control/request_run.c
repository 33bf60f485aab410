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
/* A worker that tells a name now and then, for ever, is not waited for: two minutes. */
#define NAMES_PATIENCE_MAX 60

static void job_step(struct control_job *job);

static struct control_job *job_of(struct control_client *client)
{
	return container_of(client, struct control_job, client);
}

static bool job_streams(const struct control_job *job)
{
	return job->request.command && job->request.command->style == CONTROL_STREAM;
}

/* A monitor whose lines are known. */
static bool job_watches(const struct control_job *job)
{
	return job_streams(job) && job->lines.resolved;
}

bool control_job_watches_guest(const struct control_job *job, const struct control_guest *guest)
{
	return job_watches(job) && control_lines_have_guest(&job->lines, guest);
}

bool control_job_watches(const struct control_job *job, const struct control_guest *guest, uint32_t line)
{
	return job_watches(job) && control_lines_passed(&job->lines, guest, line);
}

/* The request is over: nothing of it stays. */
static void job_clear(struct control_job *job)
{
	for (size_t i = 0; i < job->guests->n; i++) {
		if (control_job_watches_guest(job, &job->guests->guests[i]))
			control_guest_unwatch(&job->guests->guests[i]);
	}
	loop_timer_del(&job->patience);
	control_request_deinit(&job->request);
	control_lines_deinit(&job->lines);
	json_decref(job->told_guests);
	json_decref(job->told_lines);
	job->told_guests = job->told_lines = NULL;
	job->asked = 0;
	job->guest_since_ns = 0;
	job->n_patience = 0;
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
 * All lines, or a monitor: one guest that does not answer, or not to what was asked, does not keep the others from being
 * told about. Its worker may be in its hand.
 */
static void guest_leave_out(struct control_job *job, const struct control_guest *guest, const char *what)
{
	char why[CONTROL_WORD_MAX + 32];

	snprintf(why, sizeof(why), "%s %s", guest->name, what);
	if (!job->lines.resolved || (!job->lines.all && !job_streams(job))) {
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

static void job_wait(struct control_job *job, size_t guest);

/* Names are told one after the other: a guest of many lines that tells them is not silent, however long it takes. */
static bool names_come(struct control_job *job, const struct control_guest *guest)
{
	return !guest->ready && guest->sync_line != job->names_at && ++job->n_patience < NAMES_PATIENCE_MAX;
}

static void patience_over(struct loop_timer *timer)
{
	struct control_job *job = container_of(timer, struct control_job, patience);
	const struct control_guest *guest = &job->guests->guests[job->waits_for];

	loop_timer_del(timer);
	job->asked = 0;
	if (names_come(job, guest)) {
		job_wait(job, job->waits_for);
		return;
	}
	guest_leave_out(job, guest, "does not answer");
	job_step(job);
}

static void job_wait(struct control_job *job, size_t guest)
{
	if (job->waits_for != guest)
		job->n_patience = 0;
	job->waits_for = guest;
	job->names_at = job->guests->guests[guest].sync_line;
	if (loop_timer_set(job->client.loop, &job->patience, CONTROL_PATIENCE_NS, 0, patience_over) < 0)
		control_client_drop(&job->client);
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

/* False: not now, or never. */
static bool job_resolve(struct control_job *job)
{
	struct why why;
	size_t guest;
	int ret = control_lines_resolve(&job->lines, &job->request, &guest, &why);

	if (ret == -EAGAIN)
		job_wait(job, guest);
	else if (ret == -ENOENT)
		job_fail(job, why.text);
	if (ret < 0)
		return false;
	loop_timer_del(&job->patience);
	if (job_streams(job))
		stream_begin(job);
	return true;
}

/* When the port is full, the patience is over in time. */
static void question_send(struct control_job *job)
{
	struct control_ref ref = control_lines_present(&job->lines);
	const struct control_request *request = &job->request;

	job->asked = control_guest_ask(&job->guests->guests[ref.guest], request->command->type, ref.line,
				       request->values ? request->values[job->lines.next] : 0);
}

/* The question about the present line. */
static void line_ask(struct control_job *job)
{
	struct control_ref ref = control_lines_present(&job->lines);
	struct control_guest *guest = &job->guests->guests[ref.guest];

	if (job_streams(job) && control_client_waiting(&job->client) > STREAM_ENOUGH) {
		job->guest_since_ns = 0; /* the client takes its time, not the guest */
		return;
	}
	job_wait(job, ref.guest);
	if (!guest->ready)
		control_guest_sync(guest);
	else
		question_send(job);
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
	if (!job->request.command || job->client.dropped || job->asked)
		return;
	if (!job->lines.resolved && !job_resolve(job))
		return;
	if (!control_lines_over(&job->lines) && guest_dawdles(job))
		guest_leave_out(job, &job->guests->guests[job->lines.at.guest], "does not answer");
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

void control_job_answered(struct control_job *job, const struct control_guest *guest, const struct port_reply *reply)
{
	struct control_ref ref;

	if (job->asked == 0 || reply->id != job->asked || guest != &job->guests->guests[job->waits_for])
		return;
	job->asked = 0;
	ref = control_lines_present(&job->lines);
	if (reply->error != 0 || reply->line != ref.line) {
		if (!job->lines.all && !job_streams(job)) {
			line_failed(job, guest, reply);
			return;
		}
		guest_leave_out(job, guest, "makes no sense");
	} else {
		line_answered(job, guest, reply);
		control_lines_advance(&job->lines);
	}
	job_step(job);
}

void control_job_restarted(struct control_job *job, const struct control_guest *guest)
{
	if (job->asked == 0 || guest != &job->guests->guests[job->waits_for] ||
	    job->request.command->type == PORT_TOGGLE)
		return;
	/* Its patience goes on: a worker that comes anew without end has no more of it than others. */
	question_send(job);
}

void control_job_names_known(struct control_job *job)
{
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
	job->told_guests = json_array();
	job->told_lines = job->request.command->style == CONTROL_LEVELS ? json_object() : json_array();
	if (control_lines_init(&job->lines, job->guests, &job->request) < 0)
		control_client_drop(client);
	else
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
	return control_client_init(&job->client, loop, fd, &client_ops);
}

void control_job_deinit(struct control_job *job)
{
	job_clear(job);
	control_client_deinit(&job->client);
}
