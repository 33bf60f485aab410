/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Guest memory: tables, slots, changes while rings run, and regions that are not what they say. */
#include "session.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "chain.h"
#include "failure.h"

#define MIB 0x100000ull

static void connect_negotiated(struct session *s)
{
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
}

static void start_rings(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		vmm_ring_setup(&s->vmm, i, 0);
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
}

static unsigned mapped(const struct session *s)
{
	return proc_maps(session_worker(s), "memfd:guest");
}

static void eight_regions_replaced_by_two(void **state)
{
	struct session *s = *state;
	struct memory eight = { 0 };
	struct vu_region regions[VU_REGIONS_MAX];
	int fds[VU_REGIONS_MAX];
	unsigned before;

	connect_negotiated(s);
	before = proc_fds(session_worker(s));
	for (unsigned i = 0; i < 8; i++)
		memory_add(&eight, i * 4 * MIB, 0x600000000000ull + i * 16 * MIB, MIB, i * 0x1000);
	memory_table(&eight, regions, fds);
	assert_ok(message_set_mem_table(&s->vmm.connection, regions, 8, fds, 8));
	assert_int_equal(mapped(s), 8);
	assert_ok(message_set_mem_table(&s->vmm.connection, regions, 8, fds, 8));
	assert_int_equal(mapped(s), 8);
	vmm_send_memory(&s->vmm);
	assert_int_equal(mapped(s), 2);
	/* A back-end may or may not keep the fds; it must not collect them. */
	assert_in_range(proc_fds(session_worker(s)), before, before + 2);
	start_rings(s);
	assert_serving(s);
	memory_deinit(&eight);
}

static void wrong_counts(void **state)
{
	static const struct {
		uint32_t n_regions;
		unsigned n_fds;
	} wrong[] = { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 2, 1 }, { 1, 2 }, { 9, 9 }, { 9, 8 } };
	struct session *s = *state;
	struct memory nine = { 0 };
	struct vu_region regions[VU_REGIONS_MAX];
	int fds[VU_REGIONS_MAX];
	unsigned before = proc_fds(session_worker(s));

	for (unsigned i = 0; i < 9; i++)
		memory_add(&nine, i * 4 * MIB, 0x600000000000ull + i * 16 * MIB, MIB, 0);
	memory_table(&nine, regions, fds);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		connect_negotiated(s);
		assert_int_not_equal(
			message_set_mem_table(&s->vmm.connection, regions, wrong[i].n_regions, fds, wrong[i].n_fds),
			OUTCOME_OK);
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
	}
	connect_negotiated(s);
	vmm_send_memory(&s->vmm);
	start_rings(s);
	assert_serving(s);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_fds(session_worker(s), before);
	memory_deinit(&nine);
}

static void count_that_lies(void **state)
{
	static const uint32_t counts[] = { 3, 8, 9, 0x10000000, 0xffffffff };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct vu_mem_table table = { .n_regions = counts[i] };
		int fds[VU_REGIONS_MAX];

		connect_negotiated(s);
		memory_table(&s->vmm.memory, table.regions, fds);
		/* The payload has two regions. */
		assert_int_not_equal(message_send(&s->vmm.connection, VU_SET_MEM_TABLE, &table, 8 + 2 * 32, fds, 2),
				     OUTCOME_OK);
		vmm_disconnect(&s->vmm);
	}
}

