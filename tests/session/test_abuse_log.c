/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The log stays small whatever guests, front-ends and control clients do, and however often: each abuse of the table is
 * done 1,000 times, and the bytes of log that this brought are counted. (Level "debug" is for debugging: it tells each
 * message, and has no limit.)
 */
#include "abuse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"

#define TIMES 1000 /* a line each time would be twice and more of what may be */
/* Of each kind of line 60, and one more each minute (base/log.h), of a hundred bytes. An abuse is up to three kinds. */
#define LOG_MAX 24576

static size_t log_size(const struct session *s)
{
	char path[64];
	struct stat st;

	daemon_log_path(&s->daemon, path, sizeof(path));
	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

static void nothing(struct session *s)
{
}

static void started(struct session *s)
{
	session_reconnect(s);
}

static void connected(struct session *s)
{
	vmm_connect(&s->vmm, session_socket(s));
}

/* Connects, and leaves when it was seen. */
static void come_and_go(struct session *s)
{
	vmm_connect(&s->vmm, session_socket(s));
	assert_true(message_sync(&s->vmm.connection));
	vmm_disconnect(&s->vmm);
}

static void be_second(struct session *s)
{
	struct connection second;

	connection_open(&second, session_socket(s));
	assert_true(connection_ends(&second, WAIT_MS));
	connection_close(&second);
}

static void end_after(struct session *s, const void *bytes, size_t len)
{
	vmm_connect(&s->vmm, session_socket(s));
	connection_send_bytes(&s->vmm.connection, bytes, len, NULL, 0);
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	vmm_disconnect(&s->vmm);
}

static void send_unknown(struct session *s)
{
	end_after(s, &(struct vu_header){ 77, VU_VERSION, 0 }, 12);
}

static void send_nonsense(struct session *s)
{
	end_after(s, "nonsense, not a message", 23);
}

static void send_wrong_state(struct session *s)
{
	const struct {
		struct vu_header header;
		struct vu_state state;
	} message = { { VU_SET_VRING_NUM, VU_VERSION, 8 }, { 99, 3 } };

	end_after(s, &message, sizeof(message));
}

static void be_refused(struct session *s)
{
	assert_refused(message_send_state(&s->vmm.connection, VU_SET_VRING_NUM, 0, 3));
}

static void break_ring(struct session *s)
{
	ring_make_bad(&s->vmm.rings[VMM_REQUESTQ]);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	assert_true(ring_error(&s->vmm.rings[VMM_REQUESTQ], WAIT_MS));
}

/* On this connection, and on another each time. */
static void break_ring_and_reset(struct session *s)
{
	break_ring(s);
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
}

static void break_ring_and_reconnect(struct session *s)
{
	break_ring(s);
	session_reconnect(s);
}

static void be_reset(struct session *s)
{
	assert_serving(s);
	vmm_stop(&s->vmm);
	vmm_restart(&s->vmm);
}

static void send_malformed_chain(struct session *s)
{
	struct ring *ring = &s->vmm.rings[VMM_REQUESTQ];
	struct ring_part part = { ring_next_slot(ring), 0, false };

	ring_add(ring, &part, 1, RING_DIRECT);
	ring_publish(ring);
	ring_notify(ring);
	ring_wait(ring);
}

static void ask_nonsense(struct session *s)
{
	assert_int_equal(gpio_request(&s->vmm, 77, 3, 1).status, GPIO_ERR);
	assert_int_equal(gpio_request(&s->vmm, GPIO_SET_DIRECTION, 99, 1).status, GPIO_ERR);
	assert_int_equal(gpio_request(&s->vmm, GPIO_SET_IRQ_TYPE, 0, 77).status, GPIO_ERR);
}

static void be_denied(struct session *s)
{
	assert_int_equal(gpio_set_direction(&s->vmm, 1, GPIO_OUT), GPIO_ERR);
	assert_int_equal(gpio_set_irq_type(&s->vmm, 2, GPIO_IRQ_RISING), GPIO_ERR);
}

static void load_bad_state(struct session *s)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	vmm_stop(&s->vmm);
	message_set_device_state_fd(&s->vmm.connection, VU_STATE_LOAD, VU_STATE_STOPPED, ends[0]);
	assert_int_equal(write(ends[1], "nonsense", 8), 8);
	close(ends[0]);
	close(ends[1]);
	assert_int_not_equal(message_get_u64(&s->vmm.connection, VU_CHECK_DEVICE_STATE), 0);
}

static void be_a_bad_client(struct session *s)
{
	struct connection client;

	connection_open(&client, s->daemon.control);
	connection_send_bytes(&client, "nonsense\n{\"cmd\":\n", 17, NULL, 0);
	connection_close(&client);
}

static const struct abuse_kind {
	const char *name;
	void (*begin)(struct session *s);
	void (*once)(struct session *s);
} kinds[] = {
	{ "comes and goes", nothing, come_and_go },
	{ "is a second front-end", connected, be_second },
	{ "sends an unknown message", nothing, send_unknown },
	{ "sends nonsense", nothing, send_nonsense },
	{ "sends a wrong value", nothing, send_wrong_state },
	{ "is refused a value", started, be_refused },
	{ "breaks its ring, and resets", started, break_ring_and_reset },
	{ "breaks its ring, and connects again", started, break_ring_and_reconnect },
	{ "is reset", started, be_reset },
	{ "sends a malformed chain", started, send_malformed_chain },
	{ "asks for what does not exist", started, ask_nonsense },
	{ "asks for what it may not", started, be_denied },
	{ "loads a state that is none", started, load_bad_state },
	{ "is a bad control client", nothing, be_a_bad_client },
};

static void log_stays_small(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t size = log_size(s);

		kinds[i].begin(s);
		for (unsigned j = 0; j < TIMES; j++)
			kinds[i].once(s);
		vmm_disconnect(&s->vmm);
		size = log_size(s) - size;
		print_message("%u times a peer that %s: %zu bytes of log\n", TIMES, kinds[i].name, size);
		assert_in_range(size, 0, LOG_MAX);
	}
	abuse_then_served(s, &before);
}

static int setup(void **state)
{
	policy_start(state, "lines=@A{0:1,input:2,no-irq:3:4:5:6:7}", NULL, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(log_stays_small, setup, session_teardown),
	};

	return session_run("abuse log", tests, sizeof(tests) / sizeof(tests[0]));
}
