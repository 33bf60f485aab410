/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Structs as records (record.h): a table says which member is which record, and both writes and reads it.
 *
 * What has its default is not written, unless it is needed; what is absent has its default: 0, "", no fd (-1), no process
 * (0), nothing in a group or a list. So a new member's 0 has to mean what was before there was one. A record that the
 * table does not know is left out, or carried along as it is, if the table has a row for that; but when it is marked as a
 * must, or brings an fd or a process, which then would be nobody's, all is refused. So is a record that is there twice,
 * unless it is of a list.
 */
#pragma once

#include "base/record.h"
#include "base/why.h"

enum record_row_flags {
	RECORD_NEEDED = 1, /* not valid without; always written */
	RECORD_LINE = 2,   /* a text without control characters */
	RECORD_LIST = 4,   /* any number of groups: the member is a pointer to an array, owned */
	RECORD_OWNED = 8,  /* a text of any length up to max: the member is a char *, owned; absent: NULL */
	RECORD_REST = 16,  /* the member is a struct record_rest: of what is not known here */
};

/* Records as they were read. */
struct record_rest {
	unsigned char *bytes; /* owned */
	size_t len;
};

/* A number's member is unsigned or a bool, an fd's is an int, a process's a pid_t, a text's an array, a group's a struct. */
struct record_row {
	const char *name;
	uint8_t kind;  /* enum record_kind, with RECORD_MUST */
	uint8_t flags; /* enum record_row_flags */
	size_t at, size;
	uint64_t max; /* of a number; how many there may be of a list; how long an owned text may be */
	const struct record_table *table; /* of a group */
	size_t count_at;		  /* of a list: of an unsigned */
};

#define RECORD_ROW(NAME, KIND, FLAGS, STRUCT, MEMBER, MAX)                                                             \
	{                                                                                                              \
		.name = (NAME), .kind = (KIND), .flags = (FLAGS), .at = offsetof(struct STRUCT, MEMBER),               \
		.size = sizeof(((struct STRUCT *)0)->MEMBER), .max = (MAX)                                             \
	}
#define RECORD_GROUP_ROW(NAME, KIND, STRUCT, MEMBER, TABLE)                                                            \
	{                                                                                                              \
		.name = (NAME), .kind = RECORD_GROUP | (KIND), .at = offsetof(struct STRUCT, MEMBER), .table = (TABLE) \
	}
#define RECORD_LIST_ROW(NAME, KIND, STRUCT, MEMBER, COUNT, MAX, TABLE)                                                 \
	{                                                                                                              \
		.name = (NAME), .kind = RECORD_GROUP | (KIND), .flags = RECORD_LIST,                                   \
		.at = offsetof(struct STRUCT, MEMBER), .max = (MAX), .table = (TABLE),                                 \
		.count_at = offsetof(struct STRUCT, COUNT)                                                             \
	}
#define RECORD_REST_ROW(STRUCT, MEMBER)                                                                                \
	{                                                                                                              \
		.name = "", .flags = RECORD_REST, .at = offsetof(struct STRUCT, MEMBER)                                \
	}

/* Of one struct. */
struct record_table {
	const struct record_row *rows; /* in the order in which they are written; at most 64 */
	size_t n;
	size_t size; /* of the struct */
	/* Looks at the whole, and makes what follows from it. NULL: nothing to do. False: invalid, with a word why. */
	bool (*finish)(void *object, struct why *why);
};

/* Writes what is in object, without a group around it. */
void record_table_put(struct record_writer *writer, const struct record_table *table, const void *object);
/*
 * Makes *object, which may hold anything before, of records. -EBADMSG: invalid; -EPROTONOSUPPORT: it must be understood,
 * and is not; -ENOMEM. Then why says which record, and what is owned is to be freed all the same.
 */
int record_table_take(const struct record_table *table, void *object, const void *records, size_t len, struct why *why);
/* Frees what the rows say is owned. Twice does no harm. */
void record_table_free(const struct record_table *table, void *object);
