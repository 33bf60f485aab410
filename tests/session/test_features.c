/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Feature bits and protocol feature bits: what is offered, what is accepted, what takes effect. */
#include "session.h"

#include <stdlib.h>

static void offers_exactly_what_it_honours(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
}

static void offers_exactly_these_protocol_features(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_PROTOCOL_FEATURES), VMM_PROTOCOL_OFFERED);
}

static void has_two_queues(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, FEATURE(VU_PROTOCOL_MQ));
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_QUEUE_NUM), 2);
}

static void each_subset_of_features_works(void **state)
{
	static const uint64_t dropped[] = {
		0,
		FEATURE(VIRTIO_GPIO_F_IRQ),
		FEATURE(VIRTIO_F_INDIRECT_DESC),
		FEATURE(VIRTIO_F_EVENT_IDX),
		FEATURE(VHOST_USER_F_PROTOCOL_FEATURES),
		VMM_FEATURES & ~FEATURE(VIRTIO_F_VERSION_1),
		VMM_FEATURES & ~FEATURE(VIRTIO_F_VERSION_1) & ~FEATURE(VHOST_USER_F_PROTOCOL_FEATURES),
	};
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		session_reconnect_with(s, VMM_FEATURES & ~dropped[i]);
		assert_int_equal(gpio_set_value(&s->vmm, 1, 1), GPIO_OK);
		assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_OK);
		assert_int_equal(gpio_get_value(&s->vmm, 1), 1);
	}
}

static void each_bit_not_offered_is_refused(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	for (unsigned bit = 0; bit < 64; bit++)
		if (!(VMM_OFFERED & FEATURE(bit)))
			assert_refused(message_send_u64(c, VU_SET_FEATURES, VMM_FEATURES | FEATURE(bit)));
	assert_ok(message_send_u64(c, VU_SET_FEATURES, VMM_FEATURES));
}

static void bit_not_offered_without_ack_closes(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	assert_closed(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, VMM_FEATURES | FEATURE(5)));
	session_reconnect(s);
	assert_serving(s);
}

static void without_version_1_refused_or_little_endian(void **state)
{
	const uint64_t features = FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
	struct session *s = *state;
	enum outcome outcome;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES_PLAIN, VMM_PROTOCOL_FEATURES);
	outcome = message_send_u64(&s->vmm.connection, VU_SET_FEATURES, features);
	assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_REFUSED);
	if (outcome == OUTCOME_REFUSED)
		return;
	/* Whatever the matrix says. */
	ring_set_packed(&s->vmm.rings[VMM_REQUESTQ], false);
	s->vmm.rings[VMM_REQUESTQ].event_idx = false;
	s->vmm.layout = RING_DIRECT;
	vmm_send_memory(&s->vmm);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 0);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_IN), GPIO_OK);
}

static void same_set_again_after_a_stop(void **state)
{
	struct session *s = *state;

	assert_serving(s);
	vmm_stop(&s->vmm);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features));
	vmm_restart(&s->vmm);
	assert_serving(s);
}

static void nothing_happens_before_start_and_enable(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];

	session_prepare(s, VMM_FEATURES_PLAIN);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_OUT);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 0);
	assert_true(ring_silent(ring, SILENT_MS));
	ring_kick(ring);
	assert_true(ring_silent(ring, SILENT_MS));
	assert_int_equal(ring_calls(ring), 0);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(ring)).status, GPIO_OK);
	ring_wait_calls(ring, 1);
}

static void dropped_event_idx_takes_effect(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	uint64_t calls;

	assert_serving(s);
	vmm_stop(&s->vmm);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, VMM_FEATURES_PLAIN));
	for (unsigned i = 0; i < VMM_RINGS; i++) {
		ring_set_packed(&s->vmm.rings[i], false); /* whatever the matrix says */
		s->vmm.rings[i].event_idx = false;
	}
	vmm_restart(&s->vmm);
	calls = ring_calls(ring);
	ring_set_used_event(ring, 0x5555);
	assert_serving(s);
	ring_wait_calls(ring, calls + 1);
	ring_set_avail_flags(ring, AVAIL_F_NO_INTERRUPT);
	assert_serving(s);
	session_settle(s);
	assert_int_equal(ring_calls(ring), calls + 1);
}

