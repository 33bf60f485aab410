/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a Value Change Dump declares. */
#include "wave/vcd_head.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/util.h"

#define INDEX_MAX 1000000000u

static int no_memory(const struct vcd_text *text)
{
	return why_fail(ENOMEM, text->why, "%s: out of memory", text->name);
}

static int end_take(struct vcd_text *text)
{
	struct vcd_word word = vcd_text_next(text);

	return vcd_word_is(word, "$end") ? 0 : vcd_text_fail(text, word, "$end");
}

/* "1 ns", "10us". */
static int timescale_read(struct vcd_head *head, struct vcd_text *text, struct vcd_word command)
{
	static const struct {
		const char *name;
		uint64_t scale, divisor;
	} units[] = { { "s", 1000000000, 1 }, { "ms", 1000000, 1 }, { "us", 1000, 1 },
		      { "ns", 1, 1 },	      { "ps", 1, 1000 },    { "fs", 1, 1000000 } };
	struct vcd_word word = vcd_text_next(text), unit = word;
	size_t digits = 0;
	uint64_t number;

	while (digits < word.len && word.text[digits] >= '0' && word.text[digits] <= '9')
		digits++;
	if (decimal_parse_len(word.text, digits, 100, &number) < 0 || (number != 1 && number != 10 && number != 100))
		return vcd_text_fail(text, word, "1, 10 or 100 and a unit");
	unit.text += digits;
	unit.len -= digits;
	if (unit.len == 0)
		unit = vcd_text_next(text);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!vcd_word_is(unit, units[i].name))
			continue;
		head->scale = number * units[i].scale;
		head->divisor = units[i].divisor;
		for (; head->scale % 10 == 0 && head->divisor % 10 == 0; head->divisor /= 10)
			head->scale /= 10;
		return end_take(text);
	}
	return vcd_text_fail(text, unit, "s, ms, us, ns, ps or fs");
}

static int scope_enter(struct vcd_head *head, struct vcd_text *text, struct vcd_word command)
{
	size_t len = strlen(head->scope);
	struct vcd_word name;

	vcd_text_next(text);
	name = vcd_text_next(text);
	if (name.len == 0 || vcd_word_is(name, "$end"))
		return vcd_text_fail(text, name, "the kind and the name of a scope");
	if (len + name.len + 1 >= sizeof(head->scope) || memchr(name.text, '\0', name.len))
		return vcd_text_fail(text, name, "a shorter name of a scope");
	/* Each takes two bytes at least: there is room. */
	head->scopes[head->n_scopes++] = (uint16_t)len;
	memcpy(head->scope + len, name.text, name.len);
	memcpy(head->scope + len + name.len, ".", 2);
	return end_take(text);
}

static int scope_leave(struct vcd_head *head, struct vcd_text *text, struct vcd_word command)
{
	if (head->n_scopes == 0)
		return vcd_text_fail(text, command, "a $scope before it");
	head->scope[head->scopes[--head->n_scopes]] = '\0';
	return end_take(text);
}

static struct vcd_signal *signal_add(struct vcd_head *head)
{
	size_t room = head->room > 0 ? 2 * head->room : 64;
	struct vcd_signal *signals = head->signals;

	if (head->n == head->room)
		signals = realloc(signals, room * sizeof(*signals));
	if (!signals)
		return NULL;
	head->room = head->n == head->room ? room : head->room;
	head->signals = signals;
	signals[head->n] = (struct vcd_signal){ .name = NULL };
	return &signals[head->n++];
}

/* A number at *text, which moves behind it. */
static bool index_take(const char **text, int32_t *index)
{
	bool negative = **text == '-';
	size_t len = strspn(*text + negative, "0123456789");
	uint64_t value;

	if (decimal_parse_len(*text + negative, len, INDEX_MAX, &value) < 0)
		return false;
	*index = negative ? -(int32_t)value : (int32_t)value;
	*text += negative + len;
	return true;
}

/* Its bits are those of "[7:0]" at the end of its name, if that is as wide, else counted from the right. */
static void range_take(struct vcd_signal *signal, char *name)
{
	char *range = strrchr(name, '[');
	const char *at = range;
	int32_t left, right;

	signal->left = signal->width > 0 ? (int32_t)signal->width - 1 : 0;
	if (!range || range == name)
		return;
	at++;
	if (!index_take(&at, &left) || *at++ != ':' || !index_take(&at, &right) || strcmp(at, "]") != 0)
		return;
	if ((uint32_t)abs(left - right) + 1 != signal->width)
		return;
	*range = '\0';
	signal->left = left;
	signal->right = right;
}

