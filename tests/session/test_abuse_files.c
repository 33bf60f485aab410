/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * File descriptors that somebody else answers for: files of a file system that the front-end serves itself, sockets that
 * linger, sockets with something in them. Whoever waits for that is the guest's own worker, and nobody else.
 */
#include "abuse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "slow_file.h"

static const uint64_t ring_0 = 0;

/* One at a time: the teardown must find it whatever became of the test. */
static struct slow_file slow = { .fd = -1 };
static char config_dir[32];

/* Two guests, the abuser's and another. */
static int two_setup(void **state)
{
	return session_setup_with(state, "s8:s8", 0);
}

static int slow_teardown(void **state)
{
	slow_file_close(&slow);
	return session_teardown(state);
}

/* The supervisor has not stopped to do its work: a worker of another guest that dies is replaced. */
static void assert_supervised(struct session *s)
{
	pid_t old = s->daemon.workers[1];

	kill(old, SIGKILL);
	assert_int_not_equal(daemon_wait_worker(&s->daemon, 1, old), old);
}

static void slow_or_skip(void)
{
	if (!slow_file_open(&slow))
		skip();
}

/* What a front-end can send with an fd. */
struct place {
	const char *name;
	uint32_t id;
	const void *payload;
	uint32_t size;
};

static const struct vu_mem_reg region = { .region = {
						  .guest_addr = 1ull << 40, .size = 8192, .user_addr = 1ull << 40 } };
static const struct vu_mem_table table = {
	.n_regions = 1, .regions = { { .guest_addr = 1ull << 40, .size = 8192, .user_addr = 1ull << 40 } }
};
static const struct vu_inflight inflight = { .mmap_size = 8192, .num_queues = 2, .queue_size = 16 };
static const struct vu_log log_place = { .size = 8192 };

static const struct place places[] = {
	{ "kick", VU_SET_VRING_KICK, &ring_0, sizeof(ring_0) },
	{ "call", VU_SET_VRING_CALL, &ring_0, sizeof(ring_0) },
	{ "err", VU_SET_VRING_ERR, &ring_0, sizeof(ring_0) },
	{ "log call", VU_SET_LOG_FD, NULL, 0 },
	{ "channel", VU_SET_BACKEND_REQ_FD, NULL, 0 },
	{ "region", VU_ADD_MEM_REG, &region, sizeof(region) },
	{ "table", VU_SET_MEM_TABLE, &table, offsetof(struct vu_mem_table, regions[1]) },
	{ "in-flight region", VU_SET_INFLIGHT_FD, &inflight, sizeof(inflight) },
	{ "log", VU_SET_LOG_BASE, &log_place, sizeof(log_place) },
	{ "state to load", VU_SET_DEVICE_STATE_FD, (const uint32_t[2]){ 1, 0 }, 8 },
	{ "state to save", VU_SET_DEVICE_STATE_FD, (const uint32_t[2]){ 0, 0 }, 8 },
	{ "no place at all", VU_GET_FEATURES, NULL, 0 },
	{ "no message at all", 9999, NULL, 0 },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static void send_to(struct session *s, const struct place *place, int fd)
{
	connection_send(&s->vmm.connection, place->id, 0, place->payload, place->size, &fd, 1);
}

/* Whoever closes the file waits for its file system (FUSE_FLUSH), and SIGKILL does not help. */
static void files_that_do_not_close(void **state)
{
	struct session *s = *state;
	struct abuse before;

	slow_or_skip();
	before = abuse_before(s);
	for (unsigned i = 0; i < PLACES; i++) {
		print_message("%s\n", places[i].name);
		session_prepare(s, VMM_FEATURES);
		slow.orders->hold[FUSE_FLUSH] = true;
		send_to(s, &places[i], slow.fd);
		vmm_disconnect(&s->vmm);
		assert_true(slow_file_wait_held(&slow, FUSE_FLUSH));
		assert_supervised(s);
		/* And while the abuser's worker lets go of the rest. */
		slow.orders->hold[FUSE_FLUSH] = false;
		session_wait_left(s);
	}
	slow_file_close(&slow);
	abuse_then_served(s, &before);
}

/* For notifications such a file is refused, and nothing but that was asked of it: no read, no write, no poll. */
static void files_that_are_no_notifications(void **state)
{
	static const enum fuse_opcode never[] = { FUSE_READ, FUSE_WRITE, FUSE_POLL, FUSE_GETATTR, FUSE_STATFS };
	struct session *s = *state;
	struct abuse before;
	uint32_t asked[SLOW_FILE_OPCODES];

	slow_or_skip();
	before = abuse_before(s);
	session_prepare(s, VMM_FEATURES);
	for (unsigned i = 0; i < SLOW_FILE_OPCODES; i++)
		asked[i] = slow.orders->asked[i];
	for (unsigned i = 0; i < 4; i++)
		assert_refused(
			message_send(&s->vmm.connection, places[i].id, places[i].payload, places[i].size, &slow.fd, 1));
	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(slow.orders->asked[never[i]], asked[never[i]]);
	slow_file_close(&slow);
	abuse_then_served(s, &before);
}

/* Guest memory in such a file is served like any; but it ends with the process that has it. */
static void memory_that_is_not_kept(void **state)
{
	struct session *s = *state;
	pid_t old = session_worker(s);

	slow_or_skip();
	session_prepare(s, VMM_FEATURES);
	assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region.region, &slow.fd, 1));
	assert_int_equal(daemon_logged(&s->daemon, "can not be kept"), 1);
	assert_true(message_sync(&s->vmm.connection));
	kill(old, SIGKILL);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	daemon_wait_worker(&s->daemon, 0, old);
	vmm_disconnect(&s->vmm);
	slow_file_close(&slow);
	session_reconnect(s);
	assert_serving(s);
}

