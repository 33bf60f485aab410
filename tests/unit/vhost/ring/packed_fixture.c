/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A packed ring. */
#include "packed_fixture.h"

#include <stdlib.h>

struct ring ring;
struct vhost_chain chain;
struct inflight_packed *inflight;

int fixture_up(void **state)
{
	const struct session_ring_layout layout = { .size = SIZE, .desc = 0, .avail = DRIVER, .used = DEVICE };

	inflight = calloc(1, inflight_packed_size(SIZE));
	ring_init(&ring, &packed_ops, VIRTIO_F_INDIRECT_DESC, inflight);
	if (!inflight || guest_file_open(FILE_SIZE, FILE_SIZE) < 0 || packed_ops.resolve(&ring, &memory, &layout) < 0)
		return -1;
	return packed_ops.begin(&ring, NEW);
}

int fixture_down(void **state)
{
	guest_file_close();
	free(inflight);
	return 0;
}

struct vring_packed_desc *desc_at(unsigned table, unsigned index)
{
	return (struct vring_packed_desc *)(file + table) + index;
}

struct vring_packed_event *event_at(unsigned at)
{
	return (struct vring_packed_event *)(file + at);
}

void put(unsigned table, unsigned index, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	*desc_at(table, index) =
		(struct vring_packed_desc){ { htole64(addr) }, le32_make(len), le16_make(id), le16_make(flags) };
}

int next(void)
{
	return packed_ops.next(&ring, &memory, &chain);
}

void one(unsigned index, uint16_t id, uint16_t lap)
{
	put(0, index, 0x1000, 8, id, lap);
	assert_int_equal(next(), 1);
	packed_ops.put(&ring, chain.head, 1);
}

void assert_desc(unsigned index, uint16_t id, uint32_t len, uint16_t flags)
{
	assert_int_equal(le16_get(desc_at(0, index)->id), id);
	assert_int_equal(le32_get(desc_at(0, index)->len), len);
	assert_int_equal(le16_get(desc_at(0, index)->flags), flags);
}
