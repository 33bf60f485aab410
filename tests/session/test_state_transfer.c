/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The way of the device's state: when it may go, through which fds, how fast, and how it may break off. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void only_when_all_rings_are_stopped(void **state)
{
	struct session *s = *state;
	struct saved saved;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_not_equal(state_check(s), 0);
	for (uint32_t direction = 0; direction < 2; direction++)
		assert_int_not_equal(state_transfer(s, direction, ends[!direction]) & 0xff, 0);
	vmm_ring_stop(&s->vmm, 0);
	assert_int_not_equal(state_transfer(s, VU_STATE_SAVE, ends[1]) & 0xff, 0);
	assert_int_not_equal(state_check(s), 0);
	vmm_ring_stop(&s->vmm, 1);
	/* Directions and phases that are none; bit 8 says that no fd comes back. */
	assert_int_equal(message_set_device_state_fd(&s->vmm.connection, 2, 0, ends[1]) & STATE_DONE, STATE_DONE);
	assert_int_not_equal(message_set_device_state_fd(&s->vmm.connection, 2, 0, ends[1]) & 0xff, 0);
	assert_int_not_equal(message_set_device_state_fd(&s->vmm.connection, 0, 1, ends[1]) & 0xff, 0);
	assert_int_not_equal(message_set_device_state_fd(&s->vmm.connection, 0, UINT32_MAX, ends[1]) & 0xff, 0);
	close(ends[0]);
	close(ends[1]);
	state_save(s, &saved);
	vmm_resume(&s->vmm);
	assert_serving(s);
}

static void rings_that_start_meanwhile(void **state)
{
	struct session *s = *state;
	struct saved saved;
	int end;

	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
	vmm_stop(&s->vmm);
	state_save(s, &saved);
	end = state_begin(s, VU_STATE_LOAD, 0);
	vmm_resume(&s->vmm);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_NONE), GPIO_OK);
	assert_int_equal(write(end, saved.data, saved.len), saved.len);
	close(end);
	assert_int_not_equal(state_check(s), 0);
	assert_int_equal(gpio_get_direction(&s->vmm, 1), GPIO_NONE);
}

