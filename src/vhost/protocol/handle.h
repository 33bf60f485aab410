/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The message handlers, one small function a message. Payload length and number of fds were checked against the table;
 * what the payload says was not. A handler returns NULL, or in words why it refuses; then it changed nothing (but
 * for SET_MEM_TABLE: there is no old table to go back to).
 */
#pragma once

#include "vhost/device/device.h"

struct message {
	const struct vhost_user_header *header;
	const void *payload;
	struct message_fds *fds; /* what a handler wants to own it takes with fd_steal() */
	bool again; /* an earlier process died while it did what the message says: some of it may be done */
};

/* The payload of a reply of its own; size 0 is the protocol's word for "no". */
struct reply {
	uint32_t size;
	int fd; /* owned; -1: none */
	uint8_t payload[SESSION_RX_PAYLOAD_MAX] __attribute__((aligned(8)));
};

typedef const char *message_handler(struct vhost_device *device, const struct message *message, struct reply *reply);

/* handle_session.c: features, status, configuration */
message_handler handle_get_features, handle_set_features, handle_owner, handle_get_protocol_features,
	handle_set_protocol_features, handle_get_queue_num, handle_set_backend_req_fd, handle_get_config,
	handle_set_config, handle_reset_device, handle_set_status, handle_get_status;
/* handle_inflight.c */
message_handler handle_get_inflight_fd, handle_set_inflight_fd;
/* handle_state.c */
message_handler handle_set_device_state_fd, handle_check_device_state;
/* handle_memory.c */
message_handler handle_set_mem_table, handle_get_max_mem_slots, handle_add_mem_reg, handle_rem_mem_reg;
/* handle_log.c */
message_handler handle_set_log_base, handle_set_log_fd;
/* handle_iotlb.c */
message_handler handle_iotlb_msg;
/* handle_ring.c */
message_handler handle_set_vring_num, handle_set_vring_addr, handle_set_vring_base, handle_get_vring_base,
	handle_set_vring_kick, handle_set_vring_call, handle_set_vring_err, handle_set_vring_enable, handle_vring_kick;
