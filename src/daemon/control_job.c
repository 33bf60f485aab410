/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One connection to the control socket and the request that it is at. */
#include "daemon/control_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "daemon/control_json.h"

/* The states of a monitor's lines are asked for only while fewer bytes than this wait for the client. */
#define STREAM_ENOUGH (64ul * 1024)

static void job_step(struct control_job *job);

static struct control_job *job_of(struct control_client *client)
{
	return container_of(client, struct control_job, client);
}

static bool job_streams(const struct control_job *job)
{
	return job->request.command && job->request.command->style == CONTROL_STREAM;
}

static int ref_compare(const void *a, const void *b)
{
	const struct control_ref *x = a, *y = b;

	if (x->guest != y->guest)
		return x->guest < y->guest ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

bool control_job_watches_guest(const struct control_job *job, const struct control_guest *guest)
{
	if (!job_streams(job) || !job->resolved)
		return false;
	for (size_t i = 0; i < job->n_named; i++) {
		if (&job->guests->guests[job->named[i].guest] == guest)
			return true;
	}
	return !job->named;
}

bool control_job_watches(const struct control_job *job, const struct control_guest *guest, uint32_t line)
{
	struct control_ref ref = { (uint16_t)(guest - job->guests->guests), (uint16_t)line };
	const struct control_ref *found;

	if (!job_streams(job) || !job->resolved)
		return false;
	if (!job->named)
		return ref_compare(&ref, &job->at) < 0;
	found = bsearch(&ref, job->named, job->n_named, sizeof(ref), ref_compare);
	return found && (size_t)(found - job->named) < job->next;
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
	free(job->named);
	job->named = NULL;
	json_decref(job->told_guests);
	json_decref(job->told_lines);
	job->told_guests = job->told_lines = NULL;
	job->n_named = job->next = 0;
	job->at = (struct control_ref){ 0, 0 };
	job->resolved = false;
	job->asked = 0;
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

static bool job_over(const struct control_job *job)
{
	return job->named ? job->next >= job->n_named : job->at.guest >= job->guests->n;
}

static struct control_ref job_line(const struct control_job *job)
{
	return job->named ? job->named[job->next] : job->at;
}

static void job_skip_guest(struct control_job *job)
{
	job->at.guest++;
	job->at.line = 0;
}

static void job_advance(struct control_job *job)
{
	if (job->named)
		job->next++;
	else if (++job->at.line >= job->guests->guests[job->at.guest].n_lines)
		job_skip_guest(job);
}

/* One whole reply. */
static void job_finish(struct control_job *job)
{
	bool pages = job->request.command->style == CONTROL_PAGES;
	json_t *reply = json_pack("{s:b}", "ok", 1);

	if (pages && !job->named)
		json_object_set(reply, "guests", job->told_guests);
	json_object_set(reply, "lines", job->told_lines);
	if (!job_over(job)) {
		char word[CONTROL_WORD_MAX];

		snprintf(word, sizeof(word), "%s.%u", job->guests->guests[job->at.guest].name, job->at.line);
		json_object_set_new(reply, "more", json_string(word));
	}
	control_json_write(&job->client, reply, false);
	job_end(job);
}

/* All lines: one guest that does not answer does not keep the others from being told about. */
static void guest_silent(struct control_job *job, const struct control_guest *guest)
{
	char why[CONTROL_WORD_MAX + 32];

	snprintf(why, sizeof(why), "%s does not answer", guest->name);
	if (!job->resolved || (job->named && !job_streams(job))) {
		job_fail(job, why);
		return;
	}
	if (job_streams(job))
		control_json_write(&job->client,
				   json_pack("{s:s, s:s, s:s}", "event", "error", "guest", guest->name, "error", why),
				   true);
	else
		json_array_append_new(job->told_guests, json_pack("{s:s, s:s}", "name", guest->name, "error", why));
	if (job->named)
		job_advance(job);
	else
		job_skip_guest(job);
	job_step(job);
}

static void patience_over(struct loop_timer *timer)
{
	struct control_job *job = container_of(timer, struct control_job, patience);

	loop_timer_del(timer);
	job->asked = 0;
	guest_silent(job, &job->guests->guests[job->waits_for]);
}

static void job_wait(struct control_job *job, size_t guest)
{
	job->waits_for = guest;
	if (loop_timer_set(job->client.loop, &job->patience, CONTROL_PATIENCE_NS, 0, patience_over) < 0)
		control_client_drop(&job->client);
}

/* A monitor: the order of its lines is that of the guests' lines, each once. */
static void named_sort(struct control_job *job)
{
	size_t n = 1;

	qsort(job->named, job->n_named, sizeof(*job->named), ref_compare);
	for (size_t i = 1; i < job->n_named; i++) {
		if (ref_compare(&job->named[i], &job->named[n - 1]) != 0)
			job->named[n++] = job->named[i];
	}
	job->n_named = n;
}

static void stream_begin(struct control_job *job)
{
	if (job->named)
		named_sort(job);
	control_json_write(&job->client, json_pack("{s:b}", "ok", 1), false);
	for (size_t i = 0; i < job->guests->n; i++) {
		if (control_job_watches_guest(job, &job->guests->guests[i]))
			control_guest_watch(&job->guests->guests[i]);
	}
}

/* All the words that can be resolved now. 0, -EAGAIN (waiting) or -ENOENT with why. */
static int words_resolve(struct control_job *job, char *why, size_t why_size)
{
	const struct control_request *request = &job->request;
	struct control_ref ref = { 0, 0 };
	int ret = 0;

	if (request->from) {
		ret = control_find(job->guests, request->from, &ref, why, why_size);
		if (ret == 0)
			job->at = ref;
	}
	for (; job->n_named < request->n && ret == 0; job->n_named++) {
		ret = control_find(job->guests, request->words[job->n_named], &ref, why, why_size);
		if (ret < 0)
			break;
		job->named[job->n_named] = ref;
	}
	if (ret == -EAGAIN)
		job_wait(job, ref.guest);
	return ret;
}

/* False: not now, or never. */
static bool job_resolve(struct control_job *job)
{
	char why[512];
	int ret = words_resolve(job, why, sizeof(why));

	if (ret == -ENOENT)
		job_fail(job, why);
	if (ret < 0)
		return false;
	loop_timer_del(&job->patience);
	job->resolved = true;
	if (job_streams(job))
		stream_begin(job);
	return true;
}

/* The question about the present line. False: to be gone on with later. */
static bool line_ask(struct control_job *job)
{
	struct control_ref ref = job_line(job);
	struct control_guest *guest = &job->guests->guests[ref.guest];
	const struct control_request *request = &job->request;

	if (job_streams(job) && control_client_waiting(&job->client) > STREAM_ENOUGH)
		return false;
	job_wait(job, ref.guest);
	if (!guest->ready) {
		control_guest_sync(guest);
		return false;
	}
	job->asked = control_guest_ask(guest, request->command->type, ref.line,
				       request->values ? request->values[job->next] : 0);
	/* When the port is full, the patience is over in time. */
	return false;
}

/* Goes on with the request as far as that is possible now. */
static void job_step(struct control_job *job)
{
	if (!job->request.command || job->client.dropped || job->asked)
		return;
	if (!job->resolved && !job_resolve(job))
		return;
	if (job_over(job)) {
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

	control_word(guest, job_line(job).line, word);
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
		json_object_set_new(job->told_lines, job->request.words[job->next],
				    reply->level < 0 ? json_null() : json_integer(reply->level));
		break;
	case CONTROL_PAGES:
		if (!job->named && reply->line == 0)
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
	ref = job_line(job);
	if (reply->error != 0 || reply->line != ref.line) {
		line_failed(job, guest, reply);
		return;
	}
	line_answered(job, guest, reply);
	job_advance(job);
	job_step(job);
}

void control_job_restarted(struct control_job *job, const struct control_guest *guest)
{
	if (job->asked == 0 || guest != &job->guests->guests[job->waits_for] ||
	    job->request.command->type == PORT_TOGGLE)
		return;
	job->asked = 0;
	line_ask(job);
}

void control_job_names_known(struct control_job *job)
{
	job_step(job);
}

static void client_line(struct control_client *client, const char *line, size_t len)
{
	struct control_job *job = job_of(client);
	char why[512];

	if (control_request_parse(&job->request, line, len, why, sizeof(why)) < 0) {
		control_json_refuse(client, "%s", why);
		return;
	}
	client->busy = true;
	job->told_guests = json_array();
	job->told_lines = job->request.command->style == CONTROL_LEVELS ? json_object() : json_array();
	if (job->request.n > 0) {
		job->named = calloc(job->request.n, sizeof(*job->named));
		if (!job->named) {
			control_client_drop(client);
			return;
		}
	}
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