static void dropped_irq_takes_effect(void **state)
{
	struct session *s = *state;

	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_OK);
	vmm_stop(&s->vmm);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features & ~FEATURE(VIRTIO_GPIO_F_IRQ)));
	vmm_restart(&s->vmm);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 0, GPIO_IRQ_RISING), GPIO_ERR);
}

static void each_protocol_bit_not_offered_is_refused(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	uint64_t few = FEATURE(VU_PROTOCOL_REPLY_ACK) | FEATURE(VU_PROTOCOL_CONFIG);
	uint8_t config[8];

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, few);
	for (unsigned bit = 0; bit < 64; bit++)
		if (!(VMM_PROTOCOL_OFFERED & FEATURE(bit)))
			assert_refused(
				message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_FEATURES | FEATURE(bit)));
	/* What was negotiated before still stands, and nothing more. */
	assert_int_equal(message_get_config(c, 0, 8, config), 0);
	assert_int_not_equal(message_send(c, VU_RESET_DEVICE, NULL, 0, NULL, 0), OUTCOME_OK);
}

static void protocol_bit_not_offered_without_ack_closes(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	assert_closed(message_send_u64(&s->vmm.connection, VU_SET_PROTOCOL_FEATURES, FEATURE(40)));
}

/* With one of the two, or none. */
static void inband_without_its_companions_closes(void **state)
{
	static const uint64_t companions[] = {
		0,
		FEATURE(VU_PROTOCOL_REPLY_ACK),
		FEATURE(VU_PROTOCOL_BACKEND_REQ),
		VMM_PROTOCOL_FEATURES & ~FEATURE(VU_PROTOCOL_REPLY_ACK),
		VMM_PROTOCOL_FEATURES & ~FEATURE(VU_PROTOCOL_BACKEND_REQ),
	};
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	for (unsigned i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		c->mode = CONNECTION_SYNC;
		vmm_connect(&s->vmm, session_socket(s));
		assert_closed(message_send_u64(c, VU_SET_PROTOCOL_FEATURES,
					       companions[i] | FEATURE(VU_PROTOCOL_INBAND_NOTIFICATIONS)));
		vmm_disconnect(&s->vmm);
	}
	assert_int_equal(daemon_logged(&s->daemon, "SET_PROTOCOL_FEATURES refused: INBAND_NOTIFICATIONS without"), 5);
}

/* Where there is an answer it says so, as of any other set that cannot be: what was negotiated before still stands. */
static void inband_without_its_companions_is_refused(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	struct vu_state kick = { .index = 0 };

	s->vmm.wants_inband = false;
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	assert_refused(message_send_u64(c, VU_SET_PROTOCOL_FEATURES,
					FEATURE(VU_PROTOCOL_INBAND_NOTIFICATIONS) | FEATURE(VU_PROTOCOL_REPLY_ACK)));
	assert_refused(message_send_u64(c, VU_SET_PROTOCOL_FEATURES,
					FEATURE(VU_PROTOCOL_INBAND_NOTIFICATIONS) | FEATURE(VU_PROTOCOL_BACKEND_REQ)));
	assert_refused(message_send(c, VU_VRING_KICK, &kick, sizeof(kick), NULL, 0));
	assert_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_FEATURES));
}

static void protocol_features_before_features(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	uint8_t config[8];

	vmm_connect(&s->vmm, session_socket(s));
	message_get_u64(c, VU_GET_FEATURES);
	message_get_u64(c, VU_GET_PROTOCOL_FEATURES);
	assert_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_FEATURES));
	c->mode = CONNECTION_ACK;
	assert_int_equal(message_get_config(c, 0, 8, config), 0);
	assert_ok(message_send_u64(c, VU_SET_FEATURES, VMM_FEATURES));
}

