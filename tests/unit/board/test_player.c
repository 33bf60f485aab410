/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a player asks a daemon for: which requests, in which order, and how late they were. */
#include "rows.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/player.h"

#define LINES 300

static struct {
	struct link link;
	int fd; /* of the daemon */
	pthread_t thread;
	char said[65536]; /* what it was asked, a request a line */
	unsigned refuses; /* the request of this number, from 1 */
} daemon_side;

static struct board board;
static struct vcd_reader reader;
static struct playback playback;
static struct player player;

/* Each request has its answer. */
static void *answer(void *ctx)
{
	FILE *in = fdopen(dup(daemon_side.fd), "r");
	char line[8192];

	for (unsigned n = 1; in && fgets(line, sizeof(line), in); n++) {
		const char *reply = n == daemon_side.refuses ? "{\"ok\":false,\"error\":\"no\"}\n"
							     : "{\"ok\":true,\"time_ns\":9000000000000000000}\n";

		strcat(daemon_side.said, line);
		if (write(daemon_side.fd, reply, strlen(reply)) < 0)
			break;
	}
	if (in)
		fclose(in);
	return NULL;
}

static int setup(void **state)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	memset(&daemon_side, 0, sizeof(daemon_side));
	daemon_side.fd = fds[0];
	daemon_side.link = (struct link){ .path = "here", .fd = fds[1] };
	board = (struct board){ .link = &daemon_side.link, .tag = SIZE_MAX };
	assert_int_equal(trace_init(&board.trace, LINES, 1), 0);
	board.lines = calloc(LINES, sizeof(*board.lines));
	assert_non_null(board.lines);
	for (unsigned i = 0; i < LINES; i++) {
		char name[32];

		snprintf(name, sizeof(name), i == 1 ? "g.\"1\"" : "g.line-%u", i);
		board.lines[i].name = strdup(name);
		trace_set(&board.trace, (uint16_t)i, 0, (struct line_now){ .level = i % 2 });
	}
	return pthread_create(&daemon_side.thread, NULL, answer, NULL);
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < LINES; i++)
		free(board.lines[i].name);
	free(board.lines);
	free(daemon_side.link.text);
	trace_deinit(&board.trace);
	playback_deinit(&playback);
	vcd_reader_close(&reader);
	return close(daemon_side.fd);
}

/* Signals s0, s1... on the lines of these numbers. What the daemon was asked. */
static const char *plays(const char *changes, unsigned n, bool good)
{
	static char text[65536];
	size_t len = 0;
	struct why why;

	for (unsigned i = 0; i < n; i++)
		len += (size_t)sprintf(text + len, "$var wire 1 i%u s%u $end\n", i, i);
	snprintf(text + len, sizeof(text) - len, "$enddefinitions $end %s", changes);
	assert_int_equal(vcd_reader_open(&reader, "f", text, strlen(text), &why), 0);
	assert_int_equal(playback_init(&playback, &reader, n, 1000), 0);
	for (unsigned i = 0; i < n; i++) {
		char code[16];
		const struct vcd_word word = { .text = code, .len = (size_t)sprintf(code, "i%u", i) };

		playback_map(&playback, (uint16_t)i, vcd_head_find_code(&reader.head, word), 0);
	}
	assert_int_equal(player_run(&player, &board, &playback), good);
	close(daemon_side.link.fd);
	pthread_join(daemon_side.thread, NULL);
	return daemon_side.said;
}

static void what_is_at_once_is_one_request(void **state)
{
	assert_string_equal(
		plays("#0 0i0 1i1 0i2 #500000 1i0 1i2 #1000000 zi0 0i1 zi1 Hi2 #1000001 Li2 0i0", 3, true),
		"{\"cmd\":\"set\",\"lines\":{\"g.line-0\":0,\"g.\\\"1\\\"\":1,\"g.line-2\":0}}\n"
		"{\"cmd\":\"set\",\"lines\":{\"g.line-0\":1,\"g.line-2\":1}}\n"
		"{\"cmd\":\"pull\",\"lines\":{\"g.line-0\":\"pull-down\",\"g.\\\"1\\\"\":\"pull-up\",\"g.line-2\":"
		"\"pull-up\"}}\n"
		"{\"cmd\":\"pull\",\"lines\":{\"g.line-2\":\"pull-down\"}}\n"
		"{\"cmd\":\"set\",\"lines\":{\"g.line-0\":0}}\n");
	assert_int_equal(player.n_changes, 10);
	assert_int_equal(player.jitter.n, 5);
	/* The stamps are those of the daemon. */
	assert_int_equal(jitter_usual(&player.jitter), UINT64_MAX);
}

/* No request is longer than the daemon takes, and each line is in one of them. */
static void many_lines_are_a_few_requests(void **state)
{
	char changes[8192] = "#0";
	size_t len = 2;
	const char *said;
	unsigned n = 0;

	for (unsigned i = 0; i < LINES; i++)
		len += (size_t)sprintf(changes + len, " 1i%u", i);
	said = plays(changes, LINES, true);
	for (; *said; said += len + 1, n++) {
		len = strcspn(said, "\n");
		assert_in_range(len, 100, 4095);
	}
	assert_int_equal(n, 3);
	for (unsigned i = 2; i < LINES; i++) {
		char word[32];

		snprintf(word, sizeof(word), "\"g.line-%u\":1", i);
		assert_non_null(strstr(daemon_side.said, word));
	}
}

static void what_is_refused_is_the_end(void **state)
{
	daemon_side.refuses = 2;
	plays("#0 0i0 #250000 1i0 #100000000 0i0", 1, false);
	assert_string_equal(board.why.text, "at 0.000250 s: no");
	assert_int_equal(player.n_requests, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_at_once_is_one_request, setup, teardown),
		cmocka_unit_test_setup_teardown(many_lines_are_a_few_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_refused_is_the_end, setup, teardown),
	};

	return cmocka_run_group_tests_name("player", tests, NULL, NULL);
}
