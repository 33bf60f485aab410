/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a worker sends over the supervisor channel is stored, what breaks the protocol is found out, no fd leaks. */
#include "channel_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scm.h"

static void check_stored(struct fixture *fixture, uint32_t key, char mark)
{
	char found = 0;
	int fd = fd_store_find(&fixture->store, key);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(fd, &found, 1), 1);
	assert_int_equal(found, mark);
}

static void stores_and_finds(void **state)
{
	struct fixture *fixture = *state;

	store_fd(fixture, 30, 'c');
	store_fd(fixture, 10, 'a');
	store_fd(fixture, 20, 'b');
	for (int i = 0; i < 3; i++)
		assert_int_equal(receive(fixture), 1);
	assert_int_equal(receive(fixture), -EAGAIN);
	assert_int_equal(fixture->store.n, 3);
	check_stored(fixture, 10, 'a');
	check_stored(fixture, 20, 'b');
	check_stored(fixture, 30, 'c');
	assert_int_equal(fd_store_find(&fixture->store, 15), -1);
	assert_int_equal(fd_store_find(&fixture->store, 40), -1);
}

static void the_same_key_replaces(void **state)
{
	struct fixture *fixture = *state;

	store_fd(fixture, 1, 'a');
	store_fd(fixture, 1, 'b');
	assert_int_equal(receive(fixture), 1);
	assert_int_equal(receive(fixture), 1);
	assert_int_equal(fixture->store.n, 1);
	check_stored(fixture, 1, 'b');
}

static void drops(void **state)
{
	struct fixture *fixture = *state;

	store_fd(fixture, 1, 'a');
	store_fd(fixture, 2, 'b');
	assert_int_equal(supervisor_call_remove(fixture->worker, 1), 0);
	assert_int_equal(supervisor_call_remove(fixture->worker, 7), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(receive(fixture), 1);
	assert_int_equal(fd_store_find(&fixture->store, 1), -1);
	check_stored(fixture, 2, 'b');
}

static void a_dead_workers_messages_are_stored(void **state)
{
	struct fixture *fixture = *state;

	store_fd(fixture, 1, 'a');
	close(fixture->worker);
	fixture->worker = -1;
	assert_int_equal(receive(fixture), 1);
	assert_int_equal(receive(fixture), 0);
	check_stored(fixture, 1, 'a');
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
		flood->result = supervisor_call_remove(flood->channel, 1);
	return NULL;
}

static void a_dead_workers_end_is_nobodys(void **state)
{
	struct fixture *fixture = *state;
	struct flood flooding = { .channel = fixture->worker };
	pthread_t thread;

	store_fd(fixture, 2, 'b');
	assert_int_equal(pthread_create(&thread, NULL, flood, &flooding), 0);
	assert_int_equal(fd_store_receive_all(&fixture->store, fixture->supervisor), 0);
	pthread_join(thread, NULL);
	assert_int_equal(flooding.result, -EPIPE);
	check_stored(fixture, 2, 'b');
}

/* A socket whose end is closed with something unread says so before what it had sent. */
static void a_dead_workers_messages_are_stored_though_it_did_not_listen(void **state)
{
	struct fixture *fixture = *state;

	store_fd(fixture, 1, 'a');
	store_fd(fixture, 2, 'b');
	assert_int_equal(send(fixture->supervisor, "unread", 6, 0), 6);
	close(fixture->worker);
	fixture->worker = -1;
	assert_int_equal(fd_store_receive_all(&fixture->store, fixture->supervisor), 0);
	check_stored(fixture, 1, 'a');
	check_stored(fixture, 2, 'b');
}

static void a_breach_is_found_among_the_rest(void **state)
{
	struct fixture *fixture = *state;

	store_fd(fixture, 1, 'a');
	assert_int_equal(send(fixture->worker, "x", 1, 0), 1);
	assert_int_equal(fd_store_receive_all(&fixture->store, fixture->supervisor), -EPROTO);
	check_stored(fixture, 1, 'a');
}

static void no_more_than_the_maximum_is_stored(struct fixture *fixture)
{
	size_t others = fixture->store.n;

	for (uint32_t key = 0; key < STORE_MAX; key++) {
		store_fd(fixture, key, 'a');
		assert_int_equal(receive(fixture), 1);
	}
	store_fd(fixture, 1, 'b');
	assert_int_equal(receive(fixture), 1);
	store_fd(fixture, STORE_MAX, 'x');
	assert_int_equal(receive(fixture), -ENOSPC);
	assert_int_equal(fixture->store.n, others + STORE_MAX);
}

static void no_more_than_the_maximum(void **state)
{
	no_more_than_the_maximum_is_stored(*state);
}

/*
 * What a worker in its guest's hand fills the store with: no session that is thrown away rids its successors of what is
 * lasting, and they have a session to store.
 */
static void what_is_lasting_takes_no_room_from_a_session(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < STORE_LASTING; i++) {
		store_fd(fixture, FD_KEY_LASTING | i, 'l');
		assert_int_equal(receive(fixture), 1);
	}
	store_fd(fixture, FD_KEY_LASTING | STORE_LASTING, 'x');
	assert_int_equal(receive(fixture), -EPROTO);
	store_fd(fixture, UINT32_MAX, 'x');
	assert_int_equal(receive(fixture), -EPROTO);
	assert_int_equal(fixture->store.n, STORE_LASTING);
	no_more_than_the_maximum_is_stored(fixture);
	fd_store_clear_session(&fixture->store);
	no_more_than_the_maximum_is_stored(fixture);
	check_stored(fixture, FD_KEY_LASTING | 1, 'l');
}

