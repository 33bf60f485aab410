/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of forms of memory: through records and back, what is refused, what is kept where. */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include "base/memory_form.h"
#include "base/util.h"

struct thing {
	uint32_t one;
	uint16_t two;
	uint8_t padding[2];
	uint64_t three;
};

static const struct field rows[] = {
	FIELD_MUST(struct thing, one),	       FIELD_MAY(struct thing, two), FIELD_PADDING(struct thing, padding),
	FIELD_MUST_BYTES(struct thing, three), FIELD_GONE("four"),
};

static const struct field_part parts[] = {
	{ "thing", 0, rows, ARRAY_SIZE(rows), 0, sizeof(struct thing), 10 },
	{ "thing", 1, rows, ARRAY_SIZE(rows), 256, sizeof(struct thing), 0 },
};

static struct memory_form form;
static struct why why;

static int setup(void **state)
{
	why.text[0] = '\0';
	return memory_form_make(&form, parts, ARRAY_SIZE(parts), 256);
}

static int teardown(void **state)
{
	memory_form_deinit(&form);
	return 0;
}

/* The form as it is now, through records. */
static int again(struct memory_form *other)
{
	struct record_writer writer = { .max = 1 << 20 };
	int ret;

	record_table_put(&writer, &memory_form_table, &form);
	assert_false(writer.failed);
	ret = record_table_take(&memory_form_table, other, writer.bytes, writer.size, &why);
	record_writer_deinit(&writer);
	return ret;
}

static void it_goes_through_records(void **state)
{
	struct memory_form other;

	assert_int_equal(again(&other), 0);
	assert_int_equal(other.size, 256);
	assert_true(memory_form_fits(&other, &form));
	assert_true(memory_form_fits(&form, &other));
	assert_int_equal(other.parts[0].n_fields, 3);
	assert_int_equal(other.parts[0].fields[0].must, 1);
	assert_int_equal(other.parts[0].fields[1].must, 0);
	assert_int_equal(other.parts[0].fields[2].kind, FIELD_KIND_BYTES);
	memory_form_deinit(&other);
}

static void what_can_not_be_is_refused(void **state)
{
	struct memory_form other;

#define BAD(...)                                                                                                       \
	do {                                                                                                           \
		teardown(state);                                                                                       \
		assert_int_equal(setup(state), 0);                                                                     \
		form.__VA_ARGS__;                                                                                      \
		assert_int_equal(again(&other), -EBADMSG);                                                             \
		assert_true(why.text[0] != '\0');                                                                      \
		memory_form_deinit(&other);                                                                            \
	} while (0)
	BAD(size = 10 * sizeof(struct thing) - 1);
	BAD(size = MEMORY_FORM_SIZE_MAX + 1);
	BAD(parts[0].count = 17);
	BAD(parts[0].count = UINT32_MAX);
	BAD(parts[0].stride = 0);
	BAD(parts[0].stride = 15);
	BAD(parts[0].offset = 97);
	BAD(parts[0].offset = UINT64_MAX - 10);
	BAD(parts[0].name[0] = '\0');
	BAD(parts[1].number = 0);
	BAD(parts[0].kept = 2);
	BAD(parts[0].fields[0].size = 3);
	BAD(parts[0].fields[0].size = 0);
	BAD(parts[0].fields[0].offset = 13);
	BAD(parts[0].fields[0].kind = FIELD_KIND_PART);
	BAD(parts[0].fields[0].name[0] = '\0');
	BAD(parts[0].fields[0].name[0] = '\n');
	BAD(parts[0].fields[2].size = 12);
	BAD(parts[0].fields[1].offset = 8, form.parts[0].fields[1].size = 8); /* on another */
	BAD(parts[0].fields[0] = form.parts[0].fields[1]);
	/* A field both in use and kept. */
	BAD(parts[1].number = 0, form.parts[1].kept = 1);
}

static void what_is_kept_has_its_place(void **state)
{
	static const struct field other_rows[] = { FIELD_MUST(struct thing, one),
						   FIELD_MUST_BYTES(struct thing, three) };
	const struct field_part known = { "thing", 0, other_rows, 2, 0, sizeof(struct thing), 10 };
	struct memory_form own, to;
	const struct form_part *kept;

	assert_int_equal(memory_form_make(&own, &known, 1, 170), 0);
	assert_int_equal(memory_form_plan(&to, &form, &own, &known, 1, &why), 0);
	assert_true(memory_form_fits(&to, &own));
	kept = memory_form_part(&to, "thing", 0, true);
	assert_non_null(kept);
	assert_int_equal(kept->offset, 192);
	assert_int_equal(kept->stride, 2);
	assert_int_equal(kept->count, 10);
	assert_non_null(memory_form_part(&to, MEMORY_FORM_KEPT, 0, true));
	assert_true(to.size > own.size + 20);
	memory_form_deinit(&form);
	form = to;
	assert_int_equal(again(&to), 0);
	memory_form_deinit(&to);
	/* Who knows it has it back: there is nothing to keep. */
	memory_form_deinit(&own);
	assert_int_equal(memory_form_make(&own, parts, 1, 160), 0);
	assert_int_equal(memory_form_plan(&to, &form, &own, parts, 1, &why), 0);
	assert_int_equal(to.n_parts, 1);
	memory_form_deinit(&to);
	memory_form_deinit(&own);
}

static void more_than_can_be_kept_is_lost(void **state)
{
	static const struct field none[] = { FIELD_MUST(struct thing, one), FIELD_MUST_BYTES(struct thing, three) };
	const struct field_part known = { "thing", 0, none, 2, 0, sizeof(struct thing), 10 };
	struct memory_form own, to;

	form.size = MEMORY_FORM_SIZE_MAX;
	form.parts[0].count = MEMORY_FORM_KEPT_MAX / 2 + 1;
	assert_int_equal(memory_form_make(&own, &known, 1, 160), 0);
	assert_int_equal(memory_form_plan(&to, &form, &own, &known, 1, &why), 1);
	assert_string_equal(why.text, "no space to keep what this program does not know of thing");
	assert_null(memory_form_part(&to, "thing", 0, true));
	memory_form_deinit(&to);
	memory_form_deinit(&own);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_goes_through_records),
		TEST(what_can_not_be_is_refused),
		TEST(what_is_kept_has_its_place),
		TEST(more_than_can_be_kept_is_lost),
	};

	return cmocka_run_group_tests_name("base/memory_form", tests, NULL, NULL);
}
