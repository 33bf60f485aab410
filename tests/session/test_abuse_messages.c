/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Front-ends that abuse their connection: slow ones, garbage, wrong orders, ones that read nothing. After each a good
 * connection is served by the same process.
 */
#include "abuse.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "failure.h"

#define MIB	      (1u << 20)
#define GARBAGE	      (64 * MIB)
#define CHUNK	      (64 * 1024)
#define RSS_SLACK_KIB 2048

static const struct vu_header table_header = { VU_SET_MEM_TABLE, VU_VERSION, 8 };

/* A second front-end learns by the end of its connection, and the log by one line, that the place is taken. */
static void assert_second_is_told(struct session *s)
{
	unsigned told = daemon_logged(&s->daemon, "a second front-end: refused");
	struct connection second;

	connection_open(&second, session_socket(s));
	assert_true(connection_ends(&second, WAIT_MS));
	connection_close(&second);
	assert_int_equal(daemon_logged(&s->daemon, "a second front-end: refused"), told + 1);
}

/* As slow as can be: nobody is hurt, and the message is answered when it is whole. */
static void a_byte_at_a_time(void **state)
{
	static const struct vu_header header = { VU_GET_FEATURES, VU_VERSION, 0 };
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	uint64_t features;

	vmm_connect(&s->vmm, session_socket(s));
	for (size_t i = 0; i < sizeof(header); i++) {
		assert_true(connection_send_bytes(&s->vmm.connection, (const char *)&header + i, 1, NULL, 0));
		if (i == 5)
			assert_second_is_told(s);
		sleep_ms(100);
	}
	assert_true(connection_receive_reply(&s->vmm.connection, VU_GET_FEATURES, &features, sizeof(features)));
	assert_int_equal(features, VMM_OFFERED);
	abuse_then_served(s, &before);
}

/* How often the process had the processor by its own will: a process that sleeps has not. */
static bool is_asleep(void *ctx)
{
	const pid_t *pid = ctx;
	uint64_t switches = proc_status(*pid, "voluntary_ctxt_switches");

	sleep_ms(200);
	return proc_state(*pid) == 'S' && proc_status(*pid, "voluntary_ctxt_switches") == switches;
}

/* Once it has done what there was to do. */
static void assert_falls_asleep(pid_t pid)
{
	assert_true(wait_for(is_asleep, &pid, WAIT_MS));
}

static void a_header_and_nothing_more(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	int fd = eventfd(0, EFD_CLOEXEC), fds[8] = { fd, fd, fd, fd, fd, fd, fd, fd };

	vmm_connect(&s->vmm, session_socket(s));
	for (unsigned n = 0; n <= sizeof(table_header) + 7; n++) {
		const struct {
			struct vu_header header;
			uint64_t payload;
		} message = { .header = table_header };

		vmm_disconnect(&s->vmm);
		vmm_connect(&s->vmm, session_socket(s));
		connection_send_bytes(&s->vmm.connection, &message, n, fds, n > 0 ? 8 : 0);
		if (n % 4 == 0)
			assert_second_is_told(s);
	}
	assert_falls_asleep(before.worker);
	close(fd);
	abuse_then_served(s, &before);
}

/* Each byte brings file descriptors: more than one message may. */
static void fds_with_every_byte(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	int fd = eventfd(0, EFD_CLOEXEC), fds[8] = { fd, fd, fd, fd, fd, fd, fd, fd };

	for (unsigned i = 0; i < 300; i++) {
		bool alive = true;

		vmm_connect(&s->vmm, session_socket(s));
		for (unsigned j = 0; j < 3 && alive; j++)
			alive = connection_send_bytes(&s->vmm.connection, (const char *)&table_header + j, 1, fds, 8);
		if (i % 2)
			assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
		vmm_disconnect(&s->vmm);
	}
	close(fd);
	abuse_then_served(s, &before);
}

static uint32_t random32(uint64_t *random)
{
	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*random >> 32);
}

/* Begins with a header of a known message and a wrong size, or not even that. */
static void garbage_make(uint64_t *random, uint8_t *chunk, bool header)
{
	const struct vu_header wrong = { 1 + random32(random) % 43, VU_VERSION, 500 + random32(random) % 60000 };

	for (size_t i = 0; i < CHUNK; i += 4)
		memcpy(chunk + i, &(uint32_t){ random32(random) }, 4);
	if (header)
		memcpy(chunk, &wrong, sizeof(wrong));
}