static void unfit_fds(struct session *s)
{
	sigset_t signals;
	int fd;

	/* Not to be read, or written, or neither. */
	fd = eventfd(0, EFD_CLOEXEC);
	assert_int_not_equal(state_transfer(s, VU_STATE_SAVE, fd) & 0xff, 0);
	assert_int_not_equal(state_check(s), 0);
	assert_int_not_equal(state_transfer(s, VU_STATE_LOAD, fd) & 0xff, 0);
	assert_int_not_equal(state_check(s), 0);
	close(fd);
	/* Its signals would be the worker's. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	assert_int_not_equal(state_transfer(s, VU_STATE_LOAD, fd) & 0xff, 0);
	close(fd);
	fd = open(s->daemon.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	state_transfer(s, VU_STATE_SAVE, fd);
	assert_int_not_equal(state_check(s), 0);
	state_transfer(s, VU_STATE_LOAD, fd);
	assert_int_not_equal(state_check(s), 0);
	close(fd);
	fd = open(s->daemon.dir, O_PATH | O_CLOEXEC);
	assert_int_not_equal(state_transfer(s, VU_STATE_LOAD, fd) & 0xff, 0);
	assert_int_not_equal(state_check(s), 0);
	close(fd);
}

static void fds_of_every_kind(void **state)
{
	struct session *s = *state;
	struct saved saved;
	unsigned fds;
	int ends[2], fd;

	vmm_stop(&s->vmm);
	state_save(s, &saved);
	fds = proc_fds(session_worker(s));
	/* The reader is gone. */
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	state_transfer(s, VU_STATE_SAVE, ends[1]);
	close(ends[1]);
	assert_int_not_equal(state_check(s), 0);
	/* More than there can be. */
	fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	state_transfer(s, VU_STATE_LOAD, fd);
	close(fd);
	assert_int_not_equal(state_check(s), 0);
	unfit_fds(s);
	/* A socket, and a file. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(state_transfer(s, VU_STATE_LOAD, ends[0]), STATE_DONE);
	assert_int_equal(write(ends[1], saved.data, saved.len), saved.len);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(state_check(s), 0);
	fd = memfd_create("state", MFD_CLOEXEC);
	assert_int_equal(state_transfer(s, VU_STATE_SAVE, fd), STATE_DONE);
	assert_int_equal(state_check(s), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), saved.len);
	close(fd);
	assert_fds(session_worker(s), fds);
	vmm_resume(&s->vmm);
	assert_serving(s);
}

/* The other side takes its time: the device answers messages meanwhile. */
static void slow_channel(void **state)
{
	struct session *s = *state;
	struct saved saved, again = { .len = 0 };
	int end;

	vmm_stop(&s->vmm);
	state_save(s, &saved);
	assert_true(saved.len > 4096);
	end = state_begin(s, VU_STATE_SAVE, 4096);
	while (again.len < saved.len) {
		size_t left = saved.len - again.len;

		assert_true(message_sync(&s->vmm.connection));
		again.len += state_read(end, again.data + again.len, left < 500 ? left : 500);
	}
	assert_int_equal(state_read(end, again.data, 1), 0);
	close(end);
	assert_int_equal(state_check(s), 0);

	end = state_begin(s, VU_STATE_LOAD, 0);
	for (size_t at = 0; at < saved.len; at += 1000) {
		size_t left = saved.len - at, n = left < 1000 ? left : 1000;

		assert_int_equal(write(end, saved.data + at, n), n);
		assert_true(message_sync(&s->vmm.connection));
	}
	close(end);
	assert_int_equal(state_check(s), 0);
}

static bool has_no_reader(void *ctx)
{
	return write(*(int *)ctx, &(char){ 0 }, 1) < 0 && errno == EPIPE;
}

/* Soon: the supervisor has a copy of what a message brings, until the worker is done with that. */
static bool reader_goes(int fd)
{
	return wait_for(has_no_reader, &fd, WAIT_MS);
}

/* Not over: failed, and ended. */
static void check_comes_early(void **state)
{
	struct session *s = *state;
	struct saved saved;
	int end;

	vmm_stop(&s->vmm);
	state_save(s, &saved);
	end = state_begin(s, VU_STATE_LOAD, 0);
	assert_int_equal(write(end, saved.data, 100), 100);
	assert_int_not_equal(state_check(s), 0);
	assert_true(reader_goes(end));
	close(end);
	/* A second transfer ends the first. */
	end = state_begin(s, VU_STATE_LOAD, 0);
	state_save(s, &saved);
	assert_true(reader_goes(end));
	close(end);
	/* And so does the end of the connection. */
	end = state_begin(s, VU_STATE_LOAD, 0);
	assert_true(message_sync(&s->vmm.connection));
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_true(reader_goes(end));
	close(end);
}

#define WRITERS	   2
#define MANY_BYTES 100000 /* one a message: far less than a state may have */

static void __attribute__((noreturn)) let_it_wait(int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		fcntl(fd, F_SETFL, 0);
}

/* Counts what it is rid of. */
static void __attribute__((noreturn)) write_bytes(int fd, unsigned *n)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (write(fd, "", 1) == 1)
		__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
	_exit(0);
}

static bool has_written(void *ctx)
{
	return __atomic_load_n((unsigned *)ctx, __ATOMIC_RELAXED) > 0;
}

/* It says that all of it is there, and sends on, a byte at a time: nothing else is served until the answer. */
static void an_end_that_does_not_come_is_not_waited_for(void **state)
{
	struct session *s = *state;
	unsigned *n = mmap(NULL, sizeof(*n), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t writers[WRITERS];
	int ends[2];

	assert_ptr_not_equal(n, MAP_FAILED);
	vmm_stop(&s->vmm);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_DIRECT), 0); /* a read takes what one write wrote */
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (writers[i] == 0 && i == 0)
			let_it_wait(ends[0]);
		else if (writers[i] == 0)
			write_bytes(ends[1], n);
	}
	assert_int_equal(state_transfer(s, VU_STATE_LOAD, ends[0]), STATE_DONE);
	assert_true(wait_for(has_written, n, WAIT_MS));
	assert_int_not_equal(state_check(s), 0);
	print_message("%u bytes\n", *n);
	assert_in_range(*n, 1, MANY_BYTES);
	for (unsigned i = 0; i < WRITERS; i++) {
		kill(writers[i], SIGKILL);
		waitpid(writers[i], NULL, 0);
	}
	close(ends[0]);
	close(ends[1]);
	munmap(n, sizeof(*n));
	vmm_resume(&s->vmm);
	assert_serving(s);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("V-96", only_when_all_rings_are_stopped),
		STARTED("V-96", rings_that_start_meanwhile),
		STARTED("V-96", fds_of_every_kind),
		STARTED("V-96", slow_channel),
		STARTED("V-96", check_comes_early),
		STARTED("V-96", an_end_that_does_not_come_is_not_waited_for),
	};

	/* A write to a pipe without a reader is an error here. */
	signal(SIGPIPE, SIG_IGN);
	return session_run("state_transfer", tests, sizeof(tests) / sizeof(tests[0]));
}
