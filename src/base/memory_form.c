/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The form of memory that outlives a program. */
#include "base/memory_form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define ALIGNED 64

static const struct record_row field_rows[] = {
	RECORD_ROW("name", RECORD_TEXT | RECORD_MUST, RECORD_NEEDED | RECORD_LINE, form_field, name, 0),
	RECORD_ROW("offset", RECORD_NUMBER | RECORD_MUST, 0, form_field, offset, MEMORY_FORM_SIZE_MAX),
	RECORD_ROW("size", RECORD_NUMBER | RECORD_MUST, RECORD_NEEDED, form_field, size, MEMORY_FORM_SIZE_MAX),
	RECORD_ROW("kind", RECORD_NUMBER | RECORD_MUST, 0, form_field, kind, FIELD_KIND_BYTES),
	RECORD_ROW("must", RECORD_NUMBER | RECORD_MUST, 0, form_field, must, 1),
};

static const struct record_table field_table = { .rows = field_rows,
						 .n = ARRAY_SIZE(field_rows),
						 .size = sizeof(struct form_field) };

static bool field_check(const struct form_part *part, unsigned n)
{
	const struct form_field *field = &part->fields[n];
	uint32_t size = field->size;

	if (!field->name[0] || size == 0 || size > part->stride || field->offset > part->stride - size)
		return false;
	if (field->kind == FIELD_KIND_NUMBER && size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	/* Whether it is the only one of its name. */
	return memory_form_field(part, field->name) == field;
}

static bool part_finish(void *object, struct why *why)
{
	const struct form_part *part = object;
	uint64_t sum = 0;

	for (unsigned i = 0; i < part->n_fields; i++) {
		sum += part->fields[i].size;
		if (!field_check(part, i) || sum > part->stride) {
			why_fail(EINVAL, why, "no good field %s.%s", part->name, part->fields[i].name);
			return false;
		}
	}
	return part->name[0] && part->stride > 0;
}

static const struct record_row part_rows[] = {
	RECORD_ROW("name", RECORD_TEXT | RECORD_MUST, RECORD_NEEDED | RECORD_LINE, form_part, name, 0),
	RECORD_ROW("number", RECORD_NUMBER | RECORD_MUST, 0, form_part, number, UINT32_MAX),
	RECORD_ROW("offset", RECORD_NUMBER | RECORD_MUST, 0, form_part, offset, MEMORY_FORM_SIZE_MAX),
	RECORD_ROW("stride", RECORD_NUMBER | RECORD_MUST, RECORD_NEEDED, form_part, stride, MEMORY_FORM_SIZE_MAX),
	RECORD_ROW("count", RECORD_NUMBER | RECORD_MUST, 0, form_part, count, MEMORY_FORM_SIZE_MAX),
	RECORD_ROW("kept", RECORD_NUMBER | RECORD_MUST, 0, form_part, kept, 1),
	RECORD_LIST_ROW("field", RECORD_MUST, form_part, fields, n_fields, MEMORY_FORM_FIELDS_MAX, &field_table),
};

static const struct record_table part_table = {
	.rows = part_rows, .n = ARRAY_SIZE(part_rows), .size = sizeof(struct form_part), .finish = part_finish
};

/* A field has one place: among what is looked at, or among what is kept. */
static bool part_is_new(const struct memory_form *form, unsigned n)
{
	const struct form_part *part = &form->parts[n];
	const struct form_part *other = memory_form_part(form, part->name, part->number, !part->kept);

	if (memory_form_part(form, part->name, part->number, part->kept) != part)
		return false;
	for (unsigned i = 0; other && i < part->n_fields; i++) {
		if (memory_form_field(other, part->fields[i].name))
			return false;
	}
	return true;
}

static bool form_finish(void *object, struct why *why)
{
	const struct memory_form *form = object;

	for (unsigned i = 0; i < form->n_parts; i++) {
		const struct form_part *part = &form->parts[i];

		if (part->offset > form->size || part->count > (form->size - part->offset) / part->stride ||
		    !part_is_new(form, i)) {
			why_fail(EINVAL, why, "no good part %s", part->name);
			return false;
		}
	}
	return true;
}

static const struct record_row form_rows[] = {
	RECORD_ROW("size", RECORD_NUMBER | RECORD_MUST, RECORD_NEEDED, memory_form, size, MEMORY_FORM_SIZE_MAX),
	RECORD_LIST_ROW("part", RECORD_MUST, memory_form, parts, n_parts, MEMORY_FORM_PARTS_MAX, &part_table),
};

const struct record_table memory_form_table = {
	.rows = form_rows, .n = ARRAY_SIZE(form_rows), .size = sizeof(struct memory_form), .finish = form_finish
};

void memory_form_deinit(struct memory_form *form)
{
	record_table_free(&memory_form_table, form);
	*form = (struct memory_form){ .size = 0 };
}

const struct form_part *memory_form_part(const struct memory_form *form, const char *name, uint32_t number, bool kept)
{
	for (unsigned i = 0; i < form->n_parts; i++) {
		const struct form_part *part = &form->parts[i];

		if (part->number == number && part->kept == kept && strcmp(part->name, name) == 0)
			return part;
	}
	return NULL;
}

const struct form_field *memory_form_field(const struct form_part *part, const char *name)
{
	for (unsigned i = 0; i < part->n_fields; i++) {
		if (strcmp(part->fields[i].name, name) == 0)
			return &part->fields[i];
	}
	return NULL;
}

static bool form_init(struct memory_form *form, unsigned n_parts)
{
	*form = (struct memory_form){ .parts = calloc(n_parts + 1, sizeof(*form->parts)) };
	return form->parts;
}

/* Another part, with room for that many fields; NULL. The caller has room for it. */
static struct form_part *part_add(struct memory_form *form, const char *name, uint32_t number, unsigned n_fields)
{
	struct form_part *part = &form->parts[form->n_parts];

	*part = (struct form_part){ .number = number, .fields = calloc(n_fields + 1, sizeof(*part->fields)) };
	if (!part->fields)
		return NULL;
	snprintf(part->name, sizeof(part->name), "%s", name);
	form->n_parts++;
	return part;
}

static bool part_make(struct memory_form *form, const struct field_part *table)
{
	struct form_part *part = part_add(form, table->name, table->number, (unsigned)table->n_fields);

	if (!part)
		return false;
	part->offset = table->offset;
	part->stride = (uint32_t)table->stride;
	part->count = (uint32_t)table->count;
	for (size_t i = 0; i < table->n_fields; i++) {
		const struct field *from = &table->fields[i];
		struct form_field *to = &part->fields[part->n_fields];

		if (from->kind > FIELD_KIND_BYTES)
			continue;
		*to = (struct form_field){
			.offset = from->offset, .size = from->size, .kind = from->kind, .must = from->must
		};
		snprintf(to->name, sizeof(to->name), "%s", from->name);
		part->n_fields++;
	}
	return true;
}

int memory_form_make(struct memory_form *form, const struct field_part *parts, unsigned n_parts, size_t size)
{
	bool made = form_init(form, n_parts);

	form->size = size;
	for (unsigned i = 0; i < n_parts && made; i++)
		made = part_make(form, &parts[i]);
	if (!made)
		memory_form_deinit(form);
	return made ? 0 : -ENOMEM;
}

static bool field_same(const struct form_field *a, const struct form_field *b)
{
	return strcmp(a->name, b->name) == 0 && a->offset == b->offset && a->size == b->size && a->kind == b->kind;
}

static bool part_same(const struct form_part *a, const struct form_part *b)
{
	if (strcmp(a->name, b->name) != 0 || a->number != b->number || a->offset != b->offset ||
	    a->stride != b->stride || a->count != b->count || a->kept != b->kept || a->n_fields != b->n_fields)
		return false;
	for (unsigned i = 0; i < a->n_fields; i++) {
		if (!field_same(&a->fields[i], &b->fields[i]))
			return false;
	}
	return true;
}

bool memory_form_fits(const struct memory_form *form, const struct memory_form *own)
{
	if (form->n_parts < own->n_parts || form->size < own->size)
		return false;
	for (unsigned i = 0; i < own->n_parts; i++) {
		if (!part_same(&form->parts[i], &own->parts[i]))
			return false;
	}
	for (unsigned i = own->n_parts; i < form->n_parts; i++) {
		if (!form->parts[i].kept)
			return false;
	}
	return true;
}

static bool is_known(const struct field_part *known, unsigned n_known, const char *part, const char *field)
{
	for (unsigned i = 0; i < n_known; i++) {
		for (size_t j = 0; strcmp(known[i].name, part) == 0 && j < known[i].n_fields; j++) {
			if (known[i].fields[j].name && strcmp(known[i].fields[j].name, field) == 0)
				return true;
		}
	}
	return false;
}

int memory_form_check_known(const struct memory_form *form, const struct field_part *known, unsigned n_known,
			    struct why *why)
{
	for (unsigned i = 0; i < form->n_parts; i++) {
		const struct form_part *part = &form->parts[i];

		for (unsigned j = 0; j < part->n_fields; j++) {
			if (part->fields[j].must && !is_known(known, n_known, part->name, part->fields[j].name))
				return why_fail(EPROTONOSUPPORT, why, "this program does not know %s.%s", part->name,
						part->fields[j].name);
		}
	}
	return 0;
}

/* The kept part for what is not known of this one; made when it is first needed. NULL: no memory. */
static struct form_part *kept_part(struct memory_form *to, const struct form_part *from)
{
	struct form_part *part = (struct form_part *)memory_form_part(to, from->name, from->number, true);

	if (part)
		return part;
	part = part_add(to, from->name, from->number, 2 * MEMORY_FORM_FIELDS_MAX);
	if (part) {
		part->kept = 1;
		part->count = from->count;
	}
	return part;
}

/* Fields lie one behind the other, as they come. */
static void kept_add(struct form_part *part, const struct form_field *field)
{
	part->fields[part->n_fields] = *field;
	part->fields[part->n_fields++].offset = part->stride;
	part->stride += field->size;
}

static int part_keep(struct memory_form *to, const struct form_part *from, const struct field_part *known,
		     unsigned n_known)
{
	for (unsigned i = 0; i < from->n_fields; i++) {
		const struct form_field *field = &from->fields[i];
		struct form_part *part;

		if (is_known(known, n_known, from->name, field->name))
			continue;
		part = kept_part(to, from);
		if (!part)
			return -ENOMEM;
		kept_add(part, field);
	}
	return 0;
}

/* Gives what is kept its place, behind own. 1: one had none, and is left out. */
static int kept_place(struct memory_form *to, unsigned first, struct why *why)
{
	uint64_t end = to->size + MEMORY_FORM_KEPT_MAX;
	int ret = 0;
	unsigned n = first;

	for (unsigned i = first; i < to->n_parts; i++) {
		struct form_part part = to->parts[i];

		part.offset = (to->size + ALIGNED - 1) & ~(uint64_t)(ALIGNED - 1);
		if (part.n_fields > MEMORY_FORM_FIELDS_MAX || part.offset > end ||
		    part.count > (end - part.offset) / part.stride) {
			ret = 1;
			why_fail(ENOSPC, why, "no space to keep what this program does not know of %s", part.name);
			free(part.fields);
			continue;
		}
		to->size = part.offset + (uint64_t)part.count * part.stride;
		to->parts[n++] = part;
	}
	to->n_parts = n;
	return ret;
}

static int epoch_add(struct memory_form *to)
{
	struct form_part *part = part_add(to, MEMORY_FORM_KEPT, 0, 1);

	if (!part)
		return -ENOMEM;
	part->kept = 1;
	part->count = 1;
	kept_add(part, &(struct form_field){ .name = "epoch", .size = sizeof(uint32_t) });
	return 0;
}

static int parts_copy(struct memory_form *to, const struct memory_form *own)
{
	to->size = own->size;
	for (unsigned i = 0; i < own->n_parts; i++) {
		const struct form_part *from = &own->parts[i];
		struct form_part *part = part_add(to, from->name, from->number, from->n_fields);
		struct form_field *fields;

		if (!part)
			return -ENOMEM;
		fields = part->fields;
		memcpy(fields, from->fields, from->n_fields * sizeof(*fields));
		*part = *from;
		part->fields = fields;
	}
	return 0;
}

int memory_form_copy(struct memory_form *copy, const struct memory_form *form)
{
	int ret = form_init(copy, form->n_parts) ? parts_copy(copy, form) : -ENOMEM;

	if (ret < 0)
		memory_form_deinit(copy);
	return ret;
}

int memory_form_plan(struct memory_form *to, const struct memory_form *from, const struct memory_form *own,
		     const struct field_part *known, unsigned n_known, struct why *why)
{
	int ret = memory_form_check_known(from, known, n_known, why);

	if (ret < 0)
		return ret;
	if (!form_init(to, own->n_parts + from->n_parts + 1))
		return -ENOMEM;
	ret = parts_copy(to, own);
	for (unsigned i = 0; i < from->n_parts && ret == 0; i++) {
		if (strcmp(from->parts[i].name, MEMORY_FORM_KEPT) != 0)
			ret = part_keep(to, &from->parts[i], known, n_known);
	}
	if (ret == 0 && to->n_parts > own->n_parts)
		ret = epoch_add(to);
	if (ret == 0)
		ret = kept_place(to, own->n_parts, why);
	if (ret < 0)
		memory_form_deinit(to);
	return ret;
}
