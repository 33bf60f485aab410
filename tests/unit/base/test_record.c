/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Records: what is written is read, by programs of any age; what was cut, bent or made up is not. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/record.h"

#define MAX	(1u << 20)
#define MUTANTS 200000

static struct record_writer writer_make(void)
{
	return (struct record_writer){ .max = MAX };
}

/* At the very end of an allocation, so that a sanitizer sees who reads on. */
static unsigned char *copy_make(const void *bytes, size_t size)
{
	unsigned char *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return copy;
}

static struct record read_first(const void *bytes, size_t size)
{
	struct record_reader reader = { bytes, size };
	struct record record;

	assert_int_equal(record_next(&reader, &record), 1);
	return record;
}

static void comes_back(void **state)
{
	struct record_writer writer = writer_make();
	struct record_reader reader, inner;
	struct record record;
	uint64_t number;
	char text[4];

	record_open(&writer, "guest", RECORD_GROUP | RECORD_MUST);
	record_put_text(&writer, "name", RECORD_TEXT, "ivi");
	record_put_number(&writer, "session-fd", RECORD_FD | RECORD_MUST, 7);
	record_close(&writer);
	record_put(&writer, "b2", RECORD_BYTES, "\0\1", 2);
	assert_false(writer.failed);
	reader = (struct record_reader){ writer.bytes, writer.size };
	assert_int_equal(record_next(&reader, &record), 1);
	assert_string_equal(record.name, "guest");
	assert_int_equal(record.kind, RECORD_GROUP);
	assert_true(record.must);
	assert_ptr_equal(record.whole, writer.bytes);
	inner = record_reader_of(&record);
	assert_int_equal(record_next(&inner, &record), 1);
	assert_false(record.must);
	assert_true(record_text(&record, text, sizeof(text)));
	assert_string_equal(text, "ivi");
	assert_false(record_text(&record, text, sizeof(text) - 1));
	assert_int_equal(record_next(&inner, &record), 1);
	assert_true(record_number(&record, 7, &number));
	assert_int_equal(number, 7);
	assert_false(record_number(&record, 6, &number));
	assert_false(record_text(&record, text, sizeof(text)));
	assert_int_equal(record_next(&inner, &record), 0);
	assert_int_equal(record_next(&reader, &record), 1);
	assert_int_equal(record.len, 2);
	assert_memory_equal(record.value, "\0\1", 2);
	assert_false(record_number(&record, UINT64_MAX, &number));
	assert_int_equal(record_next(&reader, &record), 0);
	record_writer_deinit(&writer);
}

/* The bytes of the header's description: for ever. */
static void format_is_for_ever(void **state)
{
	static const unsigned char bytes[] = { 0x84, 1, 10, 0, 0, 0, 'g', 1, 2, 2, 0, 0, 0, 'n', '1', 2, 1 };
	struct record_writer writer = writer_make();

	record_open(&writer, "g", RECORD_GROUP | RECORD_MUST);
	record_put_number(&writer, "n1", RECORD_NUMBER, 258);
	record_close(&writer);
	assert_int_equal(writer.size, sizeof(bytes));
	assert_memory_equal(writer.bytes, bytes, sizeof(bytes));
	record_writer_deinit(&writer);
}

/* One program has 1 byte for it, the other one 8. */
static void numbers_of_any_width(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 255, 256, 65535, 1ull << 31, 1ull << 32, 1ull << 56, UINT64_MAX };
	unsigned char wide[] = { RECORD_NUMBER, 1, 8, 0, 0, 0, 'n', 5, 0, 0, 0, 0, 0, 0, 0 };
	struct record record = read_first(wide, sizeof(wide));
	uint64_t number;

	assert_true(record_number(&record, UINT8_MAX, &number));
	assert_int_equal(number, 5);
	wide[sizeof(wide) - 1] = 1;
	assert_false(record_number(&record, UINT8_MAX, &number));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct record_writer writer = writer_make();

		record_put_number(&writer, "n", RECORD_NUMBER, numbers[i]);
		record = read_first(writer.bytes, writer.size);
		assert_true(record_number(&record, UINT64_MAX, &number));
		assert_true(number == numbers[i]);
		assert_int_equal(record_number(&record, UINT32_MAX, &number), numbers[i] <= UINT32_MAX);
		record_writer_deinit(&writer);
	}
}

static void check_none(const unsigned char *bytes, size_t size)
{
	unsigned char *copy = copy_make(bytes, size);
	struct record_reader reader = { copy, size };
	struct record record;

	assert_int_equal(record_next(&reader, &record), -EBADMSG);
	free(copy);
}

#define NONE(...)                                                                                                      \
	do {                                                                                                           \
		const unsigned char bytes[] = { __VA_ARGS__ };                                                         \
		check_none(bytes, sizeof(bytes));                                                                      \
	} while (0)