/* The worker waits for its guest's file, in a way that no signal ends; all else goes on. */
static void hang(struct session *s)
{
	session_prepare(s, VMM_FEATURES);
	slow.orders->hold[FUSE_GETATTR] = true;
	connection_send(&s->vmm.connection, VU_ADD_MEM_REG, 0, &region, sizeof(region), &slow.fd, 1);
	assert_true(slow_file_wait_held(&slow, FUSE_GETATTR));
}

static bool is_over(void *ctx)
{
	char state = proc_state(*(pid_t *)ctx);

	return state == 'X' || state == 'Z';
}

/* And nobody has to ask for its status any more. */
static bool is_gone(void *ctx)
{
	return proc_state(*(pid_t *)ctx) == 'X';
}

static void worker_that_hangs(void **state)
{
	struct session *s = *state;
	struct abuse before;
	struct vmm other;

	slow_or_skip();
	before = abuse_before(s);
	vmm_init(&other, 0);
	vmm_start(&other, s->daemon.sockets[1]);
	hang(s);
	assert_true(gpio_get_direction(&other, 0) >= 0);
	assert_supervised(s);
	assert_true(gpio_get_direction(&other, 0) >= 0);
	vmm_deinit(&other);
	slow_file_close(&slow);
	abuse_then_served(s, &before);
}

/* Killed, it does not end either, before its file system does; then it is replaced. */
static void worker_that_can_not_be_killed(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	slow_or_skip();
	hang(s);
	kill(worker, SIGKILL);
	assert_supervised(s);
	assert_false(is_over(&worker));
	vmm_disconnect(&s->vmm);
	slow_file_close(&slow);
	daemon_wait_worker(&s->daemon, 0, worker);
	session_reconnect(s);
	assert_serving(s);
}

static void stop_goes_on(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	slow_or_skip();
	hang(s);
	kill(s->daemon.pid, SIGTERM);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	assert_false(is_over(&worker));
	slow_file_end(&slow);
	assert_true(wait_for(is_over, &worker, WAIT_MS));
	s->workers_may_die = true;
}

struct logged {
	const struct daemon *daemon;
	const char *needle;
};

static bool is_logged(void *ctx)
{
	const struct logged *logged = ctx;

	return daemon_logged(logged->daemon, logged->needle) > 0;
}

static void upgrade_goes_on(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s), old = s->daemon.workers[1];

	slow_or_skip();
	hang(s);
	kill(s->daemon.pid, SIGUSR2);
	/* Guests are renewed one after the other, the one that hangs first. */
	daemon_wait_worker(&s->daemon, 1, old);
	assert_false(is_over(&worker));
	vmm_disconnect(&s->vmm);
	slow_file_close(&slow);
	daemon_wait_worker(&s->daemon, 0, worker);
	session_reconnect(s);
	assert_serving(s);
}

/* Guests from this one on. */
static void config_write(const struct session *s, unsigned first)
{
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config", config_dir);
	file = fopen(path, "we");
	assert_non_null(file);
	for (unsigned i = first; i < 2; i++)
		fprintf(file, "[guest guest%u]\nsocket = %s\nsim = 8\n", i, s->daemon.sockets[i]);
	fclose(file);
}

static int config_setup(void **state)
{
	struct session *s = calloc(1, sizeof(*s));
	const char *const guests[] = { NULL };
	struct daemon named = { .n_guests = 2 };
	char option[96];

	if (!s || !mkdtemp(strcpy(config_dir, "/tmp/vgpio-config-XXXXXX")))
		return -1;
	*state = s;
	for (unsigned i = 0; i < 2; i++)
		snprintf(named.sockets[i], sizeof(named.sockets[i]), "%s/gpio%u", config_dir, i);
	s->daemon = named;
	config_write(s, 0);
	snprintf(option, sizeof(option), "--config=%s/config", config_dir);
	daemon_start_guests(&s->daemon, guests, option);
	s->daemon.n_guests = 2;
	for (unsigned i = 0; i < 2; i++) {
		memcpy(s->daemon.sockets[i], named.sockets[i], sizeof(named.sockets[i]));
		daemon_wait_worker(&s->daemon, i, 0);
	}
	outside_open(&s->outside, s->daemon.control);
	vmm_init(&s->vmm, 0);
	return 0;
}

