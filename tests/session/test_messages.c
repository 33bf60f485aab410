/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Framing, file descriptors, acknowledgements: what a front-end may get wrong, and what it must get back. */
#include "session.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void connect_negotiated(struct session *s)
{
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
}

static void other_version_closes(void **state)
{
	static const uint32_t flags[] = { 0, 2, 3, VU_NEED_REPLY, 2 | VU_NEED_REPLY };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct vu_header header = { .id = VU_GET_FEATURES, .flags = flags[i] };

		vmm_connect(&s->vmm, session_socket(s));
		assert_true(connection_send_bytes(&s->vmm.connection, &header, sizeof(header), NULL, 0));
		assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
		vmm_disconnect(&s->vmm);
	}
}

static void replies_have_id_flags_and_size(void **state)
{
	static const struct {
		enum vu_id id;
		uint32_t size, reply_size;
	} gets[] = {
		{ VU_GET_FEATURES, 0, 8 }, { VU_GET_PROTOCOL_FEATURES, 0, 8 }, { VU_GET_QUEUE_NUM, 0, 8 },
		{ VU_GET_CONFIG, 20, 20 }, { VU_GET_VRING_BASE, 8, 8 },	       { VU_GET_MAX_MEM_SLOTS, 0, 8 },
		{ VU_GET_STATUS, 0, 8 },   { VU_CHECK_DEVICE_STATE, 0, 8 },
	};
	static const uint32_t flags[] = { 0, VU_NEED_REPLY };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	connect_negotiated(s);
	for (unsigned i = 0; i < sizeof(gets) / sizeof(gets[0]); i++) {
		struct vu_config config = { .size = 8 };
		uint8_t payload[20] = { 0 };
		struct message reply;

		if (gets[i].id == VU_GET_CONFIG)
			memcpy(payload, &config, sizeof(config));
		for (unsigned j = 0; j < 2; j++) {
			assert_true(connection_send(c, gets[i].id, flags[j], payload, gets[i].size, NULL, 0));
			assert_true(connection_receive(c, &reply));
			assert_int_equal(reply.header.id, gets[i].id);
			assert_int_equal(reply.header.flags, 0x5);
			assert_int_equal(reply.header.size, gets[i].reply_size);
		}
	}
	assert_true(connection_silent(c, SILENT_MS));
}

static void oversized_header_closes(void **state)
{
	static const uint32_t sizes[] = { 0xffffffff, 0x7fffffff, 0x10000, 5000 };
	struct session *s = *state;
	uint64_t before = proc_status(session_worker(s), "VmHWM");

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vu_header header = { .id = VU_SET_MEM_TABLE, .flags = VU_VERSION, .size = sizes[i] };

		vmm_connect(&s->vmm, session_socket(s));
		assert_true(connection_send_bytes(&s->vmm.connection, &header, sizeof(header), NULL, 0));
		assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
		vmm_disconnect(&s->vmm);
	}
	if (!proc_has_address_sanitizer(session_worker(s)))
		assert_true(proc_status(session_worker(s), "VmHWM") < before + 1024);
}

static void message_may_come_byte_by_byte(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	struct vu_mem_table table = { .n_regions = s->vmm.memory.n_regions };
	struct message message = { .header = { VU_SET_MEM_TABLE, VU_VERSION | VU_NEED_REPLY, 8 + 32 * 2 } };
	int fds[VU_REGIONS_MAX];

	connect_negotiated(s);
	assert_int_equal(table.n_regions, 2);
	memory_table(&s->vmm.memory, table.regions, fds);
	memcpy(message.payload, &table, message.header.size);
	for (size_t i = 0; i < sizeof(message.header) + message.header.size; i++) {
		assert_true(connection_send_bytes(c, (char *)&message + i, 1, fds, i == 0 ? 2 : 0));
		usleep(100);
	}
	assert_ok(connection_receive_ack(c, VU_SET_MEM_TABLE));
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 0);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	assert_serving(s);
}