static void regions_that_make_no_sense(void **state)
{
	struct session *s = *state;
	struct memory memory = { 0 };
	struct vu_region good[2], bad[2];
	int fds[2];
	const struct {
		int64_t guest_addr, user_addr, size, mmap_offset;
	} changed[] = {
		/* To the second of two regions of 1 MiB, which lie 1 MiB apart in both address spaces. */
		{ -(int64_t)MIB - 0x1000, 0, 0, 0 },			  /* overlaps in guest addresses */
		{ 0, -(int64_t)MIB - 0x1000, 0, 0 },			  /* in user addresses */
		{ -2 * (int64_t)MIB, 0, 0, 0 },				  /* the same guest addresses */
		{ 0, 0, -(int64_t)MIB, 0 },				  /* empty */
		{ 0, 0, 0x1000, 0 },					  /* ends behind its file */
		{ 0, 0, 0, 0x1000 },					  /* starts too late in its file */
		{ 0, 0, 0, 0x7ffffffffffff000 },			  /* offset + size wraps */
		{ (int64_t)0xffffffffffc00000, 0, 0x1000, 0 },		  /* and too long, too */
		{ -0x400000 - (int64_t)MIB / 2, 0, 0, 0 },		  /* wraps around in guest addresses */
		{ 0, -0x400000 - (int64_t)MIB / 2 - 0x1000000000, 0, 0 }, /* and in user addresses */
		{ 0, 0, 0x7fffffff00000000, 0 },			  /* larger than any file */
	};

	memory_add(&memory, 0x200000, 0x1000200000, MIB, 0);
	memory_add(&memory, 0x400000, 0x1000400000, MIB, 0);
	memory_table(&memory, good, fds);
	connect_negotiated(s);
	for (unsigned i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		bad[0] = good[0];
		bad[1] = good[1];
		bad[1].guest_addr += (uint64_t)changed[i].guest_addr;
		bad[1].user_addr += (uint64_t)changed[i].user_addr;
		bad[1].size += (uint64_t)changed[i].size;
		bad[1].mmap_offset += (uint64_t)changed[i].mmap_offset;
		if (message_set_mem_table(&s->vmm.connection, bad, 2, fds, 2) != OUTCOME_REFUSED)
			fail_msg("table %u", i);
		/* The same by a slot of its own, beside the good one. */
		assert_ok(message_set_mem_table(&s->vmm.connection, good, 1, fds, 1));
		if (message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &bad[1], &fds[1], 1) != OUTCOME_REFUSED)
			fail_msg("slot %u", i);
	}
	memory_deinit(&memory);
	vmm_send_memory(&s->vmm);
	start_rings(s);
	assert_serving(s);
}

static void file_that_is_no_memory(void **state)
{
	struct session *s = *state;
	struct vu_region region = { .guest_addr = 0x1000, .size = 0x1000, .user_addr = 0x1000 };
	int ends[2], read_only;
	char path[64];

	connect_negotiated(s);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->vmm.memory.regions[0].fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read_only >= 0);
	assert_refused(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, &read_only, 1));
	close(read_only);
	assert_int_equal(pipe(ends), 0);
	assert_refused(message_set_mem_table(&s->vmm.connection, &region, 1, ends, 1));
	assert_refused(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, ends, 1));
	close(ends[0]);
	close(ends[1]);
}

static void table_of_72_bytes_with_one_region(void **state)
{
	struct session *s = *state;
	struct vu_mem_table table = { .n_regions = 1 };
	int fds[VU_REGIONS_MAX];

	vmm_deinit(&s->vmm);
	s->vmm = (struct vmm){ .connection.fd = -1 };
	memory_add(&s->vmm.memory, 0, 0x7f0000000000ull, 16 * MIB, 0);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_init(&s->vmm.rings[i], &s->vmm.memory, VMM_RING_SIZE);
	connect_negotiated(s);
	memory_table(&s->vmm.memory, table.regions, fds);
	assert_ok(message_send(&s->vmm.connection, VU_SET_MEM_TABLE, &table, 72, fds, 1));
	start_rings(s);
	assert_serving(s);
}

static void user_address_is_guest_address(void **state)
{
	struct session *s = *state;

	vmm_deinit(&s->vmm);
	s->vmm = (struct vmm){ .connection.fd = -1 };
	memory_add(&s->vmm.memory, 0, 0, 16 * MIB, 0);
	memory_alloc(&s->vmm.memory, 0, 0x1000, 0x1000);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_init(&s->vmm.rings[i], &s->vmm.memory, VMM_RING_SIZE);
	vmm_start(&s->vmm, session_socket(s));
	assert_serving(s);
	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	line_drive(s, 0, 1);
	assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
}

