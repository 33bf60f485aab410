/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The front-end's messages: one at a time, and those that set up a whole device. */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "fixture.h"

void bench_message(uint32_t id, uint32_t flags, const void *payload, uint32_t size, int fd)
{
	uint8_t buffer[sizeof(struct vhost_user_header) + 600];
	const struct vhost_user_header header = { id, flags, size };

	memcpy(buffer, &header, sizeof(header));
	if (size > 0)
		memcpy(buffer + sizeof(header), payload, size);
	bench_send(buffer, sizeof(header) + size, &fd, fd >= 0);
	bench_turns();
}

static void message(uint32_t id, const void *payload, uint32_t size, int fd)
{
	bench_message(id, VHOST_USER_VERSION, payload, size, fd);
}

void bench_vring_state(uint32_t id, uint32_t index, uint32_t num)
{
	const struct vhost_user_vring_state state = { index, num };

	message(id, &state, sizeof(state), -1);
}

void bench_event_fd(uint32_t id, uint64_t index, uint64_t count)
{
	int fd = eventfd((unsigned)count, EFD_CLOEXEC | EFD_NONBLOCK);

	message(id, &index, sizeof(index), fd);
	fd_close(&fd);
}

int bench_fd_for(uint32_t id)
{
	switch (id) {
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_SET_LOG_BASE:
		return bench.memory_fd;
	case VHOST_USER_SET_INFLIGHT_FD:
		return bench.inflight_fd;
	case VHOST_USER_SET_DEVICE_STATE_FD:
		return bench.state_fd;
	case VHOST_USER_SET_BACKEND_REQ_FD:
		return bench.channel_fds[1];
	default:
		return -1;
	}
}

void bench_kick_anew(unsigned ring)
{
	const uint64_t index = ring;

	fd_close(&bench.kick_fds[ring]);
	bench.kick_fds[ring] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	message(VHOST_USER_SET_VRING_KICK, &index, sizeof(index), bench.kick_fds[ring]);
}

void bench_kick(unsigned ring)
{
	const uint64_t one = 1;

	MUST(write(bench.kick_fds[ring], &one, sizeof(one)) == sizeof(one));
	bench_turns();
}

void bench_iotlb(uint8_t type, uint8_t page, uint8_t pages, uint8_t perm)
{
	const struct vhost_user_iotlb wire = {
		.iova = page * 4096ull,
		.size = pages * 4096ull,
		.user_addr = BENCH_USER_BASE + page % (BENCH_MEMORY_SIZE / 4096) * 4096ull,
		.perm = perm,
		.type = type,
	};

	bench_message(VHOST_USER_IOTLB_MSG, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, &wire, sizeof(wire), -1);
}

/* A log of a byte a region of 8 pages, at the end of the guest's memory: the guest may write there, too. */
static void send_log(void)
{
	const struct vhost_user_log log = { .size = BENCH_MEMORY_SIZE / 4096 / 8, .offset = BENCH_MEMORY_SIZE - 64 };

	message(VHOST_USER_SET_LOG_BASE, &log, sizeof(log), bench.memory_fd);
}

enum base {
	BASE_NONE, /* nothing is said */
	BASE_NEW,
	BASE_USED,  /* as far as used buffers are known */
	BASE_AVAIL, /* split: as far as buffers were made available; packed: where the ring was, exactly */
};

static uint32_t ring_base(unsigned ring, enum base base)
{
	const uint32_t left = bench.session->reconnect.rings[ring].position;

	if (base == BASE_NEW)
		return bench.packed ? 0x80008000 : 0;
	if (bench.packed)
		return base == BASE_USED ? left >> 16 | (left >> 16) << 16 : left;
	return le16_get(*(struct le16 *)bench_ring_at(ring, (base == BASE_USED ? BENCH_USED : BENCH_AVAIL) + 2));
}

static void clear_ring(unsigned ring)
{
	if (bench.packed)
		memset(bench_ring_at(ring, 0), 0, bench.size * sizeof(struct vring_packed_desc));
	memset(bench_ring_at(ring, BENCH_AVAIL), 0, 4);
	memset(bench_ring_at(ring, BENCH_USED), 0, 4);
}