static int config_teardown(void **state)
{
	int r = slow_teardown(state);
	char path[80];

	snprintf(path, sizeof(path), "%s/config", config_dir);
	unlink(path);
	rmdir(config_dir);
	return r;
}

/* A guest is taken out of the configuration while its worker hangs. */
static void reload_goes_on(void **state)
{
	struct session *s = *state;
	struct logged reloaded = { &s->daemon, "reload: 1 guest" }, back = { &s->daemon, "reload: 2 guests" };
	pid_t worker = session_worker(s);

	slow_or_skip();
	hang(s);
	config_write(s, 1);
	kill(s->daemon.pid, SIGHUP);
	assert_true(wait_for(is_logged, &reloaded, WAIT_MS));
	assert_false(is_over(&worker));
	vmm_disconnect(&s->vmm);
	slow_file_close(&slow);
	assert_true(wait_for(is_gone, &worker, WAIT_MS));
	config_write(s, 0);
	kill(s->daemon.pid, SIGHUP);
	assert_true(wait_for(is_logged, &back, WAIT_MS));
	daemon_wait_worker(&s->daemon, 0, worker);
	session_reconnect(s);
	assert_serving(s);
}

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

	for (unsigned i = 0; i < PLACES; i++) {
		int other, fd = lingering_socket(&other);

		print_message("%s\n", places[i].name);
		session_prepare(s, VMM_FEATURES);
		/* Under way it is nobody's: not to be the last here, who waits. */
		kill(before.worker, SIGSTOP);
		send_to(s, &places[i], fd);
		close(fd);
		kill(before.worker, SIGCONT);
		vmm_disconnect(&s->vmm);
		assert_supervised(s);
		close(other);
		session_wait_left(s);
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
	send_to(s, &places[1], fd);
	close(fd);
	kill(before.worker, SIGCONT);
	vmm_disconnect(&s->vmm);
	assert_supervised(s);
	close(other);
	abuse_then_served(s, &before);
}

/* The worker is killed before it could throw away what was sent: the supervisor has the last copies then. */
static void reload_goes_on_with_sockets_that_linger(void **state)
{
	struct session *s = *state;
	struct logged reloaded = { &s->daemon, "reload: 1 guest" };
	struct connection waiting;
	int fds[2], others[2];

	session_prepare(s, VMM_FEATURES);
	kill(session_worker(s), SIGSTOP);
	connection_open(&waiting, session_socket(s));
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = lingering_socket(&others[i]);
		connection_send(i == 0 ? &s->vmm.connection : &waiting, VU_SET_VRING_CALL, 0, &ring_0, sizeof(ring_0),
				&fds[i], 1);
		close(fds[i]);
	}
	config_write(s, 1);
	kill(s->daemon.pid, SIGHUP);
	assert_true(wait_for(is_logged, &reloaded, WAIT_MS));
	assert_supervised(s);
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

	for (unsigned i = 0; i < 2 * PLACES; i++) {
		const struct place *place = &places[i / 2];

		print_message("%s, %s\n", place->name, i % 2 ? "later" : "before");
		session_prepare(s, VMM_FEATURES);
		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
		if (i % 2 == 0)
			put_into(ends[1], s->vmm.connection.fd);
		send_to(s, place, ends[0]);
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

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, two_setup, slow_teardown)
#define NO_ROW(fn)	cmocka_unit_test_setup_teardown(fn, two_setup, slow_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-67 V-68", files_that_do_not_close),
		FRESH("V-67 V-68", files_that_are_no_notifications),
		NO_ROW(memory_that_is_not_kept),
		NO_ROW(worker_that_hangs),
		NO_ROW(worker_that_can_not_be_killed),
		NO_ROW(stop_goes_on),
		NO_ROW(upgrade_goes_on),
		cmocka_unit_test_setup_teardown(reload_goes_on, config_setup, config_teardown),
		cmocka_unit_test_setup_teardown(reload_goes_on_with_sockets_that_linger, config_setup, config_teardown),
		FRESH("V-12", connection_in_a_socket),
		FRESH("V-67 V-68", one_socket_for_kicks_and_calls),
		FRESH("V-68", sockets_that_linger),
		FRESH("V-68", sockets_that_linger_in_the_connection),
	};

	return session_run("abuse_files", tests, sizeof(tests) / sizeof(tests[0]));
}
