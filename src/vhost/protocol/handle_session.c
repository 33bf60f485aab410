/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Message handlers: features, owner, status, configuration space, reset. */
#include <string.h>

#include "base/fd.h"
#include "base/fd_kind.h"
#include "vhost/device/one_way.h"
#include "vhost/device/reconnect.h"
#include "vhost/device/translation.h"
#include "vhost/protocol/handle.h"
#include "vhost/queue/start_stop.h"

#define PROTOCOL(feature) (1ull << VHOST_USER_PROTOCOL_F_##feature)

static uint64_t payload_u64(const struct message *message)
{
	return ((const struct vhost_user_u64 *)message->payload)->value;
}

const char *handle_get_features(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	reply_u64(reply, device_features(device));
	return NULL;
}

/* Rings go on (a migration starts and ends with LOG_ALL set and cleared), unless addresses mean another thing. */
static void apply(struct vhost_device *device)
{
	const struct iotlb *before = device->memory.iotlb;

	device_flush(device);
	device_apply_features(device);
	if (device->memory.iotlb == before)
		return;
	iotlb_clear(&device->iotlb);
	device_each_queue(device, queue_memory_changed);
}

const char *handle_set_features(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct session *session = device->session;
	uint64_t features = payload_u64(message);

	if (features & ~device_features(device))
		return "feature not offered";
	session->features = features;
	session->has_features = 1;
	log_debug(device->tag, "features 0x%llx", (unsigned long long)features);
	apply(device);
	if (device->ops->features_set)
		device->ops->features_set(device->ctx, features);
	/* "Ring states": without the bit there is no SET_VRING_ENABLE, and rings are enabled from the start. */
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (!(features & VHOST_USER_F_PROTOCOL_FEATURES))
			session->rings[i].enabled = 1;
		queue_update(&device->queues[i]);
	}
	return NULL;
}

/* SET_OWNER, RESET_OWNER: one connection has one owner; the latter is to be ignored. */
const char *handle_owner(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	return NULL;
}

const char *handle_get_protocol_features(struct vhost_device *device, const struct message *message,
					 struct reply *reply)
{
	reply_u64(reply, device_protocol_features(device));
	return NULL;
}

const char *handle_set_protocol_features(struct vhost_device *device, const struct message *message,
					 struct reply *reply)
{
	const uint64_t inband_needs = PROTOCOL(BACKEND_REQ) | PROTOCOL(REPLY_ACK);
	uint64_t features = payload_u64(message);

	if (features & ~device_protocol_features(device))
		return "protocol feature not offered";
	/* "In-band notifications" */
	if (features & PROTOCOL(INBAND_NOTIFICATIONS) && (features & inband_needs) != inband_needs)
		return "INBAND_NOTIFICATIONS without BACKEND_REQ and REPLY_ACK";
	device->session->protocol_features = features;
	log_debug(device->tag, "protocol features 0x%llx", (unsigned long long)features);
	return NULL;
}

const char *handle_get_queue_num(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	reply_u64(reply, device->ops->n_queues);
	return NULL;
}

const char *handle_set_backend_req_fd(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	int fd;

	if (fd_kind(message->fds->fd[0]) != FD_KIND_SOCKET)
		return "not a connected Unix stream socket";
	fd = fd_steal(&message->fds->fd[0]);
	one_way_shut(device, fd);
	device_store_fd(device, VHOST_FD_BACKEND_REQ, 0, fd);
	translation_channel_changed(device);
	backend_channel_open(&device->backend_channel, fd);
	return NULL;
}

/* A range outside of the configuration space is answered with an empty payload ("GET_CONFIG"). */
const char *handle_get_config(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	struct vhost_user_config config;
	uint8_t space[VHOST_CONFIG_MAX] = { 0 };

	memcpy(&config, message->payload, sizeof(config));
	if (message->header->size - sizeof(config) != config.size)
		return "wrong payload size";
	if (config.size > device->ops->config_size || config.offset > device->ops->config_size - config.size) {
		log_debug(device->tag, "GET_CONFIG: %u bytes at %u out of range", config.size, config.offset);
		return NULL;
	}
	device->ops->config_read(device->ctx, space);
	memcpy(reply->payload, &config, sizeof(config));
	memcpy(reply->payload + sizeof(config), space + config.offset, config.size);
	reply->size = sizeof(config) + config.size;
	return NULL;
}

const char *handle_set_config(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	return "configuration space is read-only";
}

const char *handle_reset_device(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	reconnect_drop(device);
	device_reset(device);
	return NULL;
}

/*
 * 0 is a reset (VirtIO 1.3, 2.1). Nothing waits for DRIVER_OK: QEMU's vhost-user-gpio never sends more than
 * FEATURES_OK.
 */
const char *handle_set_status(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	uint64_t status = payload_u64(message);

	if (status > UINT8_MAX)
		return "status wider than 8 bits";
	if (status == 0 && device->session->status != 0) {
		reconnect_drop(device);
		device_reset(device);
	}
	device->session->status = status;
	return NULL;
}

const char *handle_get_status(struct vhost_device *device, const struct message *message, struct reply *reply)
{
	reply_u64(reply, device->session->status);
	return NULL;
}
