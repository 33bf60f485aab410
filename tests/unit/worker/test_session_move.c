/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of a session that goes to a program of another layout, and back. */
#include "rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "worker/session_move.h"

#define ITEMS 64
#define BYTES 65536

/* The same in two programs: the later one has more, wider, narrower, elsewhere, and less. */
struct old_session {
	uint32_t epoch;
	uint32_t word;
	uint8_t text[8];
};

struct old_item {
	uint8_t a, b;
	uint16_t c;
	uint32_t gone;
	uint64_t wide;
};

struct new_session {
	uint8_t text[12];
	uint16_t word;
	uint8_t padding[2];
	uint32_t epoch;
};

struct new_item {
	uint32_t wide;
	uint64_t c;
	uint8_t b, a;
	uint8_t hint;
	uint8_t padding[5];
} __attribute__((packed));

static const struct field old_session_fields[] = {
	FIELD_MAY(struct old_session, epoch),
	FIELD_MUST(struct old_session, word),
	FIELD_MUST_BYTES(struct old_session, text),
};

static const struct field old_item_fields[] = {
	FIELD_MUST(struct old_item, a),	   FIELD_MUST(struct old_item, b),    FIELD_MUST(struct old_item, c),
	FIELD_MUST(struct old_item, gone), FIELD_MUST(struct old_item, wide),
};

static const struct field new_session_fields[] = {
	FIELD_MUST_BYTES(struct new_session, text),
	FIELD_MUST(struct new_session, word),
	FIELD_PADDING(struct new_session, padding),
	FIELD_MAY(struct new_session, epoch),
};

static const struct field new_item_fields[] = {
	FIELD_MUST(struct new_item, wide), FIELD_MUST(struct new_item, c),   FIELD_MUST(struct new_item, b),
	FIELD_MUST(struct new_item, a),	   FIELD_MAY(struct new_item, hint), FIELD_GONE("gone"),
};

static const struct field byte_fields[] = { { "byte", 0, 1, FIELD_KIND_NUMBER, true } };

/* One program: its tables, its memory. */
struct program {
	struct field_part parts[4];
	unsigned n_parts;
	struct memory_form own;
};

static struct program old_program, new_program;
static struct why why;

static void program_make(struct program *program, const struct field_part *parts, unsigned n)
{
	const struct field_part *last = &parts[n - 1];

	memcpy(program->parts, parts, n * sizeof(*parts));
	program->n_parts = n;
	assert_int_equal(memory_form_make(&program->own, parts, n, last->offset + last->count * last->stride), 0);
}

static int setup(void **state)
{
	const struct field_part old_parts[] = {
		{ "session", 0, old_session_fields, ARRAY_SIZE(old_session_fields), 0, sizeof(struct old_session), 1 },
		{ "bytes", 1, byte_fields, 1, 64, 1, BYTES },
		{ "item", 0, old_item_fields, ARRAY_SIZE(old_item_fields), 64 + BYTES, sizeof(struct old_item), ITEMS },
	};
	const struct field_part new_parts[] = {
		{ "item", 0, new_item_fields, ARRAY_SIZE(new_item_fields), 0, sizeof(struct new_item), ITEMS },
		{ "session", 0, new_session_fields, ARRAY_SIZE(new_session_fields), 4096, sizeof(struct new_session),
		  1 },
		{ "bytes", 1, byte_fields, 1, 8192, 1, 2 * BYTES },
	};

	why.text[0] = '\0';
	program_make(&old_program, old_parts, ARRAY_SIZE(old_parts));
	program_make(&new_program, new_parts, ARRAY_SIZE(new_parts));
	return 0;
}

static int teardown(void **state)
{
	memory_form_deinit(&old_program.own);
	memory_form_deinit(&new_program.own);
	return 0;
}

struct session {
	struct memory_form form;
	int fd;
	uint8_t *memory;
};

static void session_open(struct session *session)
{
	session->fd = memfd_create("session", MFD_CLOEXEC);
	assert_int_equal(ftruncate(session->fd, (off_t)session->form.size), 0);
	session->memory = mmap(NULL, session->form.size, PROT_READ | PROT_WRITE, MAP_SHARED, session->fd, 0);
	assert_ptr_not_equal(session->memory, MAP_FAILED);
}

