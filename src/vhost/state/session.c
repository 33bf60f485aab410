/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The session region: size, emptying, and the check of what an earlier process left. */
#include "vhost/state/session.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t vhost_session_size(unsigned n_queues)
{
	return sizeof(struct session) +
	       n_queues * (session_inflight_stride() + VRING_SIZE_MAX * sizeof(struct session_deferred_write));
}

size_t vhost_session_progress_at(void)
{
	return offsetof(struct session, progress);
}

/*
 * Makes shared memory zero by giving whole pages back: what is nowhere is zero, and takes no memory until it is written
 * to. False: it is other memory, or there is no page in it.
 */
static bool pages_give_back(void *start, size_t len)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uint8_t *first = (uint8_t *)start + (-(uintptr_t)start & (page - 1));
	uint8_t *end = (uint8_t *)start + len - (((uintptr_t)start + len) & (page - 1));

	if (first >= end || madvise(first, (size_t)(end - first), MADV_REMOVE) < 0)
		return false;
	memset(start, 0, (size_t)(first - (uint8_t *)start));
	memset(end, 0, (size_t)((uint8_t *)start + len - end));
	return true;
}

static void session_begin(struct session *session, unsigned n_queues, uint32_t progress, uint32_t epoch)
{
	session->progress = progress;
	session->epoch = epoch;
	session->n_queues = n_queues;
	session->magic = SESSION_MAGIC;
}

void session_clear(struct session *session, unsigned n_queues)
{
	uint32_t progress = session->progress, epoch = session->epoch;

	if (!pages_give_back(session, offsetof(struct session, reconnect)))
		memset(session, 0, offsetof(struct session, reconnect));
	session_begin(session, n_queues, progress, epoch + 1);
}

void session_make(struct session *session, unsigned n_queues)
{
	uint32_t progress = session->progress, epoch = session->epoch;

	if (!pages_give_back(session, vhost_session_size(n_queues)))
		memset(session, 0, sizeof(*session));
	session_begin(session, n_queues, progress, epoch + 1);
}

/* 0: no ring yet; else as VirtIO 1.3, 2.7 and 2.8.10.1 have it. */
static bool size_check(uint32_t size, bool packed)
{
	return size <= VRING_SIZE_MAX && (packed || (size & (size - 1)) == 0);
}

static bool ring_check(const struct session_ring *ring, bool packed)
{
	if (!size_check(ring->layout.size, packed) || !size_check(ring->ran.size, ring->packed))
		return false;
	if (ring->has_run && ring->ran.size == 0)
		return false;
	return ring->kick <= SESSION_KICK_INBAND && ring->has_addr <= 1 && ring->has_base <= 1 && ring->has_run <= 1 &&
	       ring->started <= 1 && ring->enabled <= 1 && ring->broken <= 1 && ring->packed <= 1 &&
	       ring->has_call_fd <= 1 && ring->has_err_fd <= 1 && ring->transferred <= 1 && ring->reconnected <= 1;
}

static bool rx_check(const struct session_rx *rx)
{
	const size_t max = sizeof(rx->header) + sizeof(rx->payload);

	return rx->have <= max && rx->have_next <= max && scm_noted(&rx->taken) <= max - rx->have &&
	       rx->settling <= 1 && rx->executed <= 1 && rx->replayed <= 1 && rx->n_fds <= VHOST_USER_MEM_TABLE_MAX &&
	       rx->n_own <= VHOST_USER_MEM_TABLE_MAX;
}

bool session_reconnect_check(const struct session *session, unsigned n_queues)
{
	const struct session_reconnect *reconnect = &session->reconnect;

	if (reconnect->state > SESSION_RECONNECT_AWAITED)
		return false;
	for (unsigned i = 0; i < n_queues && reconnect->state != SESSION_RECONNECT_NONE; i++) {
		if (!ring_check(&reconnect->rings[i], reconnect->features & VIRTIO_F_RING_PACKED))
			return false;
	}
	return true;
}

bool session_check(const struct session *session, unsigned n_queues)
{
	if (session->magic != SESSION_MAGIC || session->n_queues != n_queues)
		return false;
	if (!rx_check(&session->rx) || session->tx.len > sizeof(session->tx.bytes))
		return false;
	for (unsigned i = 0; i < n_queues; i++) {
		if (!ring_check(&session->rings[i], session->features & VIRTIO_F_RING_PACKED))
			return false;
	}
	return true;
}