static void setup_ring(unsigned ring, enum base base)
{
	const bool logged = bench.kind & BENCH_LOGGED;
	const uint64_t at = (bench.kind & BENCH_IOMMU ? 0 : BENCH_USER_BASE) + BENCH_RING(ring);
	const struct vhost_user_vring_addr addr = { .index = ring,
						    .flags = logged ? VHOST_USER_VRING_F_LOG : 0,
						    .desc = at,
						    .avail = at + BENCH_AVAIL,
						    .used = at + BENCH_USED,
						    .log = BENCH_RING(ring) + BENCH_USED };

	bench_vring_state(VHOST_USER_SET_VRING_NUM, ring, bench.size);
	if (base != BASE_NONE)
		bench_vring_state(VHOST_USER_SET_VRING_BASE, ring, ring_base(ring, base));
	message(VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	bench_kick_anew(ring);
	bench_event_fd(VHOST_USER_SET_VRING_CALL, ring, 0);
	bench_vring_state(VHOST_USER_SET_VRING_ENABLE, ring, 1);
}

static void send_features(void)
{
	const uint64_t features = VIRTIO_F_VERSION_1 | VHOST_USER_F_PROTOCOL_FEATURES | bench.ops.features |
				  VIRTIO_F_INDIRECT_DESC | (bench.kind & BENCH_EVENT_IDX ? VIRTIO_F_EVENT_IDX : 0) |
				  (bench.packed ? VIRTIO_F_RING_PACKED : 0) |
				  (bench.kind & BENCH_LOGGED ? VHOST_F_LOG_ALL : 0) |
				  (bench.kind & BENCH_IOMMU ? VIRTIO_F_ACCESS_PLATFORM : 0);
	const uint64_t state = bench.ops.state_size ? 1ull << VHOST_USER_PROTOCOL_F_DEVICE_STATE : 0;
	const uint64_t protocol_features =
		1ull << VHOST_USER_PROTOCOL_F_CONFIG | 1ull << VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS |
		1ull << VHOST_USER_PROTOCOL_F_STATUS | 1ull << VHOST_USER_PROTOCOL_F_RESET_DEVICE |
		1ull << VHOST_USER_PROTOCOL_F_REPLY_ACK | 1ull << VHOST_USER_PROTOCOL_F_LOG_SHMFD |
		1ull << VHOST_USER_PROTOCOL_F_BACKEND_REQ | 1ull << VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD |
		1ull << VHOST_USER_PROTOCOL_F_INBAND_NOTIFICATIONS | state;

	message(VHOST_USER_SET_PROTOCOL_FEATURES, &protocol_features, sizeof(protocol_features), -1);
	message(VHOST_USER_SET_FEATURES, &features, sizeof(features), -1);
}

static void send_session(void)
{
	const struct vhost_user_mem_table table = {
		.n_regions = 1,
		.regions[0] = { .size = BENCH_MEMORY_SIZE, .user_addr = BENCH_USER_BASE },
	};

	send_features();
	if (bench.kind & BENCH_LOGGED)
		send_log();
	if (bench.kind & BENCH_IOMMU)
		message(VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, bench.channel_fds[1]);
	message(VHOST_USER_SET_MEM_TABLE, &table, sizeof(table), bench.memory_fd);
}

void bench_setup(uint8_t kind)
{
	bench.kind = kind;
	bench.packed = kind & BENCH_PACKED;
	bench.size = (uint16_t)((1u << (kind & 7)) + (bench.packed && kind & BENCH_ONE_MORE));
	send_session();
	for (unsigned ring = 0; ring < BENCH_QUEUES; ring++) {
		clear_ring(ring);
		setup_ring(ring, BASE_NEW);
	}
}

static void send_inflight(void)
{
	const struct vhost_user_inflight inflight = { .mmap_size = BENCH_INFLIGHT_SIZE,
						      .num_queues = BENCH_QUEUES,
						      .queue_size = bench.size };

	message(VHOST_USER_SET_INFLIGHT_FD, &inflight, sizeof(inflight), bench.inflight_fd);
}

void bench_come_back(uint8_t how)
{
	bench_reconnect();
	send_session();
	if (how & BENCH_BACK_INFLIGHT)
		send_inflight();
	for (unsigned ring = 0; ring < BENCH_QUEUES; ring++)
		setup_ring(ring, how & 3);
}

static void transfer(uint32_t direction)
{
	const struct vhost_user_transfer transfer = { .direction = direction };

	MUST(lseek(bench.state_fd, 0, SEEK_SET) == 0);
	message(VHOST_USER_SET_DEVICE_STATE_FD, &transfer, sizeof(transfer), bench.state_fd);
	message(VHOST_USER_CHECK_DEVICE_STATE, NULL, 0, -1);
}

void bench_pause(void)
{
	for (uint32_t ring = 0; ring < BENCH_QUEUES; ring++)
		bench_vring_state(VHOST_USER_GET_VRING_BASE, ring, 0);
}

void bench_go_on(void)
{
	for (uint32_t ring = 0; ring < BENCH_QUEUES; ring++) {
		bench_event_fd(VHOST_USER_SET_VRING_CALL, ring, 0);
		bench_kick_anew(ring);
	}
}

void bench_state_save(void)
{
	MUST(ftruncate(bench.state_fd, 0) == 0);
	transfer(VHOST_USER_TRANSFER_SAVE);
}

void bench_state_load(void)
{
	transfer(VHOST_USER_TRANSFER_LOAD);
}
