/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Unit test of notes: what a killed process sent or took is known to the byte. */
#include "rows.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scm.h"

#define KILLS	    300
#define MESSAGE_LEN 20

struct shared {
	struct scm_note note;
	uint64_t done; /* calls whose note was seen */
	uint32_t seen; /* whether this one's was */
};

static struct shared *shared;

static int setup(void **state)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	return munmap(shared, sizeof(*shared));
}

static void __attribute__((noreturn)) child(int socket, bool sends)
{
	uint8_t data[MESSAGE_LEN] = { 0 };

	for (;;) {
		ssize_t n = sends ? scm_send_noted(socket, &shared->note, data, sizeof(data), NULL, 0, MSG_DONTWAIT)
				  : scm_recv_noted(socket, &shared->note, data, sizeof(data), MSG_DONTWAIT);

		if (n <= 0)
			pause();
		/* The state of both words is told by seen: the parent adds the note when it is not. */
		__atomic_store_n(&shared->seen, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&shared->done, shared->done + 1, __ATOMIC_SEQ_CST);
		shared->note.call.msg_len = 0;
		__atomic_store_n(&shared->seen, 0, __ATOMIC_SEQ_CST);
	}
}

/* The bytes that the calls moved, or -1: it died between our own two stores, which is not the subject. */
static long moved(void)
{
	return shared->seen ? -1 : (long)(shared->done * MESSAGE_LEN + scm_noted(&shared->note));
}

static unsigned long bytes_in(int socket)
{
	int n = 0;

	assert_int_equal(ioctl(socket, FIONREAD, &n), 0);
	return (unsigned long)n;
}

static void kill_at_any_time(bool sends)
{
	unsigned told = 0;

	srand(1);
	for (int i = 0; i < KILLS; i++) {
		uint8_t data[MESSAGE_LEN] = { 0 };
		unsigned long before, after;
		int fds[2];
		pid_t pid;

		memset(shared, 0, sizeof(*shared));
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		while (!sends && send(fds[1], data, sizeof(data), MSG_DONTWAIT) > 0)
			;
		before = bytes_in(sends ? fds[1] : fds[0]);
		pid = fork();
		if (pid == 0)
			child(fds[0], sends);
		usleep((unsigned)rand() % 200);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		after = bytes_in(sends ? fds[1] : fds[0]);
		if (moved() >= 0) {
			assert_int_equal(moved(), sends ? after - before : before - after);
			told++;
		}
		close(fds[0]);
		close(fds[1]);
	}
	assert_true(told > KILLS / 2);
}

static void what_a_killed_process_sent_is_known(void **state)
{
	kill_at_any_time(true);
}

static void what_a_killed_process_took_is_known(void **state)
{
	kill_at_any_time(false);
}

static void fds_are_told_and_closed(void **state)
{
	char data[2] = "x";
	int fds[2], spare;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(scm_send_noted(fds[0], &shared->note, data, 1, fds, 1, 0), 1);
	assert_int_equal(scm_noted(&shared->note), 1);
	spare = dup(fds[0]);
	close(spare);
	assert_int_equal(scm_recv_noted(fds[1], &shared->note, data, 2, MSG_DONTWAIT), 1);
	assert_true(scm_noted_fds(&shared->note));
	assert_int_equal(scm_recv_noted(fds[1], &shared->note, data, 2, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(scm_noted(&shared->note), 0);
	assert_int_equal(dup(fds[0]), spare);
	close(spare);
	close(fds[0]);
	assert_int_equal(scm_recv_noted(fds[1], &shared->note, data, 2, MSG_DONTWAIT), 0);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("S-10", what_a_killed_process_sent_is_known, setup, teardown),
		ROW_TEST_FIXTURE("S-10", what_a_killed_process_took_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(fds_are_told_and_closed, setup, teardown),
	};

	return cmocka_run_group_tests_name("scm_note", tests, NULL, NULL);
}
