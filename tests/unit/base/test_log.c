/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of base/log: stderr is a pipe here, and each test reads what came out of it. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

struct capture {
	int saved_stderr;
	int read_fd;
	char text[8192];
};

static int capture_start(void **state)
{
	static struct capture capture;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	capture.saved_stderr = dup(STDERR_FILENO);
	capture.read_fd = fds[0];
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_LEVEL_INFO);
	*state = &capture;
	return 0;
}

static int capture_end(void **state)
{
	struct capture *capture = *state;

	dup2(capture->saved_stderr, STDERR_FILENO);
	close(capture->saved_stderr);
	close(capture->read_fd);
	return 0;
}

/* What was written since the last call. */
static const char *captured(struct capture *capture)
{
	ssize_t len = read(capture->read_fd, capture->text, sizeof(capture->text) - 1);

	capture->text[len > 0 ? len : 0] = '\0';
	return capture->text;
}

static void line_has_level_and_tag(void **state)
{
	log_error("guest0/eventq", "bad %s %d", "index", 7);
	assert_string_equal(captured(*state), "error: guest0/eventq: bad index 7\n");
	log_warning("guest0", "w");
	log_info(NULL, "no tag");
	assert_string_equal(captured(*state), "warning: guest0: w\ninfo: no tag\n");
}

static void level_filters(void **state)
{
	assert_false(log_enabled(LOG_LEVEL_DEBUG));
	log_debug("t", "unseen");
	assert_string_equal(captured(*state), "");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("t", "seen");
	assert_string_equal(captured(*state), "debug: t: seen\n");
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("t", "unseen");
	assert_string_equal(captured(*state), "");
}

