/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The front-end's messages: one at a time, and those that set up a whole device. */
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "fixture.h"

void fixture_message(uint32_t id, uint32_t flags, const void *payload, uint32_t size, int fd)
{
	uint8_t buffer[sizeof(struct vhost_user_header) + 600];
	const struct vhost_user_header header = { id, flags, size };

	memcpy(buffer, &header, sizeof(header));
	if (size > 0)
		memcpy(buffer + sizeof(header), payload, size);
	fixture_send(buffer, sizeof(header) + size, &fd, fd >= 0);
	fixture_turns();
}

static void message(uint32_t id, const void *payload, uint32_t size, int fd)
{
	fixture_message(id, VHOST_USER_VERSION, payload, size, fd);
}

void fixture_vring_state(uint32_t id, uint32_t index, uint32_t num)
{
	const struct vhost_user_vring_state state = { index, num };

	message(id, &state, sizeof(state), -1);
}

void fixture_event_fd(uint32_t id, uint64_t index, uint64_t count)
{
	int fd = eventfd((unsigned)count, EFD_CLOEXEC | EFD_NONBLOCK);

	message(id, &index, sizeof(index), fd);
	fd_close(&fd);
}

int fixture_fd_for(uint32_t id)
{
	switch (id) {
	case VHOST_USER_SET_MEM_TABLE:
	case VHOST_USER_ADD_MEM_REG:
	case VHOST_USER_SET_LOG_BASE:
		return fixture.memory_fd;
	case VHOST_USER_SET_INFLIGHT_FD:
		return fixture.inflight_fd;
	case VHOST_USER_SET_DEVICE_STATE_FD:
		return fixture.state_fd;
	case VHOST_USER_SET_BACKEND_REQ_FD:
		return fixture.channel_fds[1];
	default:
		return -1;
	}
}

void fixture_kick_anew(unsigned ring)
{
	const uint64_t index = ring;

	fd_close(&fixture.kick_fds[ring]);
	fixture.kick_fds[ring] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	message(VHOST_USER_SET_VRING_KICK, &index, sizeof(index), fixture.kick_fds[ring]);
}

void fixture_kick(unsigned ring)
{
	const uint64_t one = 1;

	MUST(write(fixture.kick_fds[ring], &one, sizeof(one)) == sizeof(one));
	fixture_turns();
}

void fixture_iotlb(uint8_t type, uint8_t page, uint8_t pages, uint8_t perm)
{
	const struct vhost_user_iotlb wire = {
		.iova = page * 4096ull,
		.size = pages * 4096ull,
		.user_addr = FIXTURE_USER_BASE + page % (FIXTURE_MEMORY_SIZE / 4096) * 4096ull,
		.perm = perm,
		.type = type,
	};

	fixture_message(VHOST_USER_IOTLB_MSG, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, &wire, sizeof(wire), -1);
}

/* A log of a byte a region of 8 pages, at the end of the guest's memory: the guest may write there, too. */
static void send_log(void)
{
	const struct vhost_user_log log = { .size = FIXTURE_MEMORY_SIZE / 4096 / 8,
					    .offset = FIXTURE_MEMORY_SIZE - 64 };

	message(VHOST_USER_SET_LOG_BASE, &log, sizeof(log), fixture.memory_fd);
}

enum base {
	BASE_NONE, /* nothing is said */
	BASE_NEW,
	BASE_USED,  /* as far as used buffers are known */
	BASE_AVAIL, /* split: as far as buffers were made available; packed: where the ring was, exactly */
};

static uint32_t ring_base(unsigned ring, enum base base)
{
	const uint32_t left = fixture.session->reconnect.rings[ring].position;

	if (base == BASE_NEW)
		return fixture.packed ? 0x80008000 : 0;
	if (fixture.packed)
		return base == BASE_USED ? left >> 16 | (left >> 16) << 16 : left;
	return le16_get(*(struct le16 *)fixture_ring_at(ring, (base == BASE_USED ? FIXTURE_USED : FIXTURE_AVAIL) + 2));
}

static void clear_ring(unsigned ring)
{
	if (fixture.packed)
		memset(fixture_ring_at(ring, 0), 0, fixture.size * sizeof(struct vring_packed_desc));
	memset(fixture_ring_at(ring, FIXTURE_AVAIL), 0, 4);
	memset(fixture_ring_at(ring, FIXTURE_USED), 0, 4);
}

