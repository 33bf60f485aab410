/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Structs as records, read by programs of other tables: what is added, removed or wider is no matter, a must is. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/record_table.h"
#include "base/util.h"

struct line {
	char name[8];
	uint16_t offset;
	bool low;
};

struct guest {
	char name[8];
	struct place {
		int fd;
		uint64_t inode;
	} place;
	struct line *lines;
	unsigned n_lines;
	char *text;
	uint32_t drops;
	pid_t pid;
	struct record_rest rest;
};

static const struct record_row line_rows[] = {
	RECORD_ROW("name", RECORD_TEXT, RECORD_LINE, line, name, 0),
	RECORD_ROW("offset", RECORD_NUMBER | RECORD_MUST, 0, line, offset, 500),
	RECORD_ROW("low", RECORD_NUMBER, 0, line, low, 1),
};
static const struct record_table line_table = { line_rows, ARRAY_SIZE(line_rows), sizeof(struct line), NULL };

static const struct record_row place_rows[] = {
	RECORD_ROW("fd", RECORD_FD, 0, place, fd, 0),
	RECORD_ROW("inode", RECORD_NUMBER, 0, place, inode, UINT64_MAX),
};
static const struct record_table place_table = { place_rows, ARRAY_SIZE(place_rows), sizeof(struct place), NULL };

static bool guest_finish(void *object, struct why *why)
{
	const struct guest *guest = object;

	why_fail(EBADMSG, why, "drops: 13");
	return guest->drops != 13;
}

static const struct record_row guest_rows[] = {
	RECORD_ROW("name", RECORD_TEXT, RECORD_NEEDED | RECORD_LINE, guest, name, 0),
	RECORD_GROUP_ROW("place", 0, guest, place, &place_table),
	RECORD_LIST_ROW("line", 0, guest, lines, n_lines, 3, &line_table),
	RECORD_ROW("text", RECORD_TEXT, RECORD_OWNED, guest, text, 20),
	RECORD_ROW("drops", RECORD_NUMBER, 0, guest, drops, UINT32_MAX),
	RECORD_ROW("pid", RECORD_PID, 0, guest, pid, 0),
	RECORD_REST_ROW(guest, rest),
};
static const struct record_table guest_table = { guest_rows, ARRAY_SIZE(guest_rows), sizeof(struct guest),
						 guest_finish };

/* Another program's: it knows neither place nor lines, nor what to do with what it does not know. */
static const struct record_table small_table = { guest_rows + 4, 1, sizeof(struct guest), NULL };

struct fixture {
	struct record_writer writer;
	struct guest guest; /* as it was read */
	struct why why;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .writer.max = 4096 };
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	record_table_free(&guest_table, &fixture->guest);
	record_table_free(&guest_table, &fixture->guest);
	record_writer_deinit(&fixture->writer);
	return 0;
}

static int take(struct fixture *fixture)
{
	assert_false(fixture->writer.failed);
	memset(&fixture->guest, 0x55, sizeof(fixture->guest));
	return record_table_take(&guest_table, &fixture->guest, fixture->writer.bytes, fixture->writer.size,
				 &fixture->why);
}

static void comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct line lines[] = { { "a", 500, true }, { "", 0, false }, { "ccccccc", 1, false } };
	char text[] = "two\nlines";
	const struct guest guest = { .name = "ivi",
				     .place = { 7, 1ull << 60 },
				     .lines = lines,
				     .n_lines = 3,
				     .text = text,
				     .drops = UINT32_MAX,
				     .pid = 77 };

	record_table_put(&fixture->writer, &guest_table, &guest);
	assert_int_equal(take(fixture), 0);
	assert_string_equal(fixture->guest.name, "ivi");
	assert_int_equal(fixture->guest.place.fd, 7);
	assert_true(fixture->guest.place.inode == 1ull << 60);
	assert_int_equal(fixture->guest.n_lines, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(fixture->guest.lines[i].name, lines[i].name);
		assert_int_equal(fixture->guest.lines[i].offset, lines[i].offset);
		assert_int_equal(fixture->guest.lines[i].low, lines[i].low);
	}
	assert_string_equal(fixture->guest.text, text);
	assert_int_equal(fixture->guest.drops, UINT32_MAX);
	assert_int_equal(fixture->guest.pid, 77);
}

