/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A guest with a virtual IOMMU: translations that are asked for, given and refused, and what waits for them. */
#include "chain.h"
#include "iommu.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE IOMMU_PAGE

static void each_page_is_asked_for_once(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 300; i++)
		assert_answered((uint16_t)(i % 8));
	for (unsigned i = 0; i < mmu.n_asked; i++) {
		const struct vu_iotlb *asked = &mmu.asked[i];

		assert_int_equal(iommu_count(&mmu, asked->iova - IOMMU_IOVA, asked->perm), 1);
	}
	/* Both rings were asked for, the used rings to be written. */
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		assert_int_equal(iommu_count(&mmu, s->vmm.rings[i].desc, VU_ACCESS_RO) +
					 iommu_count(&mmu, s->vmm.rings[i].desc, VU_ACCESS_RW),
				 1);
		assert_in_range(iommu_count(&mmu, s->vmm.rings[i].used, VU_ACCESS_RW) +
					iommu_count(&mmu, s->vmm.rings[i].used, VU_ACCESS_RO),
				1, 2);
	}
}

/* What waits is first in line, and the device sleeps. */
static void a_miss_holds_up_its_ring_only(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t page, switches;
	uint16_t heads[3];
	unsigned asked;

	assert_answered(0);
	iommu_settle(&mmu);
	page = ring_next_slot(ring) & ~(PAGE - 1);
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
	asked = mmu.n_asked;
	for (unsigned i = 0; i < 3; i++) {
		heads[i] = gpio_send(&s->vmm, GPIO_GET_DIRECTION, (uint16_t)i, 0);
		ring_kick(ring);
	}
	iommu_wait_asked(&mmu, asked + 1);
	assert_true(message_sync(&s->vmm.connection));
	switches = proc_status(session_worker(s), "voluntary_ctxt_switches");
	assert_true(ring_silent(ring, SILENT_MS));
	assert_false(wait_readable(mmu.channel.fd, 0));
	assert_in_range(proc_status(session_worker(s), "voluntary_ctxt_switches") - switches, 0, 2);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(iommu_wait(&mmu, VMM_REQUESTQ).id, heads[i]);
}

static void read_only_is_not_written(void **state)
{
	struct session *s = *state;
	uint64_t slot, page;
	struct gpio_answer answer;

	assert_answered(0);
	slot = ring_next_slot(&s->vmm.rings[VMM_REQUESTQ]);
	page = slot & ~(PAGE - 1);
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
	mmu.special[mmu.n_special].page = page;
	mmu.special[mmu.n_special++].perm = VU_ACCESS_RO;
	answer = iommu_request(&mmu, 0);
	assert_int_equal(answer.used_len, 0);
	assert_int_equal(answer.status, GPIO_UNTOUCHED);
	/* It may be written from now on. */
	mmu.n_special = 0;
	assert_ok(iommu_send(&mmu, VU_IOTLB_UPDATE, page, PAGE, VU_ACCESS_RW));
	assert_answered(0);
}

static void refused_by_the_front_end(void **state)
{
	struct session *s = *state;
	uint64_t page;

	assert_answered(0);
	page = ring_next_slot(&s->vmm.rings[VMM_REQUESTQ]) & ~(PAGE - 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
		mmu.n_special = 1;
		mmu.special[0].page = page;
		mmu.special[0].perm = 0;
		mmu.special[0].fail = i;
		assert_int_equal(iommu_request(&mmu, 0).used_len, 0);
		mmu.n_special = 0;
		assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
		assert_answered(0);
	}
}

