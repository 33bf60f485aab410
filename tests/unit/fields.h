/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Tables of members (base/fields.h): whether nothing was forgotten. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/fields.h"

static inline void field_check(const struct field_part *part, const struct field *field)
{
	if (field->kind == FIELD_KIND_NUMBER && field->size != 1 && field->size != 2 && field->size != 4 &&
	    field->size != 8)
		fail_msg("%s.%s: a number of %u bytes", part->name, field->name, field->size);
	if (field->name && strlen(field->name) > FIELD_NAME_MAX)
		fail_msg("%s.%s: the name is too long", part->name, field->name);
	if (field->offset + (size_t)field->size > part->stride)
		fail_msg("%s.%s lies outside", part->name, field->name);
}

/* Each byte of an element belongs to one row. A member without a row, or padding without a name, is found so. */
static inline void fields_cover(const struct field_part *part)
{
	uint8_t *rows = calloc(part->stride, 1);

	assert_non_null(rows);
	for (size_t i = 0; i < part->n_fields; i++) {
		const struct field *field = &part->fields[i];

		field_check(part, field);
		for (uint32_t j = 0; j < field->size; j++)
			rows[field->offset + j]++;
	}
	for (size_t i = 0; i < part->stride; i++) {
		if (rows[i] != 1)
			fail_msg("%s: byte %zu has %u rows", part->name, i, rows[i]);
	}
	free(rows);
}
