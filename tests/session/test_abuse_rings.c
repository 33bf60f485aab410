/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Rings, buffers, tables and in-flight regions that change while the device reads them: a thread writes into them what
 * is likely to hurt, the driver kicks, sets broken rings up anew, and goes. The worker lives and serves the next one.
 */
#include "abuse.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STORM_MS     400
#define INFLIGHT_LEN 65536

struct storm {
	struct session *session;
	uint64_t seed;
	uint8_t *inflight; /* or NULL */
	atomic_bool over;
};

/* xorshift64 */
static uint64_t any(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static uint64_t any_below(uint64_t *seed, uint64_t n)
{
	return any(seed) % n;
}

/* Where buffers and tables should not be: at ends of regions, over their border, in the ring itself, nowhere. */
static uint64_t any_addr(const struct ring *ring, uint64_t *seed)
{
	const uint64_t border = MEMORY_DEFAULT_BASE + MEMORY_DEFAULT_SIZE, end = border + MEMORY_DEFAULT_SIZE;
	const uint64_t addrs[] = { MEMORY_DEFAULT_BASE,
				   border - any_below(seed, 64),
				   end - any_below(seed, 64),
				   ring->desc,
				   ring->used,
				   0,
				   UINT64_MAX - any_below(seed, 64),
				   any(seed) };
	uint64_t slot = ring->slots + RING_SLOT_SIZE * any_below(seed, ring->size);

	return any_below(seed, 4) ? slot + 8 * any_below(seed, 10) : addrs[any_below(seed, 8)];
}

static uint32_t any_len(uint64_t *seed)
{
	static const uint32_t lens[] = { 0, 1, 2, 7, 8, 8, 8, 16, 17, 48, 4096, 0x7fffffff, UINT32_MAX };

	return lens[any_below(seed, sizeof(lens) / sizeof(lens[0]))];
}

/* A descriptor of either format, to wherever one may be. */
static void spoil_desc(const struct ring *ring, volatile uint16_t *desc, uint64_t *seed)
{
	const uint64_t addr = any_addr(ring, seed);
	const uint32_t len = any_len(seed);
	const uint16_t flags = (uint16_t)(any_below(seed, 3) ? any_below(seed, 8) : any(seed));
	const uint16_t next = (uint16_t)any_below(seed, ring->size + (any_below(seed, 16) == 0));

	for (unsigned i = 0; i < 4; i++)
		desc[i] = (uint16_t)(addr >> 16 * i);
	desc[4] = (uint16_t)len;
	desc[5] = (uint16_t)(len >> 16);
	/* split: flags, next; packed: id, flags */
	desc[6] = ring->event_idx && any_below(seed, 2) ? next : flags;
	desc[7] = any_below(seed, 2) ? next : (uint16_t)(flags ^ any(seed));
}

static void spoil(struct storm *storm, struct ring *ring)
{
	uint64_t *seed = &storm->seed;
	uint8_t *desc = memory_at(ring->memory, ring->desc, 16ull * ring->size);
	uint8_t *slots = memory_at(ring->memory, ring->slots, (uint64_t)RING_SLOT_SIZE * ring->size);
	uint8_t *used = memory_at(ring->memory, ring->used, 4);
	uint8_t *slot = slots + RING_SLOT_SIZE * any_below(seed, ring->size);

	switch (any_below(seed, 8)) {
	case 0:
		/* A request, as good as any. */
		*(volatile uint64_t *)slot = any_below(seed, 8) | any_below(seed, 9) << 16 | any_below(seed, 4) << 32;
		break;
	case 1:
		spoil_desc(ring, (uint16_t *)(slot + RING_SLOT_TABLE + 16 * any_below(seed, RING_TABLE_PARTS)), seed);
		break;
	case 2:
		if (any_below(seed, 64) == 0)
			*(volatile uint16_t *)(used + 2) = (uint16_t)any(seed);
		break;
	case 3:
		if (storm->inflight)
			((volatile uint16_t *)storm->inflight)[any_below(seed, INFLIGHT_LEN / 2)] =
				(uint16_t)(any_below(seed, 2) ? any_below(seed, 2 * ring->size) : any(seed));
		break;
	default:
		spoil_desc(ring, (uint16_t *)(desc + 16 * any_below(seed, ring->size)), seed);
	}
}

static void *storm_run(void *ctx)
{
	struct storm *storm = ctx;

	while (!atomic_load(&storm->over))
		for (unsigned i = 0; i < 64; i++)
			spoil(storm, &storm->session->vmm.rings[i % VMM_RINGS]);
	return NULL;
}

/* Some more heads of a split ring; now and then an index out of the blue. A packed ring has its heads in its descriptors. */
static void publish_any(struct ring *ring, uint64_t *seed)
{
	volatile uint16_t *avail = memory_at(ring->memory, ring->avail, 6 + 2ull * ring->size);
	const volatile uint16_t *used = memory_at(ring->memory, ring->used, 4);

	for (unsigned n = (unsigned)any_below(seed, 8); n-- > 0; ring->avail_idx++)
		avail[2 + ring->avail_idx % ring->size] =
			(uint16_t)(any_below(seed, 256) ? any_below(seed, ring->size) : any(seed));
	avail[1] = (uint16_t)(any_below(seed, 256) ? ring->avail_idx : any(seed));
	/* used_event: mostly the next one */
	avail[2 + ring->size] = any_below(seed, 16) ? used[1] : (uint16_t)any(seed);
}

static void publish_any_packed(struct ring *ring, uint64_t *seed)
{
	volatile uint16_t *desc = memory_at(ring->memory, ring->desc, 16ull * ring->size);
	volatile uint16_t *driver = memory_at(ring->memory, ring->avail, 4);

	for (unsigned i = 0; i < ring->size; i++)
		desc[8 * i + 7] = (uint16_t)(1u << (any_below(seed, 2) ? 7 : 15) | any_below(seed, 8));
	driver[0] = (uint16_t)any_below(seed, 2 * ring->size);
	driver[1] = (uint16_t)any_below(seed, 4);
}

/* A ring that was broken is set up anew, at any base. */
static void ring_again(struct session *s, unsigned index, uint64_t *seed)
{
	struct ring *ring = &s->vmm.rings[index];
	struct vu_addr addr = vmm_ring_addr(&s->vmm, index);
	volatile uint16_t *used = memory_at(ring->memory, ring->used, 4);

	if (any_below(seed, 2))
		message_send_state(&s->vmm.connection, VU_SET_VRING_BASE, index,
				   ring->direct_only ? (uint32_t)any(seed) : used[1]);
	message_set_vring_addr(&s->vmm.connection, &addr);
	ring->avail_idx = used[1];
}

static void weather_storm(struct session *s, bool packed)
{
	const uint64_t until = clock_ms() + STORM_MS;
	uint64_t seed = clock_ns() | 1, rounds = 0, broken = 0;

	while (clock_ms() < until || rounds < 1000) {
		unsigned index = (unsigned)any_below(&seed, VMM_RINGS);
		struct ring *ring = &s->vmm.rings[index];

		(packed ? publish_any_packed : publish_any)(ring, &seed);
		ring_kick(ring);
		rounds++;
		if (rounds % 16 == 0)
			assert_true(message_sync(&s->vmm.connection));
		if (ring_error(ring, 0)) {
			broken++;
			ring_again(s, index, &seed);
		}
	}
	print_message("%llu rounds, the rings were broken %llu times, the driver was called %llu times\n",
		      (unsigned long long)rounds, (unsigned long long)broken,
		      (unsigned long long)(ring_calls(&s->vmm.rings[0]) + ring_calls(&s->vmm.rings[1])));
	/* Else nothing was tested. */
	assert_true(ring_calls(&s->vmm.rings[0]) > 0);
}

static void inflight_make(struct session *s, struct storm *storm)
{
	struct vu_inflight wire = { .mmap_size = INFLIGHT_LEN, .num_queues = VMM_RINGS, .queue_size = VMM_RING_SIZE };
	int fd = memfd_create("inflight", MFD_CLOEXEC);

	assert_return_code(ftruncate(fd, INFLIGHT_LEN), 0);
	storm->inflight = mmap(NULL, INFLIGHT_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ok(message_set_inflight(&s->vmm.connection, &wire, fd));
	close(fd);
}

static void ring_begin(struct session *s, unsigned index)
{
	vmm_ring_setup(&s->vmm, index, 0);
	vmm_ring_enable(&s->vmm, index, true);
	ring_kick(&s->vmm.rings[index]);
}

static void storm_over(struct session *s, uint64_t features, bool inflight)
{
	struct storm storm = { .session = s, .seed = clock_ns() | 1 };
	struct abuse before = abuse_before(s);
	const bool packed = features & FEATURE(VIRTIO_F_RING_PACKED);
	pthread_t thread;

	print_message("seed 0x%llx\n", (unsigned long long)storm.seed);
	session_prepare(s, VMM_FEATURES | features);
	if (inflight)
		inflight_make(s, &storm);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_begin(s, i);
	assert_serving(s);
	assert_int_equal(pthread_create(&thread, NULL, storm_run, &storm), 0);
	weather_storm(s, packed);
	atomic_store(&storm.over, true);
	pthread_join(thread, NULL);
	assert_true(message_sync(&s->vmm.connection));
	if (storm.inflight)
		munmap(storm.inflight, INFLIGHT_LEN);
	abuse_then_served(s, &before);
}

static void split_rings(void **state)
{
	storm_over(*state, 0, false);
}

static void split_rings_with_inflight_regions(void **state)
{
	storm_over(*state, 0, true);
}

static void packed_rings(void **state)
{
	storm_over(*state, FEATURE(VIRTIO_F_RING_PACKED), false);
}

static void packed_rings_with_inflight_regions(void **state)
{
	storm_over(*state, FEATURE(VIRTIO_F_RING_PACKED), true);
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("R-37 R-08 R-09 R-34", split_rings),
		FRESH("R-37", split_rings_with_inflight_regions),
		FRESH("P-14 P-16", packed_rings),
		FRESH("P-14", packed_rings_with_inflight_regions),
	};

	return session_run("abuse_rings", tests, sizeof(tests) / sizeof(tests[0]));
}