static void session_close(struct session *session)
{
	munmap(session->memory, session->form.size);
	fd_close(&session->fd);
	memory_form_deinit(&session->form);
}

static void session_first(struct session *session, const struct program *program)
{
	assert_int_equal(memory_form_copy(&session->form, &program->own), 0);
	session_open(session);
}

/* As a program takes it over; the result of the move. */
static int session_follow(struct session *session, const struct program *program)
{
	struct session next;
	int ret;

	if (memory_form_plan(&next.form, &session->form, &program->own, program->parts, program->n_parts, &why) < 0)
		fail_msg("%s", why.text);
	session_open(&next);
	ret = session_move(&session->form, session->fd, &next.form, next.fd, &why);
	if (ret < 0) {
		session_close(&next);
		return ret;
	}
	session_close(session);
	*session = next;
	return 0;
}

static void *part_at(const struct session *session, const char *name, uint32_t number)
{
	const struct form_part *part = memory_form_part(&session->form, name, number, false);

	assert_non_null(part);
	return session->memory + part->offset;
}

static void old_fill(struct session *session)
{
	struct old_session *head = part_at(session, "session", 0);
	struct old_item *items = part_at(session, "item", 0);

	*head = (struct old_session){ .epoch = 5, .word = 0xabcd, .text = "seven b" };
	for (unsigned i = 0; i < ITEMS; i += 2)
		items[i] = (struct old_item){ (uint8_t)(i + 1), (uint8_t)(i + 2), (uint16_t)(i * 1000), i, i * 3 };
	((uint8_t *)part_at(session, "bytes", 1))[BYTES / 2] = 0x5a;
}

static void old_check(const struct session *session)
{
	const struct old_session *head = part_at(session, "session", 0);
	const struct old_item *items = part_at(session, "item", 0);
	const uint8_t *bytes = part_at(session, "bytes", 1);

	assert_int_equal(head->epoch, 5);
	assert_int_equal(head->word, 0xabcd);
	assert_memory_equal(head->text, "seven b", 8);
	for (unsigned i = 0; i < ITEMS; i++) {
		const bool used = i % 2 == 0;

		assert_int_equal(items[i].a, used ? i + 1 : 0);
		assert_int_equal(items[i].b, used ? i + 2 : 0);
		assert_int_equal(items[i].c, used ? i * 1000 : 0);
		assert_int_equal(items[i].gone, 0);
		assert_int_equal(items[i].wide, used ? i * 3 : 0);
	}
	for (unsigned i = 0; i < BYTES; i++)
		assert_int_equal(bytes[i], i == BYTES / 2 ? 0x5a : 0);
}

static void each_member_comes_to_its_place(void **state)
{
	struct session session;
	const struct new_item *items;
	const struct new_session *head;

	session_first(&session, &old_program);
	old_fill(&session);
	assert_int_equal(session_follow(&session, &new_program), 0);
	assert_int_equal(session.form.size, new_program.own.size);
	head = part_at(&session, "session", 0);
	items = part_at(&session, "item", 0);
	assert_int_equal(head->word, 0xabcd);
	assert_memory_equal(head->text, "seven b\0\0\0\0", 12);
	for (unsigned i = 0; i < ITEMS; i += 2) {
		assert_int_equal(items[i].a, i + 1);
		assert_int_equal(items[i].b, i + 2);
		assert_int_equal(items[i].c, i * 1000);
		assert_int_equal(items[i].wide, i * 3);
		assert_int_equal(items[i].hint, 0);
	}
	assert_int_equal(((uint8_t *)part_at(&session, "bytes", 1))[BYTES / 2], 0x5a);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(session_follow(&session, &old_program), 0);
		old_check(&session);
		assert_int_equal(session_follow(&session, &new_program), 0);
	}
	session_close(&session);
}

