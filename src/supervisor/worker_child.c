/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The new process of a worker. */
#include "supervisor/worker_child.h"

#include <errno.h>

#include "base/fd.h"
#include "base/lack.h"
#include "base/pool.h"
#include "base/util.h"
#include "loop/loop.h"
#include "process/apart.h"
#include "process/child.h"

/* Closes what is not this worker's: other guests' fds above all, and its own chips', of which it requests lines only. */
static int others_close(const struct worker_start *start, const struct sandbox *sandbox)
{
	const int fixed[] = { start->listen_fd,	 start->connected_fd, start->supervisor_fd,
			      start->control_fd, start->session_fd,   start->move_fd };
	size_t n = 0;
	int *fds = pool_alloc(1, (ARRAY_SIZE(fixed) + SANDBOX_NAMESPACES + start->store->n) * sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	for (; n < ARRAY_SIZE(fixed); n++)
		fds[n] = fixed[n];
	/* Nothing to close is nothing to write: the page is the supervisor's, too. */
	for (unsigned i = 0; i < start->guest->n_chips; i++) {
		if (start->guest->chips[i].found.fd >= 0)
			fd_close(&start->guest->chips[i].found.fd);
	}
	for (size_t i = 0; i < start->store->n; i++)
		fds[n++] = start->store->fds[i].fd;
	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++)
		fds[n++] = sandbox->namespace_fds[i];
	child_keep_fds(fds, n);
	pool_free(fds);
	return 0;
}

/* What is the supervisor's own of this guest, in memory of this process. NULL: there is none. */
static const struct worker_start *start_take(const struct worker_start *start)
{
	struct own {
		struct worker_start start;
		struct guest guest;
		struct fd_store store;
	} *own = pool_alloc(1, sizeof(*own));

	if (!own)
		return NULL;
	*own = (struct own){ *start, *start->guest, *start->store };
	own->start.guest = &own->guest;
	own->start.store = &own->store;
	own->store.changed = NULL; /* the supervisor's */
	return &own->start;
}

static int life(const struct worker_start *start, const struct sandbox *sandbox)
{
	const struct sandbox_params params = { SANDBOX_WORKER, start->guest->name, guest_fds_needed(start->guest) };
	int ret = others_close(start, sandbox);

	if (ret == 0)
		ret = loop_prepare();
	if (ret == 0)
		ret = sandbox_enter(sandbox, &params);
	if (ret < 0)
		return is_lack(ret) ? CHILD_LACKS : 1;
	return worker_main(start);
}

int worker_child_run(const struct worker_start *start, const struct sandbox *sandbox)
{
	pool_begin();
	start = start_take(start);
	apart_forget();
	return start ? life(start, sandbox) : CHILD_LACKS;
}