static void an_indirect_table_is_asked_for(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct memory *memory = &s->vmm.memory;
	uint64_t table = memory_alloc(memory, 1, 2 * PAGE, PAGE) + PAGE - 16; /* an entry on each page */
	uint64_t data = memory_alloc(memory, 1, 2 * PAGE, PAGE) + PAGE - 4;   /* and the request, too */
	uint64_t response = memory_alloc(memory, 1, PAGE, PAGE);
	struct split_desc *desc = memory_at(memory, table, 32);
	struct gpio_wire_request request = { .type = GPIO_GET_DIRECTION };
	uint16_t head;

	if (ring_is_packed(ring))
		skip_because("the table is written as a split ring's");
	assert_answered(0);
	iommu_settle(&mmu);
	iommu_forget(&mmu);
	memory_write(memory, data, &request, sizeof(request));
	desc[0] = (struct split_desc){ .addr = data + IOMMU_IOVA, .len = 8, .flags = DESC_F_NEXT, .next = 1 };
	desc[1] = (struct split_desc){ .addr = response + IOMMU_IOVA, .len = 2, .flags = DESC_F_WRITE };
	ring_desc_take(ring, &head, 1);
	ring_desc_set(ring, head, table + IOMMU_IOVA, 32, DESC_F_INDIRECT, 0);
	ring_publish_head(ring, head);
	ring_kick(ring);
	assert_int_equal(iommu_wait(&mmu, VMM_REQUESTQ).len, 2);
	iommu_settle(&mmu);
	assert_int_equal(mmu.n_asked, 5);
	assert_int_equal(iommu_count(&mmu, table, VU_ACCESS_RO), 1);
	assert_int_equal(iommu_count(&mmu, table + 16, VU_ACCESS_RO), 1);
	assert_int_equal(iommu_count(&mmu, data, VU_ACCESS_RO), 1);
	assert_int_equal(iommu_count(&mmu, data + 4, VU_ACCESS_RO), 1);
	assert_int_equal(iommu_count(&mmu, response, VU_ACCESS_WO), 1);
}

/* Line 2 fires, and the buffer that is held for it cannot be reached: its page is asked for. */
static uint16_t fire_out_of_reach(struct session *s)
{
	unsigned asked;
	uint16_t head;

	line_drive(s, 2, 0);
	head = iommu_arm(&mmu, 2);
	asked = mmu.n_asked;
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, ring_slot(&s->vmm.rings[VMM_EVENTQ], head) & ~(PAGE - 1), PAGE,
			     0));
	line_drive(s, 2, 1);
	iommu_wait_asked(&mmu, asked + 1);
	return head;
}

static void a_held_buffer_is_written_when_it_can_be(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	uint16_t head = fire_out_of_reach(s);
	uint64_t slot = ring_slot(eventq, head);

	assert_int_equal(iommu_count(&mmu, slot, VU_ACCESS_WO), 1);
	assert_no_event(s);
	assert_int_equal(*(uint8_t *)memory_at(&s->vmm.memory, slot + 2, 1), GPIO_UNTOUCHED);
	iommu_wait_fired(&mmu, head);
	/* While it waits its ring is disabled; the translation comes meanwhile. */
	head = fire_out_of_reach(s);
	vmm_ring_enable(&s->vmm, VMM_EVENTQ, false);
	iommu_settle(&mmu);
	assert_no_event(s);
	vmm_ring_enable(&s->vmm, VMM_EVENTQ, true);
	assert_true(message_sync(&s->vmm.connection));
	assert_false(ring_silent(eventq, SILENT_MS));
	iommu_wait_fired(&mmu, head);
	/* And in a pause. */
	head = fire_out_of_reach(s);
	iommu_drop(&mmu);
	vmm_stop(&s->vmm);
	vmm_resume(&s->vmm);
	iommu_wait_fired(&mmu, head);
	/* It is not given out a second time. */
	assert_answered(0);
	vmm_stop(&s->vmm);
	if (!ring_is_packed(eventq))
		assert_int_equal(s->vmm.base[VMM_EVENTQ], ring_used_idx(eventq));
}

static void a_held_buffer_that_is_refused_is_returned(void **state)
{
	struct session *s = *state;
	uint16_t head = iommu_arm(&mmu, 2);
	uint64_t page = ring_slot(&s->vmm.rings[VMM_EVENTQ], head) & ~(PAGE - 1);
	struct ring_used used;

	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
	mmu.n_special = 1;
	mmu.special[0].page = page;
	mmu.special[0].perm = VU_ACCESS_RO;
	line_drive(s, 2, 1);
	used = iommu_wait(&mmu, VMM_EVENTQ);
	assert_int_equal(used.id, head);
	assert_int_equal(used.len, 0);
	mmu.n_special = 0;
}

