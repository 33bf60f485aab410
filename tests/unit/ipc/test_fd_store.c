/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The keeper protocol: what a worker sends is kept, what breaks the protocol is found out, every question gets its own
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

struct bench {
	int worker, supervisor;
	struct fd_store set;
	struct supervisor_call client;
	int lowest; /* the lowest free fd: tells of a leak at the end */
};

static int setup(void **state)
{
	static struct bench bench;
	int fds[2];

	bench.lowest = lowest_fd();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	bench.worker = fds[0];
	bench.supervisor = fds[1];
	bench.client = (struct supervisor_call){ .channel = fds[0] };
	fd_store_init(&bench.set, MAX, LASTING);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	fd_store_deinit(&bench->set);
	if (bench->worker >= 0)
		close(bench->worker);
	close(bench->supervisor);
	return lowest_fd() == bench->lowest ? 0 : -1;
}

static int receive(struct bench *bench)
{
	struct supervisor_channel_request question;

	return fd_store_receive(&bench->set, bench->supervisor, &question);
}

/* Keeps a fresh pipe's reading end and writes mark into it: so the kept fd can be told. */
static void keep(struct bench *bench, uint32_t key, char mark)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], &mark, 1), 1);
	assert_int_equal(supervisor_call_store(bench->worker, key, fds[0]), 0);
	close(fds[0]);
	close(fds[1]);
}

static void check_kept(struct bench *bench, uint32_t key, char mark)
{
	char found = 0;
	int fd = fd_store_find(&bench->set, key);

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
		assert_int_equal(receive(bench), 1);
	assert_int_equal(receive(bench), -EAGAIN);
	assert_int_equal(bench->set.n, 3);
	check_kept(bench, 10, 'a');
	check_kept(bench, 20, 'b');
	check_kept(bench, 30, 'c');
	assert_int_equal(fd_store_find(&bench->set, 15), -1);
	assert_int_equal(fd_store_find(&bench->set, 40), -1);
}

static void the_same_key_replaces(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	keep(bench, 1, 'b');
	assert_int_equal(receive(bench), 1);
	assert_int_equal(receive(bench), 1);
	assert_int_equal(bench->set.n, 1);
	check_kept(bench, 1, 'b');
}

