/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Files that lose pages while the device has them mapped. */
#include "loss.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "moment.h"
#include "vhost/memory/sigbus_guard.h"

/* How. */
#define HOW_INFLIGHT 1u /* the in-flight region's file, not the guest's memory */
#define HOW_HOLE     2u /* a hole from there to the end, rather than an end there */

struct loss loss;

static struct {
	uint8_t how, pages;
} later;

void __real_sigbus_guard_clear(void);
void __wrap_sigbus_guard_clear(void);

/* The device calls it at the end of each session. */
void __wrap_sigbus_guard_clear(void)
{
	if (!sigbus_guard_tripped())
		return;
	if (fixture.session->connected)
		FOUND("memory was lost, and the session goes on");
	loss.sessions++;
	if (loss.lost)
		loss.lost();
	__real_sigbus_guard_clear();
}

void loss_forget(void)
{
	__real_sigbus_guard_clear();
}

void loss_check(void)
{
	if (sigbus_guard_tripped())
		FOUND("memory was lost, and at the end of the turn the session is not over");
}

/* len bytes of the file, and zeroes. */
static void map_own(size_t len)
{
	uint8_t *end = fixture.memory + len;

	if (len > 0)
		MUST(mmap(fixture.memory, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fixture.memory_fd, 0) ==
		     fixture.memory);
	if (len < FIXTURE_MEMORY_SIZE)
		MUST(mmap(end, FIXTURE_MEMORY_SIZE - len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == end);
}

/* From so many bytes on. */
static void file_cut(int fd, off_t size, off_t from, bool is_hole)
{
	if (is_hole && from < size)
		MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, size - from) == 0);
	else if (!is_hole)
		MUST(ftruncate(fd, from) == 0);
	loss.pending = true;
}

static void memory_lose(uint8_t how, uint8_t pages, bool amid)
{
	const long page = sysconf(_SC_PAGESIZE);
	const uint32_t size = how & HOW_INFLIGHT ? FIXTURE_INFLIGHT_SIZE : FIXTURE_MEMORY_SIZE;
	const uint32_t from = (uint32_t)(pages % (size / page + 1) * page);

	if (how & HOW_INFLIGHT) {
		file_cut(fixture.inflight_fd, size, from, how & HOW_HOLE);
		return;
	}
	if (loss.before)
		loss.before(from);
	file_cut(fixture.memory_fd, size, from, how & HOW_HOLE);
	if (!(how & HOW_HOLE))
		map_own(from);
	if (loss.after)
		loss.after(amid);
}

void loss_op(struct input *in)
{
	const uint8_t how = next_byte(in);

	memory_lose(how, next_byte(in), false);
}

static void on_moment(void)
{
	memory_lose(later.how, later.pages, true);
}

void loss_op_later(struct input *in)
{
	const uint8_t n = next_byte(in);

	later.how = next_byte(in);
	later.pages = next_byte(in);
	moment_set(MOMENT_ANY, n, on_moment);
}

void loss_mend(void)
{
	moment_set(MOMENT_ANY, 0, NULL);
	if (!loss.pending)
		return;
	MUST(ftruncate(fixture.memory_fd, FIXTURE_MEMORY_SIZE) == 0 &&
	     ftruncate(fixture.inflight_fd, FIXTURE_INFLIGHT_SIZE) == 0);
	map_own(FIXTURE_MEMORY_SIZE);
	loss.pending = false;
}

void loss_reset(void)
{
	moment_set(MOMENT_ANY, 0, NULL);
	loss = (struct loss){ 0 };
	__real_sigbus_guard_clear();
}

void loss_restore_handler(void)
{
	static struct sigaction before;
	static bool is_known;

	if (!is_known)
		MUST(sigaction(SIGBUS, NULL, &before) == 0);
	is_known = true;
	MUST(sigaction(SIGBUS, &before, NULL) == 0);
}
