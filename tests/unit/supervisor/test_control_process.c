/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The feed of the control process, which is played here: what it is given, and how little waits for it. */
#include "rows.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "ipc/control_channel.h"
#include "supervisor/control_process.h"
#include "unit/lowest_fd.h"

#define GUESTS 2
/* Far more than fit into a socket. */
#define MANY 5000

struct fixture {
	struct loop loop;
	struct guest_entry entries[GUESTS];
	struct guest_entry *list[GUESTS];
	struct guest_set set;
	struct control_process process;
	int workers[GUESTS]; /* their ends */
	int feed;	     /* the control process's end */
	int lowest;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .lowest = lowest_fd(), .workers = { -1, -1 } };
	assert_int_equal(loop_init(&fixture.loop), 0);
	for (size_t i = 0; i < GUESTS; i++) {
		fixture.list[i] = &fixture.entries[i];
		fixture.entries[i].process.control_fd = -1;
	}
	fixture.set = (struct guest_set){ .entries = fixture.list, .n = GUESTS, .loop = &fixture.loop };
	control_process_init(&fixture.process, &fixture.set, NULL);
	assert_int_equal(scm_pair(&fixture.process.feed_fd, &fixture.feed), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	control_process_close(&fixture->process);
	for (size_t i = 0; i < GUESTS; i++) {
		fd_close(&fixture->entries[i].process.control_fd);
		fd_close(&fixture->workers[i]);
	}
	fd_close(&fixture->feed);
	loop_deinit(&fixture->loop);
	assert_int_equal(lowest_fd(), fixture->lowest);
	return 0;
}

/* Another worker of this guest's, with a channel of its own, in which it has written its number. */
static void worker_comes(struct fixture *fixture, size_t guest, unsigned number)
{
	struct worker_process *process = &fixture->entries[guest].process;

	fd_close(&process->control_fd);
	fd_close(&fixture->workers[guest]);
	assert_int_equal(scm_pair(&process->control_fd, &fixture->workers[guest]), 0);
	assert_int_equal(send(fixture->workers[guest], &number, sizeof(number), 0), sizeof(number));
	process->control_due = true;
	control_process_feed(&fixture->process);
}

/* False: nothing is there. */
static bool fed(struct fixture *fixture, uint32_t *guest, unsigned *number)
{
	struct control_channel_fed message;
	size_t n_fds;
	int fd = -1;
	ssize_t len = scm_recv(fixture->feed, &message, sizeof(message), &fd, 1, &n_fds, MSG_DONTWAIT);

	if (len <= 0)
		return false;
	assert_int_equal(len, sizeof(message));
	assert_int_equal(n_fds, 1);
	assert_int_equal(recv(fd, number, sizeof(*number), MSG_DONTWAIT), sizeof(*number));
	close(fd);
	*guest = message.guest;
	return true;
}

static void each_guest_has_its_own(void **state)
{
	struct fixture *fixture = *state;
	unsigned number;
	uint32_t guest;

	worker_comes(fixture, 1, 7);
	worker_comes(fixture, 0, 8);
	assert_true(fed(fixture, &guest, &number) && guest == 1 && number == 7);
	assert_true(fed(fixture, &guest, &number) && guest == 0 && number == 8);
	control_process_feed(&fixture->process);
	assert_false(fed(fixture, &guest, &number));
}

/* A worker that dies again and again fills nobody's memory, and takes no channel from another guest's. */
static void what_waits_is_the_last_one(void **state)
{
	struct fixture *fixture = *state;
	unsigned number = 0, last[GUESTS] = { 0 };
	int lowest = lowest_fd();
	uint32_t guest = 0;

	for (unsigned i = 1; i <= MANY; i++)
		worker_comes(fixture, 1, i);
	worker_comes(fixture, 0, 1);
	assert_in_range(lowest_fd(), lowest, lowest + 8);
	assert_true(fixture->entries[1].process.control_due);
	/* All that comes until nothing is due. */
	for (unsigned n = 0; n < MANY && (last[0] != 1 || last[1] != MANY); n++) {
		while (fed(fixture, &guest, &number))
			last[guest] = number;
		assert_int_equal(loop_turn(&fixture->loop, 1000), 0);
	}
	assert_int_equal(last[1], MANY);
	assert_int_equal(last[0], 1);
	assert_false(fixture->entries[0].process.control_due || fixture->entries[1].process.control_due);
}

/* One that is on its way out is told nothing: its guests are others. */
static void a_reload_ends_the_feed(void **state)
{
	struct fixture *fixture = *state;
	struct pollfd pfd = { .fd = fixture->feed, .events = POLLIN };
	unsigned number;
	uint32_t guest;

	fixture->process.child.stopped = true; /* none is started here */
	control_process_restart(&fixture->process);
	worker_comes(fixture, 1, 7);
	assert_int_equal(poll(&pfd, 1, 0), 1);
	assert_false(fed(fixture, &guest, &number));
	assert_true(fd_is_shut(fixture->feed));
}

static void one_that_is_gone_costs_nothing(void **state)
{
	struct fixture *fixture = *state;

	fd_close(&fixture->feed);
	worker_comes(fixture, 1, 7);
	assert_int_equal(fixture->process.feed_fd, -1);
	worker_comes(fixture, 0, 8);
}

#define FEED_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FEED_TEST(each_guest_has_its_own),
		FEED_TEST(what_waits_is_the_last_one),
		FEED_TEST(a_reload_ends_the_feed),
		FEED_TEST(one_that_is_gone_costs_nothing),
	};

	return cmocka_run_group_tests_name("control_process", tests, NULL, NULL);
}
