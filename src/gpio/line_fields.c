/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The members of struct line_state. */
#include "gpio/line_fields.h"

#include "base/util.h"
#include "gpio/lines_types.h"

#define L(member) FIELD_MUST(struct line_state, member)

static const struct field fields[] = {
	L(direction),
	L(value),
	L(idle),
	L(irq.type),
	L(irq.latched),
	L(irq.unmasked),
	L(irq.firing),
	L(irq.unread_edges),
	L(head),
	L(note.direction),
	L(note.value),
	L(note.irq.type),
	L(note.irq.latched),
	L(note.irq.unmasked),
	L(note.irq.firing),
	L(note.irq.unread_edges),
	FIELD_MAY(struct line_state, note.owed),
	L(note.head),
};

struct field_part line_fields_part(size_t offset, size_t n_lines)
{
	return (struct field_part){ "line", 0, fields, ARRAY_SIZE(fields), offset, sizeof(struct line_state), n_lines };
}