/* Neither does a session from what is lasting. */
static void a_session_takes_no_room_from_what_is_lasting(void **state)
{
	struct fixture *fixture = *state;

	no_more_than_the_maximum_is_stored(fixture);
	for (uint32_t i = 0; i < STORE_LASTING; i++) {
		store_fd(fixture, FD_KEY_LASTING | i, 'l');
		assert_int_equal(receive(fixture), 1);
	}
}

/* It breaks the protocol, with as many fds. */
static void check_breach(struct fixture *fixture, const void *message, size_t size, size_t n_fds)
{
	const int fds[] = { fixture->worker, fixture->worker };

	scm_send(fixture->worker, message, size, fds, n_fds, 0);
	assert_int_equal(receive(fixture), -EPROTO);
}

/* A byte too short, a byte too long. */
static void check_sizes(struct fixture *fixture, const void *message, size_t size, size_t n_fds)
{
	char longer[128] = { 0 };

	assert_true(size < sizeof(longer));
	memcpy(longer, message, size);
	check_breach(fixture, message, size - 1, n_fds);
	check_breach(fixture, longer, size + 1, n_fds);
}

static void breaches_are_found_out(void **state)
{
	struct fixture *fixture = *state;
	struct supervisor_channel_message message = { .type = SUPERVISOR_CHANNEL_STORE, .key = 1 };
	const int two[] = { fixture->worker, fixture->worker };

	/* STORE without an fd, and with two. */
	scm_send(fixture->worker, &message, sizeof(message), NULL, 0, 0);
	assert_true(receive(fixture) < 0);
	scm_send(fixture->worker, &message, sizeof(message), two, 2, 0);
	assert_true(receive(fixture) < 0);
	check_sizes(fixture, &message, sizeof(message), 1);
	/* DROP with an fd; a type that does not exist. */
	message.type = SUPERVISOR_CHANNEL_REMOVE;
	check_breach(fixture, &message, sizeof(message), 1);
	for (uint32_t type = 0; type < 20; type++) {
		if (type == SUPERVISOR_CHANNEL_REMOVE)
			continue;
		message.type = type == 19 ? UINT32_MAX : type;
		check_breach(fixture, &message, sizeof(message), 0);
	}
	assert_int_equal(fixture->store.n, 0);
}

static void questions_have_their_own_shape(void **state)
{
	static const uint32_t types[] = { SUPERVISOR_CHANNEL_LINE, SUPERVISOR_CHANNEL_LINE_INFO };
	struct fixture *fixture = *state;
	struct supervisor_channel_request question = { .line = 5, .direction = 1, .value = 1, .edges = 3 }, got;

	for (unsigned i = 0; i < 2; i++) {
		question.type = types[i];
		scm_send(fixture->worker, &question, sizeof(question), NULL, 0, 0);
		assert_int_equal(fd_store_receive(&fixture->store, fixture->supervisor, &got), FD_STORE_REQUEST);
		assert_memory_equal(&got, &question, sizeof(got));
		check_breach(fixture, &question, sizeof(question), 1);
		check_sizes(fixture, &question, sizeof(question), 0);
	}
	question.type = SUPERVISOR_CHANNEL_STORE;
	check_breach(fixture, &question, sizeof(question), 1);
	/* Of a dead worker, they are passed over. */
	question.type = SUPERVISOR_CHANNEL_LINE;
	scm_send(fixture->worker, &question, sizeof(question), NULL, 0, 0);
	store_fd(fixture, 2, 'b');
	assert_int_equal(fd_store_receive_all(&fixture->store, fixture->supervisor), 0);
	check_stored(fixture, 2, 'b');
}

