/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Kick, call and error fds that never end, that block, or whose kicks are gone when they are read: no hang, no spin,
 * and the same process serves the next front-end.
 */
#include "abuse.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const uint64_t one = 1;

/* A thread with an fd. */
struct thief {
	int fd;
	atomic_bool over;
};

static struct abuse begin(struct session *s)
{
	struct abuse before = abuse_before(s);

	vmm_start(&s->vmm, session_socket(s));
	assert_serving(s);
	return before;
}

static enum outcome set_fd(struct session *s, uint32_t id, int fd)
{
	return message_send_vring_fd(&s->vmm.connection, id, VMM_REQUESTQ, fd);
}

/* The worker answers, on the socket and on the ring. */
static void assert_lives(struct session *s)
{
	assert_true(message_sync(&s->vmm.connection));
	assert_int_equal(set_fd(s, VU_SET_VRING_KICK, s->vmm.rings[0].kick_fd), OUTCOME_OK);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

/* As many kicks as fit a pipe: they are taken at leisure, requests are answered meanwhile. */
static void kicks_without_end(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);
	char kicks[4096] = { 1 };
	int ends[2], left = 0, full = 0;

	assert_return_code(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	while (write(ends[1], kicks, sizeof(kicks)) > 0)
		;
	assert_return_code(ioctl(ends[0], FIONREAD, &full), 0);
	assert_ok(set_fd(s, VU_SET_VRING_KICK, ends[0]));
	for (unsigned i = 0; i < 20; i++)
		assert_serving(s);
	sleep_ms(400);
	assert_return_code(ioctl(ends[0], FIONREAD, &left), 0);
	print_message("of %d bytes of kicks %d were taken\n", full, full - left);
	assert_true(left > full / 2);
	assert_serving(s);
	close(ends[0]);
	close(ends[1]);
	assert_lives(s);
	abuse_then_served(s, &before);
}

static uint64_t cpu_ms(pid_t pid)
{
	struct timespec used = { 0 };
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	clock_gettime(clock, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* No kick fds: readable whatever is read from it, or again and again. They may be refused; no processor is kept busy. */
static void kick_fds_that_are_always_readable(void **state)
{
	const struct itimerspec always = { { 0, 1 }, { 0, 1 } };
	struct session *s = *state;
	struct abuse before = begin(s);
	int fds[2] = { open("/dev/urandom", O_RDONLY | O_CLOEXEC), timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) };

	timerfd_settime(fds[1], 0, &always, NULL);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t used_ms;

		assert_true(fds[i] >= 0);
		set_fd(s, VU_SET_VRING_KICK, fds[i]);
		sleep_ms(50);
		used_ms = cpu_ms(before.worker);
		sleep_ms(400);
		assert_true(cpu_ms(before.worker) - used_ms < 200);
		close(fds[i]);
	}
	assert_lives(s);
	abuse_then_served(s, &before);
}

/* Kicks for nothing, as fast as they can be made: the worker sleeps between them. */
static void *kick_without_end(void *ctx)
{
	struct thief *kicker = ctx;

	while (!atomic_load(&kicker->over)) {
		if (write(kicker->fd, &one, sizeof(one)) != sizeof(one))
			break;
	}
	return NULL;
}

static void kicks_of_an_eventfd_in_vain(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);
	struct thief kicker = { .fd = s->vmm.rings[0].kick_fd };
	pthread_t thread;
	uint64_t used_ms, sleeps;

	assert_int_equal(pthread_create(&thread, NULL, kick_without_end, &kicker), 0);
	sleep_ms(50);
	used_ms = cpu_ms(before.worker);
	sleep_ms(400);
	used_ms = cpu_ms(before.worker) - used_ms;
	assert_serving(s);
	atomic_store(&kicker.over, true);
	pthread_join(thread, NULL);
	print_message("%llu ms of processor for 400 ms of kicks in vain\n", (unsigned long long)used_ms);
	assert_true(used_ms < 200);
	/* Whatever is left in the eventfd, it rests then. */
	session_rest(s);
	sleeps = proc_status(before.worker, "voluntary_ctxt_switches");
	sleep_ms(200);
	assert_true(proc_status(before.worker, "voluntary_ctxt_switches") < sleeps + 10);
	assert_lives(s);
	abuse_then_served(s, &before);
}