/* Only what is needed is written; all the rest is its default. */
static void defaults_are_absent(void **state)
{
	struct fixture *fixture = *state;
	const struct guest guest = { .place.fd = -1 };

	record_table_put(&fixture->writer, &guest_table, &guest);
	assert_int_equal(fixture->writer.size, 6 + strlen("name"));
	assert_int_equal(take(fixture), 0);
	assert_string_equal(fixture->guest.name, "");
	assert_int_equal(fixture->guest.place.fd, -1);
	assert_true(fixture->guest.place.inode == 0);
	assert_int_equal(fixture->guest.n_lines, 0);
	assert_null(fixture->guest.lines);
	assert_null(fixture->guest.text);
	assert_int_equal(fixture->guest.drops, 0);
	assert_int_equal(fixture->guest.rest.len, 0);
}

static void unknown_is_carried_along(void **state)
{
	struct fixture *fixture = *state;
	struct record_writer again = { .max = 4096 };
	size_t unknown, len;

	record_put_text(&fixture->writer, "name", RECORD_TEXT, "g");
	unknown = fixture->writer.size;
	record_put_text(&fixture->writer, "mood", RECORD_TEXT, "fine");
	record_open(&fixture->writer, "lamp", RECORD_GROUP);
	record_put_number(&fixture->writer, "power", RECORD_NUMBER | RECORD_MUST, 5); /* only for who knows lamps */
	record_close(&fixture->writer);
	len = fixture->writer.size - unknown;
	assert_int_equal(take(fixture), 0);
	assert_int_equal(fixture->guest.rest.len, len);
	record_table_put(&again, &guest_table, &fixture->guest);
	assert_int_equal(again.size, fixture->writer.size);
	assert_memory_equal(again.bytes, fixture->writer.bytes, again.size);
	record_writer_deinit(&again);
}

static void unknown_is_skipped(void **state)
{
	struct fixture *fixture = *state;

	record_put_text(&fixture->writer, "mood", RECORD_TEXT, "fine");
	record_put_number(&fixture->writer, "drops", RECORD_NUMBER, 6);
	memset(&fixture->guest, 0, sizeof(fixture->guest));
	assert_int_equal(record_table_take(&small_table, &fixture->guest, fixture->writer.bytes, fixture->writer.size,
					   &fixture->why),
			 0);
	assert_int_equal(fixture->guest.drops, 6);
	assert_int_equal(fixture->guest.rest.len, 0);
}

static void check_refused(struct fixture *fixture, int ret, const char *why)
{
	assert_int_equal(take(fixture), ret);
	assert_string_equal(fixture->why.text, why);
	record_table_free(&guest_table, &fixture->guest);
	record_writer_deinit(&fixture->writer);
	fixture->writer.max = 4096;
	record_put_text(&fixture->writer, "name", RECORD_TEXT, "g");
}

/* By a line that says where. */
static void a_must_that_is_unknown(void **state)
{
	struct fixture *fixture = *state;
	struct record_writer *writer = &fixture->writer;

	record_put_number(writer, "mood", RECORD_NUMBER | RECORD_MUST, 0);
	check_refused(fixture, -EPROTONOSUPPORT, "mood: not known here, and not to be left out");
	record_open(writer, "line", RECORD_GROUP);
	record_put_text(writer, "name", RECORD_TEXT, "door");
	record_put_number(writer, "mood", RECORD_NUMBER | RECORD_MUST, 0);
	record_close(writer);
	check_refused(fixture, -EPROTONOSUPPORT, "line door: mood: not known here, and not to be left out");
	record_open(writer, "line", RECORD_GROUP);
	record_put_number(writer, "mood", RECORD_NUMBER | RECORD_MUST, 0);
	record_close(writer);
	check_refused(fixture, -EPROTONOSUPPORT, "line 0: mood: not known here, and not to be left out");
	record_open(writer, "place", RECORD_GROUP);
	record_put_number(writer, "mood", RECORD_NUMBER | RECORD_MUST, 0);
	record_close(writer);
	check_refused(fixture, -EPROTONOSUPPORT, "place: mood: not known here, and not to be left out");
}

/* Nobody would close the one or end the other. */
static void unknown_with_an_fd_or_a_process(void **state)
{
	struct fixture *fixture = *state;

	record_put_number(&fixture->writer, "mood-fd", RECORD_FD, 5);
	check_refused(fixture, -EPROTONOSUPPORT, "mood-fd: not known here, and not to be left out");
	record_open(&fixture->writer, "lamp", RECORD_GROUP);
	record_put_number(&fixture->writer, "pid", RECORD_PID, 5);
	record_close(&fixture->writer);
	check_refused(fixture, -EPROTONOSUPPORT, "lamp: not known here, and not to be left out");
}

