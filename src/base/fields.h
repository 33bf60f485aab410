/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Tables of what lies where in a struct that another program, older or newer, has to understand: one row a member.
 *
 * A name stands for a meaning, for ever: a member whose meaning changes gets another one. All zeros is what a member is
 * when nobody wrote it, and what a program finds that has a member which the one before it did not know. A member
 * that goes leaves its row behind (FIELD_GONE): so it is known that it is of no use any more.
 *
 * Padding is a member, too, and has a row. So the rows of a struct cover each of its bytes, which the test of each table
 * looks at (tests/unit/fields.h): nobody forgets one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELD_NAME_MAX 31

enum field_kind {
	FIELD_KIND_NUMBER, /* unsigned, 1, 2, 4 or 8 bytes: may become wider, or narrower where it fits */
	FIELD_KIND_BYTES,  /* as they are; may become more, or fewer where those that go are 0 */
	FIELD_KIND_PART,   /* described by a table of its own */
	FIELD_KIND_NONE,   /* padding (without a name), or gone (without a size) */
};

struct field {
	const char *name;
	uint32_t offset, size;
	uint8_t kind;
	bool must; /* a program that does not know it must not go on with the struct */
};

#define FIELD_ROW(type, member, kind, must)                                                                            \
	{                                                                                                              \
#member, offsetof(type, member), sizeof(((type *)NULL)->member), kind, must                            \
	}
#define FIELD_MUST(type, member)       FIELD_ROW(type, member, FIELD_KIND_NUMBER, true)
#define FIELD_MAY(type, member)	       FIELD_ROW(type, member, FIELD_KIND_NUMBER, false)
#define FIELD_MUST_BYTES(type, member) FIELD_ROW(type, member, FIELD_KIND_BYTES, true)
#define FIELD_PART(type, member)       FIELD_ROW(type, member, FIELD_KIND_PART, false)
#define FIELD_PADDING(type, member)                                                                                    \
	{                                                                                                              \
		NULL, offsetof(type, member), sizeof(((type *)NULL)->member), FIELD_KIND_NONE, false                   \
	}
#define FIELD_GONE(name)                                                                                               \
	{                                                                                                              \
		name, 0, 0, FIELD_KIND_NONE, false                                                                     \
	}

/* count structs of this table, one every stride bytes from offset on. Of several under one name each has a number. */
struct field_part {
	const char *name;
	uint32_t number;
	const struct field *fields;
	size_t n_fields;
	size_t offset, stride, count;
};