static void no_records(void **state)
{
	NONE(RECORD_TEXT);
	NONE(RECORD_TEXT, 1, 0, 0, 0);
	NONE(RECORD_TEXT, 1, 0, 0, 0, 0);
	NONE(RECORD_TEXT, 2, 0, 0, 0, 0, 'n');
	NONE(RECORD_TEXT, 1, 1, 0, 0, 0, 'n');
	NONE(RECORD_TEXT, 1, 255, 255, 255, 255, 'n', 'x');
	NONE(0, 1, 0, 0, 0, 0, 'n');
	NONE(RECORD_MUST, 1, 0, 0, 0, 0, 'n');
	NONE(RECORD_TEXT, 0, 0, 0, 0, 0);
	NONE(RECORD_TEXT, 0, 1, 0, 0, 0, 'n');
	NONE(RECORD_TEXT, 1, 0, 0, 0, 0, 'N');
	NONE(RECORD_TEXT, 1, 0, 0, 0, 0, '1');
	NONE(RECORD_TEXT, 1, 0, 0, 0, 0, '-');
	NONE(RECORD_TEXT, 2, 0, 0, 0, 0, 'n', 0);
	NONE(RECORD_TEXT, 2, 0, 0, 0, 0, 'n', '_');
	NONE(RECORD_TEXT, 2, 0, 0, 0, 0, 'n', 0xe4);
	NONE(RECORD_TEXT, 32, 0, 0, 0, 0, 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n',
	     'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n', 'n');
}

