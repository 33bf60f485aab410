/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The orders in which front-ends set rings up, and go on with them: with the kicks that they send, and no other. Rings
 * are split ones, whose in-flight regions the front-end keeps.
 */
#include "inflight.h"
#include "state.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARMED = 4, WAITING = 4 }; /* lines with a held buffer; the line of a request that nobody answered yet */

enum step { END, NUM, BASE, ADDR, CALL, ERR, KICK, ENABLE };

struct front_end {
	uint64_t protocol_features;
	enum step first[4];  /* for each ring ... */
	enum step second[6]; /* ... and then for each, ... */
	enum step third[3];  /* ... and once more */
	bool adds_memory;    /* ADD_MEM_REG instead of SET_MEM_TABLE */
	bool kicks;	     /* the kick fds come signalled */
};

#define FEW (FEATURE(VU_PROTOCOL_MQ) | FEATURE(VU_PROTOCOL_CONFIG))
#define CLOUD_HYPERVISOR_FEATURES                                                                                      \
	(FEW | FEATURE(VU_PROTOCOL_CONFIGURE_MEM_SLOTS) | FEATURE(VU_PROTOCOL_REPLY_ACK) |                             \
	 FEATURE(VU_PROTOCOL_INFLIGHT_SHMFD) | FEATURE(VU_PROTOCOL_LOG_SHMFD) | FEATURE(VU_PROTOCOL_DEVICE_STATE) |    \
	 FEATURE(VU_PROTOCOL_BACKEND_REQ))

static const struct front_end cloud_hypervisor = {
	.protocol_features = CLOUD_HYPERVISOR_FEATURES,
	.first = { NUM },
	.second = { ADDR, BASE, CALL, KICK },
	.third = { ENABLE },
	.adds_memory = true,
};

static const struct front_end libkrun = {
	.protocol_features = FEW,
	.second = { NUM, ADDR, BASE, CALL, KICK, ENABLE },
};

static const struct front_end qemu_7_2 = {
	.protocol_features = VMM_PROTOCOL_FEATURES & ~FEATURE(VU_PROTOCOL_DEVICE_STATE),
	.first = { CALL },
	.second = { NUM, BASE, ADDR, KICK, CALL },
	.third = { ENABLE },
	.kicks = true,
};

static const struct front_end qemu_10 = {
	.protocol_features = VMM_PROTOCOL_FEATURES,
	.first = { CALL, ERR },
	.second = { NUM, BASE, ADDR, KICK, CALL },
	.third = { ENABLE },
	.kicks = true,
};

static const struct front_end user_mode_linux = {
	.protocol_features = FEW | FEATURE(VU_PROTOCOL_REPLY_ACK) | FEATURE(VU_PROTOCOL_BACKEND_REQ),
	.first = { CALL },
	.second = { NUM, BASE, ADDR },
	.third = { KICK, ENABLE },
};

static void take_step(struct session *s, unsigned i, enum step step, uint32_t base)
{
	struct connection *c = &s->vmm.connection;
	struct ring *ring = &s->vmm.rings[i];
	struct vu_addr addr = vmm_ring_addr(&s->vmm, i);

	switch (step) {
	case END:
		break;
	case NUM:
		assert_ok(message_send_state(c, VU_SET_VRING_NUM, i, ring->size));
		break;
	case BASE:
		assert_ok(message_send_state(c, VU_SET_VRING_BASE, i, base));
		break;
	case ADDR:
		assert_ok(message_set_vring_addr(c, &addr));
		break;
	case CALL:
		assert_ok(message_send_vring_fd(c, VU_SET_VRING_CALL, i, ring->call_fd));
		break;
	case ERR:
		assert_ok(message_send_vring_fd(c, VU_SET_VRING_ERR, i, ring->err_fd));
		break;
	case KICK:
		assert_ok(message_send_vring_fd(c, VU_SET_VRING_KICK, i, ring->kick_fd));
		break;
	case ENABLE:
		vmm_ring_enable(&s->vmm, i, true);
		break;
	}
}

