/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The supervisor channel: what a worker sends is stored, what breaks the protocol is found out, every question gets its own
 * answer, no fd leaks.
 */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "ipc/fd_store.h"
#include "unit/lowest_fd.h"
#include "worker/supervisor_call.h"

#define MAX	3
#define LASTING 2

struct fixture {
	int worker, supervisor;
	struct fd_store store;
	struct supervisor_call client;
	int lowest; /* the lowest free fd: tells of a leak at the end */
};

static int setup(void **state)
{
	static struct fixture fixture;
	int fds[2];

	fixture.lowest = lowest_fd();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	fixture.worker = fds[0];
	fixture.supervisor = fds[1];
	fixture.client = (struct supervisor_call){ .channel = fds[0] };
	fd_store_init(&fixture.store, MAX, LASTING);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	fd_store_deinit(&fixture->store);
	if (fixture->worker >= 0)
		close(fixture->worker);
	close(fixture->supervisor);
	return lowest_fd() == fixture->lowest ? 0 : -1;
}

static int receive(struct fixture *fixture)
{
	struct supervisor_channel_request question;

	return fd_store_receive(&fixture->store, fixture->supervisor, &question);
}

/* Stores a fresh pipe's reading end and writes mark into it: so the stored fd can be known. */
static void store_fd(struct fixture *fixture, uint32_t key, char mark)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], &mark, 1), 1);
	assert_int_equal(supervisor_call_store(fixture->worker, key, fds[0]), 0);
	close(fds[0]);
	close(fds[1]);
}

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

struct settling {
	int channel, result;
};

static void *settle(void *ctx)
{
	struct settling *settling = ctx;

	settling->result = supervisor_call_barrier(settling->channel);
	return NULL;
}

