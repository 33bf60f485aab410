/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The VirtIO GPIO device: requests, event buffers, configuration space. */
#include "gpio/virtio_gpio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/le.h"
#include "base/pool.h"
#include "base/util.h"
#include "gpio/idle_state.h"
#include "gpio/line_transfer.h"
#include "gpio/lines.h"
#include "gpio/lines_reconnect.h"
#include "gpio/names_block.h"

/* 5.18.4 "Device configuration layout". */
struct wire_config {
	struct le16 ngpio;
	uint8_t padding[2];
	struct le32 gpio_names_size;
};

/* 5.18.6 "Device Operation: requestq". */
struct wire_request {
	struct le16 type;
	struct le16 gpio;
	struct le32 value;
};

struct wire_response {
	uint8_t status;
	uint8_t value;
};

/* 5.18.7 "Device Operation: eventq". */
struct wire_irq_request {
	struct le16 gpio;
};

enum wire_irq_status {
	WIRE_IRQ_STATUS_INVALID = 0,
	WIRE_IRQ_STATUS_VALID = 1,
};

_Static_assert(sizeof(struct wire_config) == 8, "configuration space");
_Static_assert(sizeof(struct wire_request) == 8, "request");

int virtio_gpio_init(struct virtio_gpio *gpio, struct lines *lines, const struct virtio_gpio_host *host)
{
	/* A process that died may have left something owed. */
	*gpio = (struct virtio_gpio){ .lines = lines, .may_owe = true, .host = *host };
	gpio->parked = pool_alloc(lines->n_lines, sizeof(*gpio->parked));
	gpio->held = pool_alloc(lines->n_lines, sizeof(*gpio->held));
	gpio->fired = pool_alloc(lines->n_lines, sizeof(*gpio->fired));
	if (!gpio->parked || !gpio->held || !gpio->fired)
		goto error;
	gpio->names_size = names_block_size(lines->rules, lines->n_lines);
	if (gpio->names_size > 0) {
		gpio->names = pool_alloc(1, 1 + gpio->names_size);
		if (!gpio->names)
			goto error;
		gpio->names[0] = GPIO_STATUS_OK;
		names_block_pack(lines->rules, lines->n_lines, gpio->names + 1);
	}
	return 0;
error:
	virtio_gpio_deinit(gpio);
	return -ENOMEM;
}

void virtio_gpio_deinit(struct virtio_gpio *gpio)
{
	pool_free(gpio->parked);
	pool_free(gpio->held);
	pool_free(gpio->fired);
	pool_free(gpio->names);
	gpio->parked = NULL;
	gpio->held = NULL;
	gpio->fired = NULL;
	gpio->names = NULL;
}

static void config_read(void *ctx, void *config)
{
	const struct virtio_gpio *gpio = ctx;
	struct wire_config wire = {
		.ngpio = le16_make(gpio->lines->n_lines),
		.gpio_names_size = le32_make(gpio->names_size),
	};

	memcpy(config, &wire, sizeof(wire));
}

static void features_set(void *ctx, uint64_t features)
{
	struct virtio_gpio *gpio = ctx;

	gpio->lines->irq_enabled = features & VIRTIO_GPIO_F_IRQ;
}

static void device_reset(void *ctx)
{
	struct virtio_gpio *gpio = ctx;

	idle_state_enter(gpio->lines);
}

static void device_remember(void *ctx)
{
	struct virtio_gpio *gpio = ctx;

	lines_reconnect_save(gpio->lines);
}

static void device_leave(void *ctx)
{
	struct virtio_gpio *gpio = ctx;

	idle_state_enter_noted(gpio->lines);
}

static void device_come_back(void *ctx)
{
	struct virtio_gpio *gpio = ctx;

	lines_reconnect_restore(gpio->lines);
}

/* GET_LINE_NAMES: the whole block, or ERR with every byte of the response that there is space for set. */
static uint32_t answer_names(struct virtio_gpio *gpio, struct vhost_queue *queue, const struct vhost_chain *chain)
{
	uint32_t len = 1 + gpio->names_size, written;
	uint8_t *zeroes;

	if (chain->write_len >= len)
		return vhost_chain_write(queue, chain, gpio->names, len);
	zeroes = calloc(1, len);
	if (!zeroes)
		return 0;
	zeroes[0] = GPIO_STATUS_ERR;
	written = vhost_chain_write(queue, chain, zeroes, len);
	free(zeroes);
	return written;
}

/*
 * The two rings have no order among each other but that of what the driver did: a buffer that was made available before
 * an interrupt is changed is the device's by then, whichever kick was read first. With an interrupt that ends it has to go
 * back; where it cannot be seen now (the eventq is stopped, a translation is missing) that is owed.
 */