static void table_changes_while_rings_run(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING), other = gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);

	for (unsigned i = 0; i < 5; i++) {
		memory_rehome(&s->vmm.memory, 0, 0x1000 * i);
		memory_rehome(&s->vmm.memory, 1, 0x2000 * i);
		vmm_send_memory(&s->vmm);
		assert_serving(s);
		line_pulse(s, 0);
		assert_event(s, head, GPIO_EVENT_VALID);
		head = gpio_unmask(&s->vmm, 0);
	}
	/* Held since the first table. */
	line_drive(s, 1, 1);
	assert_event(s, other, GPIO_EVENT_VALID);
	assert_int_equal(mapped(s), 2);
}

static void ring_region_disappears(void **state)
{
	struct session *s = *state;
	const struct memory *memory = &s->vmm.memory;
	struct vu_region regions[VU_REGIONS_MAX];
	int fds[VU_REGIONS_MAX];
	uint64_t sum;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	memory_table(memory, regions, fds);
	/* Only the second region stays: the rings lie in the first. */
	assert_ok(message_set_mem_table(&s->vmm.connection, regions + 1, 1, fds + 1, 1));
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	sum = memory_sum(memory, s->vmm.rings[0].desc, 0x10000);
	ring_kick(&s->vmm.rings[0]);
	ring_kick(&s->vmm.rings[1]);
	line_drive(s, 0, 1);
	session_settle(s);
	assert_int_equal(memory_sum(memory, s->vmm.rings[0].desc, 0x10000), sum);
	assert_true(message_sync(&s->vmm.connection));
	session_reconnect(s);
	assert_serving(s);
}

static void ring_region_comes_back(void **state)
{
	struct session *s = *state;
	struct vu_region regions[VU_REGIONS_MAX];
	int fds[VU_REGIONS_MAX];
	uint16_t head = gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);

	memory_table(&s->vmm.memory, regions, fds);
	assert_ok(message_mem_reg(&s->vmm.connection, VU_REM_MEM_REG, &regions[0], NULL, 0));
	assert_int_equal(mapped(s), 1);
	line_drive(s, 0, 1);
	assert_no_event(s);
	assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &regions[0], &fds[0], 1));
	assert_int_equal(mapped(s), 2);
	ring_kick(&s->vmm.rings[0]);
	ring_kick(&s->vmm.rings[1]);
	assert_serving(s);
	assert_event(s, head, GPIO_EVENT_VALID);
}

static void held_buffer_region_disappears(void **state)
{
	struct session *s = *state;
	struct vu_region regions[VU_REGIONS_MAX];
	int fds[VU_REGIONS_MAX];
	uint64_t sum;
	struct ring_used used;

	gpio_arm(&s->vmm, 0, GPIO_IRQ_RISING);
	memory_table(&s->vmm.memory, regions, fds);
	assert_ok(message_mem_reg(&s->vmm.connection, VU_REM_MEM_REG, &regions[1], NULL, 0));
	sum = memory_sum(&s->vmm.memory, regions[1].guest_addr, 0x40000);
	line_drive(s, 0, 1);
	session_settle(s);
	assert_int_equal(memory_sum(&s->vmm.memory, regions[1].guest_addr, 0x40000), sum);
	/* Returned without a byte or kept: both are fine, a byte that was not written is not. */
	if (ring_reap(&s->vmm.rings[VMM_EVENTQ], &used))
		assert_int_equal(used.len, 0);
	assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &regions[1], &fds[1], 1));
	assert_serving(s);
}

static void slots_are_many_and_constant(void **state)
{
	struct session *s = *state;
	uint64_t slots = 0;

	for (unsigned i = 0; i < 3; i++) {
		connect_negotiated(s);
		if (i > 0)
			assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_MAX_MEM_SLOTS), slots);
		slots = message_get_u64(&s->vmm.connection, VU_GET_MAX_MEM_SLOTS);
		assert_in_range(slots, 8, 1024);
		vmm_disconnect(&s->vmm);
	}
}

