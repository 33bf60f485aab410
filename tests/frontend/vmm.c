/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The usual orders of messages. */
#include "vmm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"

static void expect_ok(enum outcome outcome, const char *what)
{
	if (outcome != OUTCOME_OK)
		failure("%s: %s", what, outcome == OUTCOME_CLOSED ? "the connection was closed" : "refused");
}

struct vmm_matrix vmm_matrix;

static void matrix_set(const char *variable, const char *on, unsigned bit)
{
	const char *value = getenv(variable);

	if (!value)
		return;
	if (strcmp(value, on) == 0)
		vmm_matrix.features |= FEATURE(bit);
	else
		vmm_matrix.features_off |= FEATURE(bit);
}

void vmm_matrix_read(void)
{
	vmm_matrix = (struct vmm_matrix){ 0 };
	matrix_set("TEST_RING", "packed", VIRTIO_F_RING_PACKED);
	matrix_set("TEST_EVENT_IDX", "1", VIRTIO_F_EVENT_IDX);
	matrix_set("TEST_INDIRECT", "1", VIRTIO_F_INDIRECT_DESC);
	vmm_matrix.inband = getenv("TEST_INBAND");
	vmm_matrix.indirect = vmm_matrix.features & FEATURE(VIRTIO_F_INDIRECT_DESC);
}

uint64_t vmm_matrix_features(uint64_t features)
{
	return (features | vmm_matrix.features) & ~vmm_matrix.features_off;
}

void vmm_init(struct vmm *vmm, unsigned ring_size)
{
	*vmm = (struct vmm){ .connection.fd = -1,
			     .channel_fd = -1,
			     .layout = vmm_matrix.indirect ? RING_INDIRECT : RING_DIRECT,
			     .wants_inband = vmm_matrix.inband };
	memory_init_default(&vmm->memory);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		ring_init(&vmm->rings[i], &vmm->memory, ring_size ? ring_size : VMM_RING_SIZE);
		vmm->rings[i].index = i;
	}
}

static void close_channel(struct vmm *vmm)
{
	if (vmm->channel_fd >= 0)
		close(vmm->channel_fd);
	vmm->channel_fd = -1;
}

void vmm_deinit(struct vmm *vmm)
{
	close_channel(vmm);
	connection_close(&vmm->connection);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_deinit(&vmm->rings[i]);
	memory_deinit(&vmm->memory);
}

void vmm_connect(struct vmm *vmm, const char *path)
{
	connection_open(&vmm->connection, path);
}

void vmm_disconnect(struct vmm *vmm)
{
	close_channel(vmm);
	connection_close(&vmm->connection);
}

void vmm_open_channel(struct vmm *vmm)
{
	int fds[2];

	close_channel(vmm);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		failure("socketpair: %s", strerror(errno));
	vmm->channel_fd = fds[0];
	expect_ok(message_send(&vmm->connection, VU_SET_BACKEND_REQ_FD, NULL, 0, &fds[1], 1), "SET_BACKEND_REQ_FD");
	close(fds[1]);
}

void vmm_read_channel(struct vmm *vmm)
{
	struct {
		struct vu_header header;
		struct vu_state state;
	} message;

	for (;;) {
		ssize_t n = recv(vmm->channel_fd, &message, sizeof(message), MSG_DONTWAIT);

		if (n <= 0)
			return;
		if (n != sizeof(message) || message.header.flags != VU_VERSION ||
		    message.header.size != sizeof(message.state) || message.state.index >= VMM_RINGS ||
		    message.state.num != 0)
			failure("%zd bytes on the channel: {%u, 0x%x, %u} {%u, %u}", n, message.header.id,
				message.header.flags, message.header.size, message.state.index, message.state.num);
		vmm->channel_messages++;
		if (message.header.id == VU_BACKEND_VRING_CALL)
			vmm->rings[message.state.index].calls++;
		else if (message.header.id == VU_BACKEND_VRING_ERR)
			vmm->rings[message.state.index].inband_errors++;
		else
			failure("message %u on the channel", message.header.id);
	}
}