static void take_buffers_before(struct virtio_gpio *gpio, struct vhost_queue *queue, const struct gpio_request *request)
{
	bool type = request->type == GPIO_MSG_SET_IRQ_TYPE;
	bool ends = (type || request->type == GPIO_MSG_SET_DIRECTION) && request->value == 0; /* NONE, of both */

	if (!gpio->lines->irq_enabled || !(type || ends))
		return;
	if (vhost_queue_look(queue, VIRTIO_GPIO_EVENTQ, gpio->lines->n_lines))
		return;
	if (ends && request->gpio < gpio->lines->n_lines)
		gpio->lines->state[request->gpio].note.owed = gpio->may_owe = true;
}

/* A request that cannot be read whole, or not be answered, is not executed. */
static uint32_t answer(struct virtio_gpio *gpio, struct vhost_queue *queue, const struct vhost_chain *chain)
{
	struct wire_response wire = { GPIO_STATUS_ERR, 0 };
	struct wire_request request;

	if (vhost_chain_read(queue, chain, &request, sizeof(request)) == 0) {
		if (le16_get(request.type) == 0x666)
			fault_point(FAULT_POISON_CHAIN);
		if (le16_get(request.type) == GPIO_MSG_GET_LINE_NAMES && gpio->names)
			return answer_names(gpio, queue, chain);
		if (vhost_chain_is_writable(queue, chain, sizeof(wire))) {
			const struct gpio_request copy = { le16_get(request.type), le16_get(request.gpio),
							   le32_get(request.value) };
			struct gpio_response response;

			take_buffers_before(gpio, queue, &copy);
			response = lines_request(gpio->lines, &copy);
			wire = (struct wire_response){ response.status, response.value };
		}
	}
	return vhost_chain_write(queue, chain, &wire, sizeof(wire));
}

static void requestq_ready(struct virtio_gpio *gpio, struct vhost_queue *queue)
{
	struct vhost_chain chain UNINITIALIZED;

	while (vhost_queue_pop(queue, &chain) == 1)
		vhost_queue_push(queue, chain.head, answer(gpio, queue, &chain));
}

/* The edge is used up when its buffer is published. */
static void note_fired(struct virtio_gpio *gpio, uint16_t line)
{
	if (!gpio->lines->state[line].irq.firing)
		return; /* a level */
	gpio->fired[gpio->n_fired++] = line;
	if (gpio->n_fired == gpio->lines->n_lines)
		vhost_queue_publish(gpio->eventq);
}

void virtio_gpio_irq(void *ctx, uint16_t line, enum irq_action action)
{
	struct virtio_gpio *gpio = ctx;
	uint8_t status = action == IRQ_FIRE ? WIRE_IRQ_STATUS_VALID : WIRE_IRQ_STATUS_INVALID;
	const struct vhost_parked *parked = &gpio->parked[line];

	if (!gpio->eventq || !gpio->held[line] || (action != IRQ_FIRE && action != IRQ_INVALID))
		return;
	gpio->held[line] = false;
	if (action == IRQ_FIRE)
		fault_point(FAULT_EDGE_FIRED);
	if (vhost_parked_return(gpio->eventq, parked, &status, sizeof(status)))
		lines_fired(gpio->lines, line);
	else if (action == IRQ_FIRE)
		note_fired(gpio, line);
	else
		vhost_queue_publish(gpio->eventq); /* before the request that asked for it is answered */
}

/* The line that an event buffer is for, or -1: it cannot be read, names no line, or the line has a buffer already. */
static int buffer_line(const struct virtio_gpio *gpio, struct vhost_queue *queue, const struct vhost_chain *chain)
{
	struct wire_irq_request request;
	uint16_t line;

	if (chain->write_len == 0 || vhost_chain_read(queue, chain, &request, sizeof(request)) < 0)
		return -1;
	line = le16_get(request.gpio);
	return line < gpio->lines->n_lines && !gpio->held[line] ? line : -1;
}

static void buffer_return(struct vhost_queue *queue, const struct vhost_chain *chain)
{
	static const uint8_t invalid = WIRE_IRQ_STATUS_INVALID;

	vhost_queue_push(queue, chain->head, vhost_chain_write(queue, chain, &invalid, sizeof(invalid)));
}

static void buffer_hold(struct virtio_gpio *gpio, struct vhost_queue *queue, const struct vhost_chain *chain,
			uint16_t line)
{
	/* One edge of a line on its way at a time. */
	if (gpio->lines->state[line].irq.firing)
		vhost_queue_publish(queue);
	gpio->parked[line] = vhost_chain_park(chain);
	gpio->lines->state[line].head = chain->head;
	gpio->held[line] = true;
	virtio_gpio_irq(gpio, line, lines_unmask(gpio->lines, line));
}

