/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a guest made of its lines, as bytes for another process. */
#include "gpio/line_transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "chip/chip.h"
#include "gpio/line_chip.h"
#include "gpio/policy.h"
#include "gpio/report.h"

#define MAGIC	0x736c6776u /* "vgls" */
#define VERSION 1

struct wire_lines {
	struct le32 magic;
	struct le16 version;
	struct le16 n_lines;
};

struct wire_line {
	uint8_t direction;
	uint8_t value;
	uint8_t irq_type;
	uint8_t latched;
};

_Static_assert(sizeof(struct wire_lines) == 8 && sizeof(struct wire_line) == 4, "saved lines");

size_t line_transfer_size(const struct lines *lines)
{
	return sizeof(struct wire_lines) + lines->n_lines * sizeof(struct wire_line);
}

void line_transfer_save(const struct lines *lines, void *data)
{
	const struct wire_lines header = { .magic = le32_make(MAGIC),
					   .version = le16_make(VERSION),
					   .n_lines = le16_make(lines->n_lines) };
	uint8_t *to = data;

	memcpy(to, &header, sizeof(header));
	to += sizeof(header);
	for (unsigned i = 0; i < lines->n_lines; i++) {
		const struct line_state *state = &lines->state[i];
		const struct wire_line wire = { state->direction, state->value, state->irq.type, state->irq.latched };

		memcpy(to, &wire, sizeof(wire));
		to += sizeof(wire);
	}
}

/* Into next, which is as the lines are now. */
static bool parse(const struct lines *lines, const uint8_t *data, size_t len, struct line_state *next)
{
	struct wire_lines header;

	if (len != line_transfer_size(lines))
		return false;
	memcpy(&header, data, sizeof(header));
	if (le32_get(header.magic) != MAGIC || le16_get(header.version) != VERSION ||
	    le16_get(header.n_lines) != lines->n_lines)
		return false;
	for (unsigned i = 0; i < lines->n_lines; i++) {
		struct wire_line wire;

		memcpy(&wire, data + sizeof(header) + i * sizeof(wire), sizeof(wire));
		if (wire.latched > 1)
			return false;
		next[i].direction = wire.direction;
		next[i].value = wire.value;
		next[i].irq = (struct irq){ .type = wire.irq_type, .latched = wire.latched };
		/* What this host makes of a line that the guest does not use stays. */
		if (line_is_used(&next[i]))
			next[i].idle = LINE_IDLE_RELEASED;
		if (!policy_allows_state(&lines->rules[i], &next[i]))
			return false;
	}
	return true;
}

static bool line_same(const struct line_state *a, const struct line_state *b)
{
	return a->direction == b->direction && a->value == b->value && a->irq.type == b->irq.type && a->idle == b->idle;
}

/* Brings the first n lines to where they go, or back. Returns how many that were before one that the chip refuses. */
static unsigned apply(struct lines *lines, const struct line_state *from, const struct line_state *to, unsigned n,
		      int *error)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		int ret = line_same(&from[i], &to[i]) ? 0 : line_chip_apply(lines, (uint16_t)i, &to[i]);

		if (ret < 0) {
			report_failure(lines, i, "load", ret);
			*error = ret;
			break;
		}
	}
	chip_settle(lines->chip);
	return i;
}

int line_transfer_load(struct lines *lines, const void *data, size_t len)
{
	struct line_state *next = calloc(lines->n_lines, sizeof(*next));
	int error = 0, ignored = 0;
	unsigned done;

	if (!next)
		return -ENOMEM;
	memcpy(next, lines->state, lines->n_lines * sizeof(*next));
	if (!parse(lines, data, len, next)) {
		free(next);
		return -EINVAL;
	}
	done = apply(lines, lines->state, next, lines->n_lines, &error);
	if (done == lines->n_lines)
		memcpy(lines->state, next, lines->n_lines * sizeof(*next));
	else
		apply(lines, next, lines->state, done, &ignored);
	for (unsigned i = 0; i < done; i++)
		report_change(lines, (uint16_t)i);
	free(next);
	return error;
}