static void inband_kick(void *ctx, unsigned index)
{
	struct vmm *vmm = ctx;
	struct vu_state state = { .index = index };

	/* As virtio_uml does: with the reply. */
	if (!connection_send(&vmm->connection, VU_VRING_KICK, VU_NEED_REPLY, &state, sizeof(state), NULL, 0))
		failure("the connection ended at a kick");
	expect_ok(connection_receive_ack(&vmm->connection, VU_VRING_KICK), "VRING_KICK");
}

static void inband_receive(void *ctx)
{
	vmm_read_channel(ctx);
}

/* Whether kicks and calls of this connection are messages from now on. */
static void begin_inband(struct vmm *vmm, bool inband)
{
	vmm->inband = (struct ring_inband){ vmm, inband_kick, inband_receive };
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm->rings[i].inband = inband ? &vmm->inband : NULL;
	if (inband)
		vmm_open_channel(vmm);
}

void vmm_negotiate(struct vmm *vmm, uint64_t features, uint64_t protocol_features)
{
	const uint64_t inband_needs = FEATURE(VU_PROTOCOL_REPLY_ACK) | FEATURE(VU_PROTOCOL_BACKEND_REQ);
	const bool inband = vmm->wants_inband && (protocol_features & inband_needs) == inband_needs &&
			    features & FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
	struct connection *c = &vmm->connection;

	if (inband)
		protocol_features |= FEATURE(VU_PROTOCOL_INBAND_NOTIFICATIONS);
	features = vmm_matrix_features(features);
	if (features & ~FEATURE(VIRTIO_F_ACCESS_PLATFORM) & ~message_get_u64(c, VU_GET_FEATURES))
		failure("not all features are offered");
	if (features & FEATURE(VHOST_USER_F_PROTOCOL_FEATURES)) {
		if (protocol_features & ~message_get_u64(c, VU_GET_PROTOCOL_FEATURES))
			failure("not all protocol features are offered");
		expect_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, protocol_features), "SET_PROTOCOL_FEATURES");
		if (protocol_features & FEATURE(VU_PROTOCOL_REPLY_ACK))
			c->mode = CONNECTION_ACK;
	}
	if (features & FEATURE(VIRTIO_F_ACCESS_PLATFORM) & ~message_get_u64(c, VU_GET_FEATURES))
		failure("ACCESS_PLATFORM is not offered");
	begin_inband(vmm, inband);
	expect_ok(message_send(c, VU_SET_OWNER, NULL, 0, NULL, 0), "SET_OWNER");
	expect_ok(message_send_u64(c, VU_SET_FEATURES, features), "SET_FEATURES");
	vmm->features = features;
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm->rings[i].event_idx = features & FEATURE(VIRTIO_F_EVENT_IDX);
		vmm->rings[i].direct_only = vmm_matrix.features_off & FEATURE(VIRTIO_F_INDIRECT_DESC);
		ring_set_packed(&vmm->rings[i], features & FEATURE(VIRTIO_F_RING_PACKED));
	}
}

void vmm_send_memory(struct vmm *vmm)
{
	struct vu_region regions[MEMORY_REGIONS_MAX];
	int fds[MEMORY_REGIONS_MAX];

	memory_table(&vmm->memory, regions, fds);
	expect_ok(message_set_mem_table(&vmm->connection, regions, vmm->memory.n_regions, fds, vmm->memory.n_regions),
		  "SET_MEM_TABLE");
}

struct vu_addr vmm_ring_addr(const struct vmm *vmm, unsigned index)
{
	const struct ring *ring = &vmm->rings[index];

