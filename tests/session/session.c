/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Set-up and teardown of session tests. */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timed_io.h"
#include "failure.h"

static void fail_test(const char *text)
{
	print_error("%s\n", text);
	_fail("front-end", 0);
}

int session_run(const char *name, const struct CMUnitTest *tests, size_t n_tests)
{
	const char *filter = getenv("TEST_FILTER");

	failure_set_handler(fail_test);
	vmm_matrix_read();
	if (filter)
		cmocka_set_test_filter(filter);
	return _cmocka_run_group_tests(name, tests, n_tests, NULL, NULL);
}

/* "s8:s4" becomes "0:1", with real chips of 8 and 4 lines made for it. */
static void make_real(struct session *session, const char *simulated, char *device_list, size_t size)
{
	size_t len = 0;
	unsigned n_lines;

	for (unsigned i = 0; i < DAEMON_GUESTS_MAX && simulated && sscanf(simulated, "s%u", &n_lines) == 1; i++) {
		gpio_sim_make_dummy(&session->chips[i], n_lines);
		outside_is_real(i, &session->chips[i]);
		len += (size_t)snprintf(device_list + len, size - len, "%s%u", i > 0 ? ":" : "",
					session->chips[i].number);
		simulated = strchr(simulated, ':');
		simulated += simulated != NULL;
	}
}

static void remove_real(struct session *session)
{
	for (unsigned i = 0; i < DAEMON_GUESTS_MAX; i++) {
		outside_is_real(i, NULL);
		gpio_sim_remove(&session->chips[i]);
	}
}

unsigned session_rounds(unsigned simulated, unsigned real)
{
	return outside_wants_real() ? real : simulated;
}

unsigned session_buffers(const struct session *session, unsigned ring_size)
{
	return session->vmm.rings[0].direct_only ? ring_size / 2 : ring_size;
}

int session_setup_with(void **state, const char *device_list, unsigned ring_size)
{
	struct session *session = calloc(1, sizeof(*session));
	char real_list[128];

	if (!session)
		return -1;
	*state = session;
	if (outside_wants_real()) {
		make_real(session, device_list, real_list, sizeof(real_list));
		device_list = real_list;
	}
	daemon_start(&session->daemon, device_list);
	outside_open(&session->outside, session->daemon.control);
	vmm_init(&session->vmm, ring_size);
	return 0;
}

int session_setup_guest(void **state, const char *keys)
{
	struct session *session = calloc(1, sizeof(*session));
	char list[128] = "", text[256];
	const char *guests[] = { text, NULL };

	if (!session)
		return -1;
	*state = session;
	if (outside_wants_real())
		make_real(session, "s8", list, sizeof(list));
	snprintf(text, sizeof(text), "%s%s,%s", list[0] ? "lines=@" : "sim=8", list, keys);
	daemon_start_guests(&session->daemon, guests, NULL);
	outside_open(&session->outside, session->daemon.control);
	vmm_init(&session->vmm, 0);
	return 0;
}

int session_setup_real(void **state, const struct gpio_sim *chip, unsigned ring_size)
{
	struct session *session = calloc(1, sizeof(*session));
	char number[16];

	if (!session)
		return -1;
	*state = session;
	session->chips[0] = *chip;
	outside_is_real(0, &session->chips[0]);
	snprintf(number, sizeof(number), "%u", chip->number);
	daemon_start(&session->daemon, number);
	outside_open(&session->outside, session->daemon.control);
	vmm_init(&session->vmm, ring_size);
	return 0;
}

int session_setup(void **state)
{
	return session_setup_with(state, "s8", 0);
}

int session_mortal(void **state, int outcome)
{
	if (outcome == 0)
		((struct session *)*state)->workers_may_die = true;
	return outcome;
}

int session_started(void **state, int outcome)
{
	if (outcome == 0)
		vmm_start(&((struct session *)*state)->vmm, session_socket(*state));
	return outcome;
}

int session_setup_made(void **state, unsigned n_lines, const char *label, const struct gpio_sim_line *lines)
{
	struct gpio_sim chip;

	gpio_sim_make(&chip, n_lines, label, lines);
	gpio_sim_set_live(&chip, true);
	return session_started(state, session_setup_real(state, &chip, 0));
}

