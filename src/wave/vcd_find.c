/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Signals of a Value Change Dump in the words of a user. */
#include "wave/vcd_find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

/* The name as a whole is this word; or its end, behind a dot. */
static bool is_meant(const char *name, const char *word, size_t len, bool whole)
{
	size_t name_len = strlen(name);

	if (whole)
		return name_len == len && memcmp(name, word, len) == 0;
	return name_len > len && name[name_len - len - 1] == '.' && memcmp(name + name_len - len, word, len) == 0;
}

/* NULL and good: there is none. */
static const struct vcd_signal *find(const struct vcd_head *head, const char *word, size_t len, bool whole,
				     struct why *why, bool *good)
{
	const struct vcd_signal *found = NULL;

	for (size_t i = 0; i < head->n; i++) {
		const struct vcd_signal *signal = &head->signals[i];

		if (!is_meant(signal->name, word, len, whole) || (found && found->number == signal->number))
			continue;
		if (found) {
			why_fail(EINVAL, why, "\"%.*s\" is ambiguous: %.128s, %.128s", (int)len, word, found->name,
				 signal->name);
			*good = false;
			return NULL;
		}
		found = signal;
	}
	return found;
}

static const struct vcd_signal *find_either(const struct vcd_head *head, const char *word, size_t len, struct why *why,
					    bool *good)
{
	const struct vcd_signal *signal = find(head, word, len, true, why, good);

	return signal || !*good ? signal : find(head, word, len, false, why, good);
}

/* The index at the end of "data[3]", whose name has *len bytes. */
static bool index_take(const char *word, size_t *len, int32_t *index)
{
	const char *open = strrchr(word, '['), *digits = open ? open + 1 : "";
	bool negative = *digits == '-';
	size_t n = strspn(digits + negative, "0123456789");
	uint64_t value;

	if (!open || open == word || strcmp(digits + negative + n, "]") != 0 ||
	    decimal_parse_len(digits + negative, n, INT32_MAX, &value) < 0)
		return false;
	*len = (size_t)(open - word);
	*index = negative ? -(int32_t)value : (int32_t)value;
	return true;
}

static const struct vcd_signal *bit_find(const struct vcd_head *head, const char *word, uint32_t *bit, struct why *why,
					 bool *good)
{
	const struct vcd_signal *signal;
	int64_t distance;
	int32_t index;
	size_t len;

	if (!index_take(word, &len, &index))
		return NULL;
	signal = find_either(head, word, len, why, good);
	if (!signal)
		return NULL;
	distance = signal->left >= signal->right ? (int64_t)index - signal->right : (int64_t)signal->right - index;
	if (distance < 0 || distance >= signal->width)
		return NULL;
	*bit = (uint32_t)distance;
	return signal;
}

const struct vcd_signal *vcd_find(const struct vcd_head *head, const char *word, uint32_t *bit, struct why *why)
{
	bool good = true;
	const struct vcd_signal *signal = find_either(head, word, strlen(word), why, &good);

	*bit = 0;
	if (signal && signal->width == 0)
		why_fail(EINVAL, why, "\"%.128s\" has no level", word);
	else if (signal && signal->width > 1)
		why_fail(EINVAL, why, "\"%.128s\" has %u bits: expected one of them, [%d] to [%d]", word, signal->width,
			 signal->left, signal->right);
	else if (signal)
		return signal;
	if (signal || !good)
		return NULL;
	signal = bit_find(head, word, bit, why, &good);
	if (!signal && good)
		why_fail(EINVAL, why, "no signal \"%.128s\"", word);
	return signal;
}
