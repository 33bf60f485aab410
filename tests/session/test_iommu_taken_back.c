/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Translations that end: taken back, changed, or gone with a stop, a worker or a connection. */
#include "iommu.h"
#include "reconnect.h"

#include <string.h>

#define PAGE IOMMU_PAGE

static int setup_killed(void **state)
{
	return session_mortal(state, iommu_setup(state));
}

static void invalidate_all(void)
{
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, (uint64_t)-IOMMU_IOVA, 0, 0));
}

/* Rings are stopped until they can be reached again; nothing is lost, nothing is done twice. */
static void all_is_taken_back_under_load(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint16_t armed = iommu_arm(&mmu, 7);
	unsigned seed = 99;

	for (unsigned round = 0; round < session_rounds(150, 40); round++) {
		bool seen[VMM_RING_SIZE] = { false };

		for (unsigned i = 0; i < 48; i++)
			gpio_send(&s->vmm, GPIO_GET_DIRECTION, (uint16_t)(i % 7), 0);
		ring_notify(ring);
		seed = seed * 1103515245 + 12345;
		if (seed & 0x10000)
			invalidate_all();
		else
			assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, ring->desc + (seed >> 20) % 4 * PAGE,
					     (1 + (seed >> 24) % 3) * PAGE, 0));
		for (unsigned i = 0; i < 48; i++) {
			struct ring_used used = iommu_wait(&mmu, VMM_REQUESTQ);

			assert_in_range(used.id, 0, VMM_RING_SIZE - 1);
			assert_false(seen[used.id]);
			seen[used.id] = true;
			assert_int_equal(used.len, 2);
			assert_int_equal(gpio_answer_of(&s->vmm, used).status, GPIO_OK);
		}
		assert_true(ring_silent(ring, 0));
		iommu_forget(&mmu);
	}
	assert_no_event(s);
	line_drive(s, 7, 1);
	iommu_wait_fired(&mmu, armed);
	assert_int_equal(daemon_logged(&s->daemon, "reset"), 0);
}

static uint64_t sum_of_all(const struct memory *memory)
{
	return memory_sum(memory, MEMORY_DEFAULT_BASE, MEMORY_DEFAULT_SIZE) +
	       memory_sum(memory, MEMORY_DEFAULT_BASE + MEMORY_DEFAULT_SIZE, MEMORY_DEFAULT_SIZE);
}

/* After an invalidation nothing is written at the old place: the pages are another driver's by then. */
static void what_was_taken_back_is_not_touched(void **state)
{
	struct session *s = *state;
	struct memory *memory = &s->vmm.memory;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t before;

	for (unsigned i = 0; i < 2; i++) {
		assert_answered(0);
		iommu_settle(&mmu);
		if (i == 0)
			invalidate_all();
		else /* the buffers can be reached, their ring cannot */
			assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, ring->used & ~(PAGE - 1), PAGE, 0));
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		before = sum_of_all(memory);
		ring_kick(ring);
		session_settle(s);
		assert_true(message_sync(&s->vmm.connection));
		assert_true(sum_of_all(memory) == before);
		assert_int_equal(iommu_wait(&mmu, VMM_REQUESTQ).len, 2);
	}
}

/* More than there is behind the address: all of that is taken back. */
static void taken_back_beyond_the_last_address(void **state)
{
	struct session *s = *state;
	uint64_t page;

	assert_answered(0);
	iommu_settle(&mmu);
	iommu_drop(&mmu);
	page = ring_next_slot(&s->vmm.rings[VMM_REQUESTQ]) & ~(PAGE - 1);
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, UINT64_MAX, 0));
	assert_answered(0);
	assert_int_equal(iommu_count(&mmu, page, VU_ACCESS_RO), 1);
}

