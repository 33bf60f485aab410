/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What vgpioctl can be asked to do. */
#include "ctl/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/near.h"
#include "base/output.h"
#include "base/util.h"
#include "ctl/exchange.h"
#include "ctl/monitor.h"
#include "ctl/play.h"
#include "ctl/print.h"
#include "ctl/record.h"
#include "ctl/request_list.h"
#include "ctl/run.h"
#include "ctl/stimulate.h"
#include "ctl/wait.h"
#include "ctl/wires.h"
#include "panel/panel.h"

/* What a word has to be, in full. */
#define LINES_HELP "L is GUEST.LINE, or LINE where that is unique; LINE is a name or an offset"

static json_t *words_refuse(struct request_list *list, const struct verb *verb, const char *word)
{
	error_print("%s: \"%s\" is not %s (%s)", verb->name, word, verb->word, LINES_HELP);
	json_decref(request_list_end(list));
	return NULL;
}

/* The words as arrays of lines. */
static json_t *lines_requests(const struct call *call, const struct verb *verb)
{
	struct request_list list;

	request_list_init(&list, verb->name);
	list.each_once = verb->each_once;
	if (call->n_words == 0)
		request_list_add_plain(&list);
	for (int i = 0; i < call->n_words; i++) {
		/* Not a word of UTF-8. */
		if (request_list_add(&list, call->words[i], NULL) < 0)
			return words_refuse(&list, verb, call->words[i]);
	}
	return request_list_end(&list);
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

static int value_add(const struct verb *verb, struct request_list *list, const char *word)
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
	ret = request_list_add(list, line, verb->levels ? json_integer(value) : json_string(verb->values[value][0]));
	free(line);
	return ret;
}

/* The words L=VALUE as objects. */
static json_t *values_requests(const struct call *call, const struct verb *verb)
{
	struct request_list list;

	request_list_init(&list, verb->name);
	for (int i = 0; i < call->n_words; i++) {
		if (value_add(verb, &list, call->words[i]) < 0)
			return words_refuse(&list, verb, call->words[i]);
	}
	return request_list_end(&list);
}

/* What cannot be written shows at the end. */
static void reply_print(const json_t *reply)
{
	json_dumpf(reply, stdout, JSON_COMPACT);
	putchar('\n');
}

static int print_replies(const struct call *call, json_t *replies)
{
	for (size_t i = 0; call->json && i < json_array_size(replies); i++)
		reply_print(json_array_get(replies, i));
	json_decref(replies);
	return replies ? 0 : EXIT_FAILED;
}

/* A request whose words are wrong does nothing; several are to be no different. */
static bool words_are_known(struct call *call, const json_t *requests)
{
	bool known = true;

	for (size_t i = 0; known && json_array_size(requests) > 1 && i < json_array_size(requests); i++) {
		json_t *look = request_look(json_array_get(requests, i));
		json_t *reply = link_exchange(&call->link, look);

		known = reply;
		json_decref(reply);
		json_decref(look);
	}
	return known;
}

/* As gpioset, "set" and its like say nothing. */
static int run_quietly(struct call *call, const json_t *requests)
{
	return words_are_known(call, requests) ? print_replies(call, exchange_all(call, requests)) : EXIT_FAILED;
}

static int run_get(struct call *call, const json_t *requests)
{
	json_t *replies = exchange_all(call, requests);

	if (replies && !call->json)
		print_levels(replies, call->options[CALL_NUMERIC]);
	return print_replies(call, replies);
}

/* A reply has so many lines and no more: those of the next are to be added to what there is. False: it is invalid. */
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

/* All lines, from the one on that a reply said to be the next. NULL: failed (said). whole is given up. */
static json_t *info_go_on(struct call *call, json_t *whole)
{
	json_t *more = json_incref(json_object_get(whole, "more"));

	while (whole && more) {
		json_t *request = json_pack("{s:s, s:o}", "cmd", "info", "from", more);
		json_t *page = link_exchange(&call->link, request);

		more = page ? json_incref(json_object_get(page, "more")) : NULL;
		if (!page || (!pages_join(whole, page) && more)) {
			json_decref(whole);
			whole = NULL;
		}
		json_decref(page);
		json_decref(request);
	}
	json_decref(more);
	json_object_del(whole, "more");
	return whole;
}

static json_t *info_read(struct call *call, const json_t *requests)
{
	json_t *replies = exchange_all(call, requests);
	json_t *whole = json_incref(json_array_get(replies, 0));

	for (size_t i = 1; i < json_array_size(replies); i++)
		pages_join(whole, json_array_get(replies, i));
	json_decref(replies);
	return whole ? info_go_on(call, whole) : NULL;
}

static int run_info(struct call *call, const json_t *requests)
{
	json_t *reply = info_read(call, requests);
	bool good = reply;

	if (reply && call->options[CALL_NAMES])
		print_names(reply);
	else if (reply && call->json)
		reply_print(reply);
	else if (reply)
		good = print_info(reply, call->n_words == 0);
	json_decref(reply);
	return good ? 0 : EXIT_FAILED;
}

static int panel_call(struct call *call)
{
	return panel_run(call->path, call->words, call->n_words);
}

static json_t *two_lines_requests(const struct call *call, const struct verb *verb)
{
	return wire_requests(call, verb->name);
}

static json_t *no_lines_requests(const struct call *call, const struct verb *verb)
{
	return wires_requests(call, verb->name);
}

static int run_wires(struct call *call, const json_t *requests)
{
	json_t *replies = exchange_all(call, requests);

	if (replies && !call->json)
		wires_print(json_array_get(replies, 0));
	return print_replies(call, replies);
}

