/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A supervisor channel. */
#include "channel_fixture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/lowest_fd.h"

int fixture_up(void **state)
{
	static struct fixture fixture;
	int fds[2];

	fixture.lowest = lowest_fd();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	fixture.worker = fds[0];
	fixture.supervisor = fds[1];
	fixture.client = (struct supervisor_call){ .channel = fds[0] };
	fd_store_init(&fixture.store, STORE_MAX, STORE_LASTING);
	*state = &fixture;
	return 0;
}

int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	fd_store_deinit(&fixture->store);
	if (fixture->worker >= 0)
		close(fixture->worker);
	close(fixture->supervisor);
	return lowest_fd() == fixture->lowest ? 0 : -1;
}

int receive(struct fixture *fixture)
{
	struct supervisor_channel_request question;

	return fd_store_receive(&fixture->store, fixture->supervisor, &question);
}

void store_fd(struct fixture *fixture, uint32_t key, char mark)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write(fds[1], &mark, 1), 1);
	assert_int_equal(supervisor_call_store(fixture->worker, key, fds[0]), 0);
	close(fds[0]);
	close(fds[1]);
}