/* Messages that need a protocol feature, with a size and as many fds as are right for them. */
static const struct {
	enum vu_id id;
	uint32_t size;
	unsigned n_fds;
	bool replies;
} gated[] = {
	{ VU_GET_QUEUE_NUM, 0, 0, true },	{ VU_SET_LOG_BASE, 16, 1, false },
	{ VU_SEND_RARP, 8, 0, false },		{ VU_NET_SET_MTU, 8, 0, false },
	{ VU_SET_BACKEND_REQ_FD, 0, 1, false }, { VU_SET_VRING_ENDIAN, 8, 0, false },
	{ VU_GET_CONFIG, 20, 0, true },		{ VU_SET_CONFIG, 20, 0, false },
	{ VU_POSTCOPY_ADVISE, 0, 0, true },	{ VU_POSTCOPY_LISTEN, 0, 0, false },
	{ VU_POSTCOPY_END, 0, 0, true },	{ VU_GET_INFLIGHT_FD, 24, 0, true },
	{ VU_SET_INFLIGHT_FD, 24, 1, false },	{ VU_GPU_SET_SOCKET, 0, 1, false },
	{ VU_RESET_DEVICE, 0, 0, false },	{ VU_VRING_KICK, 8, 0, false },
	{ VU_GET_MAX_MEM_SLOTS, 0, 0, true },	{ VU_ADD_MEM_REG, 40, 1, false },
	{ VU_REM_MEM_REG, 40, 0, false },	{ VU_SET_STATUS, 8, 0, false },
	{ VU_GET_STATUS, 0, 0, true },		{ VU_GET_SHARED_OBJECT, 16, 0, true },
	{ VU_SET_DEVICE_STATE_FD, 8, 1, true }, { VU_CHECK_DEVICE_STATE, 0, 0, true },
};

static void messages_need_their_protocol_feature(void **state)
{
	static const uint8_t zeros[64];
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	for (unsigned i = 0; i < sizeof(gated) / sizeof(gated[0]); i++) {
		int fd = s->vmm.memory.regions[0].fd;

		vmm_connect(&s->vmm, session_socket(s));
		vmm_negotiate(&s->vmm, VMM_FEATURES, FEATURE(VU_PROTOCOL_REPLY_ACK));
		if (gated[i].replies) {
			assert_true(connection_send(c, gated[i].id, 0, zeros, gated[i].size, &fd, gated[i].n_fds));
			assert_true(connection_ends(c, WAIT_MS));
		} else {
			assert_int_not_equal(message_send(c, gated[i].id, zeros, gated[i].size, &fd, gated[i].n_fds),
					     OUTCOME_OK);
		}
		vmm_disconnect(&s->vmm);
	}
}

static void enable_needs_protocol_features(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, FEATURE(VIRTIO_F_VERSION_1), 0);
	assert_closed(message_send_state(&s->vmm.connection, VU_SET_VRING_ENABLE, 0, 1));
}

static int setup_debug(void **state)
{
	int r;

	setenv("TEST_LOG_LEVEL", "debug", 1);
	r = session_setup(state);
	unsetenv("TEST_LOG_LEVEL");
	return r;
}

static void what_was_negotiated_is_logged(void **state)
{
	struct session *s = *state;

	if (vmm_matrix.features || vmm_matrix.features_off)
		skip_because("another kind of driver has other words in the log");
	s->vmm.wants_inband = false;
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, FEATURE(VIRTIO_F_VERSION_1) | FEATURE(VHOST_USER_F_PROTOCOL_FEATURES),
		      FEATURE(VU_PROTOCOL_REPLY_ACK));
	assert_int_equal(daemon_logged(&s->daemon, "negotiated: "), 0);
	vmm_send_memory(&s->vmm);
	vmm_restart(&s->vmm);
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "negotiated: PROTOCOL_FEATURES VERSION_1 / REPLY_ACK"), 1);
	session_reconnect_with(s, VMM_FEATURES_PLAIN);
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon,
				       "negotiated: IRQ INDIRECT_DESC PROTOCOL_FEATURES VERSION_1 / "
				       "MQ LOG_SHMFD REPLY_ACK BACKEND_REQ CONFIG INFLIGHT_SHMFD RESET_DEVICE "
				       "CONFIGURE_MEM_SLOTS STATUS DEVICE_STATE"),
			 1);
	/* One line, also for the second ring and after a stop. */
	vmm_stop(&s->vmm);
	vmm_resume(&s->vmm);
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, "negotiated: "), 2);
}