/* The words up to $end, behind the scopes. */
static int name_read(struct vcd_head *head, struct vcd_text *text, struct vcd_signal *signal)
{
	char name[VCD_NAME_MAX];
	size_t len = strlen(head->scope), scope_len = len;
	struct vcd_word word;

	memcpy(name, head->scope, len);
	for (word = vcd_text_next(text); word.len > 0 && !vcd_word_is(word, "$end"); word = vcd_text_next(text)) {
		if (len + word.len >= sizeof(name) || memchr(word.text, '\0', word.len))
			return vcd_text_fail(text, word, "a shorter name of a signal");
		memcpy(name + len, word.text, word.len);
		len += word.len;
	}
	if (word.len == 0 || len == scope_len)
		return vcd_text_fail(text, word, "the name of the signal, and $end");
	name[len] = '\0';
	range_take(signal, name + scope_len);
	signal->name = strdup(name);
	return signal->name ? 0 : no_memory(text);
}

static int signal_read(struct vcd_head *head, struct vcd_text *text, struct vcd_word command)
{
	struct vcd_word kind = vcd_text_next(text), width = vcd_text_next(text), code = vcd_text_next(text);
	struct vcd_signal *signal;
	uint64_t value;

	if (decimal_parse_len(width.text, width.len, VCD_WIDTH_MAX, &value) < 0)
		return vcd_text_fail(text, width, "a width of up to 65536 bits");
	if (code.len == 0 || vcd_word_is(code, "$end"))
		return vcd_text_fail(text, code, "an identifier");
	if (head->n == VCD_SIGNALS_MAX)
		return vcd_text_fail(text, command, "no more than 65536 signals");
	signal = signal_add(head);
	if (!signal)
		return no_memory(text);
	signal->code = code;
	if (!vcd_word_is(kind, "real") && !vcd_word_is(kind, "realtime") && !vcd_word_is(kind, "string"))
		signal->width = (uint32_t)value;
	return name_read(head, text, signal);
}

static int command_read(struct vcd_head *head, struct vcd_text *text, struct vcd_word command)
{
	static const struct {
		const char *name;
		int (*read)(struct vcd_head *head, struct vcd_text *text, struct vcd_word command);
	} commands[] = { { "$timescale", timescale_read },
			 { "$scope", scope_enter },
			 { "$upscope", scope_leave },
			 { "$var", signal_read } };

	if (command.len == 0 || *command.text != '$' || vcd_word_is(command, "$end"))
		return vcd_text_fail(text, command, "$var, $enddefinitions or another command of a VCD file");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (vcd_word_is(command, commands[i].name))
			return commands[i].read(head, text, command);
	}
	return vcd_text_skip(text, command);
}

static int code_compare(struct vcd_word x, struct vcd_word y)
{
	int order = memcmp(x.text, y.text, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

/* Those of the same identifier in the order of the file. */
static int signal_compare(const void *x, const void *y)
{
	const struct vcd_signal *a = x, *b = y;
	int order = code_compare(a->code, b->code);

	return order != 0 ? order : (a->code.text > b->code.text) - (a->code.text < b->code.text);
}

static void signals_number(struct vcd_head *head)
{
	if (head->n > 0)
		qsort(head->signals, head->n, sizeof(*head->signals), signal_compare);
	for (size_t i = 0; i < head->n; i++) {
		if (i == 0 || code_compare(head->signals[i - 1].code, head->signals[i].code) != 0)
			head->n_numbers++;
		head->signals[i].number = head->n_numbers - 1;
	}
}

int vcd_head_read(struct vcd_head *head, struct vcd_text *text)
{
	struct vcd_word command;
	int ret;

	*head = (struct vcd_head){ .scale = 1, .divisor = 1 };
	while (!vcd_word_is(command = vcd_text_next(text), "$enddefinitions")) {
		ret = command_read(head, text, command);
		if (ret < 0)
			return ret;
	}
	ret = end_take(text);
	signals_number(head);
	return ret;
}

void vcd_head_deinit(struct vcd_head *head)
{
	for (size_t i = 0; i < head->n; i++)
		free(head->signals[i].name);
	free(head->signals);
	*head = (struct vcd_head){ .n = 0 };
}

const struct vcd_signal *vcd_head_find_code(const struct vcd_head *head, struct vcd_word code)
{
	size_t low = 0, high = head->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code_compare(head->signals[middle].code, code) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < head->n && code_compare(head->signals[low].code, code) == 0 ? &head->signals[low] : NULL;
}