static const struct verb verbs[] = {
	{ .name = "info",
	  .requests = lines_requests,
	  .run = run_info,
	  .options = 1u << CALL_NAMES,
	  .word = "L",
	  .help = "show all about each line; without L, all lines: --names" },
	{ .name = "get",
	  .requests = lines_requests,
	  .run = run_get,
	  .options = 1u << CALL_NUMERIC,
	  .word = "L",
	  .needs_words = true,
	  .help = "show the levels: --numeric" },
	{ .name = "set",
	  .requests = values_requests,
	  .run = run_quietly,
	  .word = "L=0|1",
	  .needs_words = true,
	  .levels = true,
	  .values = { { "0", "inactive", "low", "off" }, { "1", "active", "high", "on" } },
	  .help = "drive simulated lines from outside" },
	{ .name = "pull",
	  .requests = values_requests,
	  .run = run_quietly,
	  .word = "L=pull-up|pull-down",
	  .needs_words = true,
	  .values = { { "pull-down", "down" }, { "pull-up", "up" } },
	  .help = "stop driving simulated lines and apply a pull" },
	{ .name = "toggle",
	  .requests = lines_requests,
	  .run = run_quietly,
	  .word = "L",
	  .needs_words = true,
	  .help = "drive simulated lines to the opposite level" },
	{ .name = "monitor",
	  .requests = lines_requests,
	  .options_are_good = monitor_options_are_good,
	  .run = monitor_run,
	  .options = 1u << CALL_COUNT | 1u << CALL_TIMEOUT,
	  .each_once = true,
	  .word = "L",
	  .help = "show the levels, then each change: --count N, --timeout TIME" },
	{ .name = "press",
	  .alone = stimulate_press,
	  .options = 1u << CALL_HOLD | 1u << CALL_BOUNCE,
	  .word = "L...",
	  .needs_words = true,
	  .help = "press buttons: --hold TIME, --bounce TIME[,SEED]" },
	{ .name = "pulse",
	  .alone = stimulate_pulse,
	  .word = "L... TIME",
	  .needs_words = true,
	  .help = "drive lines to the opposite level for a time" },
	{ .name = "blink",
	  .alone = stimulate_blink,
	  .options = 1u << CALL_HZ | 1u << CALL_COUNT,
	  .word = "L... --hz RATE",
	  .needs_words = true,
	  .help = "drive lines to the opposite level and back, again and again: --count N" },
	{ .name = "wait",
	  .alone = wait_call,
	  .options = 1u << CALL_TIMEOUT | 1u << CALL_STABLE | 1u << CALL_ANY | 1u << CALL_ALL,
	  .word = "L=0|1|L EVENT...",
	  .needs_words = true,
	  .help = "wait for a level, rising, falling, changes, input or output: --timeout, --stable, --any" },
	{ .name = "run",
	  .alone = run_call,
	  .options = 1u << CALL_SET | 1u << CALL_SEED | 1u << CALL_TAP | 1u << CALL_JUNIT | 1u << CALL_RECORD,
	  .word = "FILE...",
	  .needs_words = true,
	  .help = "go through scenarios: --set NAME=VALUE, --tap, --junit FILE, --record FILE, --seed N" },
	{ .name = "record",
	  .alone = record_call,
	  .options = 1u << CALL_OUTPUT | 1u << CALL_TRIGGER | 1u << CALL_BEFORE | 1u << CALL_AFTER | 1u << CALL_LIMIT,
	  .word = "-o FILE [L...]",
	  .help = "write a VCD waveform: --trigger L:EDGE, --before TIME, --after TIME, --limit LIMIT" },
	{ .name = "play",
	  .alone = play_call,
	  .options = 1u << CALL_MAP | 1u << CALL_SPEED,
	  .word = "FILE",
	  .needs_words = true,
	  .help = "drive lines by a VCD waveform: --map SIGNAL=L, --speed N" },
	{ .name = "panel",
	  .alone = panel_call,
	  .word = "[L...]",
	  .help = "show lines on the terminal as they change; keys drive them, ? shows which" },
	{ .name = "wire",
	  .requests = two_lines_requests,
	  .run = run_quietly,
	  .word = "A B [--invert] [--delay TIME]",
	  .needs_words = true,
	  .is_whole = true,
	  .options = 1u << CALL_INVERT | 1u << CALL_DELAY,
	  .help = "join two simulated lines" },
	{ .name = "unwire",
	  .requests = two_lines_requests,
	  .run = run_quietly,
	  .word = "A B",
	  .needs_words = true,
	  .is_whole = true,
	  .help = "part two lines that are joined" },
	{ .name = "wires",
	  .requests = no_lines_requests,
	  .run = run_wires,
	  .word = "",
	  .is_whole = true,
	  .help = "show what is joined, its levels and conflicts" },
	{ .name = "safe" },
	{ .name = "stats" },
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

const char *verb_near(const char *name)
{
	struct near near = { name, strlen(name), NULL, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (verbs[i].requests || verbs[i].alone)
			near_offer(&near, verbs[i].name);
	}
	return near.best;
}

void verb_print_usage(const struct verb *verb, char *text, size_t size)
{
	snprintf(text, size,
		 !*verb->word			 ? "%s%s"
		 : verb->alone || verb->is_whole ? "%s %s"
		 : verb->needs_words		 ? "%s %s..."
						 : "%s [%s...]",
		 verb->name, verb->word);
}

const struct verb *verb_at(size_t i)
{
	return i < ARRAY_SIZE(verbs) ? &verbs[i] : NULL;
}
