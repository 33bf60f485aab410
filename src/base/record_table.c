/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Structs as records. */
#include "base/record_table.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Functions call themselves here as deep as tables lie in each other: records cannot make them go deeper. */

union member {
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;
	int fd;
};

static uint64_t member_get(const void *object, const struct record_row *row)
{
	union member member;

	memcpy(&member, (const char *)object + row->at, row->size);
	return row->size == 1 ? member.u8 : row->size == 2 ? member.u16 : row->size == 4 ? member.u32 : member.u64;
}

static void member_set(void *object, const struct record_row *row, uint64_t number)
{
	union member member = { .u64 = number };

	if (row->size == 1)
		member.u8 = (uint8_t)number;
	else if (row->size == 2)
		member.u16 = (uint16_t)number;
	else if (row->size == 4)
		member.u32 = (uint32_t)number;
	memcpy((char *)object + row->at, &member, row->size);
}

static void *pointer_get(const void *object, size_t at)
{
	void *pointer;

	memcpy(&pointer, (const char *)object + at, sizeof(pointer));
	return pointer;
}

static void pointer_set(void *object, size_t at, void *pointer)
{
	memcpy((char *)object + at, &pointer, sizeof(pointer));
}

static unsigned *count_of(const void *object, const struct record_row *row)
{
	return (void *)((const char *)object + row->count_at);
}

static struct record_rest *rest_of(const void *object, const struct record_row *row)
{
	return (void *)((const char *)object + row->at);
}

static unsigned kind_of(const struct record_row *row)
{
	return row->kind & ~RECORD_MUST;
}

static void number_put(struct record_writer *writer, const struct record_row *row, const void *object)
{
	uint64_t number = member_get(object, row), none = kind_of(row) == RECORD_FD ? (uint32_t)-1 : 0;

	if (number != none || (row->flags & RECORD_NEEDED))
		record_put_number(writer, row->name, row->kind, number);
}