static void setup_ring(unsigned ring, enum base base)
{
	const bool logged = fixture.kind & FIXTURE_LOGGED;
	const uint64_t at = (fixture.kind & FIXTURE_IOMMU ? 0 : FIXTURE_USER_BASE) + FIXTURE_RING(ring);
	const struct vhost_user_vring_addr addr = { .index = ring,
						    .flags = logged ? VHOST_USER_VRING_F_LOG : 0,
						    .desc = at,
						    .avail = at + FIXTURE_AVAIL,
						    .used = at + FIXTURE_USED,
						    .log = FIXTURE_RING(ring) + FIXTURE_USED };

	fixture_vring_state(VHOST_USER_SET_VRING_NUM, ring, fixture.size);
	if (base != BASE_NONE)
		fixture_vring_state(VHOST_USER_SET_VRING_BASE, ring, ring_base(ring, base));
	message(VHOST_USER_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	fixture_kick_anew(ring);
	fixture_event_fd(VHOST_USER_SET_VRING_CALL, ring, 0);
	fixture_vring_state(VHOST_USER_SET_VRING_ENABLE, ring, 1);
}

static void send_features(void)
{
	const uint64_t features = VIRTIO_F_VERSION_1 | VHOST_USER_F_PROTOCOL_FEATURES | fixture.ops.features |
				  VIRTIO_F_INDIRECT_DESC | (fixture.kind & FIXTURE_EVENT_IDX ? VIRTIO_F_EVENT_IDX : 0) |
				  (fixture.packed ? VIRTIO_F_RING_PACKED : 0) |
				  (fixture.kind & FIXTURE_LOGGED ? VHOST_F_LOG_ALL : 0) |
				  (fixture.kind & FIXTURE_IOMMU ? VIRTIO_F_ACCESS_PLATFORM : 0);
	const uint64_t state = fixture.ops.state_size ? 1ull << VHOST_USER_PROTOCOL_F_DEVICE_STATE : 0;
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
		.regions[0] = { .size = FIXTURE_MEMORY_SIZE, .user_addr = FIXTURE_USER_BASE },
	};

	send_features();
	if (fixture.kind & FIXTURE_LOGGED)
		send_log();
	if (fixture.kind & FIXTURE_IOMMU)
		message(VHOST_USER_SET_BACKEND_REQ_FD, NULL, 0, fixture.channel_fds[1]);
	message(VHOST_USER_SET_MEM_TABLE, &table, sizeof(table), fixture.memory_fd);
}

void fixture_setup(uint8_t kind)
{
	fixture.kind = kind;
	fixture.packed = kind & FIXTURE_PACKED;
	fixture.size = (uint16_t)((1u << (kind & 7)) + (fixture.packed && kind & FIXTURE_ONE_MORE));
	send_session();
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++) {
		clear_ring(ring);
		setup_ring(ring, BASE_NEW);
	}
}

static void send_inflight(void)
{
	const struct vhost_user_inflight inflight = { .mmap_size = FIXTURE_INFLIGHT_SIZE,
						      .num_queues = FIXTURE_QUEUES,
						      .queue_size = fixture.size };

	message(VHOST_USER_SET_INFLIGHT_FD, &inflight, sizeof(inflight), fixture.inflight_fd);
}

void fixture_come_back(uint8_t how)
{
	fixture_reconnect();
	send_session();
	if (how & FIXTURE_BACK_INFLIGHT)
		send_inflight();
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++)
		setup_ring(ring, how & 3);
}

static void transfer(uint32_t direction)
{
	const struct vhost_user_transfer transfer = { .direction = direction };

	MUST(lseek(fixture.state_fd, 0, SEEK_SET) == 0);
	message(VHOST_USER_SET_DEVICE_STATE_FD, &transfer, sizeof(transfer), fixture.state_fd);
	message(VHOST_USER_CHECK_DEVICE_STATE, NULL, 0, -1);
}

void fixture_pause(void)
{
	for (uint32_t ring = 0; ring < FIXTURE_QUEUES; ring++)
		fixture_vring_state(VHOST_USER_GET_VRING_BASE, ring, 0);
}

void fixture_go_on(void)
{
	for (uint32_t ring = 0; ring < FIXTURE_QUEUES; ring++) {
		fixture_event_fd(VHOST_USER_SET_VRING_CALL, ring, 0);
		fixture_kick_anew(ring);
	}
}

void fixture_state_save(void)
{
	MUST(ftruncate(fixture.state_fd, 0) == 0);
	transfer(VHOST_USER_TRANSFER_SAVE);
}

void fixture_state_load(void)
{
	transfer(VHOST_USER_TRANSFER_LOAD);
}