/* What is owed is so until it is the driver's: a process that dies in between leaves that to its successor. */
static void buffer_pay(struct virtio_gpio *gpio, struct vhost_queue *queue, const struct vhost_chain *chain,
		       uint16_t line)
{
	buffer_return(queue, chain);
	vhost_queue_publish(queue);
	gpio->lines->state[line].note.owed = false;
}

/* Every buffer that was there was seen. */
static void owe_nothing(struct virtio_gpio *gpio)
{
	for (unsigned i = 0; i < gpio->lines->n_lines; i++)
		gpio->lines->state[i].note.owed = false;
	gpio->may_owe = false;
}

static void eventq_ready(struct virtio_gpio *gpio, struct vhost_queue *queue)
{
	struct vhost_chain chain UNINITIALIZED;

	/* 5.18.2: without the feature there is no eventq. */
	if (!gpio->lines->irq_enabled)
		return;
	while (vhost_queue_pop(queue, &chain) == 1) {
		int line = buffer_line(gpio, queue, &chain);

		if (line < 0)
			buffer_return(queue, &chain);
		else if (gpio->lines->state[line].note.owed)
			buffer_pay(gpio, queue, &chain, (uint16_t)line);
		else
			buffer_hold(gpio, queue, &chain, (uint16_t)line);
	}
	if (gpio->may_owe && vhost_queue_is_drained(queue))
		owe_nothing(gpio);
}

static void eventq_start(struct virtio_gpio *gpio, struct vhost_queue *queue)
{
	gpio->eventq = queue;
	gpio->n_fired = 0;
	/* A worker died between firing and publishing, or after it. */
	for (unsigned i = 0; i < gpio->lines->n_lines; i++) {
		const struct line_state *state = &gpio->lines->state[i];

		if (state->irq.firing)
			lines_resume_fired(gpio->lines, (uint16_t)i, vhost_queue_is_requeued(queue, state->head));
	}
}

static void queue_start(void *ctx, unsigned index, struct vhost_queue *queue)
{
	struct virtio_gpio *gpio = ctx;

	if (index == VIRTIO_GPIO_REQUESTQ)
		gpio->host.ready(gpio->host.ctx, true);
	else
		eventq_start(gpio, queue);
}

static void queue_published(void *ctx, unsigned index)
{
	struct virtio_gpio *gpio = ctx;

	if (index != VIRTIO_GPIO_EVENTQ)
		return;
	while (gpio->n_fired > 0)
		lines_fired(gpio->lines, gpio->fired[--gpio->n_fired]);
}

static void queue_stop(void *ctx, unsigned index)
{
	struct virtio_gpio *gpio = ctx;

	if (index == VIRTIO_GPIO_REQUESTQ) {
		gpio->host.ready(gpio->host.ctx, false);
		return;
	}
	gpio->eventq = NULL;
	memset(gpio->held, 0, gpio->lines->n_lines * sizeof(*gpio->held));
	lines_mask_all(gpio->lines);
}

static void queue_ready(void *ctx, unsigned index, struct vhost_queue *queue)
{
	if (index == VIRTIO_GPIO_REQUESTQ)
		requestq_ready(ctx, queue);
	else
		eventq_ready(ctx, queue);
}

static void connected(void *ctx, bool is_connected)
{
	struct virtio_gpio *gpio = ctx;

	gpio->host.connected(gpio->host.ctx, is_connected);
}

static size_t state_size(void *ctx)
{
	const struct virtio_gpio *gpio = ctx;

	return line_transfer_size(gpio->lines);
}

static void state_save(void *ctx, void *data)
{
	const struct virtio_gpio *gpio = ctx;

	line_transfer_save(gpio->lines, data);
}

static int state_load(void *ctx, const void *data, size_t len)
{
	struct virtio_gpio *gpio = ctx;

	return line_transfer_load(gpio->lines, data, len);
}

/* 5.18.3 "Feature bits". */
static const char *const feature_names[VHOST_DEVICE_FEATURES] = { [0] = "IRQ" };

const struct vhost_ops virtio_gpio_ops = {
	.features = VIRTIO_GPIO_F_IRQ,
	.feature_names = feature_names,
	.without_features = "no interrupts: VIRTIO_GPIO_F_IRQ is not negotiated, either the front-end leaves it out "
			    "(QEMU before 9.0, cloud-hypervisor) or the guest's driver does",
	.n_queues = VIRTIO_GPIO_QUEUES,
	.config_size = sizeof(struct wire_config),
	.config_read = config_read,
	.features_set = features_set,
	.reset = device_reset,
	.reconnect_save = device_remember,
	.reconnect_reset = device_leave,
	.reconnect_restore = device_come_back,
	.queue_start = queue_start,
	.queue_stop = queue_stop,
	.queue_published = queue_published,
	.queue_ready = queue_ready,
	.state_size = state_size,
	.state_save = state_save,
	.state_load = state_load,
	.connected = connected,
};
