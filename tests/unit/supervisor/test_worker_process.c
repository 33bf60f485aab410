/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor and workers in their guests' hands, on a fake kernel: what they ask for, and how much of it. */
#include "rows.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scm.h"
#include "chip/chip_spec.h"
#include "supervisor/worker_process.h"
#include "unit/chip/fake_kernel.h"
#include "worker/session_layout.h"
#include "worker/supervisor_call.h"

#define TURNS_MAX 100000

struct fixture {
	struct loop loop;
	struct worker_process processes[2];
	pid_t workers[2];
	sigset_t signals;
};

static void make_guest(struct fixture *fixture, unsigned i)
{
	struct guest guest = { .socket.fd = -1,
			       .chips = calloc(1, sizeof(*guest.chips)),
			       .n_chips = 1,
			       .lines = calloc(2, sizeof(*guest.lines)),
			       .n_lines = 2 };
	struct why why;

	snprintf(guest.name, sizeof(guest.name), "guest%u", i);
	guest.lines[1].offset = 2;
	assert_int_equal(chip_spec_path("/dev/null", &guest.chips->spec), 0);
	assert_int_equal(chip_probe(&guest.chips->spec, &guest.chips->found, &why), 0);
	worker_process_init(&fixture->processes[i], &guest, false, &fixture->loop, &fixture->signals);
}

/* A process that is taken for the guest's worker, until the test ends or it is killed. */
static void start_worker(struct fixture *fixture, unsigned i, void (*life)(int channel))
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	fixture->workers[i] = fork();
	if (fixture->workers[i] == 0) {
		alarm(120);
		close(fds[0]);
		life(fds[1]);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(worker_process_adopt(&fixture->processes[i], fixture->workers[i], fds[0], false), 0);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	signal(SIGPIPE, SIG_IGN);
	kernel_boot();
	if (loop_init(&fixture->loop) < 0)
		return -1;
	make_guest(fixture, 0);
	make_guest(fixture, 1);
	memset(kernel.journal, 0, sizeof(kernel.journal));
	kernel.requests = 0;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 2; i++) {
		worker_process_close(&fixture->processes[i]);
		if (fixture->workers[i] > 0) {
			kill(fixture->workers[i], SIGKILL);
			waitpid(fixture->workers[i], NULL, 0);
		}
	}
	loop_deinit(&fixture->loop);
	kernel_halt();
	free(fixture);
	return 0;
}

static void turn(struct fixture *fixture)
{
	int before = kernel.requests;

	assert_int_equal(loop_turn(&fixture->loop, 1000), 0);
	/* One of each worker. */
	assert_in_range(kernel.requests - before, 0, 2);
}