/* A translation that is replaced takes effect: the ring goes on in other memory. */
static void a_ring_moves_under_its_address(void **state)
{
	struct session *s = *state;
	struct memory *memory = &s->vmm.memory;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ], old = *ring;
	uint64_t base = ring->desc & ~(PAGE - 1), size = 4 * PAGE, to;

	assert_answered(0);
	iommu_settle(&mmu);
	to = memory_alloc(memory, 1, size, PAGE);
	memcpy(memory_at(memory, to, size), memory_at(memory, base, size), size);
	memset(memory_at(memory, base, size), 0x5a, size);
	assert_ok(message_send(&s->vmm.connection, VU_IOTLB_MSG,
			       &(struct vu_iotlb){ .iova = base + IOMMU_IOVA,
						   .size = size,
						   .user_addr = memory_user_addr(memory, to),
						   .perm = VU_ACCESS_RW,
						   .type = VU_IOTLB_UPDATE },
			       sizeof(struct vu_iotlb), NULL, 0));
	ring->desc = old.desc - base + to;
	ring->avail = old.avail - base + to;
	ring->used = old.used - base + to;
	assert_answered(0);
	for (uint64_t i = 0; i < size; i++)
		assert_int_equal(*(uint8_t *)memory_at(memory, base + i, 1), 0x5a);
	/* The device's addresses stayed; for the next set-up of the ring by this test they did not. */
	vmm_stop(&s->vmm);
}

static void it_is_asked_for_again_after_a_stop(void **state)
{
	struct session *s = *state;
	unsigned first;

	assert_answered(0);
	iommu_settle(&mmu);
	first = mmu.n_asked;
	vmm_stop(&s->vmm);
	iommu_forget(&mmu);
	vmm_resume(&s->vmm);
	assert_answered(0);
	iommu_settle(&mmu);
	assert_int_equal(mmu.n_asked, first);
}

static void a_worker_dies_while_a_miss_is_pending(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint16_t armed = iommu_arm(&mmu, 3), heads[2];
	unsigned asked;

	assert_answered(0);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, s->vmm.rings[i].slots & ~(PAGE - 1),
				     (VMM_RING_SIZE * RING_SLOT_SIZE) + PAGE, 0));
	/* Both rings run, and no buffer is translated: a request and an event wait. */
	asked = mmu.n_asked;
	line_drive(s, 3, 1);
	for (unsigned i = 0; i < 2; i++)
		heads[i] = gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	iommu_wait_asked(&mmu, asked + 2);
	session_take_over(s);
	iommu_drop(&mmu);
	for (unsigned i = 0; i < 2; i++) {
		struct ring_used used = iommu_wait(&mmu, VMM_REQUESTQ);

		assert_int_equal(used.id, heads[i]);
		assert_int_equal(used.len, 2);
	}
	iommu_wait_fired(&mmu, armed);
	iommu_settle(&mmu);
	assert_true(ring_silent(ring, 0));
	assert_answered(0);
}

/* What is held is found behind translations that the back-end has to ask for again. */
static void the_front_end_comes_back(void **state)
{
	struct session *s = *state;
	uint16_t heads[2];

	for (uint16_t i = 0; i < 2; i++)
		heads[i] = iommu_arm(&mmu, i);
	iommu_stop(&mmu);
	cut(s);
	iommu_connect(&mmu, s);
	/* One after the other: of the two, the requestq has moved, and can be told from a new one. */
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		iommu_ring_start(&mmu, i);
		ring_kick(&s->vmm.rings[i]);
		iommu_settle(&mmu);
	}
	assert_answered(7);
	assert_same(s, 1);
	for (unsigned i = 2; i-- > 0;) {
		line_pulse(s, i);
		iommu_wait_fired(&mmu, heads[i]);
	}
}

#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, iommu_setup, iommu_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("V-93", all_is_taken_back_under_load),
		STARTED("V-93", what_was_taken_back_is_not_touched),
		STARTED("V-93", taken_back_beyond_the_last_address),
		STARTED("V-93", a_ring_moves_under_its_address),
		STARTED("V-93", it_is_asked_for_again_after_a_stop),
		ROW_TEST_FIXTURE("V-93", a_worker_dies_while_a_miss_is_pending, setup_killed, iommu_teardown),
		ROW_TEST_FIXTURE("V-93 S-08", the_front_end_comes_back, iommu_setup, iommu_teardown),
	};

	return session_run("iommu_taken_back", tests, sizeof(tests) / sizeof(tests[0]));
}