static void several_messages_in_one_segment(void **state)
{
	const struct vu_header headers[3] = { { VU_GET_FEATURES, VU_VERSION, 0 },
					      { VU_GET_PROTOCOL_FEATURES, VU_VERSION, 0 },
					      { VU_GET_FEATURES, VU_VERSION, 0 } };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	uint64_t value;

	vmm_connect(&s->vmm, session_socket(s));
	assert_true(connection_send_bytes(c, headers, sizeof(headers), NULL, 0));
	assert_true(connection_receive_reply(c, VU_GET_FEATURES, &value, 8));
	assert_int_equal(value, VMM_OFFERED);
	assert_true(connection_receive_reply(c, VU_GET_PROTOCOL_FEATURES, &value, 8));
	assert_int_equal(value, VMM_PROTOCOL_OFFERED);
	assert_true(connection_receive_reply(c, VU_GET_FEATURES, &value, 8));
	assert_int_equal(value, VMM_OFFERED);
}

static void message_and_a_half_in_one_segment(void **state)
{
	const struct {
		struct vu_header set;
		uint64_t features;
		struct vu_header get;
	} __attribute__((packed))
	bytes = { { VU_SET_FEATURES, VU_VERSION, 8 }, VMM_FEATURES, { VU_GET_FEATURES, VU_VERSION, 0 } };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	uint64_t value;

	vmm_connect(&s->vmm, session_socket(s));
	assert_true(connection_send_bytes(c, &bytes, sizeof(bytes) - 5, NULL, 0));
	assert_true(connection_silent(c, SILENT_MS));
	assert_true(connection_send_bytes(c, (const char *)&bytes + sizeof(bytes) - 5, 5, NULL, 0));
	assert_true(connection_receive_reply(c, VU_GET_FEATURES, &value, 8));
}

static void surplus_fds_are_closed(void **state)
{
	struct session *s = *state;
	unsigned before = proc_fds(session_worker(s));
	int fd = s->vmm.memory.regions[0].fd, fds[40];

	for (unsigned i = 0; i < 40; i++)
		fds[i] = fd;
	for (unsigned n = 1; n <= 40; n += 13) {
		vmm_connect(&s->vmm, session_socket(s));
		assert_true(connection_send(&s->vmm.connection, VU_GET_FEATURES, 0, NULL, 0, fds, n));
		assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
		vmm_disconnect(&s->vmm);
	}
	session_reconnect(s);
	assert_serving(s);
	vmm_disconnect(&s->vmm);
	session_wait_left(s);
	assert_fds(session_worker(s), before);
}

static void fds_in_the_middle_of_a_message(void **state)
{
	const struct {
		struct vu_header header;
		uint64_t value;
	} __attribute__((packed)) message = { { VU_SET_VRING_CALL, VU_VERSION | VU_NEED_REPLY, 8 }, 0 };
	struct session *s = *state;
	unsigned before = proc_fds(session_worker(s));
	int fd = s->vmm.rings[0].call_fd;

	connect_negotiated(s);
	assert_true(connection_send_bytes(&s->vmm.connection, &message, 12, NULL, 0));
	session_settle(s);
	assert_true(connection_send_bytes(&s->vmm.connection, (const char *)&message + 12, 8, &fd, 1));
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
	vmm_disconnect(&s->vmm);
	assert_fds(session_worker(s), before);
}

static void received_fds_are_close_on_exec(void **state)
{
	struct session *s = *state;

	assert_serving(s);
	assert_int_equal(proc_fds_inherited(session_worker(s)), 0);
}

/* Sizes of the messages that are accepted, to send one byte more and less. */
static const struct {
	enum vu_id id;
	uint32_t size;
} sized[] = {
	{ VU_GET_FEATURES, 0 },		 { VU_SET_FEATURES, 8 },   { VU_SET_OWNER, 0 },
	{ VU_RESET_OWNER, 0 },		 { VU_SET_VRING_NUM, 8 },  { VU_SET_VRING_ADDR, 40 },
	{ VU_SET_VRING_BASE, 8 },	 { VU_GET_VRING_BASE, 8 }, { VU_SET_VRING_KICK, 8 },
	{ VU_SET_VRING_CALL, 8 },	 { VU_SET_VRING_ERR, 8 },  { VU_GET_PROTOCOL_FEATURES, 0 },
	{ VU_SET_PROTOCOL_FEATURES, 8 }, { VU_GET_QUEUE_NUM, 0 },  { VU_SET_VRING_ENABLE, 8 },
	{ VU_GET_CONFIG, 12 },		 { VU_RESET_DEVICE, 0 },   { VU_GET_MAX_MEM_SLOTS, 0 },
	{ VU_REM_MEM_REG, 40 },		 { VU_SET_STATUS, 8 },	   { VU_GET_STATUS, 0 },
	{ VU_SET_MEM_TABLE, 8 },	 { VU_VRING_KICK, 8 },	   { VU_CHECK_DEVICE_STATE, 0 },
};

