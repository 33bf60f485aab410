/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The keeper protocol: what a worker sends is kept, what breaks the protocol is found out, no fd leaks. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scm.h"
#include "daemon/keeper.h"

#define MAX	3
#define LASTING 2

struct bench {
	int worker, supervisor;
	struct kept_set set;
	int lowest; /* the lowest free fd: tells of a leak at the end */
};

static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static int setup(void **state)
{
	static struct bench bench;
	int fds[2];

	bench.lowest = lowest_free();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	bench.worker = fds[0];
	bench.supervisor = fds[1];
	kept_init(&bench.set, MAX, LASTING);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	kept_deinit(&bench->set);
	if (bench->worker >= 0)
		close(bench->worker);
	close(bench->supervisor);
	return lowest_free() == bench->lowest ? 0 : -1;
}

/* Keeps a fresh pipe's reading end and writes mark into it: so the kept fd can be told. */
static void keep(struct bench *bench, uint32_t key, char mark)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], &mark, 1), 1);
	assert_int_equal(keeper_keep(bench->worker, key, fds[0]), 0);
	close(fds[0]);
	close(fds[1]);
}

static void check_kept(struct bench *bench, uint32_t key, char mark)
{
	char found = 0;
	int fd = kept_find(&bench->set, key);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(fd, &found, 1), 1);
	assert_int_equal(found, mark);
}

static void keeps_and_finds(void **state)
{
	struct bench *bench = *state;

	keep(bench, 30, 'c');
	keep(bench, 10, 'a');
	keep(bench, 20, 'b');
	for (int i = 0; i < 3; i++)
		assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -EAGAIN);
	assert_int_equal(bench->set.n, 3);
	check_kept(bench, 10, 'a');
	check_kept(bench, 20, 'b');
	check_kept(bench, 30, 'c');
	assert_int_equal(kept_find(&bench->set, 15), -1);
	assert_int_equal(kept_find(&bench->set, 40), -1);
}

static void the_same_key_replaces(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	keep(bench, 1, 'b');
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	assert_int_equal(bench->set.n, 1);
	check_kept(bench, 1, 'b');
}

static void drops(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	keep(bench, 2, 'b');
	assert_int_equal(keeper_drop(bench->worker, 1), 0);
	assert_int_equal(keeper_drop(bench->worker, 7), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	assert_int_equal(kept_find(&bench->set, 1), -1);
	check_kept(bench, 2, 'b');
}

struct settling {
	int channel, result;
};

static void *settle(void *ctx)
{
	struct settling *settling = ctx;

	settling->result = keeper_settle(settling->channel);
	return NULL;
}

static void settles_after_what_was_sent_before(void **state)
{
	struct bench *bench = *state;
	struct settling settling = { .channel = bench->worker, .result = 1 };
	pthread_t thread;
	int ret;

	keep(bench, 1, 'a');
	assert_int_equal(keeper_drop(bench->worker, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, settle, &settling), 0);
	for (int taken = 0; taken < 3; taken += ret == 1) {
		ret = kept_receive(&bench->set, bench->supervisor);
		assert_true(ret == 1 || ret == -EAGAIN);
	}
	pthread_join(thread, NULL);
	assert_int_equal(settling.result, 0);
	assert_int_equal(bench->set.n, 0);
}

static void a_dead_workers_messages_are_kept(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	close(bench->worker);
	bench->worker = -1;
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), 0);
	check_kept(bench, 1, 'a');
}

struct flood {
	int channel;
	unsigned sent;
	int result;
};

#define FLOOD_MAX 1000000

/* Who has been given the worker's end by it, while the worker dies. */
static void *flood(void *ctx)
{
	struct flood *flood = ctx;

	while (flood->result == 0 && flood->sent++ < FLOOD_MAX)
		flood->result = keeper_drop(flood->channel, 1);
	return NULL;
}

static void a_dead_workers_end_is_nobodys(void **state)
{
	struct bench *bench = *state;
	struct flood flooding = { .channel = bench->worker };
	pthread_t thread;

	keep(bench, 2, 'b');
	assert_int_equal(pthread_create(&thread, NULL, flood, &flooding), 0);
	assert_int_equal(kept_receive_rest(&bench->set, bench->supervisor), 0);
	pthread_join(thread, NULL);
	assert_int_equal(flooding.result, -EPIPE);
	check_kept(bench, 2, 'b');
}

static void a_breach_is_found_among_the_rest(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	assert_int_equal(send(bench->worker, "x", 1, 0), 1);
	assert_int_equal(kept_receive_rest(&bench->set, bench->supervisor), -EPROTO);
	check_kept(bench, 1, 'a');
}