static void drops(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	keep(bench, 2, 'b');
	assert_int_equal(supervisor_call_remove(bench->worker, 1), 0);
	assert_int_equal(supervisor_call_remove(bench->worker, 7), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(receive(bench), 1);
	assert_int_equal(fd_store_find(&bench->set, 1), -1);
	check_kept(bench, 2, 'b');
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
	struct bench *bench = *state;
	struct settling settling = { .channel = bench->worker, .result = 1 };
	pthread_t thread;
	int ret;

	keep(bench, 1, 'a');
	assert_int_equal(supervisor_call_remove(bench->worker, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, settle, &settling), 0);
	for (int taken = 0; taken < 3; taken += ret == 1) {
		ret = receive(bench);
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
	assert_int_equal(receive(bench), 1);
	assert_int_equal(receive(bench), 0);
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
		flood->result = supervisor_call_remove(flood->channel, 1);
	return NULL;
}

static void a_dead_workers_end_is_nobodys(void **state)
{
	struct bench *bench = *state;
	struct flood flooding = { .channel = bench->worker };
	pthread_t thread;

	keep(bench, 2, 'b');
	assert_int_equal(pthread_create(&thread, NULL, flood, &flooding), 0);
	assert_int_equal(fd_store_receive_all(&bench->set, bench->supervisor), 0);
	pthread_join(thread, NULL);
	assert_int_equal(flooding.result, -EPIPE);
	check_kept(bench, 2, 'b');
}

/* A socket whose end is closed with something unread says so before what it had sent. */
static void a_dead_workers_messages_are_kept_though_it_did_not_listen(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	keep(bench, 2, 'b');
	assert_int_equal(send(bench->supervisor, "unread", 6, 0), 6);
	close(bench->worker);
	bench->worker = -1;
	assert_int_equal(fd_store_receive_all(&bench->set, bench->supervisor), 0);
	check_kept(bench, 1, 'a');
	check_kept(bench, 2, 'b');
}

static void a_breach_is_found_among_the_rest(void **state)
{
	struct bench *bench = *state;

	keep(bench, 1, 'a');
	assert_int_equal(send(bench->worker, "x", 1, 0), 1);
	assert_int_equal(fd_store_receive_all(&bench->set, bench->supervisor), -EPROTO);
	check_kept(bench, 1, 'a');
}

static void no_more_than_the_maximum_is_kept(struct bench *bench)
{
	size_t others = bench->set.n;

	for (uint32_t key = 0; key < MAX; key++) {
		keep(bench, key, 'a');
		assert_int_equal(receive(bench), 1);
	}
	keep(bench, 1, 'b');
	assert_int_equal(receive(bench), 1);
	keep(bench, MAX, 'x');
	assert_int_equal(receive(bench), -ENOSPC);
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
		keep(bench, FD_KEY_LASTING | i, 'l');
		assert_int_equal(receive(bench), 1);
	}
	keep(bench, FD_KEY_LASTING | LASTING, 'x');
	assert_int_equal(receive(bench), -EPROTO);
	keep(bench, UINT32_MAX, 'x');
	assert_int_equal(receive(bench), -EPROTO);
	assert_int_equal(bench->set.n, LASTING);
	no_more_than_the_maximum_is_kept(bench);
	fd_store_clear_session(&bench->set);
	no_more_than_the_maximum_is_kept(bench);
	check_kept(bench, FD_KEY_LASTING | 1, 'l');
}

/* Neither does a session from what is lasting. */
static void a_session_takes_no_room_from_what_is_lasting(void **state)
{
	struct bench *bench = *state;

	no_more_than_the_maximum_is_kept(bench);
	for (uint32_t i = 0; i < LASTING; i++) {
		keep(bench, FD_KEY_LASTING | i, 'l');
		assert_int_equal(receive(bench), 1);
	}
}

/* It breaks the protocol, with as many fds. */
static void check_breach(struct bench *bench, const void *message, size_t size, size_t n_fds)
{
	const int fds[] = { bench->worker, bench->worker };

	scm_send(bench->worker, message, size, fds, n_fds, 0);
	assert_int_equal(receive(bench), -EPROTO);
}

/* A byte too short, a byte too long. */
static void check_sizes(struct bench *bench, const void *message, size_t size, size_t n_fds)
{
	char longer[128] = { 0 };

	assert_true(size < sizeof(longer));
	memcpy(longer, message, size);
	check_breach(bench, message, size - 1, n_fds);
	check_breach(bench, longer, size + 1, n_fds);
}

static void breaches_are_found_out(void **state)
{
	struct bench *bench = *state;
	struct supervisor_channel_message message = { .type = SUPERVISOR_CHANNEL_STORE, .key = 1 };
	const int two[] = { bench->worker, bench->worker };

	/* KEEP without an fd, and with two. */
	scm_send(bench->worker, &message, sizeof(message), NULL, 0, 0);
	assert_true(receive(bench) < 0);
	scm_send(bench->worker, &message, sizeof(message), two, 2, 0);
	assert_true(receive(bench) < 0);
	check_sizes(bench, &message, sizeof(message), 1);
	/* DROP with an fd; a type that does not exist. */
	message.type = SUPERVISOR_CHANNEL_REMOVE;
	check_breach(bench, &message, sizeof(message), 1);
	for (uint32_t type = 0; type < 20; type++) {
		if (type == SUPERVISOR_CHANNEL_REMOVE)
			continue;
		message.type = type == 19 ? UINT32_MAX : type;
		check_breach(bench, &message, sizeof(message), 0);
	}
	assert_int_equal(bench->set.n, 0);
}

static void questions_have_their_own_shape(void **state)
{
	static const uint32_t types[] = { SUPERVISOR_CHANNEL_LINE, SUPERVISOR_CHANNEL_LINE_INFO };
	struct bench *bench = *state;
	struct supervisor_channel_request question = { .line = 5, .direction = 1, .value = 1, .edges = 3 }, got;

	for (unsigned i = 0; i < 2; i++) {
		question.type = types[i];
		scm_send(bench->worker, &question, sizeof(question), NULL, 0, 0);
		assert_int_equal(fd_store_receive(&bench->set, bench->supervisor, &got), FD_STORE_REQUEST);
		assert_memory_equal(&got, &question, sizeof(got));
		check_breach(bench, &question, sizeof(question), 1);
		check_sizes(bench, &question, sizeof(question), 0);
	}
	question.type = SUPERVISOR_CHANNEL_STORE;
	check_breach(bench, &question, sizeof(question), 1);
	/* Of a dead worker, they are passed over. */
	question.type = SUPERVISOR_CHANNEL_LINE;
	scm_send(bench->worker, &question, sizeof(question), NULL, 0, 0);
	keep(bench, 2, 'b');
	assert_int_equal(fd_store_receive_all(&bench->set, bench->supervisor), 0);
	check_kept(bench, 2, 'b');
}

/* Answers: the test is the supervisor, in time or not. */

static bool impatient; /* poll() has waited long enough */

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms);
int __real_poll(struct pollfd *fds, nfds_t n, int ms);