/* Whoever waits for interrupts that cannot come is told why: once a session, also when a worker dies. */
static void left_out_irq_is_told_of(void **state)
{
	static const char words[] = "no interrupts: VIRTIO_GPIO_F_IRQ is not negotiated";
	struct session *s = *state;
	const uint64_t without = VMM_FEATURES & ~FEATURE(VIRTIO_GPIO_F_IRQ);

	s->workers_may_die = true;
	assert_serving(s);
	assert_int_equal(daemon_logged(&s->daemon, words), 0);
	session_reconnect_with(s, without);
	assert_serving(s);
	daemon_wait_logged(&s->daemon, words, 1);
	assert_int_equal(daemon_logged(&s->daemon, "QEMU before 9.0, cloud-hypervisor"), 1);
	/* A reset, a pause, a worker that dies: all of it is the same session. */
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
	assert_serving(s);
	vmm_stop(&s->vmm);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features));
	vmm_resume(&s->vmm);
	assert_serving(s);
	session_take_over(s);
	assert_serving(s);
	session_settle(s);
	assert_int_equal(daemon_logged(&s->daemon, words), 1);
	session_reconnect_with(s, without);
	assert_serving(s);
	daemon_wait_logged(&s->daemon, words, 2);
	/* A driver that leaves it out after one that took it. */
	session_reconnect(s);
	assert_serving(s);
	vmm_stop(&s->vmm);
	assert_ok(message_send_u64(&s->vmm.connection, VU_SET_FEATURES, s->vmm.features & ~FEATURE(VIRTIO_GPIO_F_IRQ)));
	vmm_restart(&s->vmm);
	assert_serving(s);
	daemon_wait_logged(&s->daemon, words, 3);
	/* Who only looks starts no ring. */
	vmm_disconnect(&s->vmm);
	session_prepare(s, without);
	session_settle(s);
	assert_int_equal(daemon_logged(&s->daemon, words), 3);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("F-01 F-02 F-03 F-04 F-05 F-06 F-08 F-10 F-11 X-33", offers_exactly_what_it_honours),
		FRESH("PF-02 PF-03 PF-04 PF-05 PF-06 PF-07 PF-09 PF-10 PF-11 PF-13 PF-15 PF-16 PF-18 PF-20 X-24",
		      offers_exactly_these_protocol_features),
		FRESH("PF-00", has_two_queues),
		FRESH("F-14", each_subset_of_features_works),
		FRESH("F-15", each_bit_not_offered_is_refused),
		FRESH("F-15 V-07", bit_not_offered_without_ack_closes),
		FRESH("F-16", without_version_1_refused_or_little_endian),
		STARTED("F-17", same_set_again_after_a_stop),
		FRESH("F-18", nothing_happens_before_start_and_enable),
		STARTED("F-19", dropped_event_idx_takes_effect),
		STARTED("F-19 G-50", dropped_irq_takes_effect),
		STARTED("G-50", left_out_irq_is_told_of),
		FRESH("PF-21 PF-24", each_protocol_bit_not_offered_is_refused),
		FRESH("PF-21", protocol_bit_not_offered_without_ack_closes),
		FRESH("PF-22 G-08", protocol_features_before_features),
		FRESH("PF-23", inband_without_its_companions_closes),
		FRESH("PF-23 PF-21", inband_without_its_companions_is_refused),
		FRESH("PF-24 V-100", messages_need_their_protocol_feature),
		FRESH("PF-24", enable_needs_protocol_features),
		ROW_TEST_FIXTURE("F-14", what_was_negotiated_is_logged, setup_debug, session_teardown),
	};

	return session_run("features", tests, sizeof(tests) / sizeof(tests[0]));
}