static void take_steps(struct session *s, const enum step *steps, size_t n, const uint32_t *base)
{
	for (unsigned i = 0; i < VMM_RINGS; i++)
		for (size_t j = 0; j < n; j++)
			take_step(s, i, steps[j], base[i]);
}

static void used_bases(const struct session *s, uint32_t *base)
{
	for (unsigned i = 0; i < VMM_RINGS; i++)
		base[i] = ring_used_idx(&s->vmm.rings[i]);
}

/* Connected, with memory. */
static void begin(struct session *s, const struct front_end *fe)
{
	struct vu_region regions[MEMORY_REGIONS_MAX];
	int fds[MEMORY_REGIONS_MAX];

	s->vmm.connection.mode = CONNECTION_SYNC;
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, fe->protocol_features);
	memory_table(&s->vmm.memory, regions, fds);
	for (unsigned i = 0; i < s->vmm.memory.n_regions && fe->adds_memory; i++)
		assert_ok(message_mem_reg(&s->vmm.connection, VU_ADD_MEM_REG, &regions[i], &fds[i], 1));
	if (!fe->adds_memory)
		vmm_send_memory(&s->vmm);
}

/* The rings, all of it; cloud-hypervisor's in-flight region comes behind NUM. */
static void set_up(struct session *s, const struct front_end *fe, const struct shared *shared, const uint32_t *base)
{
	take_steps(s, fe->first, 4, base);
	if (shared)
		assert_ok(message_set_inflight(&s->vmm.connection, &shared->wire, shared->fd));
	for (unsigned i = 0; i < VMM_RINGS && fe->kicks; i++)
		ring_kick(&s->vmm.rings[i]);
	take_steps(s, fe->second, 6, base);
	take_steps(s, fe->third, 3, base);
}

static void start(struct session *s, const struct front_end *fe, struct shared *shared)
{
	static const uint32_t base[VMM_RINGS];

	begin(s, fe);
	if (shared)
		shared_get(s, shared);
	set_up(s, fe, shared, base);
}

/* A guest at work: line 0 is an input, event buffers are held, one came back. */
static void work(struct session *s, uint16_t *heads)
{
	assert_int_equal(gpio_set_direction(&s->vmm, 0, GPIO_IN), GPIO_OK);
	for (uint16_t i = 0; i < ARMED; i++)
		heads[i] = gpio_arm(&s->vmm, i, GPIO_IRQ_RISING);
	line_pulse(s, 0);
	assert_event(s, heads[0], GPIO_EVENT_VALID);
	session_settle(s);
}

/* What works without another kick of the event ring. */
static void assert_events(struct session *s, const uint16_t *heads)
{
	for (unsigned i = 1; i < ARMED; i++) {
		line_pulse(s, i);
		assert_event(s, heads[i], GPIO_EVENT_VALID);
	}
	assert_no_event(s);
}

static void assert_answer(struct session *s, uint16_t head)
{
	struct ring_used used = ring_wait(&s->vmm.rings[VMM_REQUESTQ]);

	assert_int_equal(used.id, head);
	assert_int_equal(gpio_answer_of(&s->vmm, used).status, GPIO_OK);
}

/* A whole life with the driver's own kicks. */
static void assert_works(struct session *s)
{
	uint16_t heads[ARMED];

	work(s, heads);
	assert_events(s, heads);
}

static void daemon_again(struct session *s)
{
	outside_close(&s->outside);
	vmm_disconnect(&s->vmm);
	assert_int_equal(daemon_stop(&s->daemon), 0);
	daemon_start(&s->daemon, "s8");
	outside_open(&s->outside, s->daemon.control);
}

static void cloud_hypervisor_start(void **state)
{
	struct session *s = *state;
	struct shared shared;

	start(s, &cloud_hypervisor, &shared);
	/* The rings are new: they begin with the driver's kick. */
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_true(ring_silent(&s->vmm.rings[VMM_REQUESTQ], SILENT_MS));
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	ring_wait(&s->vmm.rings[VMM_REQUESTQ]);
	assert_works(s);
	shared_free(&shared);
}