static void garbage_of_64_mib(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	uint64_t rss = proc_status(before.worker, "VmRSS"), random = 1, sent = 0;
	uint8_t *chunk = malloc(CHUNK);
	unsigned n = 0;

	assert_non_null(chunk);
	for (; sent < GARBAGE; n++) {
		ssize_t len;

		garbage_make(&random, chunk, n % 2);
		vmm_connect(&s->vmm, session_socket(s));
		len = send(s->vmm.connection.fd, chunk, CHUNK, MSG_NOSIGNAL);
		sent += len > 0 ? (size_t)len : 0;
		assert_true(n < 4 * GARBAGE / CHUNK);
		if (n % 64 == 0) /* it is not the abuser's end that ends the connection */
			assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
		vmm_disconnect(&s->vmm);
	}
	free(chunk);
	print_message("%u connections, %llu MiB\n", n, (unsigned long long)(sent / MIB));
	abuse_then_served(s, &before);
	if (!proc_has_address_sanitizer(before.worker))
		assert_in_range(proc_status(before.worker, "VmRSS"), 1, rss + RSS_SLACK_KIB);
}

/* Many messages without end that are all right: what they bring is let go of. */
static void messages_without_end(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	struct vu_region regions[MEMORY_REGIONS_MAX];
	int fds[MEMORY_REGIONS_MAX];

	vmm_connect(&s->vmm, session_socket(s));
	s->vmm.connection.mode = CONNECTION_ASYNC;
	for (unsigned i = 0; i < 3000; i++) {
		memory_table(&s->vmm.memory, regions, fds);
		assert_ok(message_set_mem_table(&s->vmm.connection, regions, 2, fds, 2));
		assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_CALL, i % 2, s->vmm.rings[0].call_fd));
		assert_ok(message_send_vring_fd(&s->vmm.connection, VU_SET_VRING_KICK, i % 2, s->vmm.rings[0].kick_fd));
	}
	assert_true(message_sync(&s->vmm.connection));
	assert_in_range(proc_maps(before.worker, "memfd:guest"), 2, 4);
	assert_in_range(proc_fds(before.worker), before.fds, before.fds + 12);
	abuse_then_served(s, &before);
}

/* A message of a kind as it may be, with what it may bring. False: the connection is over. */
static bool message_of_kind(struct session *s, uint32_t id)
{
	static const uint8_t sizes[44] = {
		[VU_SET_FEATURES] = 8,	      [VU_SET_MEM_TABLE] = 40,	      [VU_SET_LOG_BASE] = 16,
		[VU_SET_VRING_NUM] = 8,	      [VU_SET_VRING_ADDR] = 40,	      [VU_SET_VRING_BASE] = 8,
		[VU_GET_VRING_BASE] = 8,      [VU_SET_VRING_KICK] = 8,	      [VU_SET_VRING_CALL] = 8,
		[VU_SET_VRING_ERR] = 8,	      [VU_SET_PROTOCOL_FEATURES] = 8, [VU_SET_VRING_ENABLE] = 8,
		[VU_IOTLB_MSG] = 32,	      [VU_GET_CONFIG] = 20,	      [VU_SET_CONFIG] = 20,
		[VU_GET_INFLIGHT_FD] = 24,    [VU_SET_INFLIGHT_FD] = 24,      [VU_VRING_KICK] = 8,
		[VU_ADD_MEM_REG] = 40,	      [VU_REM_MEM_REG] = 40,	      [VU_SET_STATUS] = 8,
		[VU_SET_DEVICE_STATE_FD] = 8,
	};
	static const uint8_t n_fds[44] = {
		[VU_SET_MEM_TABLE] = 1,	      [VU_SET_LOG_BASE] = 1,	[VU_SET_LOG_FD] = 1,
		[VU_SET_VRING_KICK] = 1,      [VU_SET_VRING_CALL] = 1,	[VU_SET_VRING_ERR] = 1,
		[VU_SET_BACKEND_REQ_FD] = 1,  [VU_SET_INFLIGHT_FD] = 1, [VU_ADD_MEM_REG] = 1,
		[VU_SET_DEVICE_STATE_FD] = 1,
	};
	const struct vu_region *region = &s->vmm.memory.regions[0].wire;
	struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);
	uint8_t payload[64] = { 0 };
	int fd = s->vmm.memory.regions[0].fd;

	if (id == VU_SET_MEM_TABLE)
		payload[0] = 1;
	if (id == VU_SET_MEM_TABLE || id == VU_ADD_MEM_REG || id == VU_REM_MEM_REG)
		memcpy(payload + 8, region, sizeof(*region));
	if (id == VU_SET_VRING_ADDR)
		memcpy(payload, &addr, sizeof(addr));
	if (id == VU_SET_VRING_NUM || id == VU_SET_VRING_ENABLE)
		payload[4] = 1;
	if (id == VU_GET_CONFIG || id == VU_SET_CONFIG)
		payload[4] = 8;
	if (id == VU_SET_VRING_KICK || id == VU_SET_VRING_CALL || id == VU_SET_VRING_ERR)
		fd = s->vmm.rings[0].kick_fd;
	return connection_send(&s->vmm.connection, id, 0, payload, sizes[id], &fd, n_fds[id]);
}

