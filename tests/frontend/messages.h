/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The messages of vhost-user, a function each. Those without a reply of their own tell their outcome as the mode of
 * the connection allows. Those with one fail the test when the connection ends instead.
 */
#pragma once

#include "connection.h"

/* Any message, any fds, outcome by the mode. */
enum outcome message_send(struct connection *connection, uint32_t id, const void *payload, uint32_t size,
			  const int *fds, size_t n_fds);
enum outcome message_send_u64(struct connection *connection, uint32_t id, uint64_t value);
enum outcome message_send_state(struct connection *connection, uint32_t id, uint32_t index, uint32_t num);
/* SET_VRING_KICK, _CALL, _ERR: fd -1 sends none, with the bit that says so. */
enum outcome message_send_vring_fd(struct connection *connection, uint32_t id, uint32_t index, int fd);
enum outcome message_set_vring_addr(struct connection *connection, const struct vu_addr *addr);
enum outcome message_set_mem_table(struct connection *connection, const struct vu_region *regions, uint32_t n_regions,
				   const int *fds, size_t n_fds);
/* ADD_MEM_REG, REM_MEM_REG. */
enum outcome message_mem_reg(struct connection *connection, uint32_t id, const struct vu_region *region, const int *fds,
			     size_t n_fds);

/* GET_FEATURES, GET_PROTOCOL_FEATURES, GET_QUEUE_NUM, GET_MAX_MEM_SLOTS, GET_STATUS, CHECK_DEVICE_STATE. */
uint64_t message_get_u64(struct connection *connection, uint32_t id);
uint32_t message_get_vring_base(struct connection *connection, uint32_t index);
/* The fd, the caller's, or -1. size is that of the payload: 20 or 24. */
int message_get_inflight(struct connection *connection, struct vu_inflight *inflight, uint32_t size);
enum outcome message_set_inflight(struct connection *connection, const struct vu_inflight *inflight, int fd);
/* Its reply is an acknowledgement, asked for or not. */
enum outcome message_set_log_base(struct connection *connection, const struct vu_log *log, int fd);
/* The u64 of the reply; a back-end that sends an fd of its own is a failure. */
uint64_t message_set_device_state_fd(struct connection *connection, uint32_t direction, uint32_t phase, int fd);
/* The data read, or -1 when the back-end answered with its error, a reply without payload. */
int message_get_config(struct connection *connection, uint32_t offset, uint32_t size, void *data);
enum outcome message_set_config(struct connection *connection, uint32_t offset, uint32_t size, uint32_t flags,
				const void *data);

/* Whether the back-end still answers. */
bool message_sync(struct connection *connection);
