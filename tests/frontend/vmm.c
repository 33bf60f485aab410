/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The usual orders of messages. */
#include "vmm.h"

#include <stdlib.h>
#include <string.h>

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
	vmm_matrix.indirect = vmm_matrix.features & FEATURE(VIRTIO_F_INDIRECT_DESC);
}

uint64_t vmm_matrix_features(uint64_t features)
{
	return (features | vmm_matrix.features) & ~vmm_matrix.features_off;
}

void vmm_init(struct vmm *vmm, unsigned ring_size)
{
	*vmm = (struct vmm){ .connection.fd = -1, .layout = vmm_matrix.indirect ? RING_INDIRECT : RING_DIRECT };
	memory_init_default(&vmm->memory);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_init(&vmm->rings[i], &vmm->memory, ring_size ? ring_size : VMM_RING_SIZE);
}

void vmm_deinit(struct vmm *vmm)
{
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
	connection_close(&vmm->connection);
}

void vmm_negotiate(struct vmm *vmm, uint64_t features, uint64_t protocol_features)
{
	struct connection *c = &vmm->connection;

	features = vmm_matrix_features(features);
	if (features & ~message_get_u64(c, VU_GET_FEATURES))
		failure("not all features are offered");
	if (features & FEATURE(VHOST_USER_F_PROTOCOL_FEATURES)) {
		if (protocol_features & ~message_get_u64(c, VU_GET_PROTOCOL_FEATURES))
			failure("not all protocol features are offered");
		expect_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, protocol_features), "SET_PROTOCOL_FEATURES");
		if (protocol_features & FEATURE(VU_PROTOCOL_REPLY_ACK))
			c->mode = CONNECTION_ACK;
	}
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

void vmm_start_with(struct vmm *vmm, const char *path, uint64_t features)
{
	vmm_connect(vmm, path);
	vmm_negotiate(vmm, features, VMM_PROTOCOL_FEATURES);
	vmm_send_memory(vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(vmm, i, ring_first_base(&vmm->rings[i]));
		vmm_ring_enable(vmm, i, true);
		ring_kick(&vmm->rings[i]);
	}
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
