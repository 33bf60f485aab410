/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A handover image as an operator sees it. */
#include "image_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handover/handover_print.h"

/* *printed is the caller's. */
static int image_print(const void *bytes, size_t size, char **printed, struct why *why)
{
	char path[] = "handover-XXXXXX";
	int fd = mkstemp(path), ret;
	FILE *file = fdopen(fd, "w"), *stream;
	size_t len;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	stream = open_memstream(printed, &len);
	assert_non_null(stream);
	ret = handover_print(path, stream, NULL, why);
	fclose(stream);
	remove(path);
	return ret;
}

#define assert_line(printed, line) assert_non_null(strstr(printed, "\n" line "\n"))

static void printed(void **state)
{
	struct record_writer image;
	struct model model;
	struct why why;
	char *words;

	model_make(&model);
	record_put_text(&model.extra, "mood", RECORD_TEXT, "a\"b");
	record_put(&model.extra, "lamp", 0x70, "\0\377", 2);
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(image_print(image.bytes, image.size, &words, &why), 0);
	assert_line(words, "file descriptors: 10 100 101 102 110 111 112 113 200 201 202 210 211 212 213");
	assert_line(words, "processes: 50 103 203");
	assert_line(words, "  name! \"g1\"");
	assert_line(words, "    debounce-us! 4294967295");
	assert_line(words, "  description \"[guest g]\\x0asim = 8\\x0a\"");
	assert_line(words, "  mood \"a\\x22b\"");
	assert_line(words, "  lamp 00 ff");
	assert_line(words, "this program can take over");
	free(words);
	record_put_number(&model.extra, "hat", RECORD_NUMBER | RECORD_MUST, 5);
	record_writer_deinit(&image);
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(image_print(image.bytes, image.size, &words, &why), 0);
	assert_line(words, "  hat! 5");
	assert_line(words, "this program cannot take over: guest g1: hat: not known here, and not to be left out");
	free(words);
	((struct handover_frame *)image.bytes)->version = le32_make(3);
	assert_int_equal(image_print(image.bytes, image.size, &words, &why), 0);
	assert_line(words, "this program cannot take over: it has version 3, this program knows 2");
	free(words);
	assert_int_equal(image_print(image.bytes, image.size - 1, &words, &why), -EBADMSG);
	assert_non_null(strstr(why.text, ": not a handover image"));
	free(words);
	record_writer_deinit(&model.extra);
	record_writer_deinit(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
