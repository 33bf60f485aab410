/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The state of a device, taken from it and given to it. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"

uint64_t state_check(struct session *session)
{
	return message_get_u64(&session->vmm.connection, VU_CHECK_DEVICE_STATE);
}

uint64_t state_transfer(struct session *session, uint32_t direction, int fd)
{
	return message_set_device_state_fd(&session->vmm.connection, direction, VU_STATE_STOPPED, fd);
}

int state_begin(struct session *session, uint32_t direction, int pipe_size)
{
	unsigned theirs = direction == VU_STATE_SAVE;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (pipe_size)
		assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, pipe_size), pipe_size);
	assert_int_equal(state_transfer(session, direction, ends[theirs]), STATE_DONE);
	close(ends[theirs]);
	return ends[!theirs];
}

size_t state_read(int fd, uint8_t *data, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < size) {
		if (!wait_readable(fd, WAIT_MS))
			failure("no end of the state after %zu bytes", len);
		n = read(fd, data + len, size - len);
		if (n > 0)
			len += (size_t)n;
	}
	return len;
}

void state_save(struct session *session, struct saved *saved)
{
	int end = state_begin(session, VU_STATE_SAVE, 0);

	saved->len = state_read(end, saved->data, STATE_MAX);
	close(end);
	assert_int_equal(state_check(session), 0);
}

uint64_t state_load(struct session *session, const void *data, size_t len)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		failure("memfd: %s", strerror(errno));
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(state_transfer(session, VU_STATE_LOAD, fd), STATE_DONE);
	close(fd);
	return state_check(session);
}
