/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One fd that stands for many. A stream, because the kernel lets only a few messages wait in the others. */
#include "process/fd_bundle.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/scm.h"

static size_t batch_size(size_t n)
{
	return n < SCM_FDS_MAX ? n : SCM_FDS_MAX;
}

int fd_bundle_make(const int *fds, size_t n)
{
	int ends[2];
	int ret = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	/* One byte a message, which the kernel does not join with the next one's: both bring fds. */
	for (size_t i = 0, size = 1; i < n && ret >= 0; i += size, size = batch_size(n - i))
		ret = (int)scm_send(ends[0], "", 1, fds + i, size, MSG_DONTWAIT);
	fd_close(&ends[0]);
	if (ret < 0)
		fd_close(&ends[1]);
	return ret < 0 ? ret : ends[1];
}

int fd_bundle_take(int bundle, int *fds, size_t n)
{
	size_t have = 0, came = 0;
	ssize_t len = 1;

	while (have < n && len == 1) {
		char byte;

		len = scm_recv(bundle, &byte, 1, fds + have, batch_size(n - have), &came, MSG_DONTWAIT);
		if (len == 1 && came != batch_size(n - have))
			len = 0;
		have += came;
	}
	if (len == 1)
		return 0;
	while (have > 0)
		fd_close(&fds[--have]);
	return len < 0 ? (int)len : -ENODATA;
}

void fd_bundle_drain(int bundle)
{
	char byte;

	/* Received without a buffer for them, fds are closed. */
	while (recv(bundle, &byte, 1, MSG_DONTWAIT) > 0)
		;
}
