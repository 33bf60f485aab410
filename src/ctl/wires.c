/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Wires, on the command line and on the screen. */
#include "ctl/wires.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/util.h"
#include "ctl/print.h"

/* As long as a wire may delay. */
#define DELAY_MAX_US 10000000

static const struct unit {
	const char *word;
	uint32_t us;
} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } };

/* Microseconds; 0: it is no time. */
static uint32_t delay_parse(const char *word)
{
	size_t digits = strspn(word, "0123456789");
	uint64_t number;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(word + digits, units[i].word) == 0 &&
		    decimal_parse_len(word, digits, DELAY_MAX_US / units[i].us, &number) == 0)
			return (uint32_t)number * units[i].us;
	}
	return 0;
}

json_t *wire_requests(const struct call *call, const char *verb)
{
	const char *delay = call->options[CALL_DELAY];
	uint32_t delay_us = delay ? delay_parse(delay) : 0;
	json_t *request;

	if (call->n_words != 2) {
		error_print("%s needs two lines", verb);
		return NULL;
	}
	if (delay && delay_us == 0) {
		error_print("%s: --delay: \"%s\" is not a time from 1us to 10s", verb, delay);
		return NULL;
	}
	request = json_pack("{s:s, s:[s, s]}", "cmd", verb, "lines", call->words[0], call->words[1]);
	if (!request) {
		error_print("%s: a line is not UTF-8", verb);
		return NULL;
	}
	if (call->options[CALL_INVERT])
		json_object_set_new(request, "invert", json_true());
	if (delay_us > 0)
		json_object_set_new(request, "delay_us", json_integer(delay_us));
	return json_pack("[o]", request);
}

json_t *wires_requests(const struct call *call, const char *verb)
{
	if (call->n_words == 0)
		return json_pack("[{s:s}]", "cmd", verb);
	error_print("%s takes no lines", verb);
	return NULL;
}

static const char *line_word(const json_t *wire, size_t end)
{
	const char *word = json_string_value(json_array_get(json_object_get(wire, "lines"), end));

	return word ? word : "";
}

static void print_level(const json_t *wire, size_t end)
{
	const json_t *level = json_array_get(json_object_get(wire, "levels"), end);

	if (json_is_integer(level))
		printf(" %d", json_integer_value(level) != 0);
	else
		fputs(json_is_true(json_object_get(wire, "conflict")) ? " x" : " ?", stdout);
}

static void print_wire(const json_t *wire)
{
	bool invert = json_is_true(json_object_get(wire, "invert"));
	long long delay_us = json_integer_value(json_object_get(wire, "delay_us"));
	long long conflicts = json_integer_value(json_object_get(wire, "conflicts"));

	print_word(line_word(wire, 0));
	fputs(invert || delay_us > 0 ? " -> " : " - ", stdout);
	print_word(line_word(wire, 1));
	if (invert)
		fputs(" invert", stdout);
	if (delay_us > 0)
		printf(" delay=%lldus", delay_us);
	fputs(":", stdout);
	print_level(wire, 0);
	print_level(wire, 1);
	if (conflicts > 0)
		printf(" conflicts=%lld", conflicts);
	putchar('\n');
}

void wires_print(const json_t *reply)
{
	const json_t *wires = json_object_get(reply, "wires");

	for (size_t i = 0; i < json_array_size(wires); i++)
		print_wire(json_array_get(wires, i));
}