static void as_many_slots_as_promised(void **state)
{
	struct session *s = *state;
	struct vu_region region = { .size = 0x1000 };
	uint64_t slots;
	int fd = s->vmm.memory.regions[0].fd;

	connect_negotiated(s);
	slots = message_get_u64(&s->vmm.connection, VU_GET_MAX_MEM_SLOTS);
	for (uint64_t i = 0; i < slots; i++) {
		region.guest_addr = region.user_addr = region.mmap_offset = 0x2000 * i;
		assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, &fd, 1));
	}
	assert_int_equal(mapped(s), slots);
	region.guest_addr = region.user_addr = 0x2000 * slots;
	assert_refused(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, &fd, 1));
	region.guest_addr = region.user_addr = 0;
	assert_ok(message_mem_reg(&s->vmm.connection, VU_REM_MEM_REG, &region, NULL, 0));
	assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, &fd, 1));
}

static void add_needs_one_fd(void **state)
{
	struct session *s = *state;
	struct vu_region region = { .guest_addr = 0x1000, .user_addr = 0x5000, .size = 0x1000 };
	int fds[2] = { s->vmm.memory.regions[0].fd, s->vmm.memory.regions[1].fd };

	connect_negotiated(s);
	assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, fds, 1));
	assert_int_equal(mapped(s), 1);
	for (unsigned n = 0; n <= 2; n += 2) {
		vmm_disconnect(&s->vmm);
		connect_negotiated(s);
		assert_int_not_equal(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &region, fds, n), OUTCOME_OK);
	}
}

static void remove_matches_addresses_and_size(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	const struct vu_region region = { 0x10000, 0x2000, 0x50000, 0x1000 };
	struct vu_region other;
	int fd = s->vmm.memory.regions[0].fd;
	unsigned before;

	connect_negotiated(s);
	before = proc_fds(session_worker(s));
	assert_ok(message_mem_reg(c, VU_ADD_MEM_REG, &region, &fd, 1));
	other = region;
	other.size = 0x1000;
	assert_refused(message_mem_reg(c, VU_REM_MEM_REG, &other, NULL, 0));
	other = region;
	other.guest_addr += 0x1000;
	assert_refused(message_mem_reg(c, VU_REM_MEM_REG, &other, NULL, 0));
	other = region;
	other.user_addr += 0x1000;
	assert_refused(message_mem_reg(c, VU_REM_MEM_REG, &other, NULL, 0));
	assert_int_equal(mapped(s), 1);
	/* The offset does not matter; an fd may come along, and is closed. */
	other = region;
	other.mmap_offset = 0x9000;
	assert_ok(message_mem_reg(c, VU_REM_MEM_REG, &other, &fd, 1));
	assert_int_equal(mapped(s), 0);
	assert_fds(session_worker(s), before);
	assert_refused(message_mem_reg(c, VU_REM_MEM_REG, &region, NULL, 0));
}

static void regions_are_not_sent_again(void **state)
{
	struct session *s = *state;
	struct vu_region regions[VU_REGIONS_MAX];
	int fds[VU_REGIONS_MAX];

	connect_negotiated(s);
	memory_table(&s->vmm.memory, regions, fds);
	for (unsigned i = 0; i < 2; i++)
		assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &regions[i], &fds[i], 1));
	start_rings(s);
	assert_serving(s);
	for (unsigned i = 0; i < 3; i++) {
		vmm_stop(&s->vmm);
		vmm_restart(&s->vmm);
		assert_serving(s);
	}
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-33 X-30", eight_regions_replaced_by_two),
		FRESH("V-34", wrong_counts),
		FRESH("V-34 V-09", count_that_lies),
		FRESH("V-35", regions_that_make_no_sense),
		FRESH("V-35", file_that_is_no_memory),
		FRESH("V-10 X-43", table_of_72_bytes_with_one_region),
		FRESH("V-37", user_address_is_guest_address),
		STARTED("V-36", table_changes_while_rings_run),
		STARTED("R-40", ring_region_disappears),
		STARTED("V-42 R-40", ring_region_comes_back),
		STARTED("V-42", held_buffer_region_disappears),
		FRESH("V-38", slots_are_many_and_constant),
		FRESH("PF-15 V-38", as_many_slots_as_promised),
		FRESH("V-39", add_needs_one_fd),
		FRESH("V-40 V-41", remove_matches_addresses_and_size),
		FRESH("V-43", regions_are_not_sent_again),
	};

	return session_run("memory", tests, sizeof(tests) / sizeof(tests[0]));
}