/* The connection is lost, the daemon is the same: lines, held buffers and what was asked meanwhile. */
static void cloud_hypervisor_reconnect(void **state)
{
	struct session *s = *state;
	uint64_t calls[VMM_RINGS];
	uint32_t base[VMM_RINGS];
	struct shared shared;
	uint16_t heads[ARMED];

	start(s, &cloud_hypervisor, &shared);
	work(s, heads);
	for (unsigned round = 0; round < 3; round++) {
		uint16_t head;

		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		for (unsigned i = 0; i < VMM_RINGS; i++)
			calls[i] = ring_calls(&s->vmm.rings[i]);
		/* Its kick was read by nobody's ring. */
		head = gpio_send(&s->vmm, GPIO_GET_VALUE, 0, 0);
		used_bases(s, base);
		begin(s, &cloud_hypervisor);
		set_up(s, &cloud_hypervisor, &shared, base);
		assert_answer(s, head);
		for (unsigned i = 0; i < VMM_RINGS; i++)
			ring_wait_calls(&s->vmm.rings[i], calls[i] + 1);
		assert_no_event(s);
	}
	assert_events(s, heads);
	shared_free(&shared);
}

/* A back-end is gone with a request in its hands, and did not call for another: there is another back-end. */
static void cloud_hypervisor_reconnect_to_another(void **state)
{
	struct session *s = *state;
	struct ring *requests = &s->vmm.rings[VMM_REQUESTQ];
	struct vu_inflight_split *region;
	uint32_t base[VMM_RINGS];
	struct shared shared;
	uint16_t heads[ARMED], head;
	uint64_t calls[VMM_RINGS];

	simulated_only("two daemons");
	start(s, &cloud_hypervisor, &shared);
	work(s, heads);
	daemon_again(s);
	head = gpio_send(&s->vmm, GPIO_SET_DIRECTION, WAITING, GPIO_IN);
	region = shared_queue(&shared, VMM_REQUESTQ);
	region->desc[head] = (struct vu_inflight_desc){ .inflight = 1, .counter = 1000 };
	for (unsigned i = 0; i < VMM_RINGS; i++)
		calls[i] = ring_calls(&s->vmm.rings[i]);
	used_bases(s, base);
	begin(s, &cloud_hypervisor);
	set_up(s, &cloud_hypervisor, &shared, base);
	assert_answer(s, head);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_wait_calls(&s->vmm.rings[i], calls[i] + 1);
	assert_int_equal(shared_inflight(&shared, VMM_EVENTQ), ARMED - 1);
	/* Lines begin anew with another daemon. The buffers are there. */
	for (uint16_t i = 1; i < ARMED; i++)
		assert_int_equal(gpio_set_irq_type(&s->vmm, i, GPIO_IRQ_RISING), GPIO_OK);
	assert_events(s, heads);
	assert_false(ring_has_used(requests));
	shared_free(&shared);
}

static void pause_by_enable(struct session *s)
{
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_enable(&s->vmm, i, false);
}

/* Edges and a request meanwhile, its kick read while the ring was disabled. */
static void cloud_hypervisor_pause_and_resume(void **state)
{
	struct session *s = *state;
	struct shared shared;
	uint16_t heads[ARMED], head;

	start(s, &cloud_hypervisor, &shared);
	work(s, heads);
	pause_by_enable(s);
	line_pulse(s, 1);
	head = gpio_send(&s->vmm, GPIO_SET_DIRECTION, WAITING, GPIO_IN);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	session_settle(s);
	assert_false(ring_has_used(&s->vmm.rings[VMM_REQUESTQ]));
	assert_false(ring_has_used(&s->vmm.rings[VMM_EVENTQ]));
	for (unsigned i = 0; i < VMM_RINGS; i++)
		vmm_ring_enable(&s->vmm, i, true);
	assert_answer(s, head);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	heads[1] = gpio_unmask(&s->vmm, 1);
	assert_events(s, heads);
	shared_free(&shared);
}

