/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The channel that translations are asked for over: none, full, closed, another one; IOTLB messages, bad and many. */
#include "iommu.h"

#include <sys/socket.h>
#include <unistd.h>

#define PAGE IOMMU_PAGE

/* QEMU would give the bit to a driver that must not have it. */
static void not_offered_unless_the_host_says_so(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	vmm_open_channel(&s->vmm);
	assert_int_equal(message_get_u64(c, VU_GET_FEATURES), VMM_OFFERED);
	assert_refused(message_send_u64(c, VU_SET_FEATURES, IOMMU_FEATURES));
}

static void offered_with_the_channel_only(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	vmm_connect(&s->vmm, session_socket(s));
	assert_int_equal(message_get_u64(c, VU_GET_FEATURES), VMM_OFFERED);
	assert_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, FEATURE(VU_PROTOCOL_REPLY_ACK)));
	c->mode = CONNECTION_ACK;
	assert_int_equal(message_get_u64(c, VU_GET_FEATURES), VMM_OFFERED);
	assert_refused(message_send_u64(c, VU_SET_FEATURES, IOMMU_FEATURES));
	assert_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_FEATURES));
	assert_int_equal(message_get_u64(c, VU_GET_FEATURES), VMM_OFFERED_IOMMU);
	assert_ok(message_send_u64(c, VU_SET_FEATURES, IOMMU_FEATURES));
}

static void a_flood_of_updates_is_bounded(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	unsigned pages = 2 * MEMORY_DEFAULT_SIZE / PAGE, seed = 5;
	uint64_t rss;

	assert_answered(0);
	iommu_settle(&mmu);
	rss = proc_status(session_worker(s), "VmRSS");
	c->mode = CONNECTION_ASYNC;
	for (unsigned i = 0; i < 30000; i++) {
		uint64_t guest = MEMORY_DEFAULT_BASE + (seed = seed * 1103515245 + 12345) / 16 % pages * PAGE;

		/* other addresses than the driver's, the same memory */
		assert_ok(message_send(c, VU_IOTLB_MSG,
				       &(struct vu_iotlb){ .iova = guest + 2 * PAGE * i,
							   .size = PAGE,
							   .user_addr = memory_user_addr(&s->vmm.memory, guest),
							   .perm = VU_ACCESS_RW,
							   .type = VU_IOTLB_UPDATE },
				       sizeof(struct vu_iotlb), NULL, 0));
		if (i % 5000 == 0)
			assert_answered(1);
	}
	assert_true(message_sync(c));
	c->mode = CONNECTION_ACK;
	assert_answered(1);
	if (!proc_has_address_sanitizer(session_worker(s)))
		assert_in_range(proc_status(session_worker(s), "VmRSS"), 0, rss + 1024);
}

static void without_a_channel_a_miss_is_an_error(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t slot;

	session_prepare(s, IOMMU_FEATURES);
	mmu = (struct iommu){ .session = s, .channel.fd = -1 };
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		s->vmm.rings[i].iova = IOMMU_IOVA;
		vmm_ring_setup(&s->vmm, i, 0);
		vmm_ring_enable(&s->vmm, i, true);
		ring_kick(&s->vmm.rings[i]);
	}
	/* The rings start when the front-end thinks of them by itself. */
	for (uint64_t i = 0; i < 16; i++)
		assert_ok(iommu_send(&mmu, VU_IOTLB_UPDATE, (s->vmm.rings[0].desc & ~(PAGE - 1)) + i * PAGE, PAGE,
				     VU_ACCESS_RW));
	slot = ring_next_slot(ring);
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	assert_int_equal(ring_wait(ring).len, 0);
	assert_ok(iommu_send(&mmu, VU_IOTLB_UPDATE, slot & ~(PAGE - 1), PAGE, VU_ACCESS_RW));
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	assert_int_equal(ring_wait(ring).len, 2);
}

