/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Files of a file system that the front-end serves itself. Whoever waits for that is the guest's own worker, and nobody
 * else.
 */
#include "abuse.h"
#include "abuse_places.h"
#include "reload.h"

#include <signal.h>

#include "slow_file.h"

/* One at a time: the teardown must find it whatever became of the test. */
static struct slow_file slow = { .fd = -1 };

static int slow_teardown(void **state)
{
	slow_file_close(&slow);
	return session_teardown(state);
}

static int slow_reload_teardown(void **state)
{
	slow_file_close(&slow);
	return reload_teardown(state);
}

static void slow_or_skip(void)
{
	if (!slow_file_open(&slow))
		skip_because("no file system of the test's own: no FUSE");
}

/* The worker has a successor, who serves. */
static void assert_served_by_another(struct session *s, pid_t worker)
{
	daemon_wait_worker(&s->daemon, 0, worker);
	session_reconnect(s);
	assert_serving(s);
}

/* Whoever closes the file waits for its file system (FUSE_FLUSH), and SIGKILL does not help. */
static void files_that_do_not_close(void **state)
{
	struct session *s = *state;
	struct abuse before;

	slow_or_skip();
	before = abuse_before(s);
	for (unsigned i = 0; i < ABUSE_PLACES; i++) {
		print_message("%s\n", abuse_places[i].name);
		session_prepare(s, VMM_FEATURES);
		slow.orders->hold[FUSE_FLUSH] = true;
		abuse_send_to(s, &abuse_places[i], slow.fd);
		vmm_disconnect(&s->vmm);
		assert_true(slow_file_wait_held(&slow, FUSE_FLUSH));
		abuse_assert_supervised(s);
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
	for (unsigned i = 0; i < ABUSE_NOTIFICATIONS; i++) {
		const struct abuse_place *place = &abuse_places[i];

		assert_refused(message_send(&s->vmm.connection, place->id, place->payload, place->size, &slow.fd, 1));
	}
	for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_int_equal(slow.orders->asked[never[i]], asked[never[i]]);
	slow_file_close(&slow);
	abuse_then_served(s, &before);
}

/* Such a file is taken for memory without a question to its file system. */
static void memory_is_not_asked_for(void **state)
{
	struct session *s = *state;

	slow_or_skip();
	session_prepare(s, VMM_FEATURES);
	slow.orders->hold[FUSE_GETATTR] = slow.orders->hold[FUSE_STATFS] = true;
	for (unsigned i = ABUSE_CHANNEL; i <= ABUSE_LOG; i++) {
		print_message("%s\n", abuse_places[i].name);
		abuse_send_to(s, &abuse_places[i], slow.fd);
		connection_send(&s->vmm.connection, VU_GET_FEATURES, 0, NULL, 0, NULL, 0);
		/* An answer, or the end. */
		assert_true(wait_readable(s->vmm.connection.fd, WAIT_MS));
		vmm_disconnect(&s->vmm);
		session_prepare(s, VMM_FEATURES);
	}
	assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &abuse_region.region, &slow.fd, 1));
	assert_int_equal(slow.orders->held[FUSE_GETATTR], 0);
	assert_int_equal(slow.orders->held[FUSE_STATFS], 0);
}

/* Guest memory in such a file is served like any; but it ends with the process that has it. */
static void memory_that_is_not_kept(void **state)
{
	struct session *s = *state;
	pid_t old = session_worker(s);

	slow_or_skip();
	session_prepare(s, VMM_FEATURES);
	assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &abuse_region.region, &slow.fd, 1));
	assert_int_equal(daemon_logged(&s->daemon, "cannot store a file descriptor"), 1);
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
	slow.orders->hold[FUSE_FLUSH] = true;
	abuse_send_to(s, &abuse_places[ABUSE_REGION], slow.fd);
	assert_true(slow_file_wait_held(&slow, FUSE_FLUSH));
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
	abuse_assert_supervised(s);
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
	abuse_assert_supervised(s);
	assert_false(is_over(&worker));
	vmm_disconnect(&s->vmm);
	slow_file_close(&slow);
	assert_served_by_another(s, worker);
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

static void upgrade_goes_on(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	slow_or_skip();
	hang(s);
	kill(s->daemon.pid, SIGUSR2);
	/* Guests are renewed one after the other, the one that hangs first. */
	for (unsigned i = 1; i < s->daemon.n_guests; i++)
		daemon_wait_worker(&s->daemon, i, s->daemon.workers[i]);
	assert_false(is_over(&worker));
	vmm_disconnect(&s->vmm);
	slow_file_close(&slow);
	assert_served_by_another(s, worker);
}

/* A guest is taken out of the configuration while its worker hangs. */
static void reload_goes_on(void **state)
{
	struct session *s = *state;
	pid_t worker = session_worker(s);

	slow_or_skip();
	hang(s);
	reload_guests(s, 1);
	assert_false(is_over(&worker));
	vmm_disconnect(&s->vmm);
	slow_file_close(&slow);
	assert_true(wait_for(is_gone, &worker, WAIT_MS));
	reload_guests(s, 0);
	assert_served_by_another(s, worker);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, abuse_setup_several, slow_teardown)
#define NO_ROW(fn)	cmocka_unit_test_setup_teardown(fn, abuse_setup_several, slow_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-67 V-68", files_that_do_not_close),
		FRESH("V-67 V-68", files_that_are_no_notifications),
		NO_ROW(memory_is_not_asked_for),
		NO_ROW(memory_that_is_not_kept),
		NO_ROW(worker_that_hangs),
		NO_ROW(worker_that_can_not_be_killed),
		NO_ROW(stop_goes_on),
		NO_ROW(upgrade_goes_on),
		cmocka_unit_test_setup_teardown(reload_goes_on, reload_setup, slow_reload_teardown),
	};

	return session_run("abuse_files", tests, sizeof(tests) / sizeof(tests[0]));
}