/* The source is stopped and saved, the destination has the state before its rings are set up. */
static void snapshot_and_restore(struct session *s, const uint16_t *heads, const struct shared *region)
{
	static struct saved saved;
	uint32_t base[VMM_RINGS];
	uint16_t head;

	pause_by_enable(s);
	head = gpio_send(&s->vmm, GPIO_GET_VALUE, 0, 0);
	vmm_stop(&s->vmm);
	state_save(s, &saved);
	daemon_again(s);
	used_bases(s, base);
	begin(s, &cloud_hypervisor);
	assert_int_equal(state_load(s, saved.data, saved.len), 0);
	set_up(s, &cloud_hypervisor, region, base);
	/* A request that needs the line as it was, and that nobody has taken yet. */
	assert_answer(s, head);
	assert_events(s, heads);
	assert_int_equal(daemon_logged(&s->daemon, "guest reset"), 0);
}

static void cloud_hypervisor_snapshot_and_restore(void **state)
{
	struct session *s = *state;
	struct shared shared, fresh;
	uint16_t heads[ARMED];

	simulated_only("two daemons");
	start(s, &cloud_hypervisor, &shared);
	work(s, heads);
	shared_make(&fresh, VMM_RING_SIZE, 0, 2 * shared_stride(VMM_RING_SIZE));
	snapshot_and_restore(s, heads, &fresh);
	shared_free(&fresh);
	shared_free(&shared);
}

/* "Snapshot" and then on: on the same connection, all of it set up again by what was used. */
static void cloud_hypervisor_snapshot_and_resume(void **state)
{
	static struct saved saved;
	struct session *s = *state;
	uint32_t base[VMM_RINGS];
	struct shared shared;
	uint16_t heads[ARMED], head;

	start(s, &cloud_hypervisor, &shared);
	work(s, heads);
	pause_by_enable(s);
	vmm_stop(&s->vmm);
	state_save(s, &saved);
	head = gpio_send(&s->vmm, GPIO_GET_VALUE, 0, 0);
	used_bases(s, base);
	set_up(s, &cloud_hypervisor, NULL, base);
	assert_answer(s, head);
	assert_events(s, heads);
	assert_int_equal(daemon_logged(&s->daemon, "guest reset"), 0);
	shared_free(&shared);
}

static void cloud_hypervisor_migration(void **state)
{
	struct session *s = *state;
	struct vu_log log = { .size = 0x10000 };
	struct shared shared;
	uint16_t heads[ARMED];
	int fd = memfd_create("log", MFD_CLOEXEC);

	simulated_only("two daemons");
	start(s, &cloud_hypervisor, &shared);
	work(s, heads);
	assert_int_equal(ftruncate(fd, (off_t)log.size), 0);
	assert_ok(message_set_log_base(&s->vmm.connection, &log, fd));
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features | FEATURE(VHOST_F_LOG_ALL)));
	assert_serving(s);
	snapshot_and_restore(s, heads, NULL);
	close(fd);
	shared_free(&shared);
}

static void libkrun_start(void **state)
{
	struct session *s = *state;

	for (unsigned round = 0; round < 2; round++) {
		start(s, &libkrun, NULL);
		assert_works(s);
		/* Another machine. */
		vmm_disconnect(&s->vmm);
		session_wait_left(s);
		for (unsigned i = 0; i < VMM_RINGS; i++)
			ring_reset(&s->vmm.rings[i]);
	}
}

static void qemu_7_2_start_and_reconnect(void **state)
{
	struct session *s = *state;
	uint32_t base[VMM_RINGS];
	uint16_t heads[ARMED];

	start(s, &qemu_7_2, NULL);
	work(s, heads);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	used_bases(s, base);
	begin(s, &qemu_7_2);
	set_up(s, &qemu_7_2, NULL, base);
	assert_serving(s);
	assert_events(s, heads);
}