/* Turns until the supervisor has killed the worker. */
static void assert_killed(struct fixture *fixture, unsigned i)
{
	pid_t pid = fixture->workers[i];
	int status = 0;

	for (unsigned n = 0; n < TURNS_MAX && fixture->processes[i].channel_fd >= 0; n++)
		turn(fixture);
	assert_int_equal(fixture->processes[i].channel_fd, -1);
	fixture->workers[i] = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void send_question(int channel, uint32_t line)
{
	const struct supervisor_channel_request question = { .type = SUPERVISOR_CHANNEL_LINE, .line = line };

	if (scm_send(channel, &question, sizeof(question), NULL, 0, 0) < 0)
		pause();
}

static void life_of_one_that_wants_more(int channel)
{
	send_question(channel, 2); /* the chip has such a line, the guest does not */
	pause();
}

static void a_line_that_is_not_its_own(void **state)
{
	struct fixture *fixture = *state;

	start_worker(fixture, 0, life_of_one_that_wants_more);
	assert_killed(fixture, 0);
	assert_int_equal(kernel.requests, 0);
	assert_int_equal(fixture->processes[0].session.store.n, 0);
}

static void life_of_a_talker(int channel)
{
	for (;;) {
		supervisor_call_remove(channel, session_layout_line_key(1));
		send_question(channel, 1);
	}
}

/* Asks without end and hears nothing: ended when there is no room for an answer, and soon. */
static void one_that_does_not_listen(void **state)
{
	struct fixture *fixture = *state;

	start_worker(fixture, 0, life_of_a_talker);
	assert_killed(fixture, 0);
	assert_in_range(kernel.requests, 1, 5000);
}

static void life_of_a_pest(int channel)
{
	struct supervisor_call client = { .channel = channel };
	const struct supervisor_channel_request question = { .type = SUPERVISOR_CHANNEL_LINE, .line = 1 };
	struct supervisor_channel_reply answer;
	int fd;

	while (supervisor_call_remove(channel, session_layout_line_key(1)) == 0 &&
	       supervisor_call_request(&client, &question, &answer, &fd) == 0)
		fd_close(&fd);
	pause();
}

/* Says what it got by what it keeps: under the key 100 + n, n lines were had. */
static void life_of_a_good_one(int channel)
{
	struct supervisor_call client = { .channel = channel };
	struct supervisor_channel_reply answer;
	unsigned n = 0;
	int fd;

	for (uint32_t line = 0; line < 2; line++) {
		const struct supervisor_channel_request question = { .type = SUPERVISOR_CHANNEL_LINE, .line = line };

		n += supervisor_call_request(&client, &question, &answer, &fd) == 0 && answer.error == 0 && fd >= 0;
	}
	supervisor_call_store(channel, 100 + n, STDERR_FILENO);
	pause();
}

static void endless_questions_keep_nobody_waiting(void **state)
{
	struct fixture *fixture = *state;

	start_worker(fixture, 0, life_of_a_pest);
	while (kernel.requests < 100)
		turn(fixture);
	start_worker(fixture, 1, life_of_a_good_one);
	for (unsigned n = 0; n < TURNS_MAX && fixture->processes[1].session.store.n < 3; n++)
		turn(fixture);
	assert_true(fd_store_find(&fixture->processes[1].session.store, 102) >= 0);
	assert_true(fd_store_find(&fixture->processes[1].session.store, session_layout_line_key(0)) >= 0);
	assert_true(fd_store_find(&fixture->processes[1].session.store, session_layout_line_key(1)) >= 0);
	assert_true(fixture->processes[0].channel_fd >= 0);
}

/* What many messages cost is bounded, too: questions that wait behind them come in later turns. */
static void life_of_a_heaper(int channel)
{
	for (unsigned i = 0; i < 20; i++) {
		supervisor_call_remove(channel, session_layout_line_key(1));
		send_question(channel, 1);
	}
	supervisor_call_store(channel, 100, STDERR_FILENO);
	pause();
}

static void one_question_a_turn(void **state)
{
	struct fixture *fixture = *state;

	start_worker(fixture, 0, life_of_a_heaper);
	for (unsigned n = 0; n < TURNS_MAX && fd_store_find(&fixture->processes[0].session.store, 100) < 0; n++) {
		int before = kernel.requests;

		turn(fixture);
		assert_in_range(kernel.requests - before, 0, 1);
	}
	assert_int_equal(kernel.requests, 20);
}

/* As a program did that had the chips' fds: it keeps what it requested itself, and asks for nothing. */
static void life_of_an_older_one(int channel)
{
	supervisor_call_store(channel, session_layout_line_key(0), STDERR_FILENO);
	supervisor_call_store(channel, session_layout_line_key(1), STDERR_FILENO);
	supervisor_call_remove(channel, session_layout_line_key(0));
	if (supervisor_call_barrier(channel) == 0)
		supervisor_call_store(channel, 100, STDERR_FILENO);
	pause();
}

static void workers_of_an_older_program_go_on(void **state)
{
	struct fixture *fixture = *state;

	start_worker(fixture, 0, life_of_an_older_one);
	for (unsigned n = 0; n < TURNS_MAX && fd_store_find(&fixture->processes[0].session.store, 100) < 0; n++)
		turn(fixture);
	assert_true(fd_store_find(&fixture->processes[0].session.store, session_layout_line_key(1)) >= 0);
	assert_int_equal(fd_store_find(&fixture->processes[0].session.store, session_layout_line_key(0)), -1);
	assert_true(fixture->processes[0].channel_fd >= 0);
}

/* One line of the guest's is to go high at its session's end, and its worker has both. */
static struct worker_process *start_with_lines(struct fixture *fixture)
{
	struct worker_process *process = &fixture->processes[0];

	process->guest.lines[1].on_disconnect = LINE_IDLE_OUTPUT_HIGH;
	start_worker(fixture, 0, life_of_a_good_one);
	for (unsigned n = 0; n < TURNS_MAX && fd_store_find(&process->session.store, 102) < 0; n++)
		turn(fixture);
	assert_true(fd_store_find(&process->session.store, 102) >= 0);
	kernel.configs = 0;
	return process;
}

static void assert_lines_are_idle(const struct worker_process *process)
{
	assert_int_equal(kernel.configs, 1);
	assert_true(kernel.config.flags & GPIO_V2_LINE_FLAG_OUTPUT);
	assert_int_equal(kernel.config.attrs[0].attr.values, 1);
	assert_int_equal(fd_store_find(&process->session.store, session_layout_line_key(0)), -1);
	assert_true(fd_store_find(&process->session.store, session_layout_line_key(1)) >= 0);
}

static void assert_lines_are_as_they_were(const struct worker_process *process)
{
	assert_int_equal(kernel.configs, 0);
	assert_true(fd_store_find(&process->session.store, session_layout_line_key(0)) >= 0);
	assert_true(fd_store_find(&process->session.store, session_layout_line_key(1)) >= 0);
}

static void reap_killed(struct fixture *fixture)
{
	kill(fixture->workers[0], SIGKILL);
	for (unsigned n = 0; n < TURNS_MAX && !child_reap(&fixture->processes[0].child); n++)
		usleep(1000);
	assert_int_equal(fixture->processes[0].child.pid, 0);
	fixture->workers[0] = 0;
}

static void killed_in_a_stop(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = start_with_lines(fixture);

	worker_process_stop(process, SIGTERM);
	assert_lines_are_as_they_were(process);
	reap_killed(fixture);
	assert_lines_are_idle(process);
	worker_process_close(process);
	assert_int_equal(kernel.configs, 1);
}

/* It says that all is well: nobody knows. */
static void ended_with_good_words(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = start_with_lines(fixture);
	pid_t worker = fixture->workers[0];

	fixture->workers[0] = process->child.pid = fork();
	if (fixture->workers[0] == 0)
		_exit(0);
	process->child.has_end = true;
	for (unsigned n = 0; n < TURNS_MAX && !child_reap(&process->child); n++)
		usleep(1000);
	assert_true(process->child.done);
	/* Its store is closed by then. */
	assert_int_equal(kernel.configs, 1);
	assert_int_equal(kernel.config.attrs[0].attr.values, 1);
	fixture->workers[0] = worker;
}

/* Nobody waits for it, and its lines do not either. */
static void stuck_in_a_stop(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = start_with_lines(fixture);
	pid_t worker = process->child.pid;

	/* Another process of ours that no SIGKILL ends: there is none, so it is not this one's. */
	process->child.pid = INT32_MAX;
	worker_process_stop(process, SIGKILL);
	assert_lines_are_as_they_were(process);
	for (unsigned n = 0; n < TURNS_MAX && !process->child.stuck; n++)
		assert_int_equal(loop_turn(&fixture->loop, 1000), 0);
	assert_true(process->child.stuck);
	assert_lines_are_idle(process);
	process->child.pid = worker;
}

/* It died before, and its successor was to start later. */
static void between_two_workers(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = start_with_lines(fixture);

	process->child.pauses = 5;
	reap_killed(fixture);
	assert_lines_are_as_they_were(process);
	worker_process_stop(process, SIGTERM);
	assert_lines_are_idle(process);
}

/* SIGUSR1: the next start has them. Should nobody keep them for it, they have their end after all. */
static void handed_over(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = start_with_lines(fixture);

	worker_process_stop(process, SIGUSR1);
	reap_killed(fixture);
	assert_lines_are_as_they_were(process);
	worker_process_stop(process, SIGKILL);
	assert_lines_are_as_they_were(process);
	worker_process_forget(process);
	worker_process_close(process);
	assert_int_equal(kernel.configs, 0);
}

static void handed_over_to_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = start_with_lines(fixture);

	worker_process_stop(process, SIGUSR1);
	reap_killed(fixture);
	worker_process_close(process);
	assert_int_equal(kernel.configs, 1);
	assert_int_equal(kernel.config.attrs[0].attr.values, 1);
}

