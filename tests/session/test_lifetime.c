/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Connections that come and go: what they leave behind, who waits, what survives of them. */
#include "session.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define CYCLES 1000

struct fd_count {
	pid_t pid;
	unsigned n;
};

static bool has_no_more_fds(void *ctx)
{
	const struct fd_count *count = ctx;

	return proc_fds(count->pid) <= count->n;
}

static void disconnect_leaves_nothing(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	unsigned fds, maps, threads;

	/* The first session may set up what stays: compare the second with that. */
	session_reconnect(s);
	assert_serving(s);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	fds = proc_fds(worker);
	maps = proc_maps(worker, "");
	threads = proc_threads(worker);
	session_reconnect(s);
	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_serving(s);
	assert_int_equal(proc_maps(worker, "memfd:guest"), 2);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_fds(worker, fds);
	assert_int_equal(proc_maps(worker, ""), maps);
	assert_int_equal(proc_threads(worker), threads);
	assert_int_equal(threads, 1);
}

/* The supervisor hears later of the fds that it need not keep any longer. */
static void assert_supervisor_fds(const struct session *s, unsigned n)
{
	struct fd_count count = { s->daemon.pid, n };

	if (!wait_for(has_no_more_fds, &count, WAIT_MS))
		fail_msg("the supervisor has %u fds, not %u", proc_fds(count.pid), n);
}

static void many_cycles_leak_nothing(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);
	unsigned fds = 0, maps = 0, kept = proc_fds(s->daemon.pid);
	uint64_t rss = 0;

	for (unsigned i = 0; i < CYCLES; i++) {
		ring_reset(&s->vmm.rings[0]);
		ring_reset(&s->vmm.rings[1]);
		vmm_start(&s->vmm, session_socket(s));
		gpio_arm(&s->vmm, (uint16_t)(i % 8), GPIO_IRQ_BOTH);
		vmm_disconnect(&s->vmm);
		if (i != 20)
			continue;
		session_wait_left(s);
		fds = proc_fds(worker);
		maps = proc_maps(worker, "");
		rss = proc_status(worker, "VmRSS");
	}
	session_wait_left(s);
	assert_fds(worker, fds);
	assert_int_equal(proc_threads(worker), 1);
	assert_supervisor_fds(s, kept);
	/* The sanitizer maps memory of its own as it likes. */
	if (!proc_has_address_sanitizer(worker)) {
		assert_int_equal(proc_maps(worker, ""), maps);
		assert_true(proc_status(worker, "VmRSS") < rss + 512);
	}
}

static void new_session_sees_nothing_of_the_old(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_value(&s->vmm, 2, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	session_reconnect_with(s, VMM_FEATURES_PLAIN & ~FEATURE(VIRTIO_GPIO_F_IRQ));
	for (uint16_t i = 0; i < 8; i++)
		assert_int_equal(gpio_get_direction(&s->vmm, i), GPIO_NONE);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_ERR);
	assert_int_equal(gpio_set_direction(&s->vmm, 2, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_get_value(&s->vmm, 2), 0);
	session_reconnect(s);
	/* The edge of the first session is not latched. */
	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	assert_no_event(s);
}

static void new_front_end_finds_lines_usable(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 20; i++) {
		gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
		session_reconnect(s);
		assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	}
}

static void lines_are_released_at_disconnect(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_value(&s->vmm, 3, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 3, GPIO_OUT), GPIO_OK);
	assert_int_equal(line_level(s, 3), 1);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_int_equal(line_level(s, 3), 0);
}

static void second_front_end_is_refused(void **state)
{
	struct session *s = *state;
	unsigned fds = proc_fds(session_worker(s)), lines;
	struct connection second;

	for (unsigned i = 0; i < 50; i++) {
		connection_open(&second, session_socket(s));
		assert_true(connection_ends(&second, WAIT_MS));
		connection_close(&second);
		assert_serving(s);
	}
	assert_fds(session_worker(s), fds);
	lines = daemon_logged(&s->daemon, "a second front-end: refused, one is connected");
	assert_in_range(lines, 1, 5);
	assert_true(connection_silent(&s->vmm.connection, 5));
	session_reconnect(s);
	assert_serving(s);
}

/* The first one's end and the second one are there to be seen at the same time, in either order. */
static void front_end_after_a_dead_one_is_served(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	for (unsigned i = 0; i < 20; i++) {
		assert_serving(s);
		kill(worker, SIGSTOP);
		if (i % 2)
			assert_true(connection_send(&s->vmm.connection, VU_GET_FEATURES, 0, NULL, 0, NULL, 0));
		vmm_deinit(&s->vmm);
		vmm_init(&s->vmm, 0);
		vmm_connect(&s->vmm, session_socket(s));
		kill(worker, SIGCONT);
		assert_true(message_sync(&s->vmm.connection));
		session_reconnect(s);
	}
}

/* A front-end that comes when there is no worker waits for it, and is told then. */
static void second_front_end_during_a_takeover(void **state)
{
	struct session *s = *state;
	struct connection second;

	s->workers_may_die = true;
	kill(session_worker(s), SIGSTOP);
	connection_open(&second, session_socket(s));
	assert_true(connection_silent(&second, SILENT_MS));
	session_take_over(s);
	assert_true(connection_ends(&second, WAIT_MS));
	connection_close(&second);
	assert_serving(s);
}

