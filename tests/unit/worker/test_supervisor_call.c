/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a worker asks its supervisor, the test, which answers in time or not: every question gets its own answer. */
#include "unit/ipc/channel_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "unit/lowest_fd.h"

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

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(settles_after_what_was_sent_before),
		T(a_question_is_answered_and_no_chip_is_missed),
		T(a_late_answer_is_nobodys),
		T(an_answer_may_be_an_error),
		T(nobody_answers_any_more),
	};

	return cmocka_run_group_tests_name("supervisor_call", tests, NULL, NULL);
}
