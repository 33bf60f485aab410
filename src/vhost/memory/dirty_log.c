/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The dirty log. */
#include "vhost/memory/dirty_log.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/timed_io.h"
#include "base/util.h"

void dirty_init(struct dirty *dirty, struct session_log *state, struct loop *loop, const char *tag)
{
	*dirty = (struct dirty){ .state = state, .loop = loop, .tag = tag, .call_fd = -1 };
}

void dirty_deinit(struct dirty *dirty)
{
	loop_defer_del(&dirty->signal);
	file_map_close(&dirty->map);
	fd_close(&dirty->call_fd);
	dirty->on = false;
}

int dirty_set_log(struct dirty *dirty, int fd, uint64_t offset, uint64_t size)
{
	struct file_map map = { 0 };
	int r = size > DIRTY_LOG_SIZE_MAX ? -EINVAL : file_map_open(&map, fd, offset, size);

	if (r < 0)
		return r;
	file_map_close(&dirty->map);
	dirty->map = map;
	dirty->told = false;
	*dirty->state = (struct session_log){ .offset = offset, .size = size };
	return 0;
}

int dirty_restore(struct dirty *dirty, int fd)
{
	return dirty_set_log(dirty, fd, dirty->state->offset, dirty->state->size);
}

void dirty_set_call(struct dirty *dirty, int fd)
{
	fd_close(&dirty->call_fd);
	dirty->call_fd = fd;
	if (fd >= 0)
		fd_set_nonblock(fd);
}

static void on_signal(struct loop_defer *defer)
{
	struct dirty *dirty = container_of(defer, struct dirty, signal);
	const uint64_t one = 1;

	ssize_t n = dirty->call_fd < 0 ? 0 : patient_write(dirty->call_fd, &one, sizeof(one));

	if (n < 0 && n != -EAGAIN)
		log_debug(dirty->tag, "log fd: %s", strerror((int)-n));
}

/* Once a log: the front-end made it too small, and every write there would say so again. */
static void tell_beyond(struct dirty *dirty, uint64_t addr)
{
	if (!dirty->told)
		log_limited(&dirty->log_limit, LOG_LEVEL_WARNING, dirty->tag,
			    "the dirty log is too small: 0x%llx is not covered", (unsigned long long)addr);
	dirty->told = true;
}

void dirty_mark(struct dirty *dirty, uint64_t addr, size_t len)
{
	uint64_t page = addr / DIRTY_PAGE, last = (addr + (len - 1)) / DIRTY_PAGE;

	if (!dirty->on || !dirty->map.base || len == 0)
		return;
	if (last < page || last / 8 >= dirty->state->size) {
		tell_beyond(dirty, addr);
		if (page / 8 >= dirty->state->size)
			return;
		last = dirty->state->size * 8 - 1;
	}
	for (; page <= last; page++) {
		uint8_t bit = 1u << page % 8;

		/* Always stored, and a full barrier: the front-end may clear the bit at any time (see dirty_log.h). */
		if (!(__atomic_fetch_or(&dirty->map.base[page / 8], bit, __ATOMIC_SEQ_CST) & bit) &&
		    dirty->call_fd >= 0)
			loop_defer_add(dirty->loop, &dirty->signal, on_signal);
	}
}