static void wrong_size_closes(void **state)
{
	static const uint8_t zeros[64];
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(sized) / sizeof(sized[0]); i++) {
		for (int by = -1; by <= 1; by += 2) {
			if (sized[i].size == 0 && by < 0)
				continue;
			connect_negotiated(s);
			assert_true(connection_send(&s->vmm.connection, sized[i].id, 0, zeros,
						    (uint32_t)((int)sized[i].size + by), NULL, 0));
			if (!connection_ends(&s->vmm.connection, WAIT_MS))
				fail_msg("message %u with %d bytes more", sized[i].id, by);
			vmm_disconnect(&s->vmm);
		}
	}
}

static void unknown_message_closes(void **state)
{
	static const uint32_t ids[] = { 0, 45, 46, 1000, 0x7fffffff, 0xffffffff };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		connect_negotiated(s);
		assert_true(connection_send(&s->vmm.connection, ids[i], 0, NULL, 0, NULL, 0));
		assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
		vmm_disconnect(&s->vmm);
		connect_negotiated(s);
		assert_int_not_equal(message_send(&s->vmm.connection, ids[i], NULL, 0, NULL, 0), OUTCOME_OK);
		vmm_disconnect(&s->vmm);
	}
}

static void a_reply_that_nobody_asked_for_closes(void **state)
{
	struct session *s = *state;

	connect_negotiated(s);
	assert_true(connection_send(&s->vmm.connection, VU_GET_FEATURES, VU_REPLY, NULL, 0, NULL, 0));
	assert_true(connection_ends(&s->vmm.connection, WAIT_MS));
}

/* The size is one that the message may have, and its regions are not there. */
static void memory_table_without_its_regions_is_refused(void **state)
{
	struct session *s = *state;
	struct {
		uint32_t n_regions, padding;
		struct vu_region regions[2];
	} table = { .n_regions = 2 };
	struct vu_region regions[MEMORY_REGIONS_MAX];
	int fds[MEMORY_REGIONS_MAX];

	memory_table(&s->vmm.memory, regions, fds);
	table.regions[0] = regions[0];
	fds[1] = fds[0];
	assert_refused(message_send(&s->vmm.connection, VU_SET_MEM_TABLE, &table, 8 + sizeof(regions[0]), fds, 2));
	assert_serving(s);
}

static void messages_of_other_devices_are_refused(void **state)
{
	static const struct {
		enum vu_id id;
		uint32_t size;
		unsigned n_fds;
	} foreign[] = {
		{ VU_SEND_RARP, 8, 0 },
		{ VU_NET_SET_MTU, 8, 0 },
		{ VU_CREATE_CRYPTO_SESSION, 32, 0 },
		{ VU_CLOSE_CRYPTO_SESSION, 8, 0 },
		{ VU_SET_VRING_ENDIAN, 8, 0 },
		{ VU_GPU_SET_SOCKET, 0, 1 },
		{ VU_GET_SHARED_OBJECT, 16, 0 },
		{ VU_IOTLB_MSG, 32, 0 },
		{ VU_POSTCOPY_ADVISE, 0, 0 },
		{ VU_POSTCOPY_LISTEN, 0, 0 },
		{ VU_POSTCOPY_END, 0, 0 },
		{ 44 /* GET_SHMEM_CONFIG */, 0, 0 },
	};
	static const uint8_t zeros[64];
	struct session *s = *state;
	int fd = s->vmm.memory.regions[0].fd;

	for (unsigned i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		connect_negotiated(s);
		assert_int_not_equal(
			message_send(&s->vmm.connection, foreign[i].id, zeros, foreign[i].size, &fd, foreign[i].n_fds),
			OUTCOME_OK);
		vmm_disconnect(&s->vmm);
	}
	session_reconnect(s);
	assert_serving(s);
}

