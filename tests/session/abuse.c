/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What every abuse ends with. */
#include "abuse.h"

#include <signal.h>

int abuse_setup_several(void **state)
{
	return session_setup_with(state, "s8:s8:s8:s8:s8", 0);
}

void abuse_assert_supervised(struct session *session)
{
	static unsigned turn;
	unsigned other = 1 + turn++ % (session->daemon.n_guests - 1);
	pid_t old = session->daemon.workers[other];

	kill(old, SIGKILL);
	assert_int_not_equal(daemon_wait_worker(&session->daemon, other, old), old);
}

pid_t abuse_worker_pid(const struct session *session)
{
	return daemon_worker(&session->daemon, 0);
}

struct abuse abuse_before(const struct session *session)
{
	pid_t worker = abuse_worker_pid(session);

	assert_int_not_equal(worker, 0);
	assert_int_equal(proc_maps(worker, "memfd:guest"), 0);
	return (struct abuse){ .worker = worker, .fds = proc_fds(worker) };
}

void abuse_then_served(struct session *session, const struct abuse *before)
{
	uint64_t gone, took;

	vmm_disconnect(&session->vmm);
	gone = clock_ms();
	session_reconnect(session);
	assert_serving(session);
	took = clock_ms() - gone;
	print_message("a good connection was served after %llu ms%s\n", (unsigned long long)took,
		      took > ABUSE_SERVED_MS ? ", which is long" : "");
	assert_true(took <= ABUSE_LIMIT_MS);
	assert_int_equal(abuse_worker_pid(session), before->worker);
	vmm_disconnect(&session->vmm);
	session_wait_left(session);
	assert_fds(before->worker, before->fds);
	/* And once more: what was let go of late does no harm either. */
	session_reconnect(session);
	assert_serving(session);
	assert_int_equal(abuse_worker_pid(session), before->worker);
}