/* Nobody reads the channel: the ring waits, the device goes on, and asks when there is room again. */
static void a_full_channel_is_tried_again(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t slot, page;
	int sent = 0, size = 1;

	assert_answered(0);
	iommu_settle(&mmu);
	iommu_stop(&mmu);
	{
		int ends[2];

		assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		assert_return_code(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
		connection_adopt(&mmu.channel, ends[0]);
		assert_ok(message_send(&s->vmm.connection, VU_SET_BACKEND_REQ_FD, NULL, 0, &ends[1], 1));
		/* Full, but for our sender's eye. */
		while (send(ends[1], "", 1, MSG_DONTWAIT) == 1)
			sent++;
		close(ends[1]);
	}
	slot = ring_next_slot(ring);
	page = slot & ~(PAGE - 1);
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	assert_true(ring_silent(ring, SILENT_MS));
	assert_true(message_sync(&s->vmm.connection));
	while (sent > 0) {
		char bytes[256];
		ssize_t n = recv(mmu.channel.fd, bytes, sent < 256 ? (size_t)sent : sizeof(bytes), 0);

		assert_true(n > 0);
		sent -= (int)n;
	}
	iommu_forget(&mmu);
	assert_int_equal(iommu_wait(&mmu, VMM_REQUESTQ).len, 2);
	assert_int_equal(iommu_count(&mmu, page, VU_ACCESS_RO), 1);
}

/* What was asked over the old channel, and not answered, is asked again over the new one. */
static void another_channel_while_a_miss_is_pending(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t page;

	assert_answered(0);
	iommu_settle(&mmu);
	iommu_drop(&mmu);
	page = ring_next_slot(ring) & ~(PAGE - 1);
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	iommu_wait_asked(&mmu, 1);
	iommu_stop(&mmu);
	iommu_drop(&mmu);
	iommu_open_channel(&mmu);
	assert_int_equal(iommu_wait(&mmu, VMM_REQUESTQ).len, 2);
	assert_int_equal(iommu_count(&mmu, page, VU_ACCESS_RO), 1);
}

/* A channel that is closed is none: what waited is an error. Another one may come. */
static void a_closed_channel_is_none(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t page;

	assert_answered(0);
	iommu_settle(&mmu);
	iommu_stop(&mmu);
	page = ring_next_slot(ring) & ~(PAGE - 1);
	assert_ok(iommu_send(&mmu, VU_IOTLB_INVALIDATE, page, PAGE, 0));
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
	ring_kick(ring);
	assert_int_equal(ring_wait(ring).len, 0);
}

static void bad_messages_are_refused(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	const uint64_t user = s->vmm.memory.regions[0].wire.user_addr, size = s->vmm.memory.regions[0].wire.size;
	const struct vu_iotlb bad[] = {
		{ .iova = 0, .size = 0, .user_addr = user, .perm = 3, .type = VU_IOTLB_UPDATE },
		{ .iova = UINT64_MAX - 4094, .size = 4096, .user_addr = user, .perm = 3, .type = VU_IOTLB_UPDATE },
		{ .iova = 0, .size = UINT64_MAX, .user_addr = user, .perm = 3, .type = VU_IOTLB_UPDATE },
		{ .iova = 0, .size = 4096, .user_addr = user - 1, .perm = 3, .type = VU_IOTLB_UPDATE },
		{ .iova = 0, .size = 4096, .user_addr = user + size - 4095, .perm = 3, .type = VU_IOTLB_UPDATE },
		{ .iova = 0, .size = 4096, .user_addr = UINT64_MAX - 4095, .perm = 1, .type = VU_IOTLB_UPDATE },
		{ .iova = 0, .size = 4096, .user_addr = user, .perm = 4, .type = VU_IOTLB_UPDATE },
		{ .iova = 0, .size = 4096, .user_addr = user, .perm = 3, .type = VU_IOTLB_MISS },
		{ .iova = 0, .size = 4096, .user_addr = user, .perm = 3, .type = 0 },
		{ .iova = 0, .size = 4096, .user_addr = user, .perm = 3, .type = 5 },
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(message_send(c, VU_IOTLB_MSG, &bad[i], sizeof(bad[i]), NULL, 0));
	/* The document's 26 bytes are as good as the kernel's 32. */
	assert_ok(
		message_send(c, VU_IOTLB_MSG,
			     &(struct vu_iotlb){ .size = 4096, .user_addr = user, .perm = 3, .type = VU_IOTLB_UPDATE },
			     26, NULL, 0));
	assert_answered(0);
	assert_ok(message_send_u64(c, VU_SET_FEATURES, VMM_FEATURES));
	assert_refused(iommu_send(&mmu, VU_IOTLB_UPDATE, MEMORY_DEFAULT_BASE, PAGE, VU_ACCESS_RW));
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, iommu_setup_fresh, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, iommu_setup, iommu_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW_TEST_FIXTURE("F-09", not_offered_unless_the_host_says_so, session_setup, session_teardown),
		FRESH("F-09", offered_with_the_channel_only),
		STARTED("V-93", a_flood_of_updates_is_bounded),
		FRESH("V-93", without_a_channel_a_miss_is_an_error),
		STARTED("V-93", a_full_channel_is_tried_again),
		STARTED("V-93", a_closed_channel_is_none),
		STARTED("V-93", another_channel_while_a_miss_is_pending),
		STARTED("V-93", bad_messages_are_refused),
	};

	return session_run("iommu_channel", tests, sizeof(tests) / sizeof(tests[0]));
}
