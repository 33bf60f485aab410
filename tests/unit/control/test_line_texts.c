/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Elements of an array, as text: none, some, and such as are longer than expected. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/line_texts.h"

/* An object of that many bytes. */
static json_t *object_of(size_t len)
{
	char *word = calloc(1, len);
	json_t *object;

	memset(word, 'x', len - sizeof("{\"a\":\"\"}") + 1);
	object = json_pack("{s:s}", "a", word);
	free(word);
	return object;
}

static void none_is_an_array_too(void **state)
{
	struct line_texts lines = { .n = 0 };
	char *text = line_texts_join(&lines, json_pack("{s:b}", "ok", 1), "lines");

	assert_string_equal(text, "{\"ok\":true,\"lines\":[]}");
	free(text);
	assert_false(line_texts_add(&lines, NULL));
	assert_null(line_texts_join(&lines, NULL, "lines"));
	line_texts_clear(&lines);
}

/* Around each size at which something is written anew. */
static void any_length_is_written(void **state)
{
	static const size_t sizes[] = { 9, 1021, 1022, 1023, 1024, 4094, 4095, 4096, 9, 20000, 100000 };
	const size_t n = sizeof(sizes) / sizeof(sizes[0]);
	struct line_texts lines = { .n = 0 };
	json_t *reply, *array;
	char *text;

	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < n; i++)
			assert_true(line_texts_add(&lines, object_of(sizes[i])));
	}
	assert_int_equal(lines.n, 20 * n);
	text = line_texts_join(&lines, json_pack("{s:s}", "first", "\"}"), "lines");
	reply = json_loads(text, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(reply, "first")), "\"}");
	array = json_object_get(reply, "lines");
	assert_int_equal(json_array_size(array), 20 * n);
	for (size_t i = 0; i < 20 * n; i++) {
		char *element = json_dumps(json_array_get(array, i), JSON_COMPACT);

		assert_int_equal(strlen(element), sizes[i % n]);
		free(element);
	}
	json_decref(reply);
	free(text);
	line_texts_clear(&lines);
	assert_int_equal(lines.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_an_array_too),
		cmocka_unit_test(any_length_is_written),
	};

	return cmocka_run_group_tests_name("line_texts", tests, NULL, NULL);
}
