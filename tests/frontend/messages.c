/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One function a message. */
#include "messages.h"

#include <string.h>

#include "failure.h"

#define CONFIG_DATA_MAX 4096

bool message_sync(struct connection *connection)
{
	uint64_t features;

	return connection_send(connection, VU_GET_FEATURES, 0, NULL, 0, NULL, 0) &&
	       connection_receive_reply(connection, VU_GET_FEATURES, &features, sizeof(features));
}

enum outcome message_send(struct connection *connection, uint32_t id, const void *payload, uint32_t size,
			  const int *fds, size_t n_fds)
{
	uint32_t flags = connection->mode == CONNECTION_ACK ? VU_NEED_REPLY : 0;

	if (!connection_send(connection, id, flags, payload, size, fds, n_fds))
		return OUTCOME_CLOSED;
	switch (connection->mode) {
	case CONNECTION_ACK:
		return connection_receive_ack(connection, id);
	case CONNECTION_SYNC:
		return message_sync(connection) ? OUTCOME_OK : OUTCOME_CLOSED;
	case CONNECTION_ASYNC:
		break;
	}
	return OUTCOME_OK;
}

enum outcome message_send_u64(struct connection *connection, uint32_t id, uint64_t value)
{
	return message_send(connection, id, &value, sizeof(value), NULL, 0);
}

enum outcome message_send_state(struct connection *connection, uint32_t id, uint32_t index, uint32_t num)
{
	struct vu_state state = { .index = index, .num = num };

	return message_send(connection, id, &state, sizeof(state), NULL, 0);
}

enum outcome message_send_vring_fd(struct connection *connection, uint32_t id, uint32_t index, int fd)
{
	uint64_t value = index | (fd < 0 ? VU_VRING_NOFD : 0);

	return message_send(connection, id, &value, sizeof(value), &fd, fd < 0 ? 0 : 1);
}

enum outcome message_set_vring_addr(struct connection *connection, const struct vu_addr *addr)
{
	return message_send(connection, VU_SET_VRING_ADDR, addr, sizeof(*addr), NULL, 0);
}

enum outcome message_set_mem_table(struct connection *connection, const struct vu_region *regions, uint32_t n_regions,
				   const int *fds, size_t n_fds)
{
	struct vu_mem_table table = { .n_regions = n_regions };

	if (n_regions > VU_REGIONS_MAX)
		failure("%u regions in one table", n_regions);
	if (n_regions)
		memcpy(table.regions, regions, n_regions * sizeof(regions[0]));
	return message_send(connection, VU_SET_MEM_TABLE, &table, (uint32_t)(8 + n_regions * sizeof(struct vu_region)),
			    fds, n_fds);
}

enum outcome message_mem_reg(struct connection *connection, uint32_t id, const struct vu_region *region, const int *fds,
			     size_t n_fds)
{
	struct vu_mem_reg reg = { .region = *region };

	return message_send(connection, id, &reg, sizeof(reg), fds, n_fds);
}

uint64_t message_get_u64(struct connection *connection, uint32_t id)
{
	uint64_t value = 0;

	if (!connection_send(connection, id, 0, NULL, 0, NULL, 0) ||
	    !connection_receive_reply(connection, id, &value, sizeof(value)))
		failure("the connection ended instead of an answer to message %u", id);
	return value;
}

uint32_t message_get_vring_base(struct connection *connection, uint32_t index)
{
	struct vu_state state = { .index = index }, reply = { 0 };

	if (!connection_send(connection, VU_GET_VRING_BASE, 0, &state, sizeof(state), NULL, 0) ||
	    !connection_receive_reply(connection, VU_GET_VRING_BASE, &reply, sizeof(reply)))
		failure("the connection ended instead of an answer to GET_VRING_BASE");
	if (reply.index != index)
		failure("GET_VRING_BASE of ring %u answered for ring %u", index, reply.index);
	return reply.num;
}