static void invalid(void **state)
{
	struct fixture *fixture = *state;
	struct record_writer *writer = &fixture->writer;

	check_refused(fixture, -EBADMSG, "name: missing");
	record_put_text(writer, "name", RECORD_TEXT, "g");
	check_refused(fixture, -EBADMSG, "name: there twice");
	record_put_number(writer, "drops", RECORD_NUMBER, 1ull << 32);
	check_refused(fixture, -EBADMSG, "drops: not a number of its range");
	record_put_text(writer, "drops", RECORD_TEXT, "1");
	check_refused(fixture, -EBADMSG, "drops: of another kind");
	record_put_number(writer, "drops", RECORD_NUMBER, 13);
	check_refused(fixture, -EBADMSG, "drops: 13");
	record_put_number(writer, "pid", RECORD_PID, 1ull << 31);
	check_refused(fixture, -EBADMSG, "pid: not a number of its range");
	record_put_text(writer, "text", RECORD_TEXT, "123456789012345678901");
	check_refused(fixture, -EBADMSG, "text: not a text of its kind");
	record_put(writer, "text", RECORD_TEXT, "a\0b", 3);
	check_refused(fixture, -EBADMSG, "text: not a text of its length");
	record_put(writer, "lamp", RECORD_GROUP, "x", 1);
	check_refused(fixture, -EBADMSG, "lamp: invalid");
	record_put(writer, "place", RECORD_GROUP, "x", 1);
	check_refused(fixture, -EBADMSG, "place: not a record");
	record_put_whole(writer, "x", 1);
	check_refused(fixture, -EBADMSG, "not a record");
}

static void line_put(struct record_writer *writer, const char *name, uint64_t offset)
{
	record_open(writer, "line", RECORD_GROUP);
	record_put_text(writer, "name", RECORD_TEXT, name);
	record_put_number(writer, "offset", RECORD_NUMBER, offset);
	record_close(writer);
}

static void invalid_lists(void **state)
{
	struct fixture *fixture = *state;
	struct record_writer *writer = &fixture->writer;

	record_put_text(writer, "name", RECORD_TEXT, "g");
	line_put(writer, "door", 501);
	check_refused(fixture, -EBADMSG, "line door: offset: not a number of its range");
	line_put(writer, "12345678", 1);
	check_refused(fixture, -EBADMSG, "line 0: name: not a text of its length");
	line_put(writer, "a\n", 1);
	check_refused(fixture, -EBADMSG, "line 0: name: not a text of its kind");
	for (unsigned i = 0; i < 4; i++)
		line_put(writer, "", i);
	check_refused(fixture, -EBADMSG, "line: too many");
}

/* Whatever bytes it is given, nothing is read that is not there, and nothing is left. (A sanitizer looks.) */
static void mutants(void **state)
{
	struct fixture *fixture = *state;
	unsigned random = 1, taken = 0;
	unsigned char *bytes;

	record_put_text(&fixture->writer, "name", RECORD_TEXT, "g");
	record_put_text(&fixture->writer, "text", RECORD_TEXT, "some");
	record_put_text(&fixture->writer, "mood", RECORD_TEXT, "fine");
	line_put(&fixture->writer, "door", 3);
	line_put(&fixture->writer, "lamp", 4);
	bytes = malloc(fixture->writer.size);
	assert_non_null(bytes);
	for (unsigned i = 0; i < 100000; i++) {
		random = random * 1103515245 + 12345;
		memcpy(bytes, fixture->writer.bytes, fixture->writer.size);
		bytes[(random >> 8) % fixture->writer.size] ^= (unsigned char)(random >> 24);
		taken += record_table_take(&guest_table, &fixture->guest, bytes, fixture->writer.size, &fixture->why) ==
			 0;
		record_table_free(&guest_table, &fixture->guest);
	}
	assert_in_range(taken, 10000, 90000);
	free(bytes);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(comes_back),
		CASE(defaults_are_absent),
		CASE(unknown_is_carried_along),
		CASE(unknown_is_skipped),
		CASE(a_must_that_is_unknown),
		CASE(unknown_with_an_fd_or_a_process),
		CASE(invalid),
		CASE(invalid_lists),
		CASE(mutants),
	};

	return cmocka_run_group_tests_name("record_table", tests, NULL, NULL);
}
