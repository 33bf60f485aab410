/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The form of memory that outlives a program: what lies where in it, by name, so that a program of another layout can take
 * it over. It goes from one to the other as records.
 *
 * What a program does not know and need not know it keeps: parts of another program behind its own, which nobody of its
 * looks at, until there is a program again that knows them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fields.h"
#include "base/record_table.h"
#include "base/why.h"

#define MEMORY_FORM_NAME_SIZE  (FIELD_NAME_MAX + 1)
#define MEMORY_FORM_FIELDS_MAX 128 /* of a part */
#define MEMORY_FORM_PARTS_MAX  512
#define MEMORY_FORM_SIZE_MAX   (1ull << 30)
#define MEMORY_FORM_KEPT_MAX   (4u << 20) /* bytes that are kept; what is more is lost */

/* The part that says of which epoch what is kept is: of another one it is of no use. */
#define MEMORY_FORM_KEPT "kept"

struct form_field {
	char name[MEMORY_FORM_NAME_SIZE];
	uint32_t offset, size;
	uint8_t kind; /* enum field_kind: a number or bytes */
	uint8_t must;
};

struct form_part {
	char name[MEMORY_FORM_NAME_SIZE];
	uint32_t number;
	uint64_t offset;
	uint32_t stride, count;
	uint8_t kept;
	struct form_field *fields; /* owned */
	unsigned n_fields;
};

struct memory_form {
	uint64_t size;		 /* of the memory */
	struct form_part *parts; /* owned */
	unsigned n_parts;
};

/* Its records; it checks what is read. */
extern const struct record_table memory_form_table;

/* Of the tables of this program: what it looks at. -ENOMEM. */
int memory_form_make(struct memory_form *form, const struct field_part *parts, unsigned n_parts, size_t size);
void memory_form_deinit(struct memory_form *form);
int memory_form_copy(struct memory_form *copy, const struct memory_form *form);

/* Whether who has own can take this memory as it is. */
bool memory_form_fits(const struct memory_form *form, const struct memory_form *own);
/* Whether tables know all that must be known of it. -EPROTONOSUPPORT, with what is not known. */
int memory_form_check_known(const struct memory_form *form, const struct field_part *known, unsigned n_known,
			    struct why *why);
/*
 * The form of memory into which from is moved: own, with what is kept behind it. 0; 1: something is lost, why says what;
 * -EPROTONOSUPPORT, -ENOMEM.
 */
int memory_form_plan(struct memory_form *to, const struct memory_form *from, const struct memory_form *own,
		     const struct field_part *known, unsigned n_known, struct why *why);

/* NULL: there is none. */
const struct form_part *memory_form_part(const struct memory_form *form, const char *name, uint32_t number, bool kept);
const struct form_field *memory_form_field(const struct form_part *part, const char *name);
