/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Records: what one program leaves to another one that may be older or newer, as bytes that both can read.
 *
 *   kind | must   1 byte    enum record_kind; 0x80: whoever does not know the record may not go on without it
 *   name length   1 byte    1 to RECORD_NAME_MAX
 *   value length  4 bytes   little-endian
 *   name                    a-z, 0-9 and '-', a letter first, no NUL
 *   value
 *
 * One after the other, without padding: nothing is aligned. A number is little-endian, unsigned, 1 to 8 bytes long;
 * the one who reads it knows its range and not its length, so that a field can become wider. A group's value is records
 * again. A kind that is not known is bytes.
 *
 * Memory that somebody else can still write is to be copied before it is read. The reader trusts no byte of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_kind {
	RECORD_NUMBER = 1,
	RECORD_TEXT, /* without NUL */
	RECORD_BYTES,
	RECORD_GROUP,
	RECORD_FD,  /* a number, the one of a file descriptor */
	RECORD_PID, /* a number, the one of a process */
};

#define RECORD_MUST	 0x80 /* with the kind of a record that is written */
#define RECORD_NAME_MAX	 31
#define RECORD_DEPTH_MAX 8 /* groups in each other, and what is in the innermost */

/* A record that was read: it points into the bytes that it was read from. */
struct record {
	char name[RECORD_NAME_MAX + 1];
	uint8_t kind;
	bool must;
	const unsigned char *value;
	size_t len;
	const unsigned char *whole; /* with its head, up to the end of the value */
	size_t whole_len;
};

struct record_reader {
	const unsigned char *at;
	size_t n_left;
};

/* 1: *record is the next one; 0: there is none; -EBADMSG: what is there is none. What is in a group is not looked at. */
int record_next(struct record_reader *reader, struct record *record);
/* What is in a group. */
struct record_reader record_reader_of(const struct record *group);
/* Whether the value is a number, of any of its kinds, and not above max. */
bool record_number(const struct record *record, uint64_t max, uint64_t *number);
/* Whether the value is a text that fits, with its NUL. */
bool record_text(const struct record *record, char *text, size_t size);

/*
 * Calls visit for each record, a group before what is in it, at depth 0 and below. A negative result ends it, and is
 * returned; -EBADMSG: something is no record, or too deep; else 0. visit may be NULL.
 */
int record_walk(const void *bytes, size_t size, int (*visit)(void *ctx, const struct record *record, unsigned depth),
		void *ctx);

/* Records in the making, in memory that grows (all 0 at first, but for max), or in bytes of the caller's (fixed). */
struct record_writer {
	unsigned char *bytes; /* owned, unless fixed */
	size_t size, capacity;
	size_t max; /* no more bytes than that */
	bool fixed;
	bool failed; /* no room, no memory, or a mistake of ours: whatever is written is of no use */
	unsigned depth;
	size_t groups[RECORD_DEPTH_MAX]; /* where those begin that are not closed yet */
};

/* kind may have RECORD_MUST. Numbers have as many bytes as they need, those of fds and processes 4. */
void record_put_number(struct record_writer *writer, const char *name, uint8_t kind, uint64_t number);
void record_put(struct record_writer *writer, const char *name, uint8_t kind, const void *value, size_t len);
void record_put_text(struct record_writer *writer, const char *name, uint8_t kind, const char *text);
/* What is written until it is closed is in the group. */
void record_open(struct record_writer *writer, const char *name, uint8_t kind);
void record_close(struct record_writer *writer);
/* Records that are written already, as they are. */
void record_put_whole(struct record_writer *writer, const void *records, size_t len);
/* Frees what is owned. */
void record_writer_deinit(struct record_writer *writer);