static void no_more_than_the_maximum_is_kept(struct bench *bench)
{
	size_t others = bench->set.n;

	for (uint32_t key = 0; key < MAX; key++) {
		keep(bench, key, 'a');
		assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	}
	keep(bench, 1, 'b');
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	keep(bench, MAX, 'x');
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -ENOSPC);
	assert_int_equal(bench->set.n, others + MAX);
}

static void no_more_than_the_maximum(void **state)
{
	no_more_than_the_maximum_is_kept(*state);
}

/*
 * What a worker in its guest's hand fills the set with: no session that is thrown away rids its successors of what is
 * lasting, and they have a session to keep.
 */
static void what_is_lasting_takes_no_room_from_a_session(void **state)
{
	struct bench *bench = *state;

	for (uint32_t i = 0; i < LASTING; i++) {
		keep(bench, KEEPER_KEY_LASTING | i, 'l');
		assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	}
	keep(bench, KEEPER_KEY_LASTING | LASTING, 'x');
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -EPROTO);
	keep(bench, UINT32_MAX, 'x');
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -EPROTO);
	assert_int_equal(bench->set.n, LASTING);
	no_more_than_the_maximum_is_kept(bench);
	kept_clear_session(&bench->set);
	no_more_than_the_maximum_is_kept(bench);
	check_kept(bench, KEEPER_KEY_LASTING | 1, 'l');
}

/* Neither does a session from what is lasting. */
static void a_session_takes_no_room_from_what_is_lasting(void **state)
{
	struct bench *bench = *state;

	no_more_than_the_maximum_is_kept(bench);
	for (uint32_t i = 0; i < LASTING; i++) {
		keep(bench, KEEPER_KEY_LASTING | i, 'l');
		assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	}
}

static void breaches_are_found_out(void **state)
{
	struct bench *bench = *state;
	struct keeper_message message = { .type = KEEPER_KEEP, .key = 1 };
	const int two[] = { bench->worker, bench->worker };
	char longer[sizeof(message) + 4] = { 0 };

	/* KEEP without an fd, and with two. */
	scm_send(bench->worker, &message, sizeof(message), NULL, 0, 0);
	assert_true(kept_receive(&bench->set, bench->supervisor) < 0);
	scm_send(bench->worker, &message, sizeof(message), two, 2, 0);
	assert_true(kept_receive(&bench->set, bench->supervisor) < 0);
	/* Too short, too long. */
	scm_send(bench->worker, &message, sizeof(message) - 1, two, 1, 0);
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -EPROTO);
	memcpy(longer, &message, sizeof(message));
	scm_send(bench->worker, longer, sizeof(longer), two, 1, 0);
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -EPROTO);
	/* DROP with an fd; a type that does not exist. */
	message.type = KEEPER_DROP;
	scm_send(bench->worker, &message, sizeof(message), two, 1, 0);
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -EPROTO);
	message.type = 3;
	scm_send(bench->worker, &message, sizeof(message), NULL, 0, 0);
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), -EPROTO);
	assert_int_equal(bench->set.n, 0);
}

/* A session that is thrown away leaves what is lasting: lines of chips. */
static void clear_leaves_what_is_lasting(void **state)
{
	struct bench *bench = *state;
	struct stat st;
	int fd;

	keep(bench, 1, 'a');
	keep(bench, KEEPER_KEY_LASTING | 1, 'l');
	keep(bench, 3, 'c');
	for (int i = 0; i < 3; i++)
		assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	fd = kept_find(&bench->set, 1);
	kept_clear_session(&bench->set);
	assert_int_equal(fstat(fd, &st), -1);
	assert_int_equal(kept_find(&bench->set, 1), -1);
	assert_int_equal(kept_find(&bench->set, 3), -1);
	check_kept(bench, KEEPER_KEY_LASTING | 1, 'l');
	keep(bench, 2, 'b');
	assert_int_equal(kept_receive(&bench->set, bench->supervisor), 1);
	check_kept(bench, 2, 'b');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_and_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_key_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(drops, setup, teardown),
		cmocka_unit_test_setup_teardown(settles_after_what_was_sent_before, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_workers_messages_are_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_workers_end_is_nobodys, setup, teardown),
		cmocka_unit_test_setup_teardown(a_breach_is_found_among_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(no_more_than_the_maximum, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_lasting_takes_no_room_from_a_session, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_takes_no_room_from_what_is_lasting, setup, teardown),
		cmocka_unit_test_setup_teardown(breaches_are_found_out, setup, teardown),
		cmocka_unit_test_setup_teardown(clear_leaves_what_is_lasting, setup, teardown),
	};

	return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