int session_setup_started(void **state)
{
	return session_started(state, session_setup(state));
}

int session_setup_plain(void **state)
{
	int r = session_setup(state);

	if (r == 0)
		vmm_start_with(&((struct session *)*state)->vmm, session_socket(*state), VMM_FEATURES_PLAIN);
	return r;
}

int session_teardown(void **state)
{
	struct session *session = *state;
	bool same, sanitized, show = getenv("TEST_SHOW_LOG");
	int status;

	same = session->workers_may_die || daemon_workers_same(&session->daemon);
	vmm_deinit(&session->vmm);
	outside_close(&session->outside);
	if (session->daemon.pid)
		kill(session->daemon.pid, SIGTERM);
	status = daemon_wait(&session->daemon);
	sanitized = !session->sanitizer_may_speak &&
		    (daemon_logged(&session->daemon, "Sanitizer") || daemon_logged(&session->daemon, "runtime error"));
	if (show || !same || sanitized || status)
		daemon_show_log(&session->daemon);
	daemon_stop(&session->daemon);
	remove_real(session);
	free(session);
	if (!same)
		print_error("a worker died\n");
	if (status)
		print_error("the program ended with status %d\n", status);
	return same && !sanitized && status == 0 ? 0 : -1;
}

const char *session_socket(const struct session *session)
{
	return session->daemon.sockets[0];
}

void session_settle(const struct session *session)
{
	/* Edges of a real chip come from the kernel when it has time, and User-Mode Linux does not tell who is quiet. */
	if (outside_wants_real())
		sleep_ms(SILENT_MS);
	else
		proc_wait_quiet(session->daemon.pid);
}

void session_rest(const struct session *session)
{
	session_settle(session);
	sleep_ms(10 * TIMED_IO_MS);
}

pid_t session_worker(const struct session *session)
{
	return session->daemon.workers[0];
}

void session_take_over(struct session *session)
{
	pid_t old = daemon_worker(&session->daemon, 0);

	daemon_kill_worker(&session->daemon, 0);
	daemon_wait_worker(&session->daemon, 0, old);
}

void session_prepare(struct session *session, uint64_t features)
{
	vmm_prepare(&session->vmm, session_socket(session), features);
}

void session_reconnect_with(struct session *session, uint64_t features)
{
	vmm_deinit(&session->vmm);
	vmm_init(&session->vmm, 0);
	vmm_start_with(&session->vmm, session_socket(session), features);
}

void session_reconnect(struct session *session)
{
	session_reconnect_with(session, VMM_FEATURES);
}

static bool has_left(void *ctx)
{
	return proc_maps(*(pid_t *)ctx, "memfd:guest") == 0;
}

void session_wait_left(const struct session *session)
{
	pid_t pid = session_worker(session);

	if (!wait_for(has_left, &pid, WAIT_MS))
		failure("the worker keeps guest memory of a front-end that left");
	/* Real lines are free a moment later: when the supervisor, too, has given them back. */
	if (outside_wants_real())
		sleep_ms(50);
}

struct fd_count {
	pid_t pid;
	unsigned n;
};

static bool has_fds(void *ctx)
{
	const struct fd_count *count = ctx;

	return proc_fds(count->pid) == count->n;
}

bool session_wait_fds(pid_t pid, unsigned n)
{
	struct fd_count count = { pid, n };

	if (wait_for(has_fds, &count, WAIT_MS))
		return true;
	print_error("process %d has %u fds, not %u\n", (int)pid, proc_fds(pid), n);
	return false;
}

void line_drive(struct session *session, unsigned line, int level)
{
	char name[32];

	snprintf(name, sizeof(name), "guest0.%u", line);
	outside_set(&session->outside, name, level);
}

int line_level(struct session *session, unsigned line)
{
	char name[32];

	snprintf(name, sizeof(name), "guest0.%u", line);
	return outside_get(&session->outside, name);
}

unsigned session_edges(const struct session *session, struct outside *monitor)
{
	session_settle(session);
	return outside_edges(monitor, 0);
}

void line_pulse(struct session *session, unsigned line)
{
	line_drive(session, line, 1);
	line_drive(session, line, 0);
}
