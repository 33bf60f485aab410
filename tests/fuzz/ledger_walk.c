/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Descriptors, read as VirtIO 1.3 has them: 2.7.5 "The Virtqueue Descriptor Table", 2.8.5 to 2.8.7. */
#include "ledger_walk.h"

#include <string.h>

static uint64_t digest_add(uint64_t digest, uint64_t addr, uint32_t len, bool write)
{
	digest = (digest ^ addr) * 0x100000001b3;
	return (digest ^ (len * 2ull + write)) * 0x100000001b3;
}

uint64_t walk_digest(const struct vhost_chain *chain)
{
	uint64_t digest = 1;

	for (unsigned i = 0; i < (unsigned)chain->n_read + chain->n_write; i++)
		digest = digest_add(digest, chain->segments[i].addr.value, chain->segments[i].len, i >= chain->n_read);
	return digest;
}

static void add(struct walked *walked, uint64_t addr, uint32_t len, bool write)
{
	if (len == 0) {
		walked->malformed |= !write && walked->has_written;
		return;
	}
	walked->malformed |= !write && walked->has_written;
	walked->has_written |= write;
	*(write ? &walked->write_len : &walked->read_len) += len;
	walked->malformed |= walked->read_len + walked->write_len > UINT32_MAX;
	walked->malformed |= ++walked->n_segments > VHOST_CHAIN_SEGMENTS_MAX;
	walked->digest = digest_add(walked->digest, addr, len, write);
}

/* An entry of a table in guest memory. False: it does not lie there. */
static bool entry_read(uint64_t table, uint32_t index, void *entry)
{
	uint64_t at = table + index * 16ull;

	if (at < table || at > FIXTURE_MEMORY_SIZE - 16)
		return false;
	memcpy(entry, fixture.memory + at, 16);
	return true;
}

static bool table_valid(uint32_t len)
{
	return len > 0 && len % 16 == 0 && len / 16 <= VRING_SIZE_MAX;
}

static void table_split(uint64_t table, uint32_t len, struct walked *walked)
{
	uint32_t n = len / 16, steps = 0, index = 0;
	struct vring_desc desc;

	do {
		if (!table_valid(len) || steps++ >= n || steps > VHOST_CHAIN_DESCS_MAX || index >= n ||
		    !entry_read(table, index, &desc) || le16_get(desc.flags) & VRING_DESC_F_INDIRECT) {
			walked->malformed = true;
			return;
		}
		add(walked, le64_get(desc.addr), le32_get(desc.len), le16_get(desc.flags) & VRING_DESC_F_WRITE);
		index = le16_get(desc.next);
	} while (le16_get(desc.flags) & VRING_DESC_F_NEXT);
}

void walk_split(unsigned ring, uint16_t head, struct walked *walked)
{
	unsigned steps = 0, index = head;
	struct vring_desc desc;

	*walked = (struct walked){ .digest = 1, .n_descs = 1 };
	do {
		if (index >= fixture.size || steps++ >= fixture.size) {
			walked->malformed = true;
			return;
		}
		memcpy(&desc, fixture_ring_at(ring, index * 16), 16);
		if (le16_get(desc.flags) & VRING_DESC_F_INDIRECT) {
			walked->malformed |= le16_get(desc.flags) & VRING_DESC_F_NEXT;
			if (!walked->malformed)
				table_split(le64_get(desc.addr), le32_get(desc.len), walked);
			return;
		}
		add(walked, le64_get(desc.addr), le32_get(desc.len), le16_get(desc.flags) & VRING_DESC_F_WRITE);
		index = le16_get(desc.next);
	} while (le16_get(desc.flags) & VRING_DESC_F_NEXT);
}

static void table_packed(uint64_t table, uint32_t len, struct walked *walked)
{
	if (!table_valid(len) || len / 16 > VHOST_CHAIN_DESCS_MAX) {
		walked->malformed = true;
		return;
	}
	for (uint32_t i = 0; i < len / 16; i++) {
		struct vring_packed_desc desc;

		if (!entry_read(table, i, &desc)) {
			walked->malformed = true;
			return;
		}
		add(walked, le64_get(desc.addr), le32_get(desc.len), le16_get(desc.flags) & VRING_DESC_F_WRITE);
	}
}

void walk_packed(unsigned ring, uint16_t place, struct walked *walked)
{
	struct vring_packed_desc desc;
	uint16_t flags;

	*walked = (struct walked){ .digest = 1 };
	do {
		memcpy(&desc, fixture_ring_at(ring, (place + walked->n_descs) % fixture.size * 16), 16);
		flags = le16_get(desc.flags);
		walked->n_descs++;
		if (!(flags & VRING_DESC_F_INDIRECT)) {
			add(walked, le64_get(desc.addr), le32_get(desc.len), flags & VRING_DESC_F_WRITE);
		} else if (flags & VRING_DESC_F_NEXT || walked->n_descs > 1) {
			walked->malformed = true;
		} else {
			table_packed(le64_get(desc.addr), le32_get(desc.len), walked);
		}
	} while (flags & VRING_DESC_F_NEXT && walked->n_descs < fixture.size);
	walked->endless = flags & VRING_DESC_F_NEXT;
	walked->id = le16_get(desc.id);
}