/* A start that fails leaves lines alone. */
static void never_used(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = &fixture->processes[0];

	process->guest.lines[1].on_disconnect = LINE_IDLE_OUTPUT_HIGH;
	worker_process_stop(process, SIGTERM);
	worker_process_close(process);
	assert_int_equal(kernel.configs + kernel.requests, 0);
}

/* A request is what it is taken for: a worker of ours stores none. */
static void life_of_one_that_stores_a_line(int channel)
{
	supervisor_call_store(channel, session_layout_line_key(1), STDERR_FILENO);
	pause();
}

static void a_line_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct worker_process *process = &fixture->processes[0];

	assert_int_equal(process->child.ops->prepare(&process->child), 0);
	fixture->workers[0] = process->child.pid = fork();
	if (fixture->workers[0] == 0) {
		alarm(120);
		close(process->channel_fd);
		life_of_one_that_stores_a_line(process->channel_worker_fd);
		_exit(0);
	}
	fd_close(&process->channel_worker_fd);
	assert_killed(fixture, 0);
	assert_int_equal(fixture->processes[0].session.store.n, 0);
}

#define PROCESS_TEST(fn)      cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define PROCESS_ROW(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROCESS_TEST(a_line_that_is_not_its_own),
		PROCESS_TEST(one_that_does_not_listen),
		PROCESS_TEST(endless_questions_keep_nobody_waiting),
		PROCESS_TEST(one_question_a_turn),
		PROCESS_TEST(workers_of_an_older_program_go_on),
		PROCESS_TEST(a_line_of_its_own),
		PROCESS_ROW("G-97", killed_in_a_stop),
		PROCESS_ROW("G-97", ended_with_good_words),
		PROCESS_ROW("G-97", stuck_in_a_stop),
		PROCESS_ROW("G-97", between_two_workers),
		PROCESS_TEST(handed_over),
		PROCESS_TEST(handed_over_to_nobody),
		PROCESS_TEST(never_used),
	};

	return cmocka_run_group_tests_name("worker_process", tests, NULL, NULL);
}
