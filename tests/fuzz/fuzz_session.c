/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: everything that a worker takes up from somewhere and did not write itself, or not lately: the session as
 * a whole with the fds that go with it, in-flight regions of the front-end, the saved state of a device. A worker lives
 * for some operations and leaves; what it leaves is damaged; the next one must take it up, whatever it is, and serve.
 *
 * The first byte is the kind of the rings; then
 *
 *   'q' type gpio value layout       a request;  'e' gpio: an event buffer
 *   'l' type line value              a request of the control process: the outside of a line
 *   's' kind                         rings are set up anew;  'x': the front-end leaves
 *   'B' how                          the same, and comes back to its rings, see fixture_come_back()
 *   'i' type page pages perm         an IOTLB message
 *   'F' size16                       the front-end gives an in-flight region for rings of that size
 *   'f' offset16 n bytes…            and writes into it
 *   't' n (offset16 byte)… len16     a pause; the saved state is damaged, cut or made longer (len16 0: not), and loaded
 *   'T' how pages, 'L' n how pages   the front-end's files lose pages, see loss.h
 *   'r'                              the worker leaves, a successor comes
 *   'd' n (part offset16 n bytes…)…  the same, and the session is damaged meanwhile: see parts
 *   'K' a b                          the same, and two of the fds are exchanged, or a is lost when they are the same
 *   'D'                              the session is thrown away
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver.h"
#include "gpio_fixture.h"
#include "ipc/control_channel.h"
#include "loss.h"
#include "worker_fixture.h"

#define OPS_MAX	  48
#define LIVES_MAX 12

static struct {
	struct input in;
	int n_ops, n_lives;
	void (*between)(struct input *in); /* what happens to the session when the worker has left */
	bool over;
	bool damaged;
	bool dropped; /* the session, and nothing of the worker's own was ever damaged */
} run;

static void give(unsigned ring, const void *data, unsigned len, unsigned layout)
{
	for (unsigned slot = 0; slot < driver_slots(); slot++) {
		if (!driver_slot_is_free(ring, slot))
			continue;
		driver_give(ring, slot, data, len, ring == VIRTIO_GPIO_EVENTQ ? 1 : 2, layout);
		fixture_kick(ring);
		return;
	}
}

static void op_request(struct input *in)
{
	const uint8_t type = next_byte(in), gpio = next_byte(in), value = next_byte(in);
	const uint8_t wire[8] = { type, 0, gpio, 0, value };

	give(VIRTIO_GPIO_REQUESTQ, wire, sizeof(wire), next_byte(in));
}

static void op_buffer(struct input *in)
{
	const uint8_t wire[2] = { next_byte(in) };

	give(VIRTIO_GPIO_EVENTQ, wire, sizeof(wire), 0);
}

