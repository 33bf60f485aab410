/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The dirty log. */
#include "vhost/memory/dirty_log.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/timed_io.h"
#include "base/util.h"

void dirty_log_init(struct dirty_log *log, struct session_log *state, struct loop *loop, const char *tag)
{
	*log = (struct dirty_log){ .state = state, .loop = loop, .tag = tag, .call_fd = -1 };
}

void dirty_log_deinit(struct dirty_log *log)
{
	loop_defer_del(&log->signal);
	file_map_close(&log->map);
	fd_close(&log->call_fd);
	log->on = false;
}

int dirty_log_set(struct dirty_log *log, int fd, uint64_t offset, uint64_t size)
{
	struct file_map map = { 0 };
	int r = size > DIRTY_LOG_SIZE_MAX ? -EINVAL : file_map_open(&map, fd, offset, size);

	if (r < 0)
		return r;
	file_map_close(&log->map);
	log->map = map;
	log->reported = false;
	*log->state = (struct session_log){ .offset = offset, .size = size };
	return 0;
}

int dirty_log_restore(struct dirty_log *log, int fd)
{
	return dirty_log_set(log, fd, log->state->offset, log->state->size);
}

void dirty_log_set_call(struct dirty_log *log, int fd)
{
	fd_close(&log->call_fd);
	log->call_fd = fd;
	if (fd >= 0)
		fd_set_nonblock(fd);
}

static void on_signal(struct loop_defer *defer)
{
	struct dirty_log *log = container_of(defer, struct dirty_log, signal);
	const uint64_t one = 1;

	ssize_t n = log->call_fd < 0 ? 0 : timed_write(log->call_fd, &one, sizeof(one));

	if (n < 0 && n != -EAGAIN)
		log_debug(log->tag, "log fd: %s", strerror((int)-n));
}

/* Once a log: the front-end made it too small, and every write there would say so again. */
static void report_beyond(struct dirty_log *log, uint64_t addr)
{
	if (!log->reported)
		log_limited(&log->log_limit, LOG_LEVEL_WARNING, log->tag, "dirty log too small: 0x%llx is not covered",
			    (unsigned long long)addr);
	log->reported = true;
}

/* Memory that is bytes otherwise. */
struct log_word {
	uint32_t value;
} __attribute__((may_alias));

/*
 * Sets bits in a byte, and returns what it was. Always stored, and a full barrier: the front-end may clear them at any time
 * (see dirty_log.h). Done on the word around it, which is in the mapping, too: not every machine has atomic bytes.
 */
static uint8_t byte_or(uint8_t *byte, uint8_t bits)
{
	const uintptr_t at = (uintptr_t)byte % sizeof(uint32_t);
	struct log_word *word = (struct log_word *)(void *)(byte - at);
	union {
		uint32_t word;
		uint8_t bytes[sizeof(uint32_t)];
	} mask = { 0 };

	mask.bytes[at] = bits;
	mask.word = __atomic_fetch_or(&word->value, mask.word, __ATOMIC_SEQ_CST);
	return mask.bytes[at];
}

void dirty_log_mark(struct dirty_log *log, uint64_t addr, size_t len)
{
	uint64_t page = addr / DIRTY_PAGE, last = (addr + (len - 1)) / DIRTY_PAGE;

	if (!log->on || !log->map.base || len == 0)
		return;
	if (last < page || last / 8 >= log->state->size) {
		report_beyond(log, addr);
		if (page / 8 >= log->state->size)
			return;
		last = log->state->size * 8 - 1;
	}
	for (; page <= last; page++) {
		uint8_t bit = 1u << page % 8;

		if (!(byte_or(&log->map.base[page / 8], bit) & bit) && log->call_fd >= 0)
			loop_defer_add(log->loop, &log->signal, on_signal);
	}
}