int message_get_inflight(struct connection *connection, struct vu_inflight *inflight, uint32_t size)
{
	struct message reply;
	int fd;

	if (!connection_send(connection, VU_GET_INFLIGHT_FD, 0, inflight, size, NULL, 0) ||
	    !connection_receive_fd(connection, &reply, &fd))
		failure("the connection ended instead of an answer to GET_INFLIGHT_FD");
	if (reply.header.id != VU_GET_INFLIGHT_FD || reply.header.flags != (VU_VERSION | VU_REPLY) ||
	    reply.header.size != size)
		failure("reply {%u, 0x%x, %u} to GET_INFLIGHT_FD", reply.header.id, reply.header.flags,
			reply.header.size);
	memcpy(inflight, reply.payload, size);
	return fd;
}

enum outcome message_set_inflight(struct connection *connection, const struct vu_inflight *inflight, int fd)
{
	return message_send(connection, VU_SET_INFLIGHT_FD, inflight, sizeof(*inflight), &fd, fd >= 0);
}

enum outcome message_set_log_base(struct connection *connection, const struct vu_log *log, int fd)
{
	if (!connection_send(connection, VU_SET_LOG_BASE, 0, log, sizeof(*log), &fd, 1))
		return OUTCOME_CLOSED;
	return connection_receive_ack(connection, VU_SET_LOG_BASE);
}

uint64_t message_set_device_state_fd(struct connection *connection, uint32_t direction, uint32_t phase, int fd)
{
	const struct vu_state_transfer transfer = { direction, phase };
	uint64_t value;

	if (!connection_send(connection, VU_SET_DEVICE_STATE_FD, 0, &transfer, sizeof(transfer), &fd, 1) ||
	    !connection_receive_reply(connection, VU_SET_DEVICE_STATE_FD, &value, sizeof(value)))
		failure("the connection ended instead of an answer to SET_DEVICE_STATE_FD");
	return value;
}

static void config_fill(struct vu_config *config, uint32_t offset, uint32_t size, uint32_t flags)
{
	if (size > CONFIG_DATA_MAX)
		failure("config access of %u bytes", size);
	*config = (struct vu_config){ .offset = offset, .size = size, .flags = flags };
}

int message_get_config(struct connection *connection, uint32_t offset, uint32_t size, void *data)
{
	uint32_t buffer[(sizeof(struct vu_config) + CONFIG_DATA_MAX) / sizeof(uint32_t)] = { 0 };
	struct vu_config *config = (struct vu_config *)buffer;
	struct message reply;

	config_fill(config, offset, size, 0);
	if (!connection_send(connection, VU_GET_CONFIG, 0, config, (uint32_t)sizeof(*config) + size, NULL, 0) ||
	    !connection_receive(connection, &reply))
		failure("the connection ended instead of an answer to GET_CONFIG");
	if (reply.header.id != VU_GET_CONFIG || reply.header.flags != (VU_VERSION | VU_REPLY))
		failure("reply {%u, 0x%x} to GET_CONFIG", reply.header.id, reply.header.flags);
	if (reply.header.size == 0)
		return -1;
	if (reply.header.size != sizeof(*config) + size)
		failure("GET_CONFIG of %u bytes answered with a payload of %u", size, reply.header.size);
	if (memcmp(reply.payload, config, sizeof(*config)) != 0)
		failure("GET_CONFIG answered with another offset, size or flags");
	if (size > 0)
		memcpy(data, reply.payload + sizeof(*config), size);
	return 0;
}

enum outcome message_set_config(struct connection *connection, uint32_t offset, uint32_t size, uint32_t flags,
				const void *data)
{
	uint32_t buffer[(sizeof(struct vu_config) + CONFIG_DATA_MAX) / sizeof(uint32_t)] = { 0 };
	struct vu_config *config = (struct vu_config *)buffer;

	config_fill(config, offset, size, flags);
	memcpy(config + 1, data, size);
	return message_send(connection, VU_SET_CONFIG, config, (uint32_t)sizeof(*config) + size, NULL, 0);
}