	if (ring->iova)
		return (struct vu_addr){ .index = index,
					 .desc = ring->desc + ring->iova,
					 .avail = ring->avail + ring->iova,
					 .used = ring->used + ring->iova };
	return (struct vu_addr){ .index = index,
				 .desc = memory_user_addr(&vmm->memory, ring->desc),
				 .avail = memory_user_addr(&vmm->memory, ring->avail),
				 .used = memory_user_addr(&vmm->memory, ring->used) };
}

void vmm_ring_setup(struct vmm *vmm, unsigned index, uint32_t base)
{
	struct connection *c = &vmm->connection;
	struct ring *ring = &vmm->rings[index];
	struct vu_addr addr = vmm_ring_addr(vmm, index);

	expect_ok(message_send_state(c, VU_SET_VRING_NUM, index, ring->size), "SET_VRING_NUM");
	expect_ok(message_send_state(c, VU_SET_VRING_BASE, index, base), "SET_VRING_BASE");
	expect_ok(message_set_vring_addr(c, &addr), "SET_VRING_ADDR");
	if (ring->inband)
		return;
	expect_ok(message_send_vring_fd(c, VU_SET_VRING_ERR, index, ring->err_fd), "SET_VRING_ERR");
	expect_ok(message_send_vring_fd(c, VU_SET_VRING_CALL, index, ring->call_fd), "SET_VRING_CALL");
	expect_ok(message_send_vring_fd(c, VU_SET_VRING_KICK, index, ring->kick_fd), "SET_VRING_KICK");
}

void vmm_ring_enable(struct vmm *vmm, unsigned index, bool enable)
{
	/* Without protocol features there is no such message, and rings are enabled from the start. */
	if (!(vmm->features & FEATURE(VHOST_USER_F_PROTOCOL_FEATURES)))
		return;
	expect_ok(message_send_state(&vmm->connection, VU_SET_VRING_ENABLE, index, enable), "SET_VRING_ENABLE");
}

uint32_t vmm_ring_stop(struct vmm *vmm, unsigned index)
{
	uint32_t base = message_get_vring_base(&vmm->connection, index);

	if (base > UINT16_MAX && !ring_is_packed(&vmm->rings[index]))
		failure("GET_VRING_BASE answered 0x%x", base);
	vmm->base[index] = base;
	return base;
}

static void vmm_introduce(struct vmm *vmm, uint64_t features)
{
	vmm_negotiate(vmm, features, VMM_PROTOCOL_FEATURES);
	vmm_send_memory(vmm);
}

void vmm_prepare(struct vmm *vmm, const char *path, uint64_t features)
{
	vmm_connect(vmm, path);
	vmm_introduce(vmm, features);
}

static void vmm_rings_start(struct vmm *vmm)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(vmm, i, ring_first_base(&vmm->rings[i]));
		vmm_ring_enable(vmm, i, true);
		ring_kick(&vmm->rings[i]);
	}
}

void vmm_start_with(struct vmm *vmm, const char *path, uint64_t features)
{
	vmm_prepare(vmm, path, features);
	vmm_rings_start(vmm);
}

void vmm_start_on(struct vmm *vmm, int fd)
{
	connection_adopt(&vmm->connection, fd);
	vmm_introduce(vmm, VMM_FEATURES);
	vmm_rings_start(vmm);
}

void vmm_start(struct vmm *vmm, const char *path)
{
	vmm_start_with(vmm, path, VMM_FEATURES);
}

void vmm_stop(struct vmm *vmm)
{
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_stop(vmm, i);
}

void vmm_resume(struct vmm *vmm)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(vmm, i, vmm->base[i]);
		vmm_ring_enable(vmm, i, true);
		ring_kick(&vmm->rings[i]);
	}
}

void vmm_restart(struct vmm *vmm)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		ring_reset(&vmm->rings[i]);
		vmm_ring_setup(vmm, i, ring_first_base(&vmm->rings[i]));
		vmm_ring_enable(vmm, i, true);
		ring_kick(&vmm->rings[i]);
	}
}
