/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Pieces of guest memory and chains of them. */
#include "chain.h"

#include <string.h>

#define REQUEST_ROOM 64

static unsigned region_of(const struct session *session)
{
	return session->vmm.memory.n_regions - 1;
}

uint64_t chain_request(struct session *session, uint16_t type, uint16_t line, uint32_t value)
{
	struct gpio_wire_request request = { .type = type, .gpio = line, .value = value };
	struct memory *memory = &session->vmm.memory;
	uint64_t addr = memory_alloc(memory, region_of(session), REQUEST_ROOM, 8);

	memory_write(memory, addr, &request, sizeof(request));
	return addr;
}

uint64_t chain_set_in(struct session *session)
{
	return chain_request(session, GPIO_SET_DIRECTION, 0, GPIO_IN);
}

uint64_t chain_space(struct session *session, uint32_t len)
{
	struct memory *memory = &session->vmm.memory;
	uint64_t addr = memory_alloc(memory, region_of(session), len + CHAIN_CANARY, 8);

	memset(memory_at(memory, addr, len + CHAIN_CANARY), GPIO_UNTOUCHED, len + CHAIN_CANARY);
	return addr;
}

bool chain_untouched(struct session *session, uint64_t addr, uint32_t from, uint32_t len)
{
	const uint8_t *bytes = memory_at(&session->vmm.memory, addr, len + CHAIN_CANARY);

	for (uint32_t i = from; i < len + CHAIN_CANARY; i++)
		if (bytes[i] != GPIO_UNTOUCHED)
			return false;
	return true;
}

uint8_t chain_byte(struct session *session, uint64_t addr, uint32_t offset)
{
	return *(uint8_t *)memory_at(&session->vmm.memory, addr + offset, 1);
}

uint16_t chain_post(struct session *session, unsigned queue, const struct ring_part *parts, unsigned n_parts,
		    enum ring_layout layout)
{
	struct ring *ring = &session->vmm.rings[queue];
	uint16_t head = ring_add(ring, parts, n_parts, layout);

	ring_publish(ring);
	ring_notify(ring);
	return head;
}

uint32_t chain_send(struct session *session, unsigned queue, const struct ring_part *parts, unsigned n_parts,
		    enum ring_layout layout)
{
	uint16_t head = chain_post(session, queue, parts, n_parts, layout);
	struct ring_used used = ring_wait(&session->vmm.rings[queue]);

	assert_int_equal(used.id, head);
	return used.len;
}

void chain_run_requests(struct session *session, unsigned n, unsigned depth)
{
	struct ring *ring = &session->vmm.rings[VMM_REQUESTQ];
	unsigned sent = 0, done = 0;
	struct ring_used used;

	while (done < n) {
		for (; sent < n && sent - done < depth; sent++) {
			gpio_send(&session->vmm, GPIO_SET_DIRECTION, (uint16_t)(sent % 8), GPIO_IN);
			ring_notify(ring);
		}
		used = ring_wait(ring);
		do {
			assert_int_equal(gpio_answer_of(&session->vmm, used).status, GPIO_OK);
			assert_int_equal(used.len, 2);
			done++;
		} while (ring_reap(ring, &used));
	}
	assert_int_equal(done, n);
	assert_int_equal(ring_returned_base(ring), ring_base(ring));
}

void assert_addresses_refused(struct session *session, const struct vu_addr *by, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct vu_addr addr = vmm_ring_addr(&session->vmm, VMM_REQUESTQ);

		addr.desc += by[i].desc;
		addr.avail += by[i].avail;
		addr.used += by[i].used;
		assert_refused(message_set_vring_addr(&session->vmm.connection, &addr));
	}
}