/* The interrupt ends while the device waits for the translation of the line's buffer: that goes back when it comes. */
static void an_interrupt_ends_before_its_buffer_is_seen(void **state)
{
	struct session *s = *state;
	struct ring *eventq = &s->vmm.rings[VMM_EVENTQ];
	uint64_t page = ring_next_slot(eventq) & ~(PAGE - 1);
	struct ring_used used;
	uint16_t head;

	mmu.n_special = 1;
	mmu.special[0].page = page;
	mmu.special[0].silent = true;
	for (uint32_t type = GPIO_IRQ_RISING;; type = GPIO_IRQ_NONE) {
		gpio_send(&s->vmm, GPIO_SET_IRQ_TYPE, 2, type);
		ring_notify(&s->vmm.rings[VMM_REQUESTQ]);
		assert_int_equal(gpio_answer_of(&s->vmm, iommu_wait(&mmu, VMM_REQUESTQ)).status, GPIO_OK);
		if (type == GPIO_IRQ_NONE)
			break;
		head = gpio_event_send(&s->vmm, 2);
		ring_notify(eventq);
	}
	assert_no_event(s);
	mmu.n_special = 0;
	assert_ok(iommu_send(&mmu, VU_IOTLB_UPDATE, page, PAGE, VU_ACCESS_RW));
	used = iommu_wait(&mmu, VMM_EVENTQ);
	assert_int_equal(used.id, head);
	assert_int_equal(used.len, 1);
	assert_int_equal(*(uint8_t *)memory_at(&s->vmm.memory, ring_slot(eventq, head) + 2, 1), GPIO_EVENT_INVALID);
	/* The next one is held. */
	head = iommu_arm(&mmu, 2);
	line_drive(s, 2, 1);
	iommu_wait_fired(&mmu, head);
}

#define SPLINTERS     2048
#define SPLINTER_IOVA (IOMMU_IOVA + 0x100000000000ull)
#define SLOW_CHAINS   64

/* A front-end may translate byte by byte: a chain over that costs as much as many, and a turn has fewer of them. */
static void splinters_take_their_turns(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct connection *c = &s->vmm.connection;
	struct ring_part parts[RING_TABLE_PARTS];
	uint64_t calls = 0;

	if (ring->direct_only)
		skip_because("not without indirect tables: so many parts fit nowhere else");
	assert_answered(0);
	iommu_settle(&mmu);
	for (uint64_t i = 0; i < SPLINTERS; i++) {
		const struct vu_iotlb byte = { .iova = SPLINTER_IOVA + i,
					       .size = 1,
					       .user_addr = memory_user_addr(&s->vmm.memory, MEMORY_DEFAULT_BASE) + i,
					       .perm = VU_ACCESS_RW,
					       .type = VU_IOTLB_UPDATE };

		assert_ok(message_send(c, VU_IOTLB_MSG, &byte, sizeof(byte), NULL, 0));
	}
	for (unsigned i = 0; i < RING_TABLE_PARTS; i++)
		parts[i] = (struct ring_part){ SPLINTER_IOVA - IOMMU_IOVA, SPLINTERS, false };
	/* Twice: in the second round all translations are there. */
	for (unsigned round = 0; round < 2; round++) {
		calls = ring_calls(ring);
		for (unsigned i = 0; i < SLOW_CHAINS; i++)
			ring_add(ring, parts, RING_TABLE_PARTS, RING_INDIRECT);
		ring_publish(ring);
		ring_kick(ring);
		for (unsigned i = 0; i < SLOW_CHAINS; i++)
			assert_int_equal(iommu_wait(&mmu, VMM_REQUESTQ).len, 0);
		iommu_settle(&mmu);
	}
	/* One a turn. */
	assert_in_range(ring_calls(ring) - calls, 4, SLOW_CHAINS);
}

/* For what is counted by calls. */
static int setup_plain(void **state)
{
	const uint64_t off = vmm_matrix.features_off;
	int r;

	vmm_matrix.features_off |= FEATURE(VIRTIO_F_EVENT_IDX);
	vmm_matrix.features &= ~FEATURE(VIRTIO_F_EVENT_IDX);
	r = iommu_setup(state);
	vmm_matrix.features_off = off;
	return r;
}