static void no_values(void **state)
{
	static const unsigned char nul[] = { RECORD_TEXT, 1, 2, 0, 0, 0, 'n', 'a', 0 };
	static const unsigned char empty[] = { RECORD_NUMBER, 1, 0, 0, 0, 0, 'n' };
	static const unsigned char nine[] = { RECORD_NUMBER, 1, 9, 0, 0, 0, 'n', 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct record record = read_first(nul, sizeof(nul));
	uint64_t number;
	char text[8];

	assert_false(record_text(&record, text, sizeof(text)));
	record = read_first(empty, sizeof(empty));
	assert_false(record_number(&record, UINT64_MAX, &number));
	record = read_first(nine, sizeof(nine));
	assert_false(record_number(&record, UINT64_MAX, &number));
}

/* A kind of a program to come. */
static void unknown_kind_is_bytes(void **state)
{
	static const unsigned char bytes[] = { 0x70, 1, 1, 0, 0, 0, 'n', 9 };
	struct record record = read_first(bytes, sizeof(bytes));

	assert_int_equal(record.kind, 0x70);
	assert_int_equal(record.len, 1);
	assert_int_equal(record_walk(bytes, sizeof(bytes), NULL, NULL), 0);
}

static int nested_walk(unsigned depth)
{
	unsigned char bytes[7 * 64];

	for (unsigned i = 0; i < depth; i++) {
		const unsigned char head[] = { RECORD_GROUP, 1, (unsigned char)(7 * (depth - i - 1)), 0, 0, 0, 'g' };

		memcpy(bytes + sizeof(head) * i, head, sizeof(head));
	}
	return record_walk(bytes, 7 * depth, NULL, NULL);
}

static void not_too_deep(void **state)
{
	struct record_writer writer = writer_make();

	assert_int_equal(nested_walk(RECORD_DEPTH_MAX - 1), 0);
	assert_int_equal(nested_walk(RECORD_DEPTH_MAX), -EBADMSG);
	assert_int_equal(nested_walk(30), -EBADMSG);
	for (unsigned i = 0; i < RECORD_DEPTH_MAX - 1; i++)
		record_open(&writer, "g", RECORD_GROUP);
	assert_false(writer.failed);
	record_open(&writer, "g", RECORD_GROUP);
	assert_true(writer.failed);
	for (unsigned i = 0; i < 2 * RECORD_DEPTH_MAX; i++)
		record_open(&writer, "g", RECORD_GROUP);
	for (unsigned i = 0; i < 4 * RECORD_DEPTH_MAX; i++)
		record_close(&writer);
	record_writer_deinit(&writer);
}

/* A length that lies reaches no further than the group that it is in. */
static void group_ends_where_it_ends(void **state)
{
	static const unsigned char bytes[] = { RECORD_GROUP, 1, 7, 0, 0, 0, 'g', RECORD_TEXT, 1, 1, 0, 0, 0, 'n', 'x' };

	assert_int_equal(record_walk(bytes, sizeof(bytes), NULL, NULL), -EBADMSG);
}

static void no_room(void **state)
{
	unsigned char room[16];
	struct record_writer writer = { .bytes = room, .capacity = 8, .max = sizeof(room), .fixed = true };

	record_put(&writer, "n", RECORD_BYTES, "1", 1);
	assert_int_equal(writer.size, 8);
	assert_false(writer.failed);
	record_put(&writer, "n", RECORD_BYTES, "1", 1);
	assert_true(writer.failed);
	record_writer_deinit(&writer);
	writer = (struct record_writer){ .max = 8 };
	record_put(&writer, "n", RECORD_BYTES, "12", 2);
	assert_true(writer.failed);
	record_writer_deinit(&writer);
	writer = writer_make();
	record_put(&writer, "No", RECORD_BYTES, "1", 1);
	assert_true(writer.failed);
	record_writer_deinit(&writer);
}

/* A mix of everything, three deep. */
static void sample_make(struct record_writer *writer, unsigned random)
{
	record_put_text(writer, "program", RECORD_TEXT, "0.2.0");
	for (unsigned i = 0; i < 3; i++) {
		record_open(writer, "guest", RECORD_GROUP | RECORD_MUST);
		record_put_text(writer, "name", RECORD_TEXT | RECORD_MUST, "ivi");
		for (unsigned j = 0; j < 3; j++) {
			record_open(writer, "line", RECORD_GROUP);
			record_put_number(writer, "offset", RECORD_NUMBER, (uint64_t)random << (8 * j));
			record_close(writer);
		}
		record_put_number(writer, "fd", RECORD_FD | RECORD_MUST, i);
		record_close(writer);
	}
}

/* Each record lies in the bytes, and in the one that it is in; its name is one. */
struct bounds {
	const unsigned char *begin[RECORD_DEPTH_MAX + 1], *end[RECORD_DEPTH_MAX + 1];
	unsigned n;
};

static int check_bounds(void *ctx, const struct record *record, unsigned depth)
{
	struct bounds *bounds = ctx;

	assert_in_range(depth, 0, RECORD_DEPTH_MAX - 1);
	assert_true(record->whole >= bounds->begin[depth]);
	assert_true(record->value + record->len <= bounds->end[depth]);
	assert_true(record->whole + record->whole_len == record->value + record->len);
	assert_in_range(strlen(record->name), 1, RECORD_NAME_MAX);
	bounds->begin[depth] = record->value + record->len;
	bounds->begin[depth + 1] = record->value;
	bounds->end[depth + 1] = record->value + record->len;
	bounds->n++;
	return 0;
}

static int walk_checked(const unsigned char *bytes, size_t size, unsigned *n)
{
	struct bounds bounds = { .begin = { bytes }, .end = { bytes + size } };
	int ret = record_walk(bytes, size, check_bounds, &bounds);

	*n = bounds.n;
	return ret;
}

/* A part of them is nothing but the records that it has whole, at the outmost level. */
static void cut_short(void **state)
{
	struct record_writer writer = writer_make();
	unsigned n, whole = 0;

	sample_make(&writer, 77);
	for (size_t size = 0; size <= writer.size; size++) {
		unsigned char *copy = copy_make(writer.bytes, size);
		int ret = walk_checked(copy, size, &n);

		assert_true(ret == 0 || ret == -EBADMSG);
		whole += ret == 0;
		free(copy);
	}
	assert_int_equal(whole, 5); /* none, the text, and each guest */
	assert_int_equal(n, 1 + 3 * 9);
	record_writer_deinit(&writer);
}

static void mutants(void **state)
{
	struct record_writer writer = writer_make();
	unsigned random = 1, taken = 0, n;
	unsigned char *copy;

	sample_make(&writer, 77);
	copy = copy_make(writer.bytes, writer.size);
	for (unsigned i = 0; i < MUTANTS; i++) {
		size_t at;

		random = random * 1103515245 + 12345;
		at = (random >> 8) % writer.size;
		random = random * 1103515245 + 12345;
		copy[at] ^= (unsigned char)(random >> 20);
		taken += walk_checked(copy, writer.size, &n) == 0;
		if (i % 3 == 2)
			memcpy(copy, writer.bytes, writer.size);
	}
	assert_in_range(taken, MUTANTS / 20, MUTANTS / 10 * 9);
	free(copy);
	record_writer_deinit(&writer);
}

static void garbage(void **state)
{
	unsigned char bytes[64];
	unsigned random = 1, n;

	for (unsigned i = 0; i < MUTANTS; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			random = random * 1103515245 + 12345;
			bytes[j] = (unsigned char)(random >> 20);
		}
		walk_checked(bytes, random % sizeof(bytes), &n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(format_is_for_ever),
		cmocka_unit_test(numbers_of_any_width),
		cmocka_unit_test(no_records),
		cmocka_unit_test(no_values),
		cmocka_unit_test(unknown_kind_is_bytes),
		cmocka_unit_test(not_too_deep),
		cmocka_unit_test(group_ends_where_it_ends),
		cmocka_unit_test(no_room),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(mutants),
		cmocka_unit_test(garbage),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