/* An fd to be written to, full, and from now on one that waits: O_NONBLOCK is the front-end's to take away. */
static void make_blocking(int fd)
{
	assert_return_code(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

static int full_eventfd(void)
{
	const uint64_t full = 0xfffffffffffffffeull;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	return fd;
}

/* other is to be kept open: without a reader nobody waits. */
static int full_pipe(int *other)
{
	int ends[2];

	assert_return_code(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(ends[1], &one, sizeof(one)) > 0)
		;
	*other = ends[0];
	return ends[1];
}

static int full_socket(int *other)
{
	int ends[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	while (send(ends[1], &one, 1, 0) > 0)
		;
	*other = ends[0];
	return ends[1];
}

static void call_fds_that_block(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);

	for (unsigned i = 0; i < 3; i++) {
		int other = -1, fd = i == 0 ? full_eventfd() : i == 1 ? full_pipe(&other) : full_socket(&other);

		assert_ok(set_fd(s, VU_SET_VRING_CALL, fd));
		for (unsigned j = 0; j < 5; j++) {
			make_blocking(fd);
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
			ring_kick(&s->vmm.rings[0]);
			assert_true(message_sync(&s->vmm.connection));
			ring_wait(&s->vmm.rings[0]);
		}
		close(fd);
		if (other >= 0)
			close(other);
	}
	assert_lives(s);
	abuse_then_served(s, &before);
}

/* The abuser is gone before the worker finds out: nobody will ever read the call. */
static void call_fd_that_blocks_after_the_end(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);
	int fd = full_eventfd();

	assert_ok(set_fd(s, VU_SET_VRING_CALL, fd));
	make_blocking(fd);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(&s->vmm.rings[0]);
	ring_wait(&s->vmm.rings[0]); /* the call is what follows */
	close(fd);
	abuse_then_served(s, &before);
}

static void error_fd_that_blocks(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);
	int fd = full_eventfd();

	assert_ok(set_fd(s, VU_SET_VRING_ERR, fd));
	make_blocking(fd);
	ring_skew_avail(&s->vmm.rings[0], 1000);
	ring_kick(&s->vmm.rings[0]);
	assert_true(message_sync(&s->vmm.connection));
	close(fd);
	abuse_then_served(s, &before);
}

/* The kick is gone between the look whether there is one and the read. */
static void *steal_kicks(void *ctx)
{
	struct thief *thief = ctx;
	const int flags = fcntl(thief->fd, F_GETFL) & ~O_NONBLOCK;
	uint64_t n;

	while (!atomic_load(&thief->over)) {
		fcntl(thief->fd, F_SETFL, flags);
		if (write(thief->fd, &one, sizeof(one)) != sizeof(one))
			break;
		fcntl(thief->fd, F_SETFL, flags | O_NONBLOCK);
		if (read(thief->fd, &n, sizeof(n)) < 0)
			continue;
	}
	fcntl(thief->fd, F_SETFL, flags);
	return NULL;
}

static void kicks_that_are_stolen(void **state)
{
	struct session *s = *state;
	struct abuse before = begin(s);

	for (unsigned i = 0; i < 20; i++) {
		struct thief thief = { .fd = eventfd(0, EFD_CLOEXEC) };
		pthread_t thread;

		assert_ok(set_fd(s, VU_SET_VRING_KICK, thief.fd));
		assert_int_equal(pthread_create(&thread, NULL, steal_kicks, &thief), 0);
		sleep_ms(10);
		atomic_store(&thief.over, true);
		pthread_join(thread, NULL);
		assert_true(message_sync(&s->vmm.connection));
		close(thief.fd);
	}
	assert_lives(s);
	abuse_then_served(s, &before);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-67 R-28", kicks_without_end),
		FRESH("V-67", kick_fds_that_are_always_readable),
		FRESH("V-67 R-28", kicks_of_an_eventfd_in_vain),
		FRESH("V-68", call_fds_that_block),
		FRESH("V-68", call_fd_that_blocks_after_the_end),
		FRESH("V-71", error_fd_that_blocks),
		FRESH("V-67", kicks_that_are_stolen),
	};

	return session_run("abuse_notify", tests, sizeof(tests) / sizeof(tests[0]));
}
