/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* In-flight regions of split rings in the front-end's hand. */
#include "inflight.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"

static void shared_map(struct shared *shared)
{
	shared->map = mmap(NULL, shared->wire.mmap_offset + shared->wire.mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			   shared->fd, 0);
	if (shared->map == MAP_FAILED)
		failure("mmap: %s", strerror(errno));
}

void shared_get(struct session *s, struct shared *shared)
{
	shared->wire = (struct vu_inflight){ .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
	shared->fd = message_get_inflight(&s->vmm.connection, &shared->wire, sizeof(shared->wire));
	assert_true(shared->fd >= 0);
	shared_map(shared);
}

void shared_make(struct shared *shared, uint16_t queue_size, uint64_t offset, uint64_t size)
{
	shared->wire = (struct vu_inflight){
		.num_queues = VMM_RINGS, .queue_size = queue_size, .mmap_size = size, .mmap_offset = offset
	};
	shared->fd = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (shared->fd < 0 || ftruncate(shared->fd, (off_t)(offset + size)) < 0)
		failure("memfd: %s", strerror(errno));
	shared_map(shared);
}

void shared_free(struct shared *shared)
{
	munmap(shared->map, shared->wire.mmap_offset + shared->wire.mmap_size);
	close(shared->fd);
}

uint64_t shared_stride(uint16_t queue_size)
{
	return (16 + 16ull * queue_size + 63) / 64 * 64;
}

struct vu_inflight_split *shared_queue(const struct shared *shared, unsigned queue)
{
	char *at = shared->map + shared->wire.mmap_offset + queue * shared_stride(shared->wire.queue_size);

	return (struct vu_inflight_split *)at;
}

unsigned shared_inflight(const struct shared *shared, unsigned queue)
{
	const volatile struct vu_inflight_split *r = shared_queue(shared, queue);
	unsigned n = 0;

	for (unsigned i = 0; i < shared->wire.queue_size; i++)
		n += r->desc[i].inflight == 1;
	return n;
}

void shared_prepare(struct session *s)
{
	session_prepare(s, VMM_FEATURES);
	/* What the message brought is closed by then. */
	assert_true(message_sync(&s->vmm.connection));
}

void shared_start_rings(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, ring_used_idx(&s->vmm.rings[i]));
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
}

void shared_start(struct session *s, struct shared *shared)
{
	shared_prepare(s);
	shared_get(s, shared);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared->wire, shared->fd));
	shared_start_rings(s);
}

void shared_reconnect(struct session *s, const struct shared *shared)
{
	vmm_disconnect(&s->vmm);
	shared_prepare(s);
	assert_ok(message_set_inflight(&s->vmm.connection, &shared->wire, shared->fd));
	shared_start_rings(s);
}
