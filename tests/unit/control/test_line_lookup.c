/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Whatever a line is called: the word by which clients are told of it is a word for it. */
#include "rows.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/control_json.h"
#include "control/line_lookup.h"
#include "loop/loop.h"

/* All names of up to three of these, "" among them: digits alone, guests' names and dots, what is quoted, and blanks. */
static const char letters[] = "07a.\" \\=-";

#define LETTERS (sizeof(letters) - 1)
#define LINES	(1 + LETTERS + LETTERS * LETTERS + LETTERS * LETTERS * LETTERS)
#define GUESTS	4

static const char *const guest_names[GUESTS] = { "a", "7", "07", "guest0" };

static struct fixture {
	struct loop loop;
	char names[LINES + 2][32];
	struct control_guest descriptions[GUESTS];
	struct worker_client guests[GUESTS];
	struct worker_clients all;
	int workers[GUESTS];
} fixture;

static const char *line_name(const void *ctx, unsigned line)
{
	return fixture.names[line];
}

static void changed(struct worker_client *guest, const struct control_channel_reply *reply, enum control_edge edge)
{
}

static const struct worker_client_ops ops = { .changed = changed };

static void names_make(void)
{
	size_t n = 1;

	/* Each name that is there, with each letter behind it. */
	for (size_t i = 0; n < LINES; i++) {
		for (size_t j = 0; j < LETTERS; j++)
			snprintf(fixture.names[n++], sizeof(fixture.names[0]), "%.30s%c", fixture.names[i], letters[j]);
	}
	/* Longer than any number of a line, and than any number. */
	strcpy(fixture.names[n++], "65536");
	strcpy(fixture.names[n++], "9999999999999999999999999999999");
}

static int setup(void **state)
{
	int port[2];

	fixture = (struct fixture){ .all = { .guests = fixture.guests, .n = GUESTS } };
	names_make();
	assert_return_code(loop_init(&fixture.loop), 0);
	for (unsigned i = 0; i < GUESTS; i++) {
		assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, port), 0);
		fixture.workers[i] = port[1];
		fixture.descriptions[i] = (struct control_guest){ guest_names[i], LINES + 2, line_name, NULL, port[0] };
		assert_return_code(
			worker_client_init(&fixture.guests[i], &fixture.loop, &fixture.descriptions[i], &ops, NULL), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < GUESTS; i++) {
		worker_client_deinit(&fixture.guests[i]);
		close(fixture.workers[i]);
	}
	loop_deinit(&fixture.loop);
	return 0;
}

static void check_leads_to(const char *word, unsigned guest, unsigned line)
{
	struct line_ref ref = { 0 };
	struct why why;

	if (line_lookup(&fixture.all, word, &ref, &why) < 0)
		fail_msg("line %u, \"%s\": %s: %s", line, fixture.names[line], word, why.text);
	if (ref.guest != guest || ref.line != line)
		fail_msg("line %u, \"%s\": %s is %s.%u", line, fixture.names[line], word, guest_names[ref.guest],
			 ref.line);
}

static void a_line_is_what_it_is_called(void **state)
{
	char word[CONTROL_WORD_MAX];

	for (unsigned guest = 0; guest < GUESTS; guest++) {
		for (unsigned line = 0; line < LINES + 2; line++) {
			control_json_word(&fixture.guests[guest], line, word);
			check_leads_to(word, guest, line);
		}
	}
}

/* By which a reply says where to go on. */
static void a_line_is_its_offset(void **state)
{
	char word[CONTROL_WORD_MAX];

	for (unsigned guest = 0; guest < GUESTS; guest++) {
		for (unsigned line = 0; line < LINES + 2; line++) {
			snprintf(word, sizeof(word), "%s.%u", guest_names[guest], line);
			check_leads_to(word, guest, line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_is_what_it_is_called, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_is_its_offset, setup, teardown),
	};

	return cmocka_run_group_tests_name("line_lookup", tests, NULL, NULL);
}
