/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Kicks, calls and errors as messages: vhost-user.rst, "In-band notifications". */
#include "session.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOD 2000 /* more calls than a channel has room for */

static int setup(void **state)
{
	int r = session_setup(state);

	if (r == 0)
		((struct session *)*state)->vmm.wants_inband = true;
	return r;
}

static int setup_started(void **state)
{
	return session_started(state, setup(state));
}

static int setup_killed(void **state)
{
	return session_mortal(state, setup_started(state));
}

static enum outcome send_kick(struct session *s, uint32_t index, uint32_t num)
{
	return message_send_state(&s->vmm.connection, VU_VRING_KICK, index, num);
}

static bool sent_over_channel(void *ctx)
{
	struct session *s = ctx;

	vmm_read_channel(&s->vmm);
	return s->vmm.channel_messages > 0;
}

/* Counts from now on. */
static void channel_begin(struct session *s)
{
	vmm_read_channel(&s->vmm);
	s->vmm.channel_messages = 0;
}

static void assert_channel_silent(struct session *s)
{
	assert_false(wait_for(sent_over_channel, s, SILENT_MS));
}

/* Nothing is waited for. */
static void assert_reaped(struct session *s, unsigned n)
{
	struct ring_used used;

	for (unsigned i = 0; i < n; i++)
		assert_true(ring_reap(&s->vmm.rings[0], &used));
	assert_false(ring_reap(&s->vmm.rings[0], &used));
}

static void kick_is_answered_after_the_ring_was_processed(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 20; i++) {
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)(i % 8), GPIO_IN);
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)(i % 8), GPIO_NONE);
		assert_ok(send_kick(s, 0, 0));
		assert_reaped(s, 2);
	}
}

static void first_kick_starts_the_ring(void **state)
{
	struct session *s = *state;

	session_prepare(s, VMM_FEATURES);
	vmm_ring_setup(&s->vmm, 0, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_true(ring_silent(&s->vmm.rings[0], SILENT_MS));
	assert_ok(send_kick(s, 0, 0));
	assert_reaped(s, 1);
}

/* A kick comes before the rest of the set-up is there: it counts, when it is. */
static void early_kick_is_not_lost(void **state)
{
	struct session *s = *state;

	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
	assert_ok(send_kick(s, 0, 0));
	assert_ok(send_kick(s, 1, 0));
	vmm_send_memory(&s->vmm);
	assert_ok(send_kick(s, 0, 0));
	vmm_ring_setup(&s->vmm, 0, 0);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_ok(send_kick(s, 0, 0));
	assert_reaped(s, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[0])).status, GPIO_OK);
}

static void kick_without_reply(void **state)
{
	struct session *s = *state;
	struct vu_state kick = { .index = 0 };

	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_true(connection_send(&s->vmm.connection, VU_VRING_KICK, 0, &kick, sizeof(kick), NULL, 0));
	assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[0])).status, GPIO_OK);
	assert_true(connection_silent(&s->vmm.connection, SILENT_MS));
}

static void kick_of_no_ring_is_refused(void **state)
{
	static const uint32_t indices[] = { 2, 255, 0x100, 0xffffffff };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(indices) / sizeof(indices[0]); i++)
		assert_refused(send_kick(s, indices[i], 0));
	/* "num" is reserved: no reason to lose a kick. */
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_ok(send_kick(s, 0, 0xffffffff));
	assert_reaped(s, 1);
}

static void kick_needs_the_feature(void **state)
{
	struct session *s = *state;

	s->vmm.wants_inband = false;
	vmm_start(&s->vmm, session_socket(s));
	assert_refused(send_kick(s, 0, 0));
	assert_serving(s);
}

static void calls_come_over_the_channel(void **state)
{
	struct session *s = *state;
	uint64_t calls = ring_calls(&s->vmm.rings[0]);

	for (unsigned i = 1; i <= 5; i++) {
		assert_serving(s);
		ring_wait_calls(&s->vmm.rings[0], calls + i);
	}
	channel_begin(s);
	/* Not when the driver asks for none. */
	s->vmm.rings[0].manual_event = true;
	ring_set_used_event(&s->vmm.rings[0], (uint16_t)(s->vmm.rings[0].used_idx + 100));
	assert_serving(s);
	assert_channel_silent(s);
}