static void ring_index_out_of_range_is_refused(void **state)
{
	static const uint32_t indices[] = { 2, 3, 255, 0xffffffff };
	static const enum vu_id ids[] = { VU_SET_VRING_NUM, VU_SET_VRING_BASE, VU_SET_VRING_ENABLE };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	assert_serving(s);
	for (unsigned i = 0; i < 4; i++) {
		struct vu_addr addr = vmm_ring_addr(&s->vmm, 0);

		for (unsigned j = 0; j < 3; j++)
			assert_refused(message_send_state(c, ids[j], indices[i], 1));
		addr.index = indices[i];
		assert_refused(message_set_vring_addr(c, &addr));
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_refused(message_send_vring_fd(c, VU_SET_VRING_KICK, indices[i], s->vmm.rings[0].kick_fd));
		assert_refused(message_send_vring_fd(c, VU_SET_VRING_CALL, indices[i], s->vmm.rings[0].call_fd));
		assert_refused(message_send_vring_fd(c, VU_SET_VRING_ERR, indices[i], -1));
	}
	assert_serving(s);
	for (unsigned i = 0; i < 4; i++) {
		struct vu_state ring = { .index = indices[i] };

		session_reconnect(s);
		assert_true(connection_send(c, VU_GET_VRING_BASE, 0, &ring, sizeof(ring), NULL, 0));
		assert_true(connection_ends(c, WAIT_MS));
	}
}

static void each_setting_is_acknowledged(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	int fd = eventfd(0, EFD_CLOEXEC);

	/* NUM, BASE, ADDR, KICK, CALL, ERR, ENABLE, SET_MEM_TABLE, SET_OWNER, SET_FEATURES were, in vmm_start(). */
	assert_int_equal(c->mode, CONNECTION_ACK);
	assert_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_FEATURES));
	assert_ok(message_send_u64(c, VU_SET_STATUS, 0x8));
	assert_ok(message_send_vring_fd(c, VU_SET_VRING_CALL, 0, fd));
	assert_ok(message_send_vring_fd(c, VU_SET_VRING_ERR, 0, fd));
	assert_ok(message_send(c, VU_RESET_OWNER, NULL, 0, NULL, 0));
	assert_true(connection_silent(c, SILENT_MS));
	close(fd);
}

static void need_reply_without_reply_ack_is_ignored(void **state)
{
	const uint64_t protocol = VMM_PROTOCOL_FEATURES & ~FEATURE(VU_PROTOCOL_REPLY_ACK), features = VMM_FEATURES;
	const struct vu_state num = { 0, 256 };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	vmm_connect(&s->vmm, session_socket(s));
	assert_true(connection_send(c, VU_SET_PROTOCOL_FEATURES, VU_NEED_REPLY, &protocol, 8, NULL, 0));
	assert_true(connection_send(c, VU_SET_OWNER, VU_NEED_REPLY, NULL, 0, NULL, 0));
	assert_true(connection_send(c, VU_SET_FEATURES, VU_NEED_REPLY, &features, 8, NULL, 0));
	assert_true(connection_send(c, VU_SET_VRING_NUM, VU_NEED_REPLY, &num, 8, NULL, 0));
	assert_true(connection_silent(c, SILENT_MS));
	assert_true(message_sync(c));
}

static void enabling_reply_ack_is_itself_acknowledged(void **state)
{
	const uint64_t protocol = VMM_PROTOCOL_FEATURES;
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	vmm_connect(&s->vmm, session_socket(s));
	assert_true(connection_send(c, VU_SET_PROTOCOL_FEATURES, VU_NEED_REPLY, &protocol, 8, NULL, 0));
	assert_ok(connection_receive_ack(c, VU_SET_PROTOCOL_FEATURES));
}

static void connection_survives_a_refusal(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	assert_refused(message_send_state(c, VU_SET_VRING_NUM, 0, 0));
	assert_refused(message_send_state(c, VU_SET_VRING_ENABLE, 0, 2));
	assert_refused(message_send_u64(c, VU_SET_FEATURES, ~0ull));
	assert_serving(s);
}

static void get_features_any_time(void **state)
{
	struct session *s = *state;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
		assert_serving(s);
	}
	vmm_stop(&s->vmm);
	assert_int_equal(message_get_u64(&s->vmm.connection, VU_GET_FEATURES), VMM_OFFERED);
}

