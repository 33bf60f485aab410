/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The verb monitor. Its connection ends when guests come or go, or another version of the daemon takes over: then there
 * is another one at once, and of the levels that are told anew those are shown that are not known already.
 */
#include "ctl/monitor.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/output.h"
#include "bench/words.h"
#include "ctl/exchange.h"
#include "ctl/print.h"
#include "ctl/watch.h"

/* Between two tries; a connection that was made and ended again is one. */
#define RETRY_NS  20000000
#define TRIES_MAX 500

struct monitor {
	struct call *call;
	const json_t *requests;
	struct watch watch; /* without keys: all that comes is wanted */
	json_t *levels;	    /* owned: of each line, that was shown last */
	bool again;	    /* the states are told anew */
	uint64_t until_ns, count, n_changes;
};

/* A monitor is the one request of its connection: these words are looked up first, then all lines are monitored. */
static json_t *many_begin(struct monitor *monitor)
{
	json_t *looks = json_deep_copy(monitor->requests), *all = json_pack("{s:s}", "cmd", "monitor");
	json_t *replies, *reply = NULL;
	bool good;

	for (size_t i = 0; i < json_array_size(looks); i++)
		json_object_set_new(json_array_get(looks, i), "cmd", json_string("info"));
	replies = exchange_all(monitor->call, looks);
	good = replies;
	watch_deinit(&monitor->watch);
	for (size_t i = 0; good && i < json_array_size(replies); i++)
		good = watch_add(&monitor->watch, json_array_get(replies, i));
	if (good)
		reply = link_exchange(&monitor->call->link, all);
	json_decref(replies);
	json_decref(looks);
	json_decref(all);
	return reply;
}

/* False: there is no connection any more, or it is refused (said). */
static bool begin(struct monitor *monitor)
{
	json_t *reply = json_array_size(monitor->requests) > 1
				? many_begin(monitor)
				: link_exchange(&monitor->call->link, json_array_get(monitor->requests, 0));

	json_decref(reply);
	return reply;
}

/* Whether the level is another one than that which was shown last. */
static bool level_is_new(struct monitor *monitor, const json_t *event)
{
	const char *line = json_string_value(json_object_get(event, "line"));
	json_t *level = json_object_get(event, "level");
	bool is_new = !line || !json_equal(level, json_object_get(monitor->levels, line));

	if (line && level)
		json_object_set(monitor->levels, line, level);
	return is_new;
}

static bool event_is(const json_t *event, const char *kind)
{
	const char *word = json_string_value(json_object_get(event, "event"));

	return word && strcmp(word, kind) == 0;
}

/* False: nobody reads it any more. */
static bool show(struct monitor *monitor, const json_t *event)
{
	bool wanted = !monitor->watch.keys || watch_has(&monitor->watch, event);
	bool is_new = level_is_new(monitor, event);

	if (!wanted || (event_is(event, "state") && monitor->again && !is_new))
		return true;
	if (monitor->call->json)
		puts(monitor->call->link.line);
	else
		print_event(event);
	monitor->n_changes += event_is(event, "change") && json_is_string(json_object_get(event, "edge"));
	/* Whoever reads this wants to see it now. */
	return output_flush();
}

static bool is_over(const struct monitor *monitor)
{
	return monitor->count > 0 && monitor->n_changes >= monitor->count;
}

/* Until the connection ends: -1; 0: no more is wanted; 1: the time is over. */
static int show_all(struct monitor *monitor)
{
	json_t *event = NULL;
	int ret = 1;

	while (ret > 0 && !is_over(monitor)) {
		ret = link_next(&monitor->call->link, monitor->until_ns, &event);
		if (ret == 0)
			return 1;
		if (ret > 0 && !show(monitor, event))
			ret = 0;
		json_decref(event);
		event = NULL;
	}
	return ret < 0 ? -1 : 0;
}

/* Another connection, which goes on where the last one ended. */
static bool begin_again(struct monitor *monitor)
{
	const struct timespec pause = { 0, RETRY_NS };
	struct link *link = &monitor->call->link;
	bool begun = false, lives = true;

	monitor->again = true;
	for (unsigned i = 0; lives && !begun && i < TRIES_MAX && clock_now_ns() < monitor->until_ns; i++) {
		link_close(link);
		nanosleep(&pause, NULL);
		lives = link_reopen(link) == 0;
		begun = lives && begin(monitor);
		/* What was refused, and not cut off, is said. */
		if (lives && !begun && link->refused)
			return false;
	}
	if (!begun && clock_now_ns() < monitor->until_ns)
		error_print("%s: the connection was closed", link->path);
	return begun;
}

static bool options_take_up(struct monitor *monitor)
{
	const char *count = monitor->call->options[CALL_COUNT], *timeout = monitor->call->options[CALL_TIMEOUT];
	uint64_t time_ns;

	monitor->until_ns = UINT64_MAX;
	if (timeout && words_time(timeout, &time_ns) < 0) {
		error_print("--timeout: \"%s\" is not a time (80ms, 1.5s, 200us)", timeout);
		return false;
	}
	if (timeout)
		monitor->until_ns = clock_now_ns() + time_ns;
	if (count && (decimal_parse(count, UINT32_MAX, &monitor->count) < 0 || monitor->count == 0)) {
		error_print("--count: \"%s\" is not a number from 1 on", count);
		return false;
	}
	return true;
}

static int ended(const struct monitor *monitor, bool late)
{
	if (!late)
		return is_over(monitor) ? 0 : EXIT_FAILED;
	if (monitor->count == 0)
		return 0;
	error_print("monitor: the time is over: %llu of %llu changes came", (unsigned long long)monitor->n_changes,
		    (unsigned long long)monitor->count);
	return EXIT_FAILED;
}

bool monitor_options_are_good(struct call *call)
{
	struct monitor monitor = { .call = call };

	return options_take_up(&monitor);
}

int monitor_run(struct call *call, const json_t *requests)
{
	struct monitor monitor = { .call = call, .requests = requests };
	int ret = -1, status;
	bool begun;

	if (!options_take_up(&monitor))
		return EXIT_USAGE;
	monitor.levels = json_object();
	begun = begin(&monitor);
	call->link.quiet = true;
	while (begun && (ret = show_all(&monitor)) < 0)
		begun = begin_again(&monitor);
	status = ended(&monitor, ret > 0 || (begun == false && ret < 0 && clock_now_ns() >= monitor.until_ns));
	watch_deinit(&monitor.watch);
	json_decref(monitor.levels);
	return status;
}