/* A socket with the end of a pipe in it. */
static int stuffed_socket(int *pipe_end)
{
	int ends[2], inner[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	assert_return_code(pipe2(inner, O_CLOEXEC), errno);
	assert_int_equal(scm_send(ends[1], "x", 1, &inner[1], 1, 0), 1);
	close(ends[1]);
	close(inner[1]);
	*pipe_end = inner[0];
	return ends[0];
}

/* Another process is the last to close it, and ends with that. */
static void assert_closed_elsewhere(int pipe_end)
{
	int status;
	char byte;

	assert_int_equal(read(pipe_end, &byte, 1), 0);
	close(pipe_end);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void what_is_in_sockets_is_closed_elsewhere(void **state)
{
	struct fd_store store;
	int end, ends[2];

	/* Those of the tests before. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	fd_store_init(&store, 8, 0);
	assert_int_equal(fd_store_put(&store, 1, stuffed_socket(&end)), 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	/* Replaced, then one with nothing in it. */
	assert_int_equal(fd_store_put(&store, 1, ends[0]), 0);
	assert_closed_elsewhere(end);
	assert_int_equal(fd_store_put(&store, 1, ends[1]), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(fd_store_put(&store, 2, stuffed_socket(&end)), 0);
	fd_store_clear_session(&store);
	assert_int_equal(store.n, 0);
	assert_closed_elsewhere(end);
	fd_store_close(&store);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* A session that is thrown away leaves it: lines of chips. */
static void clear_leaves_what_is_lasting(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;
	int fd;

	store_fd(fixture, 1, 'a');
	store_fd(fixture, FD_KEY_LASTING | 1, 'l');
	store_fd(fixture, 3, 'c');
	for (int i = 0; i < 3; i++)
		assert_int_equal(receive(fixture), 1);
	fd = fd_store_find(&fixture->store, 1);
	fd_store_clear_session(&fixture->store);
	assert_int_equal(fstat(fd, &st), -1);
	assert_int_equal(fd_store_find(&fixture->store, 1), -1);
	assert_int_equal(fd_store_find(&fixture->store, 3), -1);
	check_stored(fixture, FD_KEY_LASTING | 1, 'l');
	store_fd(fixture, 2, 'b');
	assert_int_equal(receive(fixture), 1);
	check_stored(fixture, 2, 'b');
}

/* What was told, each change as a letter: of the key, and whether it came (capital) or is about to go. */
static char told[32];

static void note_change(struct fd_store *store, uint32_t key, int fd)
{
	const char letter[] = { (char)((fd >= 0 ? 'A' : 'a') + key), '\0' };

	/* It is open still: who watches it can let go of it. */
	assert_true(fcntl(fd_store_find(store, key), F_GETFD) >= 0);
	strcat(told, letter);
}

static void changes_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct fd_store *store = &fixture->store;

	fixture->store.changed = note_change;
	told[0] = '\0';
	assert_int_equal(fd_store_put(store, 0, dup(fixture->worker)), 0);
	assert_int_equal(fd_store_put(store, 1, dup(fixture->worker)), 0);
	assert_int_equal(fd_store_put(store, FD_KEY_LASTING, dup(fixture->worker)), 0);
	assert_int_equal(fd_store_put(store, 1, dup(fixture->worker)), 0);
	fd_store_remove(store, 1);
	fd_store_remove(store, 1);
	fd_store_remove(store, FD_KEY_LASTING);
	fd_store_clear_session(store);
	assert_string_equal(told, "ABbBba");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(stores_and_finds),
		T(the_same_key_replaces),
		T(drops),
		T(changes_are_told),
		T(a_dead_workers_messages_are_stored),
		T(a_dead_workers_end_is_nobodys),
		T(a_dead_workers_messages_are_stored_though_it_did_not_listen),
		T(a_breach_is_found_among_the_rest),
		T(no_more_than_the_maximum),
		T(what_is_lasting_takes_no_room_from_a_session),
		T(a_session_takes_no_room_from_what_is_lasting),
		T(breaches_are_found_out),
		T(questions_have_their_own_shape),
		T(clear_leaves_what_is_lasting),
		cmocka_unit_test(what_is_in_sockets_is_closed_elsewhere),
	};

	return cmocka_run_group_tests_name("fd_store", tests, NULL, NULL);
}
