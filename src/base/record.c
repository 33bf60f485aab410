/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Records: written, and read without trust. */
#include "base/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"

#define HEAD_LEN 6
/* The least; a test builds a program whose fields are all as wide as can be. */
#ifndef RECORD_NUMBER_LEN
#define RECORD_NUMBER_LEN 1
#endif
#define NUMBER_MAX 8

static bool name_is_good(const unsigned char *name, size_t len)
{
	if (len < 1 || len > RECORD_NAME_MAX || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 1; i < len; i++) {
		if ((name[i] < 'a' || name[i] > 'z') && (name[i] < '0' || name[i] > '9') && name[i] != '-')
			return false;
	}
	return true;
}

int record_next(struct record_reader *reader, struct record *record)
{
	const unsigned char *at = reader->at;
	struct le32 len;
	size_t name_len;

	if (reader->n_left == 0)
		return 0;
	if (reader->n_left < HEAD_LEN)
		return -EBADMSG;
	memcpy(&len, at + 2, sizeof(len));
	name_len = at[1];
	*record = (struct record){ .kind = at[0] & ~RECORD_MUST, .must = at[0] & RECORD_MUST, .whole = at };
	if (record->kind == 0 || name_len > reader->n_left - HEAD_LEN || !name_is_good(at + HEAD_LEN, name_len) ||
	    le32_get(len) > reader->n_left - HEAD_LEN - name_len)
		return -EBADMSG;
	memcpy(record->name, at + HEAD_LEN, name_len);
	record->value = at + HEAD_LEN + name_len;
	record->len = le32_get(len);
	record->whole_len = HEAD_LEN + name_len + record->len;
	reader->at += record->whole_len;
	reader->n_left -= record->whole_len;
	return 1;
}

struct record_reader record_reader_of(const struct record *group)
{
	return (struct record_reader){ group->value, group->len };
}

bool record_number(const struct record *record, uint64_t max, uint64_t *number)
{
	struct le64 value = { 0 };

	if ((record->kind != RECORD_NUMBER && record->kind != RECORD_FD && record->kind != RECORD_PID) ||
	    record->len < 1 || record->len > NUMBER_MAX)
		return false;
	memcpy(&value, record->value, record->len);
	*number = le64_get(value);
	return *number <= max;
}

bool record_text(const struct record *record, char *text, size_t size)
{
	if (record->kind != RECORD_TEXT || record->len >= size || memchr(record->value, '\0', record->len))
		return false;
	memcpy(text, record->value, record->len);
	text[record->len] = '\0';
	return true;
}

int record_walk(const void *bytes, size_t size, int (*visit)(void *ctx, const struct record *record, unsigned depth),
		void *ctx)
{
	struct record_reader readers[RECORD_DEPTH_MAX] = { { bytes, size } };
	unsigned depth = 0;
	struct record record;
	int ret;

	for (;;) {
		ret = record_next(&readers[depth], &record);
		if (ret == 0 && depth-- == 0)
			return 0;
		if (ret == 0)
			continue;
		if (ret > 0 && visit)
			ret = visit(ctx, &record, depth);
		if (ret < 0)
			return ret;
		if (record.kind != RECORD_GROUP)
			continue;
		if (++depth == RECORD_DEPTH_MAX)
			return -EBADMSG;
		readers[depth] = record_reader_of(&record);
	}
}

static bool grow(struct record_writer *writer, size_t len)
{
	size_t capacity = writer->capacity ? writer->capacity : 4096;
	unsigned char *bytes;

	if (writer->failed || writer->size > writer->max || len > writer->max - writer->size)
		return false;
	if (len <= writer->capacity - writer->size)
		return true;
	while (capacity - writer->size < len)
		capacity *= 2;
	bytes = writer->fixed ? NULL : realloc(writer->bytes, capacity);
	if (!bytes)
		return false;
	writer->bytes = bytes;
	writer->capacity = capacity;
	return true;
}

void record_put_whole(struct record_writer *writer, const void *records, size_t len)
{
	if (!grow(writer, len))
		writer->failed = true;
	if (writer->failed || len == 0)
		return;
	memcpy(writer->bytes + writer->size, records, len);
	writer->size += len;
}

void record_put(struct record_writer *writer, const char *name, uint8_t kind, const void *value, size_t len)
{
	size_t name_len = strlen(name);
	struct le32 value_len = le32_make((uint32_t)len);
	unsigned char head[HEAD_LEN] = { kind, (unsigned char)name_len };

	if (!name_is_good((const unsigned char *)name, name_len) || len > UINT32_MAX)
		writer->failed = true;
	memcpy(head + 2, &value_len, sizeof(value_len));
	record_put_whole(writer, head, sizeof(head));
	record_put_whole(writer, name, name_len);
	record_put_whole(writer, value, len);
}

void record_put_number(struct record_writer *writer, const char *name, uint8_t kind, uint64_t number)
{
	struct le64 value = le64_make(number);
	bool fixed = (kind & ~RECORD_MUST) == RECORD_FD || (kind & ~RECORD_MUST) == RECORD_PID;
	size_t len = fixed ? sizeof(int32_t) : RECORD_NUMBER_LEN;

	while (len < NUMBER_MAX && number >> 8 * len)
		len++;
	record_put(writer, name, kind, &value, len);
}

void record_put_text(struct record_writer *writer, const char *name, uint8_t kind, const char *text)
{
	record_put(writer, name, kind, text, strlen(text));
}

void record_open(struct record_writer *writer, const char *name, uint8_t kind)
{
	if (writer->depth == RECORD_DEPTH_MAX - 1)
		writer->failed = true;
	if (writer->failed)
		return;
	writer->groups[writer->depth++] = writer->size;
	record_put(writer, name, kind, NULL, 0);
}

void record_close(struct record_writer *writer)
{
	struct le32 len;
	size_t at, begin;

	writer->failed |= writer->depth == 0;
	if (writer->failed)
		return;
	at = writer->groups[--writer->depth];
	begin = at + HEAD_LEN + writer->bytes[at + 1];
	writer->failed |= writer->size - begin > UINT32_MAX;
	len = le32_make((uint32_t)(writer->size - begin));
	memcpy(writer->bytes + at + 2, &len, sizeof(len));
}

void record_writer_deinit(struct record_writer *writer)
{
	if (!writer->fixed)
		free(writer->bytes);
	*writer = (struct record_writer){ .bytes = NULL };
}
