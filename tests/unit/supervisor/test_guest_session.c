/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A guest's session in the supervisor, and a worker, which the test plays, that says much at once. */
#include "rows.h"

#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/guest_session.h"
#include "worker/session_layout.h"
#include "worker/supervisor_call.h"

#define TURN 64 /* messages */

static void other_guests_have_their_turn(void **state)
{
	const struct guest guest = { .n_lines = TURN + 1 };
	struct guest_session session;
	int ends[2];

	guest_session_init(&session, &guest);
	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	for (unsigned i = 0; i <= TURN; i++)
		assert_int_equal(supervisor_call_store(ends[1], session_layout_line_key(i), ends[1]), 0);
	assert_int_equal(guest_session_receive(&session, ends[0]), 1);
	assert_int_equal(session.store.n, TURN);
	assert_int_equal(guest_session_receive(&session, ends[0]), 1);
	assert_int_equal(session.store.n, TURN + 1);
	close(ends[1]);
	guest_session_close(&session);
	assert_int_equal(guest_session_receive(&session, ends[0]), 0);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_guests_have_their_turn),
	};

	return cmocka_run_group_tests_name("guest_session", tests, NULL, NULL);
}
