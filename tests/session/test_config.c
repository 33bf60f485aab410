/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The configuration space and the names that it announces. */
#include "session.h"

#include <string.h>

#include "chain.h"

static const uint8_t config_of_s8[8] = { 8, 0, 0, 0, 56, 0, 0, 0 };

static void connect_negotiated(struct session *s)
{
	vmm_connect(&s->vmm, session_socket(s));
	vmm_negotiate(&s->vmm, VMM_FEATURES, VMM_PROTOCOL_FEATURES);
}

static void eight_bytes_little_endian(void **state)
{
	struct session *s = *state;
	uint8_t config[8];

	connect_negotiated(s);
	for (unsigned i = 0; i < 3; i++) {
		memset(config, 0xff, sizeof(config));
		assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, config), 0);
		assert_memory_equal(config, config_of_s8, 8);
	}
}

static void every_piece_of_it(void **state)
{
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;

	for (uint32_t offset = 0; offset < 8; offset++) {
		for (uint32_t size = 1; offset + size <= 8; size++) {
			uint8_t piece[8];

			assert_int_equal(message_get_config(c, offset, size, piece), 0);
			assert_memory_equal(piece, config_of_s8 + offset, size);
		}
		assert_serving(s);
	}
}

static void outside_of_it_is_an_error(void **state)
{
	static const struct {
		uint32_t offset, size;
	} wrong[] = { { 0, 9 }, { 8, 1 }, { 7, 2 }, { 4, 256 }, { 0xfffffff0, 32 }, { 0xffffffff, 1 } };
	struct session *s = *state;
	uint8_t data[256];

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(message_get_config(&s->vmm.connection, wrong[i].offset, wrong[i].size, data), -1);
		assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, data), 0);
		assert_memory_equal(data, config_of_s8, 8);
	}
}

/* A size field that does not fit the payload, or a payload that no configuration space has. */
static void sizes_that_lie_close(void **state)
{
	static const struct {
		uint32_t size, payload;
	} wrong[] = { { 4096, 4096 }, { 4096, 8 }, { 0xffffffff, 8 }, { 8, 4 }, { 4, 8 } };
	struct session *s = *state;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct {
			struct vu_config config;
			uint8_t data[4096];
		} request = { .config = { .size = wrong[i].size } };

		connect_negotiated(s);
		assert_true(connection_send(&s->vmm.connection, VU_GET_CONFIG, 0, &request,
					    (uint32_t)sizeof(request.config) + wrong[i].payload, NULL, 0));
		if (!connection_ends(&s->vmm.connection, WAIT_MS))
			fail_msg("size %u with %u bytes", wrong[i].size, wrong[i].payload);
		vmm_disconnect(&s->vmm);
	}
}

static void it_is_read_only(void **state)
{
	static const uint8_t other[8] = { 3, 0, 0, 0, 9, 0, 0, 0 };
	struct session *s = *state;
	struct connection *c = &s->vmm.connection;
	uint8_t config[8];

	assert_refused(message_set_config(c, 0, 8, 0, other));
	assert_refused(message_set_config(c, 0, 2, 0, other));
	assert_refused(message_set_config(c, 4, 4, 0, other + 4));
	assert_int_equal(message_get_config(c, 0, 8, config), 0);
	assert_memory_equal(config, config_of_s8, 8);
}

static int setup_12(void **state)
{
	return session_setup_with(state, "s12", 0);
}

static void names_size_counts_every_terminator(void **state)
{
	/* dummy0 to dummy9 and dummy10, dummy11. */
	static const uint8_t want[8] = { 12, 0, 0, 0, 10 * 7 + 2 * 8, 0, 0, 0 };
	struct session *s = *state;
	uint8_t config[8], names[86 + 1];
	unsigned n = 0;

	vmm_start(&s->vmm, session_socket(s));
	assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, config), 0);
	assert_memory_equal(config, want, 8);
	assert_int_equal(gpio_get_names(&s->vmm, 0, 86, names), 87);
	for (unsigned i = 1; i < 87; i++)
		n += names[i] == 0;
	assert_int_equal(n, 12);
	assert_int_equal(names[86], 0);
	assert_string_equal((char *)names + 87 - 8, "dummy11");
}

static void chip_size_is_checked_at_start(void **state)
{
	static const char *const wrong[] = { "s65536", "s0", "s99999999999", "s" };

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct daemon daemon = { 0 };
		const char *words[] = { "-s", "/tmp/vgpio-not-there/gpio", "-l", wrong[i], NULL };

		daemon_spawn(&daemon, words);
		assert_int_equal(daemon_wait(&daemon), 2);
		assert_int_equal(daemon_logged(&daemon, ""), 1);
		daemon_stop(&daemon);
	}
}

static int setup_65535(void **state)
{
	return session_setup_with(state, "s65535", 0);
}

static void the_largest_chip(void **state)
{
	struct session *s = *state;
	uint8_t config[8];
	uint16_t head;

	vmm_start(&s->vmm, session_socket(s));
	assert_int_equal(message_get_config(&s->vmm.connection, 0, 8, config), 0);
	assert_int_equal(config[0], 0xff);
	assert_int_equal(config[1], 0xff);
	assert_int_equal(gpio_set_value(&s->vmm, 65534, 1), GPIO_OK);
	assert_int_equal(gpio_set_direction(&s->vmm, 65534, GPIO_OUT), GPIO_OK);
	assert_int_equal(gpio_get_value(&s->vmm, 65534), 1);
	assert_int_equal(gpio_get_direction(&s->vmm, 65535), -1);
	head = gpio_arm(&s->vmm, 65533, GPIO_IRQ_LOW);
	assert_event(s, head, GPIO_EVENT_VALID);
}

#define FRESH(rows, fn)	  ROW_TEST_FIXTURE(rows, fn, session_setup, session_teardown)
#define STARTED(rows, fn) ROW_TEST_FIXTURE(rows, fn, session_setup_started, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH("G-01 G-02 G-04", eight_bytes_little_endian),
		STARTED("V-92 X-46", every_piece_of_it),
		STARTED("V-97", outside_of_it_is_an_error),
		FRESH("V-09 V-97", sizes_that_lie_close),
		STARTED("V-98 X-31", it_is_read_only),
		ROW_TEST_FIXTURE("G-04 G-05", names_size_counts_every_terminator, setup_12, session_teardown),
		ROW_TEST("G-02", chip_size_is_checked_at_start),
		ROW_TEST_FIXTURE("G-02", the_largest_chip, setup_65535, session_teardown),
	};

	return session_run("config", tests, sizeof(tests) / sizeof(tests[0]));
}