int __wrap_poll(struct pollfd *fds, nfds_t n, int ms)
{
	return __real_poll(fds, n, impatient ? 0 : ms);
}

/* With an fd that has mark in it, when there is a mark. */
static void answer(struct bench *bench, int error, char mark)
{
	struct supervisor_channel_reply message = { .type = SUPERVISOR_CHANNEL_REPLY, .error = error };
	int fds[2] = { -1, -1 };

	if (mark) {
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_int_equal(write(fds[1], &mark, 1), 1);
	}
	assert_int_equal(scm_send(bench->supervisor, &message, sizeof(message), fds, mark ? 1 : 0, 0), sizeof(message));
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static int ask(struct bench *bench, uint32_t line, struct supervisor_channel_reply *message, int *fd)
{
	const struct supervisor_channel_request question = { .type = SUPERVISOR_CHANNEL_LINE, .line = line };

	return supervisor_call_request(&bench->client, &question, message, fd);
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
	struct bench *bench = ctx;
	struct pollfd pfd = { .fd = bench->supervisor, .events = POLLIN };
	struct supervisor_channel_request question;

	if (__real_poll(&pfd, 1, 30000) == 1 &&
	    fd_store_receive(&bench->set, bench->supervisor, &question) == FD_STORE_REQUEST) {
		send_chip(bench->supervisor, 3);
		send_chip(bench->supervisor, 63);
		answer(bench, 0, (char)question.line);
		send_chip(bench->supervisor, 0);
	}
	return NULL;
}

static void a_question_is_answered_and_no_chip_is_missed(void **state)
{
	struct bench *bench = *state;
	struct supervisor_channel_reply message;
	pthread_t thread;
	int fd;

	assert_int_equal(pthread_create(&thread, NULL, supervise, bench), 0);
	assert_int_equal(ask(bench, 'x', &message, &fd), 0);
	pthread_join(thread, NULL);
	assert_int_equal(message.error, 0);
	check_mark(&fd, 'x');
	assert_true(bench->client.chips_back == (UINT64_C(1) << 3 | UINT64_C(1) << 63));
	assert_int_equal(supervisor_call_receive(&bench->client), 0);
	assert_true(bench->client.chips_back == (UINT64_C(1) << 3 | UINT64_C(1) << 63 | 1));
}

static void a_late_answer_is_nobodys(void **state)
{
	struct bench *bench = *state;
	struct supervisor_channel_request question;
	struct supervisor_channel_reply message;
	pthread_t thread;
	int fd;

	impatient = true;
	assert_int_equal(ask(bench, 'x', &message, &fd), -ETIMEDOUT);
	assert_int_equal(fd, -1);
	/* Until it is there, nothing is asked. */
	assert_int_equal(ask(bench, 'y', &message, &fd), -ETIMEDOUT);
	impatient = false;
	assert_int_equal(fd_store_receive(&bench->set, bench->supervisor, &question), FD_STORE_REQUEST);
	assert_int_equal(question.line, 'x');
	assert_int_equal(ask(bench, 'y', &message, &fd), -ETIMEDOUT);
	assert_int_equal(receive(bench), -EAGAIN);
	answer(bench, 0, 'x');
	assert_int_equal(pthread_create(&thread, NULL, supervise, bench), 0);
	assert_int_equal(ask(bench, 'z', &message, &fd), 0);
	pthread_join(thread, NULL);
	check_mark(&fd, 'z');
}

static void an_answer_may_be_an_error(void **state)
{
	struct bench *bench = *state;
	const struct rlimit none = { (rlim_t)lowest_fd(), 4096 };
	struct supervisor_channel_reply message;
	struct rlimit before;
	int fd;

	/* What comes before the question is not its answer: it would be an error of the supervisor's. */
	impatient = true;
	answer(bench, -EBUSY, 0);
	assert_int_equal(ask(bench, 1, &message, &fd), -ETIMEDOUT);
	answer(bench, -EBUSY, 0);
	assert_int_equal(supervisor_call_receive(&bench->client), 0);
	assert_false(bench->client.overdue);
	/* No room for the fd. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(ask(bench, 1, &message, &fd), -ETIMEDOUT);
	answer(bench, 0, 'x');
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ none.rlim_cur, before.rlim_max }), 0);
	assert_int_equal(supervisor_call_receive(&bench->client), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(bench->client.overdue);
	impatient = false;
}

static void nobody_answers_any_more(void **state)
{
	struct bench *bench = *state;
	struct supervisor_channel_reply message;
	int fd;

	assert_int_equal(shutdown(bench->supervisor, SHUT_WR), 0);
	assert_int_equal(ask(bench, 1, &message, &fd), -ECONNRESET);
	assert_int_equal(supervisor_call_receive(&bench->client), -ECONNRESET);
	close(bench->supervisor);
	assert_true(ask(bench, 1, &message, &fd) < 0);
	bench->supervisor = open("/dev/null", O_RDONLY | O_CLOEXEC);
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
	struct fd_store set;
	int end, ends[2];

	/* Those of the tests before. */
	while (waitpid(-1, NULL, 0) > 0)
		;
	fd_store_init(&set, 8, 0);
	assert_int_equal(fd_store_put(&set, 1, stuffed_socket(&end)), 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	/* Replaced, then one with nothing in it. */
	assert_int_equal(fd_store_put(&set, 1, ends[0]), 0);
	assert_closed_elsewhere(end);
	assert_int_equal(fd_store_put(&set, 1, ends[1]), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(fd_store_put(&set, 2, stuffed_socket(&end)), 0);
	fd_store_clear_session(&set);
	assert_int_equal(set.n, 0);
	assert_closed_elsewhere(end);
	fd_store_close(&set);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void clear_leaves_what_is_lasting(void **state)
{
	struct bench *bench = *state;
	struct stat st;
	int fd;

	keep(bench, 1, 'a');
	keep(bench, FD_KEY_LASTING | 1, 'l');
	keep(bench, 3, 'c');
	for (int i = 0; i < 3; i++)
		assert_int_equal(receive(bench), 1);
	fd = fd_store_find(&bench->set, 1);
	fd_store_clear_session(&bench->set);
	assert_int_equal(fstat(fd, &st), -1);
	assert_int_equal(fd_store_find(&bench->set, 1), -1);
	assert_int_equal(fd_store_find(&bench->set, 3), -1);
	check_kept(bench, FD_KEY_LASTING | 1, 'l');
	keep(bench, 2, 'b');
	assert_int_equal(receive(bench), 1);
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
		cmocka_unit_test_setup_teardown(a_dead_workers_messages_are_kept_though_it_did_not_listen, setup,
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

	return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
