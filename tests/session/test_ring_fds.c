/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Kick and call file descriptors: replaced, missing, of every kind, full, hung up. */
#include "session.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t one = 1;

static void send_kick(struct session *s)
{
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, s->vmm.rings[0].kick_fd));
}

static void send_call(struct session *s, unsigned index)
{
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, index, s->vmm.rings[index].call_fd));
}

static void kick_fd_is_replaced(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	int old = ring->kick_fd;
	unsigned before = proc_fds(session_worker(s));

	fds_only(s);
	assert_serving(s);
	for (unsigned i = 0; i < 3; i++) {
		ring->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		send_kick(s);
		assert_fds(session_worker(s), before);
		assert_serving(s);
		/* The old one means nothing any more. */
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
		assert_int_equal(write(old, &one, sizeof(one)), sizeof(one));
		assert_true(ring_silent(ring, SILENT_MS));
		ring_kick(ring);
		ring_wait(ring);
		close(old);
		old = ring->kick_fd;
	}
	/* A kick of the old one just before is not lost. */
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_NONE);
	assert_int_equal(write(old, &one, sizeof(one)), sizeof(one));
	ring->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	send_kick(s);
	ring_wait(ring);
	close(old);
}

static void ring_without_kick_fd_is_polled(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	session_prepare(s, VMM_FEATURES);
	vmm_ring_setup(&s->vmm, 0, 0);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, -1));
	vmm_ring_enable(&s->vmm, 0, true);
	for (unsigned i = 0; i < 5; i++) {
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
	}
	/* And kicked again. */
	send_kick(s);
	ring_kick(ring);
	assert_serving(s);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_true(ring_silent(ring, SILENT_MS));
	ring_kick(ring);
	ring_wait(ring);
}

static void running_ring_loses_its_kick_fd(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	assert_serving(s);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, -1));
	for (unsigned i = 0; i < 5; i++) {
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
	}
}

static void nofd_bit_and_fd_must_agree(void **state)
{
	static const enum vu_id ids[] = { VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	unsigned before = proc_fds(session_worker(s));
	int fds[2] = { s->vmm.rings[0].kick_fd, s->vmm.rings[0].call_fd };

	for (unsigned i = 0; i < 3; i++) {
		uint64_t with = 0, without = VU_VRING_NOFD;

		session_prepare(s, VMM_FEATURES);
		assert_int_not_equal(message_send(c, ids[i], &with, 8, NULL, 0), OUTCOME_OK);
		vmm_disconnect(&s->vmm);
		session_prepare(s, VMM_FEATURES);
		assert_int_not_equal(message_send(c, ids[i], &without, 8, fds, 1), OUTCOME_OK);
		vmm_disconnect(&s->vmm);
		session_prepare(s, VMM_FEATURES);
		assert_int_not_equal(message_send(c, ids[i], &with, 8, fds, 2), OUTCOME_OK);
		vmm_disconnect(&s->vmm);
	}
	session_wait_left(s);
	assert_fds(session_worker(s), before);
}

/* The ring is driven over that kick fd; theirs was sent. */
static void drive_over(struct session *s, int ours, int theirs)
{
	struct ring *ring = &s->vmm.rings[0];

	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, theirs));
	for (unsigned i = 0; i < 10; i++) {
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
		assert_int_equal(write(ours, &one, sizeof(one)), sizeof(one));
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
	}
	/* Nothing in there: a read that blocked would show now. */
	assert_true(message_sync(&s->vmm.connection));
}

static void kick_fds_of_every_kind(void **state)
{
	struct session *s = *state;
	int blocking = eventfd(0, EFD_CLOEXEC), ends[2];

	drive_over(s, blocking, blocking);
	close(blocking);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	drive_over(s, ends[1], ends[0]);
	/* The writer goes away: no spin, no end of the device. */
	close(ends[1]);
	close(ends[0]);
	session_settle(s);
	assert_true(message_sync(&s->vmm.connection));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	drive_over(s, ends[1], ends[0]);
	close(ends[1]);
	close(ends[0]);
	session_settle(s);
	send_kick(s);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

/* An eventfd tells of each kick whatever is in it: what the driver kicked stays there until the ring stops. */
static void eventfd_is_read_once(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	const unsigned n = 50;
	uint64_t count = 0;

	fds_only(s);
	assert_serving(s);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < n; i++)
			assert_serving(s);
		assert_int_equal(read(ring->kick_fd, &count, sizeof(count)), sizeof(count));
		print_message("%llu of %u kicks are in the eventfd\n", (unsigned long long)count, n);
		assert_in_range(count, n, n + 1);
		for (unsigned i = 0; i < n; i++)
			assert_serving(s);
		/* Who is to see nothing of this run is the next one, of another driver perhaps. */
		vmm_stop(&s->vmm);
		assert_false(wait_readable(ring->kick_fd, 0));
		if (round == 0)
			vmm_resume(&s->vmm);
		else
			vmm_restart(&s->vmm);
		assert_serving(s);
	}
	/* A successor finds them, and looks. */
	session_take_over(s);
	assert_serving(s);
}

/* Each ring has a watch of its own on it: nobody takes the other one's kick away. */
static void one_eventfd_for_both_rings(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	fds_only(s);
	line_drive(s, 0, 1);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_HIGH), GPIO_OK);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, VMM_EVENTQ, ring->kick_fd));
	for (unsigned i = 0; i < 50; i++) {
		uint16_t head = gpio_event_send(&s->vmm, 0);

		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		ring_kick(ring);
		assert_event(s, head, GPIO_EVENT_VALID);
		ring_wait(ring);
	}
}