/* Pause and continue: GET_VRING_BASE, and the same order once more. Then a reset. */
static void qemu_pause_and_reset(struct session *s, const struct front_end *fe)
{
	static const uint32_t zero[VMM_RINGS];
	uint16_t heads[ARMED], head;

	start(s, fe, NULL);
	work(s, heads);
	vmm_stop(&s->vmm);
	line_pulse(s, 1);
	head = gpio_send(&s->vmm, GPIO_GET_VALUE, 0, 0);
	set_up(s, fe, NULL, s->vmm.base);
	assert_answer(s, head);
	assert_event(s, heads[1], GPIO_EVENT_VALID);
	heads[1] = gpio_unmask(&s->vmm, 1);
	assert_events(s, heads);
	for (uint16_t i = 0; i < ARMED; i++)
		gpio_unmask(&s->vmm, i);
	vmm_stop(&s->vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_reset(&s->vmm.rings[i]);
	set_up(s, fe, NULL, zero);
	assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
	assert_no_event(s);
	assert_works(s);
}

static void qemu_10_pause_and_reset(void **state)
{
	qemu_pause_and_reset(*state, &qemu_10);
}

/* The generic device of 11.1 tells the driver's status, too. */
static void qemu_11_pause_and_reset(void **state)
{
	struct session *s = *state;
	static const uint32_t zero[VMM_RINGS];

	begin(s, &qemu_10);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_STATUS, 11));
	set_up(s, &qemu_10, NULL, zero);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_STATUS, 15));
	assert_works(s);
	vmm_stop(&s->vmm);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_STATUS, 0));
	vmm_disconnect(&s->vmm);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_reset(&s->vmm.rings[i]);
	session_wait_left(s);
	qemu_pause_and_reset(s, &qemu_10);
}

/* Suspend and unbind are ENABLE 0 in the other order, without a stop; a driver that is bound begins at 0. */
static void user_mode_linux_unbind_and_bind(void **state)
{
	static const uint32_t zero[VMM_RINGS];
	struct session *s = *state;
	uint16_t heads[ARMED];

	s->vmm.wants_inband = false;
	start(s, &user_mode_linux, NULL);
	for (unsigned round = 0; round < 3; round++) {
		work(s, heads);
		for (unsigned i = VMM_RINGS; i-- > 0;)
			vmm_ring_enable(&s->vmm, i, false);
		line_pulse(s, 1);
		for (unsigned i = 0; i < VMM_RINGS; i++)
			vmm_ring_enable(&s->vmm, i, true);
		assert_event(s, heads[1], GPIO_EVENT_VALID);
		heads[1] = gpio_unmask(&s->vmm, 1);
		assert_events(s, heads);
		for (uint16_t i = 0; i < ARMED; i++)
			gpio_unmask(&s->vmm, i);
		for (unsigned i = VMM_RINGS; i-- > 0;)
			vmm_ring_enable(&s->vmm, i, false);
		for (unsigned i = 0; i < VMM_RINGS; i++)
			ring_move(&s->vmm.rings[i]);
		for (unsigned i = 0; i < VMM_RINGS; i++)
			ring_reset(&s->vmm.rings[i]);
		set_up(s, &user_mode_linux, NULL, zero);
		session_settle(s);
		assert_int_equal(gpio_get_direction(&s->vmm, 0), GPIO_NONE);
		assert_no_event(s);
	}
}

#define FRESH(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-62 V-50", cloud_hypervisor_start),
		FRESH("V-103 V-50 S-08", cloud_hypervisor_reconnect),
		FRESH("V-103 V-86", cloud_hypervisor_reconnect_to_another),
		FRESH("V-103 V-60", cloud_hypervisor_pause_and_resume),
		FRESH("V-103 V-96", cloud_hypervisor_snapshot_and_restore),
		FRESH("V-103 V-60 V-61", cloud_hypervisor_snapshot_and_resume),
		FRESH("V-103 V-96", cloud_hypervisor_migration),
		FRESH("V-50 PF-00", libkrun_start),
		FRESH("V-50 S-08", qemu_7_2_start_and_reconnect),
		FRESH("V-50 V-60", qemu_10_pause_and_reset),
		FRESH("V-50 V-60", qemu_11_pause_and_reset),
		FRESH("V-50 V-78 X-45", user_mode_linux_unbind_and_bind),
	};

	return session_run("orders", tests, sizeof(tests) / sizeof(tests[0]));
}
