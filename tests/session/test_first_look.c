/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Rings whose kick fd comes signalled, as QEMU's do, while the driver adds its first request: an answer before the
 * driver's kick would come too early for Linux. What must not come too early is shown by the least time that it took,
 * what must come at once by one time of many.
 */
#include "iommu.h"

#define PATIENCE_MS 500 /* first_look.c */
#define ROUNDS	    3
#define TRIES	    20

static void connect_ready(struct session *s)
{
	vmm_disconnect(&s->vmm);
	ring_new_kick_fd(&s->vmm.rings[VMM_REQUESTQ]);
	session_prepare(s, VMM_FEATURES);
}

static bool is_read(void *ctx)
{
	return !wait_readable(*(int *)ctx, 0);
}

static void wait_kick_read(struct ring *ring)
{
	assert_true(wait_for(is_read, &ring->kick_fd, WAIT_MS));
}

static void send_unkicked(struct session *s)
{
	gpio_send(&s->vmm, GPIO_GET_DIRECTION, 3, 0);
}

static void assert_done(struct session *s)
{
	struct gpio_answer answer = gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[VMM_REQUESTQ]));

	assert_int_equal(answer.status, GPIO_OK);
	assert_int_equal(answer.used_len, 2);
}

/* A new ring, not enabled yet, whose kick fd came signalled. */
static void set_up_signalled(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	connect_ready(s);
	ring_reset(ring);
	ring_kick(ring);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, ring_first_base(ring));
}

static void an_unkicked_chain_waits(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start_ms;

		set_up_signalled(s);
		send_unkicked(s);
		start_ms = clock_ms();
		vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
		assert_done(s);
		assert_true(clock_ms() - start_ms >= PATIENCE_MS);
		/* From then on the device looks when it is kicked. */
		assert_serving(s);
	}
}

/* The driver of QEMU's guest: the ring has started, and then its request comes, with its kick. */
static bool request_after_the_start(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t start_ms = clock_ms();

	set_up_signalled(s);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	wait_kick_read(ring);
	send_unkicked(s);
	assert_true(ring_notify(ring));
	assert_done(s);
	return clock_ms() - start_ms < PATIENCE_MS;
}

static bool request_before_the_start(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t start_ms = clock_ms();

	set_up_signalled(s);
	wait_kick_read(ring);
	send_unkicked(s);
	ring_kick(ring);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	assert_done(s);
	return clock_ms() - start_ms < PATIENCE_MS;
}

/* While the chain is left alone. */
static bool kick_of_a_waiting_chain(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t start_ms = clock_ms();

	set_up_signalled(s);
	send_unkicked(s);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	wait_kick_read(ring);
	ring_kick(ring);
	assert_done(s);
	return clock_ms() - start_ms < PATIENCE_MS;
}

/* Both kicks are read as one. */
static bool kicked_twice_before_the_messages(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t start_ms = clock_ms();

	connect_ready(s);
	ring_reset(ring);
	send_unkicked(s);
	ring_kick(ring);
	ring_kick(ring);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, ring_first_base(ring));
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	assert_done(s);
	return clock_ms() - start_ms < PATIENCE_MS;
}

/* The kick fd of another front-end: its only kick is the driver's. */
static bool kick_after_the_fd(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t start_ms = clock_ms();

	connect_ready(s);
	ring_reset(ring);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, ring_first_base(ring));
	send_unkicked(s);
	ring_kick(ring);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	assert_done(s);
	return clock_ms() - start_ms < PATIENCE_MS;
}

/* QEMU 7.2 connects again: what is in the ring was kicked for long ago. */
static bool a_ring_that_is_not_new(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t start_ms = clock_ms();

	connect_ready(s);
	ring_start_at(ring, 8);
	ring_kick(ring);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, ring_base(ring));
	send_unkicked(s);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	assert_done(s);
	return clock_ms() - start_ms < PATIENCE_MS;
}

/* A pause before the first request: the ring resumes. */
static bool a_ring_that_resumes(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t start_ms = clock_ms();
	uint32_t base;

	set_up_signalled(s);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	wait_kick_read(ring);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, false);
	base = vmm_ring_stop(&s->vmm, VMM_REQUESTQ);
	assert_int_equal(base, ring_first_base(ring));
	ring_kick(ring);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, base);
	send_unkicked(s);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	assert_done(s);
	return clock_ms() - start_ms < PATIENCE_MS;
}

static void what_does_not_wait(void **state)
{
	static bool (*const ways[])(struct session * s) = {
		request_after_the_start, request_before_the_start,
		kick_of_a_waiting_chain, kicked_twice_before_the_messages,
		kick_after_the_fd,	 a_ring_that_is_not_new,
		a_ring_that_resumes,
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		unsigned tries = 0;

		while (!ways[i](*state))
			if (++tries == TRIES)
				fail_msg("way %zu waits", i);
	}
}

/* Linux in QEMU with a virtual IOMMU: the request comes while the translations of the rings are asked for. */
static void a_chain_that_came_before_the_translations(void **state)
{
	static struct iommu iommu;
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start_ms;

		vmm_disconnect(&s->vmm);
		ring_new_kick_fd(ring);
		ring_reset(ring);
		ring_kick(ring);
		iommu_connect(&iommu, s);
		iommu_ring_start(&iommu, VMM_REQUESTQ);
		iommu_wait_asked(&iommu, 1);
		send_unkicked(s);
		start_ms = clock_ms();
		assert_int_equal(gpio_answer_of(&s->vmm, iommu_wait(&iommu, VMM_REQUESTQ)).status, GPIO_OK);
		assert_true(clock_ms() - start_ms >= PATIENCE_MS);
		assert_int_equal(iommu_request(&iommu, 0).status, GPIO_OK);
		iommu_stop(&iommu);
	}
}

static int setup_iommu(void **state)
{
	return session_setup_guest(state, "iommu=on");
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-63 X-25", an_unkicked_chain_waits),
		FRESH("V-63 X-25 X-01", what_does_not_wait),
		ROW_TEST_FIXTURE("V-63 V-93 X-25", a_chain_that_came_before_the_translations, setup_iommu,
				 session_teardown),
	};

	return session_run("first_look", tests, sizeof(tests) / sizeof(tests[0]));
}
