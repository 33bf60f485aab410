/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a front-end can send with an fd. */
#include "abuse_places.h"

#include <stddef.h>

static const uint64_t ring_0 = 0;
static const struct vu_mem_table table = {
	.n_regions = 1, .regions = { { .guest_addr = 1ull << 40, .size = 8192, .user_addr = 1ull << 40 } }
};
static const struct vu_inflight inflight = { .mmap_size = 8192, .num_queues = 2, .queue_size = 16 };
static const struct vu_log log_place = { .size = 8192 };

const struct vu_mem_reg abuse_region = { .region = {
						 .guest_addr = 1ull << 40, .size = 8192, .user_addr = 1ull << 40 } };

const struct abuse_place abuse_places[ABUSE_PLACES] = {
	[ABUSE_KICK] = { "kick", VU_SET_VRING_KICK, &ring_0, sizeof(ring_0) },
	[ABUSE_CALL] = { "call", VU_SET_VRING_CALL, &ring_0, sizeof(ring_0) },
	[ABUSE_ERR] = { "err", VU_SET_VRING_ERR, &ring_0, sizeof(ring_0) },
	[ABUSE_LOG_CALL] = { "log call", VU_SET_LOG_FD, NULL, 0 },
	[ABUSE_CHANNEL] = { "channel", VU_SET_BACKEND_REQ_FD, NULL, 0 },
	[ABUSE_REGION] = { "region", VU_ADD_MEM_REG, &abuse_region, sizeof(abuse_region) },
	[ABUSE_TABLE] = { "table", VU_SET_MEM_TABLE, &table, offsetof(struct vu_mem_table, regions[1]) },
	[ABUSE_INFLIGHT] = { "in-flight region", VU_SET_INFLIGHT_FD, &inflight, sizeof(inflight) },
	[ABUSE_LOG] = { "log", VU_SET_LOG_BASE, &log_place, sizeof(log_place) },
	[ABUSE_LOAD] = { "state to load", VU_SET_DEVICE_STATE_FD, (const uint32_t[2]){ 1, 0 }, 8 },
	[ABUSE_SAVE] = { "state to save", VU_SET_DEVICE_STATE_FD, (const uint32_t[2]){ 0, 0 }, 8 },
	[ABUSE_NO_PLACE] = { "no place at all", VU_GET_FEATURES, NULL, 0 },
	[ABUSE_NO_MESSAGE] = { "no message at all", 9999, NULL, 0 },
};

void abuse_send_to(struct session *session, const struct abuse_place *place, int fd)
{
	connection_send(&session->vmm.connection, place->id, 0, place->payload, place->size, &fd, 1);
}