/* A file cannot be waited for; and who writes to one may wait for its file system. */
static void files_in_place_of_eventfds(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	int file = memfd_create("file", MFD_CLOEXEC);

	assert_refused(message_send_vring_fd(c, VU_SET_VRING_KICK, 0, file));
	send_kick(s);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
	assert_refused(message_send_vring_fd(c, VU_SET_VRING_CALL, 0, file));
	assert_serving(s);
	close(file);
}

/* A pipe, but not to be waited for: it was opened as a path. A successor that found it could not take up the session. */
static void refused_kick_fd_is_not_kept(void **state)
{
	struct session *s = *state;
	pid_t old = session_worker(s);
	char path[32];
	int ends[2], fd;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	fd = open(path, O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_refused(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, fd));
	close(fd);
	close(ends[0]);
	close(ends[1]);
	daemon_kill_worker(&s->daemon, 0);
	daemon_wait_worker(&s->daemon, 0, old);
	assert_true(message_sync(&s->vmm.connection));
	send_kick(s);
	ring_kick(&s->vmm.rings[0]);
	assert_serving(s);
}

static void hung_up_kick_fd_does_not_spin(void **state)
{
	struct session *s = *state;
	uint64_t before;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	drive_over(s, ends[1], ends[0]);
	close(ends[1]);
	close(ends[0]);
	session_settle(s);
	before = proc_status(session_worker(s), "voluntary_ctxt_switches") +
		 proc_status(session_worker(s), "nonvoluntary_ctxt_switches");
	sleep_ms(200);
	assert_true(proc_status(session_worker(s), "voluntary_ctxt_switches") +
			    proc_status(session_worker(s), "nonvoluntary_ctxt_switches") <
		    before + 10);
}

static void call_socket_gets_8_bytes(void **state)
{
	struct session *s = *state;
	uint64_t value = 0;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, 0, ends[1]));
	close(ends[1]);
	for (unsigned i = 0; i < 5; i++) {
		assert_serving(s);
		assert_true(wait_readable(ends[0], WAIT_MS));
		assert_int_equal(read(ends[0], &value, sizeof(value)), 8);
		assert_int_equal(value, 1);
	}
	close(ends[0]);
	for (unsigned i = 0; i < 5; i++)
		assert_serving(s);
}

static void call_socket_that_is_full(void **state)
{
	struct session *s = *state;
	char junk[4096] = { 0 };
	int ends[2];

	/* A blocking one: the device must not wait for a reader. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	while (send(ends[1], junk, sizeof(junk), MSG_DONTWAIT) > 0)
		;
	while (send(ends[1], junk, 1, MSG_DONTWAIT) > 0)
		;
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, 0, ends[1]));
	for (unsigned i = 0; i < 20; i++)
		assert_serving(s);
	assert_true(message_sync(&s->vmm.connection));
	close(ends[0]);
	close(ends[1]);
}

static void call_eventfd_that_is_full(void **state)
{
	struct session *s = *state;
	const uint64_t full = 0xfffffffffffffffeull;
	int fd = eventfd(0, EFD_CLOEXEC);

	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, 0, fd));
	for (unsigned i = 0; i < 5; i++)
		assert_serving(s);
	close(fd);
}

static void call_fd_is_replaced_under_load(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[1];

	/* Each event must call either the old or the new one: nobody waits in vain. */
	gpio_arm(&s->vmm, 0, GPIO_IRQ_BOTH);
	for (unsigned i = 0; i < 200; i++) {
		int old = ring->call_fd;
		uint64_t calls = ring_calls(ring), n = 0;

		outside_set_async(&s->outside, "guest0.0", i % 2 == 0);
		ring->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		send_call(s, 1);
		outside_set_finish(&s->outside);
		if (!(read(old, &n, sizeof(n)) == sizeof(n) && n > 0))
			ring_wait_calls(ring, calls + 1);
		close(old);
		assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
		gpio_unmask(&s->vmm, 0);
	}
}

static void ring_without_call_fd_is_silent(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	unsigned before = proc_fds(session_worker(s));
	uint64_t calls;

	fds_only(s);
	assert_serving(s);
	ring_wait_calls(ring, 1);
	calls = ring_calls(ring);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, 0, -1));
	assert_fds(session_worker(s), before - 1);
	assert_serving(s);
	session_settle(s);
	assert_int_equal(ring_calls(ring), calls);
	send_call(s, 0);
	assert_serving(s);
	/* Setting it may call by itself; the request does. */
	ring_wait_calls(ring, calls + 1);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("V-64", kick_fd_is_replaced),
		FRESH("V-65", ring_without_kick_fd_is_polled),
		STARTED("V-65 V-64", running_ring_loses_its_kick_fd),
		FRESH("V-66", nofd_bit_and_fd_must_agree),
		STARTED("V-67", kick_fds_of_every_kind),
		STARTED("V-67 V-63", eventfd_is_read_once),
		STARTED("V-67", one_eventfd_for_both_rings),
		STARTED("V-67 V-68", files_in_place_of_eventfds),
		STARTED("V-67", refused_kick_fd_is_not_kept),
		STARTED("V-67", hung_up_kick_fd_does_not_spin),
		STARTED("V-68", call_socket_gets_8_bytes),
		STARTED("V-68", call_socket_that_is_full),
		STARTED("V-68", call_eventfd_that_is_full),
		STARTED("V-69", call_fd_is_replaced_under_load),
		STARTED("V-70", ring_without_call_fd_is_silent),
	};

	return session_run("ring_fds", tests, sizeof(tests) / sizeof(tests[0]));
}