static void front_end_that_does_not_wait_for_its_replies(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 50; i++) {
		vmm_connect(&s->vmm, session_socket(s));
		for (unsigned j = 0; j < 20; j++)
			if (!connection_send(&s->vmm.connection, VU_GET_FEATURES, 0, NULL, 0, NULL, 0))
				break;
		vmm_disconnect(&s->vmm);
	}
	session_reconnect(s);
	assert_serving(s);
}

/* Its replies fill the socket: that is its own trouble, not that of the lines and not that of the daemon. */
static void front_end_that_never_reads(void **state)
{
	const struct vu_header header = { VU_GET_FEATURES, VU_VERSION, 0 };
	struct session *s = *state;
	struct connection flood;
	unsigned sent = 0;

	connection_open(&flood, session_socket(s));
	for (unsigned i = 0; i < 200000; i++) {
		ssize_t n = send(flood.fd, &header, sizeof(header), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n == sizeof(header))
			sent++;
		else if (!wait_writable(flood.fd, 50))
			break;
	}
	assert_in_range(sent, 10, 199999);
	line_drive(s, 0, 1);
	assert_int_equal(line_level(s, 0), 1);
	connection_close(&flood);
	session_reconnect(s);
	assert_serving(s);
}

static void daemon_ends_while_a_front_end_does_not_read(void **state)
{
	const struct vu_header header = { VU_GET_FEATURES, VU_VERSION, 0 };
	struct session *s = *state;
	struct connection flood;

	connection_open(&flood, session_socket(s));
	for (unsigned i = 0; i < 200000; i++)
		if (send(flood.fd, &header, sizeof(header), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    !wait_writable(flood.fd, 50))
			break;
	/* Nobody waits in a write for the front-end to read. */
	session_settle(s);
	assert_int_equal(kill(s->daemon.pid, SIGTERM), 0);
	assert_int_equal(daemon_wait(&s->daemon), 0);
	assert_int_equal(daemon_logged(&s->daemon, "did not exit within"), 0);
	connection_close(&flood);
	s->workers_may_die = true;
}

static void call_fd_without_reader(void **state)
{
	struct session *s = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, 0, ends[1]));
	close(ends[0]);
	close(ends[1]);
	for (unsigned i = 0; i < 10; i++)
		assert_serving(s);
}

static void err_fd_without_reader(void **state)
{
	struct session *s = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_ERR, 0, ends[1]));
	close(ends[0]);
	close(ends[1]);
	ring_make_bad(&s->vmm.rings[0]);
	ring_kick(&s->vmm.rings[0]);
	assert_true(message_sync(&s->vmm.connection));
}

static void listens_without_a_gap(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 300; i++) {
		struct connection a, b;

		connection_open(&a, session_socket(s));
		connection_close(&a);
		connection_open(&b, session_socket(s));
		assert_true(message_sync(&b));
		connection_close(&b);
	}
}

static int setup_two_guests(void **state)
{
	return session_setup_with(state, "s8:s4", 0);
}

static void guests_do_not_touch_each_other(void **state)
{
	struct session *s = *state;
	struct vmm other;

	vmm_init(&other, 0);
	vmm_start(&other, s->daemon.sockets[1]);
	vmm_start(&s->vmm, session_socket(s));
	assert_int_equal(gpio_set_direction(&other, 3, GPIO_IN), GPIO_OK);
	assert_true(connection_send(&s->vmm.connection, 0x7fffffff, 0, NULL, 0, NULL, 0));
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	assert_int_equal(gpio_get_direction(&other, 3), GPIO_IN);
	session_reconnect(s);
	assert_int_equal(gpio_get_direction(&s->vmm, 3), GPIO_NONE);
	assert_int_equal(gpio_get_direction(&other, 3), GPIO_IN);
	vmm_deinit(&other);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-12", disconnect_leaves_nothing),
		FRESH("V-13", many_cycles_leak_nothing),
		STARTED("V-14", new_session_sees_nothing_of_the_old),
		STARTED("G-94", new_front_end_finds_lines_usable),
		STARTED("G-93", lines_are_released_at_disconnect),
		STARTED("V-15", second_front_end_is_refused),
		STARTED("V-15 V-14", front_end_after_a_dead_one_is_served),
		STARTED("V-15 S-10", second_front_end_during_a_takeover),
		FRESH("V-16", front_end_that_does_not_wait_for_its_replies),
		FRESH("V-16", front_end_that_never_reads),
		FRESH("V-16 B-09", daemon_ends_while_a_front_end_does_not_read),
		STARTED("V-16 V-68", call_fd_without_reader),
		STARTED("V-16 V-71", err_fd_without_reader),
		FRESH("B-14", listens_without_a_gap),
		ROW_TEST_FIXTURE("B-15", guests_do_not_touch_each_other, setup_two_guests, session_teardown),
	};

	return session_run("lifetime", tests, sizeof(tests) / sizeof(tests[0]));
}