static void op_port(struct input *in)
{
	struct control_channel_request request = { .type = next_byte(in), .id = 1 };

	request.line = next_byte(in);
	request.value = next_byte(in);
	(void)!send(worker_fixture.control_fd, &request, sizeof(request), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void op_setup(struct input *in)
{
	driver_reset();
	fixture_setup(next_byte(in));
}

static void op_leave(struct input *in)
{
	fixture_reconnect();
}

static void op_come_back(struct input *in)
{
	fixture_come_back(next_byte(in));
}

static void op_iotlb(struct input *in)
{
	const uint8_t type = next_byte(in), page = next_byte(in), pages = next_byte(in);

	fixture_iotlb(type, page, pages, next_byte(in));
}

static void op_give_inflight(struct input *in)
{
	const struct vhost_user_inflight wire = { .mmap_size = FIXTURE_INFLIGHT_SIZE,
						  .num_queues = 2,
						  .queue_size = next_u16(in) };

	fixture_message(VHOST_USER_SET_INFLIGHT_FD, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, &wire, sizeof(wire),
			fixture.inflight_fd);
}

static void op_inflight(struct input *in)
{
	unsigned offset = next_u16(in), n = next_byte(in);

	while (n-- > 0) {
		uint8_t byte = next_byte(in);

		MUST(pwrite(fixture.inflight_fd, &byte, 1, offset++ % FIXTURE_INFLIGHT_SIZE) == 1);
	}
}

static void op_transfer(struct input *in)
{
	unsigned n = next_byte(in), len;

	fixture_pause();
	fixture_state_save();
	while (n-- > 0) {
		unsigned offset = next_u16(in);
		uint8_t byte = next_byte(in);

		MUST(pwrite(fixture.state_fd, &byte, 1, offset % 0x1000) == 1);
	}
	len = next_u16(in);
	if (len > 0)
		MUST(ftruncate(fixture.state_fd, len) == 0);
	fixture_state_load();
	fixture_go_on();
}

/* Each of these leaves the worker: it happens when that is gone. */

static void restart(struct input *in)
{
}

static void damage_one(struct input *in)
{
	struct session *session = fixture.session;
	const struct {
		void *start;
		size_t size;
	} parts[] = {
		{ session, offsetof(struct session, regions) + 8 * sizeof(struct session_region) },
		{ session->rings, FIXTURE_QUEUES * sizeof(session->rings[0]) },
		{ &session->rx, sizeof(*session) - offsetof(struct session, rx) },
		{ session_inflight(session, 0), 4096 },
		{ session_inflight(session, 1), 4096 },
		{ session_deferred_writes(session, FIXTURE_QUEUES, 0), 2048 },
		{ session_deferred_writes(session, FIXTURE_QUEUES, 1), 2048 },
		{ worker_fixture.memory + worker_fixture.state_at, worker_fixture.size - worker_fixture.state_at },
	};
	unsigned part = next_byte(in) % 8, offset = next_u16(in), n = next_byte(in) % 8 + 1;

	while (n-- > 0)
		((uint8_t *)parts[part].start)[offset++ % parts[part].size] = next_byte(in);
}

static void damage(struct input *in)
{
	unsigned n = next_byte(in);

	run.damaged = true;
	while (n-- > 0 && in->left > 0)
		damage_one(in);
}

static void exchange_fds(struct input *in)
{
	struct fd_store *store = &worker_fixture.store;
	struct fd_store_entry *a, *b;
	int fd;

	if (store->n == 0)
		return;
	a = &store->fds[next_byte(in) % store->n];
	b = &store->fds[next_byte(in) % store->n];
	fixture.damaged = true; /* the connection may be another */
	fd = a->fd;
	a->fd = b->fd;
	b->fd = fd;
	if (a == b)
		close(fd_store_take(store, a->key));
}

static void drop_session(struct input *in)
{
	worker_fixture_drop_session();
	run.dropped = !run.damaged;
}

/* Without its session, no guest has made anything of a line. */
static void check_dropped(void)
{
	const struct line_state *lines = (struct line_state *)(worker_fixture.memory + worker_fixture.lines_at);

	for (unsigned i = 0; run.dropped && i < GPIO_FIXTURE_LINES; i++)
		MUST(lines[i].direction == 0 && lines[i].irq.type == 0 && lines[i].value == 0);
	run.dropped = false;
}

/* What is believed of rings is at least possible: VirtIO 1.3, 2.7 and 2.8.10.1. */
static void check_rings(void)
{
	for (unsigned i = 0; i < FIXTURE_QUEUES; i++) {
		const struct session_ring *ring = &fixture.session->rings[i];

		MUST(ring->layout.size <= VRING_SIZE_MAX);
		MUST(!ring->has_run || (ring->ran.size > 0 && ring->ran.size <= VRING_SIZE_MAX &&
					(ring->packed || (ring->ran.size & (ring->ran.size - 1)) == 0)));
	}
}

static bool run_op(struct input *in)
{
	static void (*const ops[256])(struct input * in) = {
		['q'] = op_request,  ['e'] = op_buffer,	   ['l'] = op_port,	     ['s'] = op_setup,
		['x'] = op_leave,    ['i'] = op_iotlb,	   ['F'] = op_give_inflight, ['f'] = op_inflight,
		['t'] = op_transfer, ['B'] = op_come_back, ['T'] = loss_op,	     ['L'] = loss_op_later,
	};
	static void (*const between[256])(struct input * in) = {
		['r'] = restart,
		['d'] = damage,
		['K'] = exchange_fds,
		['D'] = drop_session,
	};
	uint8_t op = next_byte(in);

	run.between = between[op];
	run.over = !ops[op] && !between[op];
	if (ops[op])
		ops[op](in);
	return ops[op];
}

static void live(void)
{
	/* What a worker believes of lines must be in front of them, or all of this looks at something else. */
	MUST(*(uint32_t *)(worker_fixture.memory + worker_fixture.state_at) == 1);
	check_rings();
	check_dropped();
	fixture_turns();
	if (run.n_lives++ == 0)
		op_setup(&run.in);
	while (run.n_ops++ < OPS_MAX && run_op(&run.in))
		fixture_turns();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&run, 0, sizeof(run));
	run.in = (struct input){ data, size };
	worker_fixture_start();
	driver_reset();
	while (!run.over && run.n_ops < OPS_MAX && run.n_lives < LIVES_MAX) {
		run.between = NULL;
		worker_fixture_run(live);
		if (run.between)
			run.between(&run.in);
	}
	if (fixture.damaged)
		worker_fixture_drop_session();
	worker_fixture_run(driver_check_served);
	worker_fixture_end();
	return 0;
}