/* Any message after any other: as the first ones of a connection, and in the middle of a running device. */
static void every_order(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);

	for (uint32_t first = 1; first < 44; first++) {
		for (uint32_t second = 1; second < 44; second++) {
			if ((first + second) % 8 == 0)
				session_reconnect(s);
			else
				vmm_connect(&s->vmm, session_socket(s));
			if (message_of_kind(s, first) && message_of_kind(s, second))
				message_of_kind(s, first);
			vmm_disconnect(&s->vmm);
		}
	}
	abuse_then_served(s, &before);
}

/* The worker never waits for a front-end that reads no replies: it ends the connection. */
static void replies_that_nobody_reads(void **state)
{
	static const struct vu_header header = { VU_GET_FEATURES, VU_VERSION, 0 };
	struct session *s = *state;
	const struct timeval timeout = { .tv_sec = WAIT_MS / 1000 }; /* with a worker that waits for us */
	struct abuse before = abuse_before(s);
	unsigned n = 0;

	session_reconnect(s);
	setsockopt(s->vmm.connection.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	while (n < 1000000 && connection_send_bytes(&s->vmm.connection, &header, sizeof(header), NULL, 0))
		n++;
	print_message("%u messages\n", n);
	assert_in_range(n, 100, 999999);
	assert_int_equal(daemon_logged(&s->daemon, "GET_FEATURES: front-end does not read its replies"), 1);
	abuse_then_served(s, &before);
}

static void channel_fill(struct session *s)
{
	int size = 1;

	setsockopt(s->vmm.channel_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (unsigned i = 0; i < 3000; i++) {
		gpio_send(&s->vmm, GPIO_GET_DIRECTION, (uint16_t)(i % 8), 0);
		/* Kicked by message, whose reply says that the ring was looked at. */
		ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
		assert_true(ring_has_used(&s->vmm.rings[VMM_REQUESTQ]));
		assert_int_equal(gpio_answer_of(&s->vmm, ring_wait(&s->vmm.rings[VMM_REQUESTQ])).status, GPIO_OK);
	}
}

/* Calls go to a channel that nobody reads: requests are answered all the same, and the last call waits for room. */
static void channel_that_nobody_reads(void **state)
{
	struct session *s = *state;
	struct abuse before = abuse_before(s);
	uint64_t calls;

	s->vmm.wants_inband = true;
	vmm_start_with(&s->vmm, session_socket(s), VMM_FEATURES_PLAIN);
	channel_fill(s);
	assert_falls_asleep(before.worker);
	/* Else it would send the last one while the others are read. */
	kill(before.worker, SIGSTOP);
	calls = ring_calls(&s->vmm.rings[VMM_REQUESTQ]);
	kill(before.worker, SIGCONT);
	assert_in_range(calls, 1, 2999);
	ring_wait_calls(&s->vmm.rings[VMM_REQUESTQ], calls + 1);
	s->vmm.wants_inband = false;
	abuse_then_served(s, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_byte_at_a_time, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(a_header_and_nothing_more, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(fds_with_every_byte, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(garbage_of_64_mib, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(messages_without_end, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(every_order, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(replies_that_nobody_reads, session_setup, session_teardown),
		cmocka_unit_test_setup_teardown(channel_that_nobody_reads, session_setup, session_teardown),
	};

	return session_run("abuse messages", tests, sizeof(tests) / sizeof(tests[0]));
}