/* A program between two others that does not know the hint, and need not. */
static void what_is_not_known_is_kept(void **state)
{
	struct session session;
	struct new_item *items;

	session_first(&session, &new_program);
	((struct new_session *)part_at(&session, "session", 0))->epoch = 9;
	items = part_at(&session, "item", 0);
	items[1] = (struct new_item){ .a = 1, .hint = 77 };
	items[2] = (struct new_item){ .a = 1, .hint = 78 };
	assert_int_equal(session_follow(&session, &old_program), 0);
	assert_true(memory_form_fits(&session.form, &old_program.own));
	assert_true(session.form.size > old_program.own.size);
	/* It also goes on from one such program to another. */
	assert_int_equal(session_follow(&session, &old_program), 0);
	/* Who has nothing any more does not have this either. */
	((struct old_item *)part_at(&session, "item", 0))[2] = (struct old_item){ 0 };
	assert_int_equal(session_follow(&session, &new_program), 0);
	assert_int_equal(session.form.size, new_program.own.size);
	items = part_at(&session, "item", 0);
	assert_int_equal(items[1].hint, 77);
	assert_int_equal(items[2].hint, 0);
	session_close(&session);
}

static void what_is_kept_ends_with_its_session(void **state)
{
	struct session session;

	session_first(&session, &new_program);
	((struct new_session *)part_at(&session, "session", 0))->epoch = 9;
	((struct new_item *)part_at(&session, "item", 0))[1] = (struct new_item){ .a = 1, .hint = 77 };
	assert_int_equal(session_follow(&session, &old_program), 0);
	((struct old_session *)part_at(&session, "session", 0))->epoch++;
	assert_int_equal(session_follow(&session, &new_program), 0);
	assert_int_equal(((struct new_item *)part_at(&session, "item", 0))[1].a, 1);
	assert_int_equal(((struct new_item *)part_at(&session, "item", 0))[1].hint, 0);
	session_close(&session);
}

static void what_must_be_known_is(void **state)
{
	struct memory_form to;
	struct field_part known[3];

	memcpy(known, new_program.parts, sizeof(known));
	known[0].n_fields--; /* the row of what is gone */
	assert_int_equal(memory_form_plan(&to, &old_program.own, &new_program.own, known, 3, &why), -EPROTONOSUPPORT);
	assert_string_equal(why.text, "this program does not know item.gone");
	assert_int_equal(memory_form_check_known(&old_program.own, new_program.parts, 3, &why), 0);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct session session;

	session_first(&session, &old_program);
	old_fill(&session);
	((struct old_session *)part_at(&session, "session", 0))->word = 0x10000;
	assert_int_equal(session_follow(&session, &new_program), -EOVERFLOW);
	assert_string_equal(why.text, "session 0: word does not fit");
	/* The old one is as it was. */
	((struct old_session *)part_at(&session, "session", 0))->word = 0xffff;
	assert_int_equal(session_follow(&session, &new_program), 0);
	assert_int_equal(((struct new_session *)part_at(&session, "session", 0))->word, 0xffff);
	((struct new_session *)part_at(&session, "session", 0))->text[8] = 1;
	assert_int_equal(session_follow(&session, &old_program), -EOVERFLOW);
	((struct new_session *)part_at(&session, "session", 0))->text[8] = 0;
	((uint8_t *)part_at(&session, "bytes", 1))[BYTES + 1] = 1;
	assert_int_equal(session_follow(&session, &old_program), -EOVERFLOW);
	assert_string_equal(why.text, "bytes 65537: there are only 65536");
	session_close(&session);
}

/* Pages that nobody has written to cost nothing, before and after. */
static void what_is_empty_stays_untouched(void **state)
{
	struct session session;
	struct stat st;

	session_first(&session, &old_program);
	*(struct old_session *)part_at(&session, "session", 0) = (struct old_session){ .word = 1 };
	assert_int_equal(session_follow(&session, &new_program), 0);
	assert_int_equal(fstat(session.fd, &st), 0);
	assert_in_range(st.st_blocks * 512, 1, 4096);
	session_close(&session);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_member_comes_to_its_place),	  TEST(what_is_not_known_is_kept),
		TEST(what_is_kept_ends_with_its_session), TEST(what_must_be_known_is),
		TEST(what_does_not_fit_is_refused),	  TEST(what_is_empty_stays_untouched),
	};

	return cmocka_run_group_tests_name("worker/session_move", tests, NULL, NULL);
}
