/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What vgpioctl can be asked to do. */
#include "ctl/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/util.h"
#include "ctl/print.h"

static json_t *request_make(const struct verb *verb)
{
	return json_pack("{s:s}", "cmd", verb->name);
}

static json_t *request_refuse(json_t *request, const struct verb *verb, const char *word)
{
	error_print("%s: \"%s\" is not %s", verb->name, word, verb->word);
	json_decref(request);
	return NULL;
}

/* The words as an array of lines. */
static json_t *lines_request(const struct call *call, const struct verb *verb)
{
	json_t *request = request_make(verb);
	json_t *lines = json_array();

	if (call->n_words > 0)
		json_object_set(request, "lines", lines);
	json_decref(lines);
	for (int i = 0; i < call->n_words; i++) {
		/* Not a word of UTF-8. */
		if (json_array_append_new(lines, json_string(call->words[i])) < 0)
			return request_refuse(request, verb, call->words[i]);
	}
	return request;
}

/* 0, 1 or -1. */
static int value_parse(const struct verb *verb, const char *word)
{
	for (int value = 0; value < 2; value++) {
		for (size_t i = 0; i < ARRAY_SIZE(verb->values[value]); i++) {
			const char *known = verb->values[value][i];

			if (known && strcmp(known, word) == 0)
				return value;
		}
	}
	return -1;
}

static int value_add(const struct verb *verb, json_t *lines, const char *word)
{
	const char *equals = strrchr(word, '=');
	int value = equals ? value_parse(verb, equals + 1) : -1;
	char *line;
	int ret;

	if (value < 0)
		return -1;
	line = strndup(word, (size_t)(equals - word));
	if (!line)
		return -1;
	ret = json_object_set_new(lines, line,
				  verb->levels ? json_integer(value) : json_string(verb->values[value][0]));
	free(line);
	return ret;
}

/* The words L=VALUE as an object. */
static json_t *values_request(const struct call *call, const struct verb *verb)
{
	json_t *request = request_make(verb);
	json_t *lines = json_object();

	json_object_set_new(request, "lines", lines);
	for (int i = 0; i < call->n_words; i++) {
		if (value_add(verb, lines, call->words[i]) < 0)
			return request_refuse(request, verb, call->words[i]);
	}
	return request;
}

static int print_reply(struct call *call, json_t *reply)
{
	if (!reply)
		return EXIT_FAILED;
	if (call->json)
		fputs(call->link.line, stdout);
	json_decref(reply);
	return 0;
}

/* As gpioset, "set" and its like say nothing. */
static int run_quietly(struct call *call, json_t *request)
{
	return print_reply(call, link_exchange(&call->link, request));
}

static int run_get(struct call *call, json_t *request)
{
	json_t *reply = link_exchange(&call->link, request);

	if (reply && !call->json)
		print_levels(reply);
	return print_reply(call, reply);
}

/* A reply has so many lines and no more: the next page is to be added to what there is. False: it is invalid. */
static bool pages_join(json_t *whole, const json_t *page)
{
	static const char *const keys[] = { "guests", "lines" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *more = json_object_get(page, keys[i]);

		if (more && json_array_extend(json_object_get(whole, keys[i]), more) < 0)
			return false;
	}
	return json_array_size(json_object_get(page, "lines")) > 0;
}

static json_t *info_read(struct call *call, json_t *request)
{
	json_t *whole = link_exchange(&call->link, request);
	json_t *more = whole ? json_incref(json_object_get(whole, "more")) : NULL;

	while (whole && more) {
		json_t *page = link_exchange(&call->link, json_pack("{s:s, s:o}", "cmd", "info", "from", more));

		more = page ? json_incref(json_object_get(page, "more")) : NULL;
		if (!page || (!pages_join(whole, page) && more)) {
			json_decref(whole);
			whole = NULL;
		}
		json_decref(page);
	}
	json_decref(more);
	if (whole)
		json_object_del(whole, "more");
	return whole;
}

static int run_info(struct call *call, json_t *request)
{
	json_t *reply = info_read(call, request);
	bool good = reply;

	if (reply && call->json)
		good = json_dumpf(reply, stdout, JSON_COMPACT) == 0 && putchar('\n') == '\n';
	else if (reply)
		good = print_info(reply, call->n_words == 0);
	json_decref(reply);
	return good ? 0 : EXIT_FAILED;
}

static int run_monitor(struct call *call, json_t *request)
{
	json_t *object = link_exchange(&call->link, request);

	if (!object)
		return EXIT_FAILED;
	json_decref(object);
	while ((object = link_read(&call->link))) {
		if (call->json)
			fputs(call->link.line, stdout);
		else
			print_event(object);
		json_decref(object);
		/* Whoever reads this wants to see it now; and when nobody reads it any more, that is the end. */
		if (fflush(stdout) != 0)
			return EXIT_FAILED;
	}
	return EXIT_FAILED;
}

static const struct verb verbs[] = {
	{ .name = "info",
	  .request = lines_request,
	  .run = run_info,
	  .word = "L",
	  .help = "show all about each line; without L, all lines" },
	{ .name = "get",
	  .request = lines_request,
	  .run = run_get,
	  .word = "L",
	  .needs_words = true,
	  .help = "show the levels" },
	{ .name = "set",
	  .request = values_request,
	  .run = run_quietly,
	  .word = "L=0|1",
	  .needs_words = true,
	  .levels = true,
	  .values = { { "0", "inactive" }, { "1", "active" } },
	  .help = "drive simulated lines from outside" },
	{ .name = "pull",
	  .request = values_request,
	  .run = run_quietly,
	  .word = "L=pull-up|pull-down",
	  .needs_words = true,
	  .values = { { "pull-down", NULL }, { "pull-up", NULL } },
	  .help = "stop driving simulated lines and apply a pull" },
	{ .name = "toggle",
	  .request = lines_request,
	  .run = run_quietly,
	  .word = "L",
	  .needs_words = true,
	  .help = "drive simulated lines to the opposite level" },
	{ .name = "monitor",
	  .request = lines_request,
	  .run = run_monitor,
	  .word = "L",
	  .help = "show the levels, then each change" },
	{ .name = "pulse" },
	{ .name = "wait" },
	{ .name = "wire" },
	{ .name = "unwire" },
	{ .name = "safe" },
	{ .name = "stats" },
	{ .name = "vcd" },
	{ .name = "run" },
	{ .name = "panel" },
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

const struct verb *verb_at(size_t i)
{
	return i < ARRAY_SIZE(verbs) ? &verbs[i] : NULL;
}
