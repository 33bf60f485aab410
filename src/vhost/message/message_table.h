/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The messages that a device like this knows, one row each. A new one needs its number and payload in wire.h, its row
 * here, and its handler in a vhost/protocol/handle_*.c: message.c makes from the rows what may arrive, handle.h declares
 * the handlers, dispatch.c calls them.
 *
 * X(NAME, handler, payload, fds_min, fds_max, reply, needs)
 *   NAME     VHOST_USER_NAME is its number
 *   handler  handle_handler() executes it
 *   payload  NONE; EXACT(s): a struct vhost_user_s; FROM(s, member): it may end before that member; WITH(s, n): up to n
 *            bytes may follow it
 *   reply    ACK: none of its own, a u64 when REPLY_ACK is negotiated and it is asked for; PAYLOAD: always, its own
 *   needs    NEEDS(FEATURE): a protocol feature; or ALWAYS
 *
 * SET_MEM_TABLE may be longer than its number of regions: virtio_uml of Linux 6.1 always sends the size of two. The
 * fd of a REM_MEM_REG is allowed and closed ("REM_MEM_REG": for compatibility). The document gives an IOTLB_MSG no
 * padding, QEMU and the kernel's struct have some.
 */
#pragma once

#define MESSAGES(X)                                                                                                    \
	X(GET_FEATURES, get_features, NONE, 0, 0, PAYLOAD, ALWAYS)                                                     \
	X(SET_FEATURES, set_features, EXACT(u64), 0, 0, ACK, ALWAYS)                                                   \
	X(SET_OWNER, owner, NONE, 0, 0, ACK, ALWAYS)                                                                   \
	X(RESET_OWNER, owner, NONE, 0, 0, ACK, ALWAYS)                                                                 \
	X(SET_MEM_TABLE, set_mem_table, FROM(mem_table, regions), 0, VHOST_USER_MEM_TABLE_MAX, ACK, ALWAYS)            \
	X(SET_LOG_BASE, set_log_base, EXACT(log), 1, 1, PAYLOAD, NEEDS(LOG_SHMFD))                                     \
	X(SET_LOG_FD, set_log_fd, NONE, 1, 1, ACK, ALWAYS)                                                             \
	X(SET_VRING_NUM, set_vring_num, EXACT(vring_state), 0, 0, ACK, ALWAYS)                                         \
	X(SET_VRING_ADDR, set_vring_addr, EXACT(vring_addr), 0, 0, ACK, ALWAYS)                                        \
	X(SET_VRING_BASE, set_vring_base, EXACT(vring_state), 0, 0, ACK, ALWAYS)                                       \
	X(GET_VRING_BASE, get_vring_base, EXACT(vring_state), 0, 0, PAYLOAD, ALWAYS)                                   \
	X(SET_VRING_KICK, set_vring_kick, EXACT(u64), 0, 1, ACK, ALWAYS)                                               \
	X(SET_VRING_CALL, set_vring_call, EXACT(u64), 0, 1, ACK, ALWAYS)                                               \
	X(SET_VRING_ERR, set_vring_err, EXACT(u64), 0, 1, ACK, ALWAYS)                                                 \
	X(GET_PROTOCOL_FEATURES, get_protocol_features, NONE, 0, 0, PAYLOAD, ALWAYS)                                   \
	X(SET_PROTOCOL_FEATURES, set_protocol_features, EXACT(u64), 0, 0, ACK, ALWAYS)                                 \
	X(GET_QUEUE_NUM, get_queue_num, NONE, 0, 0, PAYLOAD, NEEDS(MQ))                                                \
	X(SET_VRING_ENABLE, set_vring_enable, EXACT(vring_state), 0, 0, ACK, ALWAYS)                                   \
	X(SET_BACKEND_REQ_FD, set_backend_req_fd, NONE, 1, 1, ACK, NEEDS(BACKEND_REQ))                                 \
	X(IOTLB_MSG, iotlb_msg, FROM(iotlb, padding), 0, 0, ACK, ALWAYS)                                               \
	X(GET_CONFIG, get_config, WITH(config, VHOST_CONFIG_MAX), 0, 0, PAYLOAD, NEEDS(CONFIG))                        \
	X(SET_CONFIG, set_config, WITH(config, VHOST_CONFIG_MAX), 0, 0, ACK, NEEDS(CONFIG))                            \
	X(GET_INFLIGHT_FD, get_inflight_fd, FROM(inflight, padding), 0, 0, PAYLOAD, NEEDS(INFLIGHT_SHMFD))             \
	X(SET_INFLIGHT_FD, set_inflight_fd, FROM(inflight, padding), 1, 1, ACK, NEEDS(INFLIGHT_SHMFD))                 \
	X(RESET_DEVICE, reset_device, NONE, 0, 0, ACK, NEEDS(RESET_DEVICE))                                            \
	X(VRING_KICK, vring_kick, EXACT(vring_state), 0, 0, ACK, NEEDS(INBAND_NOTIFICATIONS))                          \
	X(GET_MAX_MEM_SLOTS, get_max_mem_slots, NONE, 0, 0, PAYLOAD, NEEDS(CONFIGURE_MEM_SLOTS))                       \
	X(ADD_MEM_REG, add_mem_reg, EXACT(mem_reg), 1, 1, ACK, NEEDS(CONFIGURE_MEM_SLOTS))                             \
	X(REM_MEM_REG, rem_mem_reg, EXACT(mem_reg), 0, 1, ACK, NEEDS(CONFIGURE_MEM_SLOTS))                             \
	X(SET_STATUS, set_status, EXACT(u64), 0, 0, ACK, NEEDS(STATUS))                                                \
	X(GET_STATUS, get_status, NONE, 0, 0, PAYLOAD, NEEDS(STATUS))                                                  \
	X(SET_DEVICE_STATE_FD, set_device_state_fd, EXACT(transfer), 1, 1, PAYLOAD, NEEDS(DEVICE_STATE))               \
	X(CHECK_DEVICE_STATE, check_device_state, NONE, 0, 0, PAYLOAD, NEEDS(DEVICE_STATE))