static void interrupts_come_over_the_channel(void **state)
{
	struct session *s = *state;
	uint64_t calls;

	for (unsigned i = 0; i < 5; i++) {
		uint16_t head = gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);

		calls = ring_calls(&s->vmm.rings[1]);
		line_pulse(s, 2);
		ring_wait_calls(&s->vmm.rings[1], calls + 1);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
}

static void error_comes_over_the_channel(void **state)
{
	struct session *s = *state;

	ring_skew_avail(&s->vmm.rings[0], 10000);
	assert_ok(send_kick(s, 0, 0));
	assert_true(ring_error(&s->vmm.rings[0], WAIT_MS));
	assert_int_equal(s->vmm.rings[1].inband_errors, 0);
}

static void fds_are_preferred(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	struct ring *ring = &s->vmm.rings[0];

	assert_ok(message_send_vring_fd(c, VU_SET_VRING_CALL, 0, ring->call_fd));
	assert_ok(message_send_vring_fd(c, VU_SET_VRING_ERR, 0, ring->err_fd));
	assert_ok(message_send_vring_fd(c, VU_SET_VRING_KICK, 0, ring->kick_fd));
	channel_begin(s);
	ring->inband = NULL;
	assert_serving(s);
	ring_wait_calls(ring, 1);
	assert_channel_silent(s);
	/* A message is a kick all the same. */
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_NONE);
	assert_ok(send_kick(s, 0, 0));
	assert_reaped(s, 1);
	ring_skew_avail(ring, 10000);
	ring_kick(ring);
	assert_true(ring_error(ring, WAIT_MS));
	assert_channel_silent(s);
}

/* "SET_VRING_CALL": no fd means polling. QEMU, which knows no message of this feature, negotiates it and says so. */
static void no_fd_means_no_call(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	struct ring *ring = &s->vmm.rings[0];

	assert_ok(message_send_vring_fd(c, VU_SET_VRING_CALL, 0, -1));
	assert_ok(message_send_vring_fd(c, VU_SET_VRING_ERR, 0, -1));
	channel_begin(s);
	assert_serving(s);
	assert_channel_silent(s);
	/* The other ring's calls are messages still. */
	gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);
	line_pulse(s, 2);
	ring_wait_calls(&s->vmm.rings[1], 1);
	channel_begin(s);
	ring_skew_avail(ring, 10000);
	assert_ok(send_kick(s, 0, 0));
	assert_channel_silent(s);
}

/* Enabled all the time, the ring runs from the kick on, before its call fd comes: QEMU 7.2 after a pause. */
static void call_before_its_fd_is_made_up_for(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	struct ring *ring = &s->vmm.rings[0];
	struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);
	uint64_t calls;

	s->vmm.wants_inband = false;
	vmm_start(&s->vmm, session_socket(s));
	vmm_open_channel(&s->vmm);
	assert_serving(s);
	ring_wait_calls(ring, 1);
	assert_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_OFFERED));
	vmm_ring_stop(&s->vmm, 0);
	calls = ring_calls(ring);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_ok(message_send_state(c, VU_SET_VRING_BASE, 0, s->vmm.base[0]));
	assert_ok(message_set_vring_addr(c, &addr));
	ring_kick(ring);
	assert_ok(message_send_vring_fd(c, VU_SET_VRING_KICK, 0, ring->kick_fd));
	ring_wait(ring);
	assert_ok(message_send_vring_fd(c, VU_SET_VRING_CALL, 0, ring->call_fd));
	ring_wait_calls(ring, calls + 1);
	assert_channel_silent(s);
}

/* "No fd" for the kick may mean polling: both ways work. */
static void polled_ring_takes_kicks_too(void **state)
{
	struct session *s = *state;
	struct ring *ring = &s->vmm.rings[0];

	assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, 0, -1));
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	ring_wait(ring);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_NONE);
	assert_ok(send_kick(s, 0, 0));
	ring_wait(ring);
}

