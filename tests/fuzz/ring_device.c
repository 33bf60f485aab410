/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A device that holds chains and returns them in any order. */
#include "ring_device.h"

#include <string.h>

#include "ledger.h"
#include "vhost/memory/sigbus_guard.h"

#define HELD_MAX    32
#define WRITTEN_MAX 64

static struct {
	struct vhost_queue *queue; /* NULL: does not run */
	struct vhost_chain held[HELD_MAX];
	unsigned n_held;
	uint8_t policy;
} rings[FIXTURE_QUEUES];
static struct {
	bool due; /* a front-end comes back */
	bool taken_up;
} comeback;

static void config_read(void *ctx, void *config)
{
	memset(config, 0, 8);
}

static void queue_start(void *ctx, unsigned index, struct vhost_queue *queue)
{
	rings[index].queue = queue;
	rings[index].n_held = 0;
}

static void queue_stop(void *ctx, unsigned index)
{
	rings[index].queue = NULL;
	rings[index].n_held = 0;
	ledger_stopped(index);
}

static uint32_t write_some(struct vhost_queue *queue, const struct vhost_chain *chain, unsigned len)
{
	uint8_t data[WRITTEN_MAX];
	uint32_t written;

	memset(data, (int)len, sizeof(data));
	written = vhost_chain_write(queue, chain, data, len % WRITTEN_MAX);
	ledger_memory_changed();
	return written;
}

static void give_back(unsigned index, const struct vhost_chain *chain, unsigned len)
{
	struct vhost_queue *queue = rings[index].queue;
	uint32_t written = write_some(queue, chain, len);

	/* When memory was lost it does not come back, whatever its device says. */
	if (sigbus_guard_tripped())
		ledger_freeze();
	else
		ledger_pushed(index, chain->head, written);
	vhost_queue_push(queue, chain->head, written);
}

static void queue_ready(void *ctx, unsigned index, struct vhost_queue *queue)
{
	uint8_t data[WRITTEN_MAX];
	struct vhost_chain chain;

	while (vhost_queue_pop(queue, &chain) == 1) {
		/* Nothing that was read where memory was lost reaches the device. */
		MUST(!sigbus_guard_tripped());
		ledger_delivered(index, &chain);
		MUST(vhost_chain_read(queue, &chain, data, chain.read_len % sizeof(data)) < 0 ||
		     !sigbus_guard_tripped());
		if (rings[index].policy & 0x80 && rings[index].n_held < HELD_MAX)
			rings[index].held[rings[index].n_held++] = chain;
		else
			give_back(index, &chain, rings[index].policy);
	}
	if (sigbus_guard_tripped())
		ledger_freeze();
}

/* There is nothing to remember: all that is held is the library's. */
static void nothing(void *ctx)
{
}

static void session_lost(void)
{
	ledger_lose(0);
	ledger_lose(1);
}

/* Told at once: the rings of another front-end begin where it says, while it still sets them up. */
static void reset(void *ctx)
{
	if (comeback.due)
		session_lost();
}

static void restored(void *ctx)
{
	comeback.taken_up = true;
}

void ring_device_come_back(uint8_t how)
{
	comeback.due = true;
	comeback.taken_up = false;
	fixture_come_back(how);
	comeback.due = false;
	if (!comeback.taken_up)
		session_lost();
}

const struct vhost_ops ring_device_ops = {
	.n_queues = FIXTURE_QUEUES,
	.config_size = 8,
	.config_read = config_read,
	.reset = reset,
	.reconnect_save = nothing,
	.reconnect_reset = nothing,
	.reconnect_restore = restored,
	.queue_start = queue_start,
	.queue_stop = queue_stop,
	.queue_ready = queue_ready,
};

void ring_device_policy(struct input *in)
{
	unsigned ring = next_byte(in) & 1;

	rings[ring].policy = next_byte(in);
}

static bool take_held(struct input *in, unsigned *ring, struct vhost_chain *chain)
{
	unsigned n;

	*ring = next_byte(in) & 1;
	n = next_byte(in);
	if (!rings[*ring].queue || rings[*ring].n_held == 0)
		return false;
	n %= rings[*ring].n_held;
	*chain = rings[*ring].held[n];
	rings[*ring].held[n] = rings[*ring].held[--rings[*ring].n_held];
	return true;
}

void ring_device_give_back(struct input *in)
{
	struct vhost_chain chain;
	unsigned ring;

	if (take_held(in, &ring, &chain))
		give_back(ring, &chain, 7);
}

void ring_device_give_back_parked(struct input *in)
{
	struct vhost_chain chain;
	struct vhost_parked parked;
	unsigned ring;

	if (!take_held(in, &ring, &chain))
		return;
	parked = vhost_chain_park(&chain);
	/* It may be written late; what there is room for is in guest memory, or nothing is written. */
	if (fixture.kind & FIXTURE_IOMMU || (parked.len > 0 && parked.addr.value >= FIXTURE_MEMORY_SIZE)) {
		ledger_doom(ring);
		ledger_pushed(ring, chain.head, 0);
	} else {
		ledger_pushed(ring, chain.head, parked.len < 3 ? parked.len : 3);
	}
	vhost_parked_return(rings[ring].queue, &parked, "abc", 3);
	ledger_memory_changed();
}

void ring_device_reset(void)
{
	memset(rings, 0, sizeof(rings));
}
