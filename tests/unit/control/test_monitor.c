/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Clients that monitor beside one worker, which the test plays: it is asked to tell while somebody wants to know. */
#include "rows.h"

#include <sys/socket.h>
#include <unistd.h>

#include "control/monitor.h"
#include "loop/loop.h"

static const char *line_name(const void *ctx, unsigned line)
{
	return "";
}

/* What the worker was asked last about watching; -1: nothing since. */
static int watch_heard(int worker)
{
	struct control_channel_request request;
	int heard = -1;

	while (recv(worker, &request, sizeof(request), MSG_DONTWAIT) == sizeof(request)) {
		assert_int_equal(request.type, CONTROL_CHANNEL_WATCH);
		heard = (int)request.value;
	}
	return heard;
}

static void the_worker_tells_while_somebody_monitors(void **state)
{
	static const struct worker_client_ops ops = { .changed = NULL };
	struct worker_client guest;
	struct worker_clients guests = { .guests = &guest, .n = 1 };
	struct line_selection lines = { .guests = &guests, .all = true };
	struct control_guest description = { "a", 8, line_name, NULL, -1 };
	struct monitor monitors[2];
	struct loop loop;
	int ends[2];

	assert_return_code(loop_init(&loop), 0);
	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	description.fd = ends[0];
	assert_return_code(worker_client_init(&guest, &loop, &description, &ops, NULL), 0);
	for (unsigned i = 0; i < 2; i++)
		monitor_init(&monitors[i], NULL, &guests);
	assert_int_equal(watch_heard(ends[1]), -1);
	monitor_begin(&monitors[0], &lines);
	assert_int_equal(watch_heard(ends[1]), 1);
	monitor_settle(&monitors[0], &lines);
	lines = monitors[0].own;
	monitor_begin(&monitors[1], &lines);
	assert_int_equal(watch_heard(ends[1]), -1);
	/* One that monitors, and one that is still told how things are. */
	monitor_deinit(&monitors[0]);
	assert_int_equal(watch_heard(ends[1]), -1);
	monitor_deinit(&monitors[1]);
	assert_int_equal(watch_heard(ends[1]), 0);
	monitor_deinit(&monitors[1]);
	assert_int_equal(watch_heard(ends[1]), -1);
	worker_client_deinit(&guest);
	loop_deinit(&loop);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worker_tells_while_somebody_monitors),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