static void flood(struct session *s)
{
	struct ring *ring = &s->vmm.rings[0];

	for (unsigned i = 0; i < FLOOD; i++) {
		struct ring_used used;

		gpio_send(&s->vmm, GPIO_GET_DIRECTION, 0, 0);
		assert_ok(send_kick(s, 0, 0));
		assert_true(ring_reap(ring, &used));
	}
}

/* Whoever waits for the answer to a kick does not read the channel meanwhile, as User-Mode Linux. */
static void nobody_reads_the_channel(void **state)
{
	struct session *s = *state;
	uint16_t head = gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);
	uint64_t calls = ring_calls(&s->vmm.rings[1]);

	channel_begin(s);
	flood(s);
	line_drive(s, 2, 1);
	assert_event(s, head, GPIO_EVENT_VALID);
	/* What did not fit comes when there is room: one call for each ring, however many there were. */
	ring_wait_calls(&s->vmm.rings[1], calls + 1);
	assert_in_range(s->vmm.channel_messages, 2, FLOOD - 1);
	assert_int_equal(ring_calls(&s->vmm.rings[1]), calls + 1);
	channel_begin(s);
	assert_channel_silent(s);
	assert_serving(s);
	assert_true(wait_for(sent_over_channel, s, WAIT_MS));
}

/* "Suspended device state": no message to the front-end. The call is made up for when the ring goes on. */
static void stopped_ring_sends_nothing(void **state)
{
	struct session *s = *state;
	unsigned before;

	channel_begin(s);
	flood(s);
	before = s->vmm.channel_messages;
	vmm_stop(&s->vmm);
	vmm_read_channel(&s->vmm);
	assert_true(s->vmm.channel_messages > before);
	channel_begin(s);
	assert_channel_silent(s);
	vmm_resume(&s->vmm);
	assert_true(wait_for(sent_over_channel, s, WAIT_MS));
	assert_serving(s);
}

static void calls_wait_for_a_channel(void **state)
{
	struct session *s = *state;
	uint64_t calls;

	/* The front-end's end is gone: the device finds out, and goes on. */
	close(s->vmm.channel_fd);
	s->vmm.channel_fd = -1;
	assert_serving(s);
	assert_serving(s);
	calls = s->vmm.rings[0].calls;
	vmm_open_channel(&s->vmm);
	ring_wait_calls(&s->vmm.rings[0], calls + 1);
	/* Another one in place of a good one. */
	vmm_open_channel(&s->vmm);
	assert_serving(s);
	ring_wait_calls(&s->vmm.rings[0], calls + 2);
}

static void no_channel_at_all(void **state)
{
	struct session *s = *state;
	const uint64_t protocol = VMM_PROTOCOL_FEATURES | FEATURE(VU_PROTOCOL_INBAND_NOTIFICATIONS);

	s->vmm.wants_inband = false;
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, protocol);
	vmm_send_memory(&s->vmm);
	s->vmm.rings[0].inband = &s->vmm.inband; /* sets no fds */
	vmm_ring_setup(&s->vmm, 0, 0);
	vmm_ring_enable(&s->vmm, 0, true);
	gpio_send(&s->vmm, GPIO_SET_DIRECTION, 0, GPIO_IN);
	assert_ok(send_kick(s, 0, 0));
	assert_reaped(s, 1);
	vmm_open_channel(&s->vmm);
	assert_true(wait_for(sent_over_channel, s, WAIT_MS));
}

