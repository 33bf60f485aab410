/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The state of a suspended device: written, checked, applied. */
#include "vhost/device/saved_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "vhost/device/reconnect.h"
#include "vhost/queue/resume.h"

#define MAGIC		0x73646776u /* "vgds" */
#define VERSION		1
#define BYTE_ORDER_MARK 0x01020304u

struct wire_header {
	struct le32 magic;
	struct le16 version;
	struct le16 n_rings;
	uint32_t byte_order; /* the host's */
	struct le32 device_len;
};

/* Followed by region_len bytes of in-flight region; all zero when the ring never ran. */
struct wire_ring {
	struct le32 size;
	struct le32 position;
	struct le16 lag;
	uint8_t has_run;
	uint8_t packed;
	struct le32 region_len;
};

_Static_assert(sizeof(struct wire_header) == 16, "header of a saved state");
_Static_assert(sizeof(struct wire_ring) == 16, "ring of a saved state");

size_t saved_state_max(const struct vhost_device *device)
{
	return sizeof(struct wire_header) + VHOST_STATE_MAX +
	       device->ops->n_queues * (sizeof(struct wire_ring) + inflight_packed_size(VRING_SIZE_MAX));
}

static size_t region_len(const struct session_ring *state)
{
	return state->has_run ? ring_format(state->packed)->inflight_size(state->ran.size) : 0;
}

static uint8_t *ring_save(const struct vhost_queue *queue, uint8_t *to)
{
	const struct session_ring *state = queue->state;
	const size_t len = region_len(state);
	struct wire_ring wire = { .region_len = le32_make((uint32_t)len) };

	if (state->has_run) {
		wire.size = le32_make(state->ran.size);
		wire.position = le32_make(state->position);
		wire.lag = le16_make(state->lag);
		wire.has_run = 1;
		wire.packed = state->packed;
	}
	memcpy(to, &wire, sizeof(wire));
	to += sizeof(wire);
	if (len > 0)
		memcpy(to, queue_inflight(queue, ring_format(state->packed), state->ran.size), len);
	return to + len;
}

void *saved_state_make(struct vhost_device *device, size_t *len)
{
	const size_t device_len = device->ops->state_size(device->ctx);
	const struct wire_header header = {
		.magic = le32_make(MAGIC),
		.version = le16_make(VERSION),
		.n_rings = le16_make(device->ops->n_queues),
		.byte_order = BYTE_ORDER_MARK,
		.device_len = le32_make((uint32_t)device_len),
	};
	uint8_t *data, *to;

	*len = sizeof(header) + device_len;
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		*len += sizeof(struct wire_ring) + region_len(device->queues[i].state);
	data = to = malloc(*len);
	if (!data)
		return NULL;
	memcpy(to, &header, sizeof(header));
	to += sizeof(header);
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		to = ring_save(&device->queues[i], to);
	device->ops->state_save(device->ctx, to);
	return data;
}

/* What is left of the data. */
struct input {
	const uint8_t *at;
	size_t left;
};

static const void *input_take(struct input *in, size_t len)
{
	const uint8_t *at = in->at;

	if (in->left < len)
		return NULL;
	in->at += len;
	in->left -= len;
	return at;
}

struct ring_input {
	struct wire_ring wire;
	const void *region;
};

static bool ring_read(struct input *in, struct ring_input *ring)
{
	const void *wire = input_take(in, sizeof(ring->wire));
	const struct ring_ops *ops;
	struct inflight_head head;
	uint32_t size, len;

	if (!wire)
		return false;
	memcpy(&ring->wire, wire, sizeof(ring->wire));
	size = le32_get(ring->wire.size);
	len = le32_get(ring->wire.region_len);
	if (!ring->wire.has_run)
		return len == 0;
	ops = ring_format(ring->wire.packed);
	if (ring->wire.has_run > 1 || ring->wire.packed > 1 || !ops->size_valid(size) ||
	    le32_get(ring->wire.position) & ~ops->position_mask || len != ops->inflight_size(size))
		return false;
	ring->region = input_take(in, len);
	if (!ring->region)
		return false;
	memcpy(&head, ring->region, sizeof(head));
	return inflight_head_size(&head) == size;
}

/* As if the ring had stopped here, with a layout that is not known. */
static void ring_apply(struct vhost_queue *queue, const struct ring_input *ring)
{
	struct session_ring *state = queue->state;
	const struct ring_ops *ops = ring_format(ring->wire.packed);
	uint32_t size = le32_get(ring->wire.size);

	queue_forget(queue);
	if (!ring->wire.has_run)
		return;
	inflight_copy(queue_inflight(queue, ops, size), ring->region, ops->inflight_size(size));
	state->ran = (struct session_ring_layout){ .size = size };
	state->packed = ring->wire.packed;
	state->position = le32_get(ring->wire.position);
	state->lag = le16_get(ring->wire.lag);
	state->transferred = 1;
	state->has_run = 1;
}

/* All of it or nothing. Returns NULL, or in words why not. No queue runs. */
static const char *apply(struct vhost_device *device, const void *data, size_t len)
{
	struct ring_input rings[VHOST_QUEUES_MAX] = { 0 };
	struct input in = { data, len };
	struct wire_header header;
	const void *at = input_take(&in, sizeof(header));

	if (!at)
		return "too short";
	memcpy(&header, at, sizeof(header));
	if (le32_get(header.magic) != MAGIC || le16_get(header.version) != VERSION)
		return "not a state of this program and version";
	if (header.byte_order != BYTE_ORDER_MARK)
		return "from a host of the other byte order";
	if (le16_get(header.n_rings) != device->ops->n_queues)
		return "different number of rings";
	for (unsigned i = 0; i < device->ops->n_queues; i++) {
		if (!ring_read(&in, &rings[i]))
			return "a ring is invalid";
	}
	if (in.left != le32_get(header.device_len))
		return "wrong length";
	reconnect_drop(device);
	/* The device can refuse, rings cannot. */
	if (device->ops->state_load(device->ctx, in.at, in.left) < 0)
		return "invalid for this device";
	for (unsigned i = 0; i < device->ops->n_queues; i++)
		ring_apply(&device->queues[i], &rings[i]);
	return NULL;
}

void saved_state_transfer_done(struct state_transfer *transfer, int error)
{
	struct vhost_device *device = container_of(transfer, struct vhost_device, state_transfer);
	const char *why = error < 0 ? strerror(-error) : NULL;

	if (!why && !transfer->saving)
		why = device_is_suspended(device) ? apply(device, transfer->data, transfer->len) : "rings are running";
	device->session->transfer_ok = !why;
	if (why)
		log_limited(&device->log_limit, LOG_LEVEL_WARNING, device->tag, "cannot %s the device's state: %s",
			    transfer->saving ? "save" : "load", why);
	else
		log_limited(&device->log_limit, LOG_LEVEL_INFO, device->tag, "device state %s: %zu bytes",
			    transfer->saving ? "saved" : "loaded", transfer->len);
}