static void text_put(struct record_writer *writer, const struct record_row *row, const void *object)
{
	const char *text = row->flags & RECORD_OWNED ? pointer_get(object, row->at) : (const char *)object + row->at;

	if (text && (text[0] || (row->flags & RECORD_NEEDED)))
		record_put_text(writer, row->name, row->kind, text);
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
static void list_put(struct record_writer *writer, const struct record_row *row, const void *object)
{
	const char *list = pointer_get(object, row->at);

	for (unsigned i = 0; i < *count_of(object, row); i++) {
		record_open(writer, row->name, row->kind);
		record_table_put(writer, row->table, list + i * row->table->size);
		record_close(writer);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
static void group_put(struct record_writer *writer, const struct record_row *row, const void *object)
{
	size_t before = writer->size, empty;

	record_open(writer, row->name, row->kind);
	empty = writer->size;
	record_table_put(writer, row->table, (const char *)object + row->at);
	record_close(writer);
	if (writer->size == empty)
		writer->size = before;
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
void record_table_put(struct record_writer *writer, const struct record_table *table, const void *object)
{
	for (const struct record_row *row = table->rows; row < table->rows + table->n; row++) {
		if (row->flags & RECORD_REST)
			record_put_whole(writer, rest_of(object, row)->bytes, rest_of(object, row)->len);
		else if (row->flags & RECORD_LIST)
			list_put(writer, row, object);
		else if (kind_of(row) == RECORD_GROUP)
			group_put(writer, row, object);
		else if (kind_of(row) == RECORD_TEXT)
			text_put(writer, row, object);
		else
			number_put(writer, row, object);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
static void defaults_set(const struct record_table *table, void *object)
{
	memset(object, 0, table->size);
	for (const struct record_row *row = table->rows; row < table->rows + table->n; row++) {
		if (kind_of(row) == RECORD_FD)
			member_set(object, row, (uint32_t)-1);
		else if (kind_of(row) == RECORD_GROUP && !(row->flags & RECORD_LIST))
			defaults_set(row->table, (char *)object + row->at);
	}
}

static int invalid(struct why *why, const char *word)
{
	return why_fail(EBADMSG, why, "%s", word);
}

static int number_take(const struct record_row *row, void *object, const struct record *record, struct why *why)
{
	uint64_t number, max = kind_of(row) == RECORD_NUMBER ? row->max : INT_MAX;

	/* On a machine where the member is narrower, too. */
	if (!record_number(record, max, &number) || number > UINT64_MAX >> (64 - 8 * row->size))
		return invalid(why, "not a number of its range");
	member_set(object, row, number);
	return 0;
}

static bool is_line(const struct record *record)
{
	for (size_t i = 0; i < record->len; i++) {
		if (record->value[i] < ' ' || record->value[i] == 0x7f)
			return false;
	}
	return true;
}

static int text_take(const struct record_row *row, void *object, const struct record *record, struct why *why)
{
	bool owned = row->flags & RECORD_OWNED;
	char *text = (char *)object + row->at;
	size_t size = owned ? record->len + 1 : row->size;

	if ((owned && record->len > row->max) || ((row->flags & RECORD_LINE) && !is_line(record)))
		return invalid(why, "not a text of its kind");
	if (owned) {
		text = calloc(1, size);
		pointer_set(object, row->at, text);
	}
	if (!text)
		return why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	return record_text(record, text, size) ? 0 : invalid(why, "not a text of its length");
}

/* Room for one element more; NULL: no memory. It grows by doubling, seen from the count. */
static void *list_grow(const struct record_row *row, void *object)
{
	unsigned n = *count_of(object, row);
	char *list = pointer_get(object, row->at);

	if ((n & (n - 1)) == 0) {
		list = realloc(list, (n ? 2 * (size_t)n : 1) * row->table->size);
		if (!list)
			return NULL;
		pointer_set(object, row->at, list);
	}
	++*count_of(object, row);
	return list + n * row->table->size;
}

/* What the element is called: by its name, when it has one. */
static void list_why(const struct record_row *row, const void *element, unsigned number, struct why *why)
{
	const struct record_row *first = &row->table->rows[0];
	const char *name = (const char *)element + first->at;

	if (kind_of(first) == RECORD_TEXT && !(first->flags & RECORD_OWNED) && name[0])
		why_fail(0, why, "%s: %s", name, why->text);
	else
		why_fail(0, why, "%u: %s", number, why->text);
	why_fail(0, why, "%s %s", row->name, why->text);
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
static int list_take(const struct record_row *row, void *object, const struct record *record, struct why *why)
{
	unsigned n = *count_of(object, row);
	void *element = n < row->max ? list_grow(row, object) : NULL;
	int ret;

	if (!element)
		return n < row->max ? why_fail(ENOMEM, why, "%s: %s", row->name, strerror(ENOMEM))
				    : why_fail(EBADMSG, why, "%s: too many", row->name);
	ret = record_table_take(row->table, element, record->value, record->len, why);
	if (ret < 0)
		list_why(row, element, n, why);
	return ret;
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
static int row_take(const struct record_row *row, void *object, const struct record *record, struct why *why)
{
	int ret;

	if (record->kind != kind_of(row))
		return why_fail(EBADMSG, why, "%s: of another kind", row->name);
	if (row->flags & RECORD_LIST)
		return list_take(row, object, record, why);
	if (kind_of(row) == RECORD_GROUP)
		ret = record_table_take(row->table, (char *)object + row->at, record->value, record->len, why);
	else if (kind_of(row) == RECORD_TEXT)
		ret = text_take(row, object, record, why);
	else
		ret = number_take(row, object, record, why);
	return ret < 0 ? why_fail(-ret, why, "%s: %s", row->name, why->text) : 0;
}

static int is_nobodys(void *ctx, const struct record *record, unsigned depth)
{
	return record->kind == RECORD_FD || record->kind == RECORD_PID ? -EPROTONOSUPPORT : 0;
}

static int rest_add(struct record_rest *rest, const struct record *record, struct why *why)
{
	unsigned char *bytes = realloc(rest->bytes, rest->len + record->whole_len);

	if (!bytes)
		return why_fail(ENOMEM, why, "%s", strerror(ENOMEM));
	memcpy(bytes + rest->len, record->whole, record->whole_len);
	rest->bytes = bytes;
	rest->len += record->whole_len;
	return 0;
}

static int unknown_take(const struct record_table *table, void *object, const struct record *record, struct why *why)
{
	int ret = record_walk(record->whole, record->whole_len, is_nobodys, NULL);

	if (record->must || ret == -EPROTONOSUPPORT)
		return why_fail(EPROTONOSUPPORT, why, "%s: not known here, and not to be left out", record->name);
	if (ret < 0)
		return why_fail(-ret, why, "%s: invalid", record->name);
	for (const struct record_row *row = table->rows; row < table->rows + table->n; row++) {
		if (row->flags & RECORD_REST)
			return rest_add(rest_of(object, row), record, why);
	}
	return 0;
}

/* Which rows there were; the last: records mostly come in the order of the rows. */
struct seen {
	uint64_t rows;
	size_t last;
};

/* NOLINTNEXTLINE(misc-no-recursion): see above */
static int record_take(const struct record_table *table, void *object, const struct record *record, struct seen *seen,
		       struct why *why)
{
	for (size_t i = 0; i < table->n; i++) {
		size_t at = (seen->last + i) % table->n;
		const struct record_row *row = &table->rows[at];

		if (strcmp(row->name, record->name) != 0)
			continue;
		if ((seen->rows & 1ull << at) && !(row->flags & RECORD_LIST))
			return why_fail(EBADMSG, why, "%s: there twice", row->name);
		seen->rows |= 1ull << at;
		seen->last = at;
		return row_take(row, object, record, why);
	}
	return unknown_take(table, object, record, why);
}

static int needed_check(const struct record_table *table, uint64_t seen, struct why *why)
{
	for (size_t i = 0; i < table->n; i++) {
		if ((table->rows[i].flags & RECORD_NEEDED) && !(seen & 1ull << i))
			return why_fail(EBADMSG, why, "%s: missing", table->rows[i].name);
	}
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
int record_table_take(const struct record_table *table, void *object, const void *records, size_t len, struct why *why)
{
	struct record_reader reader = { records, len };
	struct record record;
	struct seen seen = { 0 };
	int ret;

	defaults_set(table, object);
	while ((ret = record_next(&reader, &record)) > 0) {
		ret = record_take(table, object, &record, &seen, why);
		if (ret < 0)
			return ret;
	}
	if (ret < 0)
		return invalid(why, "not a record");
	ret = needed_check(table, seen.rows, why);
	if (ret == 0 && table->finish && !table->finish(object, why))
		ret = -EBADMSG;
	return ret;
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
static void list_free(const struct record_row *row, void *object)
{
	char *list = pointer_get(object, row->at);

	for (unsigned i = 0; i < *count_of(object, row); i++)
		record_table_free(row->table, list + i * row->table->size);
	*count_of(object, row) = 0;
	free(list);
	pointer_set(object, row->at, NULL);
}

/* NOLINTNEXTLINE(misc-no-recursion): see above */
void record_table_free(const struct record_table *table, void *object)
{
	for (const struct record_row *row = table->rows; row < table->rows + table->n; row++) {
		if (row->flags & RECORD_REST) {
			free(rest_of(object, row)->bytes);
			*rest_of(object, row) = (struct record_rest){ .len = 0 };
		} else if (row->flags & RECORD_LIST) {
			list_free(row, object);
		} else if (row->flags & RECORD_OWNED) {
			free(pointer_get(object, row->at));
			pointer_set(object, row->at, NULL);
		} else if (kind_of(row) == RECORD_GROUP) {
			record_table_free(row->table, (char *)object + row->at);
		}
	}
}