static void settles_after_what_was_sent_before(void **state)
{
	struct fixture *fixture = *state;
	struct settling settling = { .channel = fixture->worker, .result = 1 };
	pthread_t thread;
	int ret;

	store_fd(fixture, 1, 'a');
	assert_int_equal(supervisor_call_remove(fixture->worker, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, settle, &settling), 0);
	for (int taken = 0; taken < 3; taken += ret == 1) {
		ret = receive(fixture);
		assert_true(ret == 1 || ret == -EAGAIN);
	}
	pthread_join(thread, NULL);
	assert_int_equal(settling.result, 0);
	assert_int_equal(fixture->store.n, 0);
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

	for (uint32_t key = 0; key < MAX; key++) {
		store_fd(fixture, key, 'a');
		assert_int_equal(receive(fixture), 1);
	}
	store_fd(fixture, 1, 'b');
	assert_int_equal(receive(fixture), 1);
	store_fd(fixture, MAX, 'x');
	assert_int_equal(receive(fixture), -ENOSPC);
	assert_int_equal(fixture->store.n, others + MAX);
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

	for (uint32_t i = 0; i < LASTING; i++) {
		store_fd(fixture, FD_KEY_LASTING | i, 'l');
		assert_int_equal(receive(fixture), 1);
	}
	store_fd(fixture, FD_KEY_LASTING | LASTING, 'x');
	assert_int_equal(receive(fixture), -EPROTO);
	store_fd(fixture, UINT32_MAX, 'x');
	assert_int_equal(receive(fixture), -EPROTO);
	assert_int_equal(fixture->store.n, LASTING);
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
	for (uint32_t i = 0; i < LASTING; i++) {
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

/* Answers: the test is the supervisor, in time or not. */

static bool hurried; /* poll() has waited long enough */

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	return __real_poll(fds, n, hurried ? 0 : ms);
}

/* With an fd that has mark in it, when there is a mark. */
static void answer(struct fixture *fixture, int error, char mark)
{
	struct supervisor_channel_reply message = { .type = SUPERVISOR_CHANNEL_REPLY, .error = error };
	int fds[2] = { -1, -1 };

	if (mark) {
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_int_equal(write(fds[1], &mark, 1), 1);
	}
	assert_int_equal(scm_send(fixture->supervisor, &message, sizeof(message), fds, mark ? 1 : 0, 0),
			 sizeof(message));
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static int ask(struct fixture *fixture, uint32_t line, struct supervisor_channel_reply *message, int *fd)
{
	const struct supervisor_channel_request question = { .type = SUPERVISOR_CHANNEL_LINE, .line = line };

	return supervisor_call_request(&fixture->client, &question, message, fd);
}

static void check_mark(int *fd, char mark)
{
	char found = 0;

	assert_int_equal(fcntl(*fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(*fd, &found, 1), 1);
	assert_int_equal(found, mark);
	fd_close(fd);
}

static void send_chip(int channel, uint32_t number)
{
	const struct supervisor_channel_message message = { .type = SUPERVISOR_CHANNEL_CHIP, .key = number };

	assert_int_equal(send(channel, &message, sizeof(message), 0), sizeof(message));
}

/* Waits for a question, and answers it with its line as the mark, after what else there is to say. */
static void *supervise(void *ctx)
{
	struct fixture *fixture = ctx;
	struct pollfd pfd = { .fd = fixture->supervisor, .events = POLLIN };
	struct supervisor_channel_request question;

	if (__real_poll(&pfd, 1, 30000) == 1 &&
	    fd_store_receive(&fixture->store, fixture->supervisor, &question) == FD_STORE_REQUEST) {
		send_chip(fixture->supervisor, 3);
		send_chip(fixture->supervisor, 63);
		answer(fixture, 0, (char)question.line);
		send_chip(fixture->supervisor, 0);
	}
	return NULL;
}

static void a_question_is_answered_and_no_chip_is_missed(void **state)
{
	struct fixture *fixture = *state;
	struct supervisor_channel_reply message;
	pthread_t thread;
	int fd;

	assert_int_equal(pthread_create(&thread, NULL, supervise, fixture), 0);
	assert_int_equal(ask(fixture, 'x', &message, &fd), 0);
	pthread_join(thread, NULL);
	assert_int_equal(message.error, 0);
	check_mark(&fd, 'x');
	assert_true(fixture->client.chips_back == (UINT64_C(1) << 3 | UINT64_C(1) << 63));
	assert_int_equal(supervisor_call_receive(&fixture->client), 0);
	assert_true(fixture->client.chips_back == (UINT64_C(1) << 3 | UINT64_C(1) << 63 | 1));
}

static void a_late_answer_is_nobodys(void **state)
{
	struct fixture *fixture = *state;
	struct supervisor_channel_request question;
	struct supervisor_channel_reply message;
	pthread_t thread;
	int fd;

	hurried = true;
	assert_int_equal(ask(fixture, 'x', &message, &fd), -ETIMEDOUT);
	assert_int_equal(fd, -1);
	/* Until it is there, nothing is asked. */
	assert_int_equal(ask(fixture, 'y', &message, &fd), -ETIMEDOUT);
	hurried = false;
	assert_int_equal(fd_store_receive(&fixture->store, fixture->supervisor, &question), FD_STORE_REQUEST);
	assert_int_equal(question.line, 'x');
	assert_int_equal(ask(fixture, 'y', &message, &fd), -ETIMEDOUT);
	assert_int_equal(receive(fixture), -EAGAIN);
	answer(fixture, 0, 'x');
	assert_int_equal(pthread_create(&thread, NULL, supervise, fixture), 0);
	assert_int_equal(ask(fixture, 'z', &message, &fd), 0);
	pthread_join(thread, NULL);
	check_mark(&fd, 'z');
}

static void an_answer_may_be_an_error(void **state)
{
	struct fixture *fixture = *state;
	const struct rlimit none = { (rlim_t)lowest_fd(), 4096 };
	struct supervisor_channel_reply message;
	struct rlimit before;
	int fd;

	/* What comes before the question is not its answer: it would be an error of the supervisor's. */
	hurried = true;
	answer(fixture, -EBUSY, 0);
	assert_int_equal(ask(fixture, 1, &message, &fd), -ETIMEDOUT);
	answer(fixture, -EBUSY, 0);
	assert_int_equal(supervisor_call_receive(&fixture->client), 0);
	assert_false(fixture->client.overdue);
	/* No room for the fd. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(ask(fixture, 1, &message, &fd), -ETIMEDOUT);
	answer(fixture, 0, 'x');
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ none.rlim_cur, before.rlim_max }), 0);
	assert_int_equal(supervisor_call_receive(&fixture->client), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(fixture->client.overdue);
	hurried = false;
}

static void nobody_answers_any_more(void **state)
{
	struct fixture *fixture = *state;
	struct supervisor_channel_reply message;
	int fd;

	assert_int_equal(shutdown(fixture->supervisor, SHUT_WR), 0);
	assert_int_equal(ask(fixture, 1, &message, &fd), -ECONNRESET);
	assert_int_equal(supervisor_call_receive(&fixture->client), -ECONNRESET);
	close(fixture->supervisor);
	assert_true(ask(fixture, 1, &message, &fd) < 0);
	fixture->supervisor = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* A session that is thrown away leaves what is lasting: lines of chips. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stores_and_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_key_replaces, setup, teardown),
		cmocka_unit_test_setup_teardown(drops, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(settles_after_what_was_sent_before, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_workers_messages_are_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_workers_end_is_nobodys, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_workers_messages_are_stored_though_it_did_not_listen, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_breach_is_found_among_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(no_more_than_the_maximum, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_lasting_takes_no_room_from_a_session, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_takes_no_room_from_what_is_lasting, setup, teardown),
		cmocka_unit_test_setup_teardown(breaches_are_found_out, setup, teardown),
		cmocka_unit_test_setup_teardown(questions_have_their_own_shape, setup, teardown),
		cmocka_unit_test_setup_teardown(a_question_is_answered_and_no_chip_is_missed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_late_answer_is_nobodys, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_may_be_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_answers_any_more, setup, teardown),
		cmocka_unit_test_setup_teardown(clear_leaves_what_is_lasting, setup, teardown),
		cmocka_unit_test(what_is_in_sockets_is_closed_elsewhere),
	};

	return cmocka_run_group_tests_name("fd_store", tests, NULL, NULL);
}
