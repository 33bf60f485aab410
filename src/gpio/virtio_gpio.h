/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The VirtIO GPIO device: binds lines to requestq and eventq of a vhost-user back-end (VirtIO 1.3, 5.18 "GPIO Device").
 *
 * Requests are answered in the turn in which they arrive. An event buffer stays parked under its line until the line
 * fires or its interrupt is disabled; all parked buffers are forgotten when eventq stops, and are replayed when it
 * resumes (see vhost.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gpio/lines_types.h"
#include "vhost/vhost.h"

#define VIRTIO_GPIO_F_IRQ (1ull << 0)

enum virtio_gpio_queue {
	VIRTIO_GPIO_REQUESTQ,
	VIRTIO_GPIO_EVENTQ,
	VIRTIO_GPIO_QUEUES,
};

/* Who is told of the front-end and the driver. */
struct virtio_gpio_host {
	void *ctx;
	void (*connected)(void *ctx, bool connected); /* a front-end came or went */
	void (*ready)(void *ctx, bool ready);	      /* the guest's driver is up, or no more: the request queue runs */
};

struct virtio_gpio {
	struct lines *lines;
	struct vhost_queue *eventq;  /* NULL while it does not run */
	struct vhost_parked *parked; /* owned: by line */
	bool *held;		     /* owned: a buffer is parked under the line */
	bool may_owe;		     /* whether note.owed may be set of any line, see take_buffers_before() */
	uint16_t *fired;	     /* owned: lines whose edge is put into eventq and not published, n_fired of them */
	unsigned n_fired;
	uint32_t names_size; /* 0 when no line has a name */
	char *names;	     /* owned: the answer to GET_LINE_NAMES, 1 + names_size bytes; or NULL */
	struct virtio_gpio_host host;
};

/* The ops of the library, with a struct virtio_gpio as ctx. */
extern const struct vhost_ops virtio_gpio_ops;

/* lines outlive it. -errno. */
int virtio_gpio_init(struct virtio_gpio *gpio, struct lines *lines, const struct virtio_gpio_host *host);
void virtio_gpio_deinit(struct virtio_gpio *gpio);

/* lines_host.irq, with a struct virtio_gpio as ctx. */
void virtio_gpio_irq(void *ctx, uint16_t line, enum irq_action action);
