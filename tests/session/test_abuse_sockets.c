/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Sockets that linger, and sockets with something in them. Whoever waits for their end is the guest's own worker, and
 * nobody else.
 */
#include "abuse.h"
#include "abuse_places.h"
#include "reload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* A TCP socket whose last close() waits until its other end has read what was written: for as long as that end likes. */
static int lingering_socket(int *other)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	const struct linger linger = { 1, 300 };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	static const char bytes[65536];

	assert_return_code(bind(listener, (struct sockaddr *)&addr, len), errno);
	assert_return_code(listen(listener, 1), errno);
	assert_return_code(getsockname(listener, (struct sockaddr *)&addr, &len), errno);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(connect(fd, (struct sockaddr *)&addr, len), errno);
	*other = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(*other >= 0);
	close(listener);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	assert_return_code(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), errno);
	return fd;
}

/* All of them are gone from here: the last close() is the program's. */
static void sockets_that_linger(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);

	for (unsigned i = 0; i < ABUSE_PLACES; i++) {
		int other, fd = lingering_socket(&other);

		print_message("%s\n", abuse_places[i].name);
		session_prepare(s, VMM_FEATURES);
		/* Under way it is nobody's: not to be the last here, who waits. */
		kill(before.worker, SIGSTOP);
		abuse_send_to(s, &abuse_places[i], fd);
		close(fd);
		kill(before.worker, SIGCONT);
		vmm_disconnect(&s->vmm);
		abuse_assert_supervised(s);
		/* Nor does the worker wait for the other end. */
		session_wait_left(s);
		close(other);
	}
	abuse_then_served(s, &before);
}

/* What is in a socket goes with whoever closes it last. */
static void sockets_that_linger_in_the_connection(void **state)
{
	static const uint32_t nonsense[3] = { 9999, 1, 0 };
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	int other, fd = lingering_socket(&other);

	/* The connection ends with the first message, and nobody reads the second. */
	session_prepare(s, VMM_FEATURES);
	kill(before.worker, SIGSTOP);
	connection_send_bytes(&s->vmm.connection, nonsense, sizeof(nonsense), NULL, 0);
	abuse_send_to(s, &abuse_places[ABUSE_CALL], fd);
	close(fd);
	kill(before.worker, SIGCONT);
	vmm_disconnect(&s->vmm);
	abuse_assert_supervised(s);
	close(other);
	abuse_then_served(s, &before);
}

/* The worker is killed before it could throw away what was sent: the supervisor has the last copies then. */
static void reload_goes_on_with_sockets_that_linger(void **state)
{
	struct session *s = *state;
	const struct abuse_place *call = &abuse_places[ABUSE_CALL];
	struct connection waiting;
	int fds[2], others[2];

	session_prepare(s, VMM_FEATURES);
	kill(session_worker(s), SIGSTOP);
	connection_open(&waiting, session_socket(s));
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = lingering_socket(&others[i]);
		connection_send(i == 0 ? &s->vmm.connection : &waiting, call->id, 0, call->payload, call->size, &fds[i],
				1);
		close(fds[i]);
	}
	reload_guests(s, 1);
	abuse_assert_supervised(s);
	connection_close(&waiting);
	for (unsigned i = 0; i < 2; i++)
		close(others[i]);
	/* For the teardown, which looks for the workers there are. */
	s->workers_may_die = true;
}

/* Puts a copy of the fd into the socket, with a byte. */
static void put_into(int socket, int fd)
{
	struct connection carrier;

	connection_adopt(&carrier, socket);
	connection_send_bytes(&carrier, "x", 1, &fd, 1);
}

/* Whoever has the front-end's end of the connection in a socket of his keeps the connection from its end. */
static void connection_in_a_socket(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	int ends[2];

	for (unsigned i = 0; i < 2 * ABUSE_PLACES; i++) {
		const struct abuse_place *place = &abuse_places[i / 2];

		print_message("%s, %s\n", place->name, i % 2 ? "later" : "before");
		session_prepare(s, VMM_FEATURES);
		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
		if (i % 2 == 0)
			put_into(ends[1], s->vmm.connection.fd);
		abuse_send_to(s, place, ends[0]);
		connection_send(&s->vmm.connection, VU_GET_FEATURES, 0, NULL, 0, NULL, 0);
		assert_true(wait_readable(s->vmm.connection.fd, WAIT_MS)); /* an answer, or the end */
		if (i % 2 == 1)
			put_into(ends[1], s->vmm.connection.fd);
		close(ends[0]);
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		close(ends[1]);
	}
	abuse_then_served(s, &before);
}

/* A call of 8 bytes still goes out; and a socket that brings kicks goes on doing so when it is for calls as well. */
static void one_socket_for_kicks_and_calls(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];
	struct ring_used used;
	uint64_t count;
	int ends[2];

	session_prepare(s, VMM_FEATURES);
	vmm_ring_setup(&s->vmm, 0, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, ends[0]));
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, 0, ends[0]));
	for (unsigned i = 0; i < 5; i++) {
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		assert_int_equal(write(ends[1], &(uint64_t){ 1 }, 8), 8);
		assert_true(wait_readable(ends[1], WAIT_MS));
		assert_int_equal(read(ends[1], &count, sizeof(count)), 8);
		/* As a front-end does after a pause. */
		assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, ends[0]));
		assert_true(ring_reap(ring, &used));
	}
	close(ends[0]);
	close(ends[1]);
}

#define SEVERAL(rows, fn) ROW_TEST_FIXTURE(rows, fn, abuse_setup_several, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reload_goes_on_with_sockets_that_linger, reload_setup, reload_teardown),
		SEVERAL("V-12", connection_in_a_socket),
		SEVERAL("V-67 V-68", one_socket_for_kicks_and_calls),
		SEVERAL("V-68", sockets_that_linger),
		SEVERAL("V-68", sockets_that_linger_in_the_connection),
	};

	return session_run("abuse_sockets", tests, sizeof(tests) / sizeof(tests[0]));
}