static void channel_of_every_kind(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	int pipe_ends[2], datagram[2];
	int fds[5];

	assert_int_equal(pipe(pipe_ends), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram), 0);
	fds[0] = pipe_ends[1];
	fds[1] = datagram[1];
	fds[2] = eventfd(0, EFD_CLOEXEC);
	fds[3] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[4] = s->vmm.memory.regions[0].fd;
	for (unsigned i = 0; i < 5; i++) {
		assert_refused(message_send(c, VU_SET_BACKEND_REQ_FD, NULL, 0, &fds[i], 1));
		assert_serving(s);
		gpio_arm(&s->vmm, 1, GPIO_IRQ_RISING);
		line_pulse(s, 1);
		assert_int_equal(gpio_event_wait(&s->vmm).status, GPIO_EVENT_VALID);
	}
	vmm_open_channel(&s->vmm);
	channel_begin(s);
	assert_serving(s);
	assert_true(wait_for(sent_over_channel, s, WAIT_MS));
	for (unsigned i = 0; i < 4; i++)
		close(fds[i]);
	close(pipe_ends[0]);
	close(datagram[0]);
}

static void successor_goes_on(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 3; i++) {
		uint16_t head = gpio_arm(&s->vmm, 2, GPIO_IRQ_RISING);
		uint64_t calls;

		ring_calls(&s->vmm.rings[0]);
		session_take_over(s);
		/* A call may have been lost: it is made up for. */
		channel_begin(s);
		assert_serving(s);
		calls = ring_calls(&s->vmm.rings[1]);
		line_pulse(s, 2);
		ring_wait_calls(&s->vmm.rings[1], calls + 1);
		assert_event(s, head, GPIO_EVENT_VALID);
	}
}

static void successor_makes_up_for_a_lost_call(void **state)
{
	struct session *s = *state;
	uint64_t calls[VMM_RINGS];

	assert_serving(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		calls[i] = ring_calls(&s->vmm.rings[i]);
	session_take_over(s);
	for (unsigned i = 0; i < VMM_RINGS; i++)
		ring_wait_calls(&s->vmm.rings[i], calls[i] + 1);
}

/* The kick is on its way, or being done, when the worker dies. It is answered once. */
static void kick_of_a_dying_worker_is_answered(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct vu_state kick = { .index = 0 };

		kill(daemon_worker(&s->daemon, 0), SIGSTOP);
		gpio_send(&s->vmm, GPIO_SET_DIRECTION, (uint16_t)i, GPIO_IN);
		assert_true(connection_send(&s->vmm.connection, VU_VRING_KICK, VU_NEED_REPLY, &kick, sizeof(kick), NULL,
					    0));
		session_take_over(s);
		assert_ok(connection_receive_ack(&s->vmm.connection, VU_VRING_KICK));
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[0])).status, GPIO_OK);
		assert_true(connection_silent(&s->vmm.connection, 5));
	}
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, setup_started, session_teardown)
#define KILLED(rows, fn)  ROW_TEST_FIXTURE(rows, fn, setup_killed, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED("V-81 PF-14", kick_is_answered_after_the_ring_was_processed),
		FRESH("V-81 X-44", first_kick_starts_the_ring),
		FRESH("V-81", early_kick_is_not_lost),
		STARTED("V-81", kick_without_reply),
		STARTED("V-81 V-11", kick_of_no_ring_is_refused),
		FRESH("V-81 PF-24", kick_needs_the_feature),
		STARTED("V-82", calls_come_over_the_channel),
		STARTED("V-82 PF-14", interrupts_come_over_the_channel),
		STARTED("V-82 V-71", error_comes_over_the_channel),
		STARTED("V-83", fds_are_preferred),
		STARTED("V-83 V-70", no_fd_means_no_call),
		FRESH("V-69", call_before_its_fd_is_made_up_for),
		STARTED("V-83 V-65", polled_ring_takes_kicks_too),
		STARTED("V-84", nobody_reads_the_channel),
		STARTED("V-56 V-82", stopped_ring_sends_nothing),
		STARTED("V-82 V-16", calls_wait_for_a_channel),
		FRESH("V-82", no_channel_at_all),
		STARTED("V-82 V-16", channel_of_every_kind),
		KILLED("V-81 V-82 S-10", successor_goes_on),
		KILLED("V-82 S-03", successor_makes_up_for_a_lost_call),
		KILLED("V-81 S-10", kick_of_a_dying_worker_is_answered),
	};

	return session_run("inband", tests, sizeof(tests) / sizeof(tests[0]));
}