/* Chains that no translation can help are returned, and do not drive out what others need. */
static void segments_that_reach_far(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t request = chain_request(s, GPIO_GET_DIRECTION, 0, 0);
	struct ring_part parts[] = { { request, 8, false }, { MEMORY_DEFAULT_BASE, 8u << 20, true } };

	assert_answered(0);
	assert_ok(iommu_send(&mmu, VU_IOTLB_UPDATE, MEMORY_DEFAULT_BASE, MEMORY_DEFAULT_SIZE, VU_ACCESS_RW));
	/* The last page of what is looked up is unknown: asked for, though the device would not write there. */
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, MEMORY_DEFAULT_BASE + (4u << 20) - PAGE, 100 * PAGE, 0));
	iommu_forget(&mmu);
	parts[1].addr = memory_alloc(&s->vmm.memory, 0, 8u << 20, PAGE);
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, parts[1].addr + (4u << 20) - PAGE, 2 * PAGE, 0));
	ring_add(ring, parts, 2, RING_DIRECT);
	ring_publish(ring);
	ring_kick(ring);
	assert_int_equal(iommu_wait(&mmu, VMM_REQUESTQ).len, 2);
	assert_int_equal(iommu_count(&mmu, parts[1].addr + (4u << 20) - PAGE, VU_ACCESS_WO), 1);
	assert_int_equal(iommu_count(&mmu, parts[1].addr + (4u << 20), VU_ACCESS_WO), 0);
}

static void the_dirty_log_has_guest_pages(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	const size_t size = (MEMORY_DEFAULT_BASE + 2 * MEMORY_DEFAULT_SIZE) / PAGE / 8;
	struct vu_log payload = { .size = size };
	struct vu_addr addr = vmm_ring_addr(&s->vmm, VMM_REQUESTQ);
	int fd = memfd_create("log", MFD_CLOEXEC);
	uint8_t *bits, *want = calloc(1, size);
	uint64_t pages[4];

	assert_non_null(want);
	assert_return_code(ftruncate(fd, (off_t)size), 0);
	bits = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_answered(0);
	iommu_settle(&mmu);
	assert_ok(message_set_log_base(&s->vmm.connection, &payload, fd));
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, IOMMU_FEATURES | FEATURE(VHOST_F_LOG_ALL)));
	addr.flags = VU_VRING_F_LOG;
	addr.log = addr.used; /* an I/O virtual address: what QEMU gives */
	assert_ok(message_set_vring_addr(&s->vmm.connection, &addr));
	pages[0] = ring_next_slot(ring);
	pages[1] = ring->used;
	pages[2] = ring_is_packed(ring) ? ring->desc : ring->used + 4 + 8ull * ring->used_idx;
	pages[3] = ring_is_packed(ring) ? ring->used : ring->used + 4 + 8ull * ring->size;
	assert_answered(0);
	assert_true(message_sync(&s->vmm.connection));
	for (unsigned i = 0; i < 4; i++)
		want[pages[i] / PAGE / 8] |= (uint8_t)(1u << pages[i] / PAGE % 8);
	assert_memory_equal(bits, want, size);
	munmap(bits, size);
	close(fd);
	free(want);
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, iommu_setup, iommu_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("F-09 V-93", each_page_is_asked_for_once),
		STARTED("V-93", a_miss_holds_up_its_ring_only),
		STARTED("V-93", read_only_is_not_written),
		STARTED("V-93", refused_by_the_front_end),
		STARTED("V-93", an_indirect_table_is_asked_for),
		STARTED("V-93", a_held_buffer_is_written_when_it_can_be),
		STARTED("V-93", a_held_buffer_that_is_refused_is_returned),
		STARTED("V-93 G-65", an_interrupt_ends_before_its_buffer_is_seen),
		ROW_TEST_FIXTURE("V-93", splinters_take_their_turns, setup_plain, iommu_teardown),
		STARTED("V-93", segments_that_reach_far),
		STARTED("V-88", the_dirty_log_has_guest_pages),
	};

	return session_run("iommu", tests, sizeof(tests) / sizeof(tests[0]));
}