static void owner_after_backend_channel_and_twice(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	int ends[2];

	vmm_connect(&s->vmm, session_socket(s));
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_ok(message_send_u64(c, VU_SET_PROTOCOL_FEATURES, VMM_PROTOCOL_FEATURES));
	c->mode = CONNECTION_ACK;
	assert_ok(message_send(c, VU_SET_BACKEND_REQ_FD, NULL, 0, &ends[0], 1));
	assert_ok(message_send(c, VU_SET_OWNER, NULL, 0, NULL, 0));
	assert_ok(message_send(c, VU_SET_OWNER, NULL, 0, NULL, 0));
	close(ends[0]);
	close(ends[1]);
}

static void reset_owner_keeps_the_connection_state(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	uint8_t config[8];

	assert_ok(message_send(c, VU_RESET_OWNER, NULL, 0, NULL, 0));
	assert_int_equal(message_get_config(c, 0, 8, config), 0);
	assert_int_equal(message_get_u64(c, VU_GET_QUEUE_NUM), 2);
	assert_ok(message_send_u64(c, VU_SET_FEATURES, s->vmm.features));
	vmm_restart(&s->vmm);
	assert_serving(s);
}

static void backend_channel_needs_one_fd(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	unsigned before;
	int fds[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	connect_negotiated(s);
	assert_ok(message_send(c, VU_SET_BACKEND_REQ_FD, NULL, 0, fds, 1));
	before = proc_fds(session_worker(s));
	assert_ok(message_send(c, VU_SET_BACKEND_REQ_FD, NULL, 0, fds + 1, 1));
	assert_fds(session_worker(s), before);
	for (unsigned n = 0; n <= 2; n += 2) {
		session_reconnect(s);
		assert_int_not_equal(message_send(c, VU_SET_BACKEND_REQ_FD, NULL, 0, fds, n), OUTCOME_OK);
	}
	close(fds[0]);
	close(fds[1]);
}

static void status_is_stored(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	connect_negotiated(s);
	assert_int_equal(message_get_u64(c, VU_GET_STATUS), 0);
	assert_ok(message_send_u64(c, VU_SET_STATUS, 8));
	assert_int_equal(message_get_u64(c, VU_GET_STATUS), 8);
	assert_refused(message_send_u64(c, VU_SET_STATUS, 0x108));
	assert_int_equal(message_get_u64(c, VU_GET_STATUS), 8);
	/* No gating on DRIVER_OK. */
	vmm_send_memory(&s->vmm);
	vmm_ring_setup(&s->vmm, VMM_REQUESTQ, 0);
	vmm_ring_enable(&s->vmm, VMM_REQUESTQ, true);
	ring_kick(&s->vmm.rings[VMM_REQUESTQ]);
	assert_serving(s);
	assert_int_equal(message_get_u64(c, VU_GET_STATUS), 8);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("V-01", other_version_closes),
		FRESH("V-02 V-22 X-29", replies_have_id_flags_and_size),
		FRESH("V-03", oversized_header_closes),
		FRESH("V-04", message_may_come_byte_by_byte),
		FRESH("V-04", several_messages_in_one_segment),
		FRESH("V-04", message_and_a_half_in_one_segment),
		FRESH("V-05", surplus_fds_are_closed),
		FRESH("V-05", fds_in_the_middle_of_a_message),
		STARTED("V-06", received_fds_are_close_on_exec),
		FRESH("V-07 V-09", wrong_size_closes),
		FRESH("V-07 V-08", unknown_message_closes),
		FRESH("V-07", a_reply_that_nobody_asked_for_closes),
		STARTED("V-09", memory_table_without_its_regions_is_refused),
		FRESH("V-07 V-91 V-93 V-100", messages_of_other_devices_are_refused),
		STARTED("V-11", ring_index_out_of_range_is_refused),
		STARTED("V-20", each_setting_is_acknowledged),
		FRESH("V-21", need_reply_without_reply_ack_is_ignored),
		FRESH("V-23 X-42", enabling_reply_ack_is_itself_acknowledged),
		STARTED("V-24", connection_survives_a_refusal),
		STARTED("V-30", get_features_any_time),
		FRESH("V-31", owner_after_backend_channel_and_twice),
		STARTED("V-32", reset_owner_keeps_the_connection_state),
		FRESH("PF-05 V-80", backend_channel_needs_one_fd),
		FRESH("V-95 PF-16", status_is_stored),
	};

	return session_run("messages", tests, sizeof(tests) / sizeof(tests[0]));
}
