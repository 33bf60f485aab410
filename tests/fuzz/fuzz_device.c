/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: a whole device (messages, rings, GPIO, simulated chip) in one process, all of it at once. The input is
 * a program of small operations, so that the fuzzer reaches the rings and is not lost in the handshake:
 *
 *   'm' id flags size payload…   a message, with one fd of the kind that its id wants
 *   's' kind                     a valid set-up of both rings, see fixture.h
 *   'i' type page pages perm     an IOTLB message
 *   'w' offset16 len bytes…      the guest writes into its memory
 *   'a' ring head                the guest makes a head available and kicks; in a packed ring the next descriptor,
 *                                with that id
 *   'l' line level               the outside drives a line
 *   'f' offset16 len bytes…      the front-end writes into the in-flight region that it may have given
 *   'k' ring                     a kick as a message
 *   't' n (offset16 byte)…       both rings stop, the state is saved, damaged at n places, and loaded
 *   'r'                          the worker dies, a successor attaches to the session
 *   'd' n (what offset16 byte)…  the same, and the session is damaged at n places meanwhile: what % 4 is the
 *                                connection's, of its queues the first's in-flight region, the lines', the chip's
 */
#include <string.h>
#include <unistd.h>

#include "gpio_fixture.h"

#define STATE_SIZE 0x1000
#define OPS_MAX	   64

static uint16_t avail_idx[FIXTURE_QUEUES]; /* the index of packed rings counts to twice their size */

/* What the input wrote into the descriptor stays, but for its id and the two flags that make it available. */
static void make_packed_available(uint8_t ring, uint8_t id)
{
	uint16_t at = avail_idx[ring] % fixture.size;
	bool wrap = avail_idx[ring] < fixture.size;
	struct vring_packed_desc *desc = (struct vring_packed_desc *)fixture_ring_at(ring, 0) + at;
	uint16_t flags = le16_get(desc->flags) & ~(VRING_PACKED_DESC_F_AVAIL | VRING_PACKED_DESC_F_USED);

	desc->id = le16_make(id);
	desc->flags = le16_make(flags | (wrap ? VRING_PACKED_DESC_F_AVAIL : VRING_PACKED_DESC_F_USED));
	avail_idx[ring] = (avail_idx[ring] + 1) % (2 * fixture.size);
}

static void make_split_available(uint8_t ring, uint8_t head)
{
	uint8_t *avail = fixture_ring_at(ring, FIXTURE_AVAIL);
	uint16_t value = htole16(head), idx;

	memcpy(avail + 4 + 2 * (avail_idx[ring] & (fixture.size - 1)), &value, 2);
	idx = htole16(++avail_idx[ring]);
	memcpy(avail + 2, &idx, 2);
}

static void op_available(struct input *in)
{
	uint8_t ring = next_byte(in) & 1, head = next_byte(in);

	if (fixture.packed)
		make_packed_available(ring, head);
	else
		make_split_available(ring, head);
	fixture_kick_anew(ring);
}

static void op_setup(struct input *in)
{
	memset(avail_idx, 0, sizeof(avail_idx));
	fixture_setup(next_byte(in));
}

static void op_message(struct input *in)
{
	uint8_t id = next_byte(in), flags = next_byte(in), size = next_byte(in);
	uint8_t payload[256] = { 0 };
	int fd = fixture_fd_for(id);

	for (unsigned i = 0; i < size; i++)
		payload[i] = next_byte(in);
	if (fd < 0 && flags & 0x10)
		fd = STDERR_FILENO;
	fixture_message(id, (flags & 0xf) | VHOST_USER_VERSION, payload, size, fd);
}

static void op_iotlb(struct input *in)
{
	const uint8_t type = next_byte(in), page = next_byte(in), pages = next_byte(in);

	fixture_iotlb(type, page, pages, next_byte(in));
}

static void op_write(struct input *in)
{
	unsigned offset = next_u16(in), len = next_byte(in);

	for (unsigned i = 0; i < len; i++)
		fixture.memory[(offset + i) % FIXTURE_MEMORY_SIZE] = next_byte(in);
}

static void op_inflight(struct input *in)
{
	unsigned offset = next_u16(in), len = next_byte(in);

	for (unsigned i = 0; i < len; i++) {
		uint8_t byte = next_byte(in);

		MUST(pwrite(fixture.inflight_fd, &byte, 1, (offset + i) % FIXTURE_INFLIGHT_SIZE) == 1);
	}
}

static void op_transfer(struct input *in)
{
	unsigned n = next_byte(in);

	fixture_pause();
	fixture_state_save();
	for (unsigned i = 0; i < n; i++) {
		unsigned offset = next_u16(in);
		uint8_t byte = next_byte(in);

		MUST(pwrite(fixture.state_fd, &byte, 1, offset % STATE_SIZE) == 1);
	}
	fixture_state_load();
}

/* Any byte, also those that a working process would never write. */
static void op_damage(struct input *in)
{
	const struct {
		void *start;
		size_t size;
	} parts[] = {
		{ fixture.session, sizeof(struct session) },
		{ session_inflight(fixture.session, 0), 4096 },
		{ gpio_fixture.line_state, sizeof(gpio_fixture.line_state) },
		{ gpio_fixture.chip_state, gpio_fixture.found.state_size },
	};
	unsigned n = next_byte(in);

	fixture_detach();
	for (unsigned i = 0; i < n; i++) {
		unsigned part = next_byte(in) % 4, offset = next_u16(in);

		((uint8_t *)parts[part].start)[offset % parts[part].size] = next_byte(in);
	}
	fixture.damaged = true;
	fixture_attach();
}

static void op_line(struct input *in)
{
	uint8_t line = next_byte(in) % GPIO_FIXTURE_LINES;

	chip_outside_drive(gpio_fixture.chip, line, next_byte(in) & 1);
}

static void op_inband_kick(struct input *in)
{
	fixture_vring_state(VHOST_USER_VRING_KICK, next_byte(in), 0);
}

static void op_restart(struct input *in)
{
	fixture_detach();
	fixture_attach();
}

static bool run_op(struct input *in)
{
	static void (*const ops[256])(struct input * in) = {
		['m'] = op_message,   ['s'] = op_setup,	 ['i'] = op_iotlb,    ['w'] = op_write,
		['a'] = op_available, ['l'] = op_line,	 ['f'] = op_inflight, ['k'] = op_inband_kick,
		['t'] = op_transfer,  ['d'] = op_damage, ['r'] = op_restart,
	};
	uint8_t op = next_byte(in);

	if (!ops[op])
		return false;
	ops[op](in);
	fixture_turns();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int n_ops = 0;

	memset(avail_idx, 0, sizeof(avail_idx));
	gpio_fixture_start();
	while (n_ops++ < OPS_MAX && run_op(&in))
		continue;
	gpio_fixture_end();
	return 0;
}