static void level_words(void **state)
{
	enum log_level level = LOG_LEVEL_ERROR;

	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_LEVEL_ERROR);
	assert_int_equal(log_level_parse("Error", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
	assert_int_equal(level, LOG_LEVEL_ERROR);
}

static void unprintable_is_escaped(void **state)
{
	log_info("g\n", "a\nerror: forged\x1b[2J\xc3\xa4\x7f");
	assert_string_equal(captured(*state), "info: g\\x0a: a\\x0aerror: forged\\x1b[2J\\xc3\\xa4\\x7f\n");
}

static void long_text_is_cut(void **state)
{
	char text[2000];
	const char *line;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("t", "%s", text);
	line = captured(*state);
	assert_true(strlen(line) < 700);
	assert_string_equal(line + strlen(line) - 5, "x...\n");

	memset(text, '\n', sizeof(text) - 1);
	log_info("t", "%s", text);
	line = captured(*state);
	assert_true(strlen(line) < 700);
	assert_string_equal(line + strlen(line) - 5, "a...\n");
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);

	/* A tag as long as the line. */
	log_info(text, "t");
	line = captured(*state);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void errno_is_kept(void **state)
{
	errno = ENOENT;
	log_info("t", "%s", strerror(errno));
	assert_int_equal(errno, ENOENT);
	assert_string_equal(captured(*state), "info: t: No such file or directory\n");
}

static void journal_prefix(void **state)
{
	struct stat st;
	char words[64];

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(words, sizeof(words), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", words, 1);
	log_set_level(LOG_LEVEL_DEBUG);
	log_error("t", "e");
	log_debug("t", "d");
	assert_string_equal(captured(*state), "<3>error: t: e\n<7>debug: t: d\n");

	/* Inherited from a parent whose stderr is the journal, when ours is not. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_set_level(LOG_LEVEL_INFO);
	log_warning("t", "w");
	assert_string_equal(captured(*state), "warning: t: w\n");
}

static void limit_counts_what_it_leaves_out(void **state)
{
	struct log_limit limit = { 0 };
	const char *text, *at;
	int lines = 0;

	for (int i = 0; i < 100; i++)
		log_limited(&limit, LOG_LEVEL_WARNING, "t", "flood");
	text = captured(*state);
	for (at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, LOG_LIMIT_BURST);

	limit.window_start_ns -= LOG_LIMIT_WINDOW_NS;
	log_limited(&limit, LOG_LEVEL_WARNING, "t", "again");
	assert_string_equal(captured(*state), "warning: t: again (95 like this left out before)\n");
	log_limited(&limit, LOG_LEVEL_WARNING, "t", "again");
	assert_string_equal(captured(*state), "warning: t: again\n");
}

/* How many lines are let through when n come, one in so much time. Time does not pass: the limit's past is moved. */
static unsigned lines_through(struct capture *capture, struct log_limit *limit, unsigned n, uint64_t each_ns)
{
	unsigned lines = 0;

	for (unsigned i = 0; i < n; i++) {
		log_limited(limit, LOG_LEVEL_WARNING, "t", "flood");
		lines += captured(capture)[0] != '\0';
		limit->window_start_ns -= each_ns;
		limit->refilled_ns -= each_ns;
	}
	return lines;
}

#define MS 1000000ull

/* However fast, and however slowly: a day's lines are those of the stock and one a minute. */
static void limit_holds_in_the_long_run(void **state)
{
	static const unsigned each_ms[] = { 100, 500, 2000, 2500, 3000, 10000 };
	const unsigned day_ms = 24 * 3600 * 1000, most = LOG_LIMIT_STOCK + 24 * 60;

	for (unsigned i = 0; i < sizeof(each_ms) / sizeof(each_ms[0]); i++) {
		struct log_limit limit = { 0 };

		assert_in_range(lines_through(*state, &limit, day_ms / each_ms[i], each_ms[i] * MS), most - 10,
				most + 1);
	}
}

/* What comes once a minute is told each time, and after an hour of quiet all is as in the beginning. */
static void limit_lets_go(void **state)
{
	struct log_limit limit = { 0 };

	assert_int_equal(lines_through(*state, &limit, 1000, 60000 * MS), 1000);
	assert_in_range(lines_through(*state, &limit, 36000, 100 * MS), LOG_LIMIT_STOCK + 55, LOG_LIMIT_STOCK + 61);
	limit.refilled_ns -= 3600000 * MS;
	assert_int_equal(lines_through(*state, &limit, LOG_LIMIT_STOCK, 2000 * MS), LOG_LIMIT_STOCK);
}

static void limit_ignores_filtered_lines(void **state)
{
	struct log_limit limit = { 0 };

	for (int i = 0; i < 100; i++)
		log_limited(&limit, LOG_LEVEL_DEBUG, "t", "unseen");
	log_limited(&limit, LOG_LEVEL_ERROR, "t", "seen");
	assert_string_equal(captured(*state), "error: t: seen\n");
}

/* stderr closed or full must not hurt. */
static void write_failure_is_ignored(void **state)
{
	char fill[4096] = { 0 };

	while (write(STDERR_FILENO, fill, sizeof(fill)) > 0)
		;
	errno = 0;
	log_error("t", "lost");
	assert_int_equal(errno, 0);
}

/* Whoever reads it has stopped. */
static void nobody_waits_for_a_reader(void **state)
{
	struct capture *capture = *state;
	char fill[4096] = { 0 };

	log_error("t", "of the test before, whatever was lost there");
	while (write(STDERR_FILENO, fill, sizeof(fill)) > 0)
		;
	/* As the stderr of most programs is. */
	fcntl(STDERR_FILENO, F_SETFL, 0);
	alarm(60);
	for (unsigned i = 0; i < 1000; i++)
		log_error("t", "lost");
	while (read(capture->read_fd, fill, sizeof(fill)) > 0)
		;
	log_error("t", "read again");
	alarm(0);
	assert_string_equal(captured(capture), "warning: log: 1000 lines were lost: nobody read them\n"
					       "error: t: read again\n");
	log_error("t", "as ever");
	assert_string_equal(captured(capture), "error: t: as ever\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(line_has_level_and_tag, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(level_filters, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(level_words, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(unprintable_is_escaped, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(long_text_is_cut, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(errno_is_kept, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(journal_prefix, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(limit_counts_what_it_leaves_out, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(limit_holds_in_the_long_run, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(limit_lets_go, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(limit_ignores_filtered_lines, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(write_failure_is_ignored, capture_start, capture_end),
		cmocka_unit_test_setup_teardown(nobody_waits_for_a_reader, capture_start, capture_end),
	};

	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
