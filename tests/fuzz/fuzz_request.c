/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: a driver's requests and event buffers, in valid chains, with any bytes in them, beside a model of the
 * lines (gpio_model.h) that says what comes back, byte for byte, and in which order. The first byte is the kind of the
 * rings; then
 *
 *   'q' n (type gpio value out layout)…   n requests in one kick; value 255: 32 bits follow; out: how long the response
 *                                         may be (its upper bits cut the request short)
 *   'e' n (gpio out layout)…              n event buffers in one kick
 *   'l' line level, 'p' line pull         the outside drives a line, or leaves it to its pull
 *   'r'                                   the worker dies, a successor attaches
 *   'z'                                   a pause of the machine;  't' the same, and the state is saved and loaded
 *   'D' kind                              the front-end leaves, the next one sets up its rings
 */
#include <string.h>

#include "driver.h"
#include "gpio_fixture.h"
#include "gpio_model.h"

#define OPS_MAX	  64
#define BATCH_MAX 8

/* What must come back next, by ring. */
struct expected {
	unsigned slot, len;
	uint8_t out[DRIVER_OUT_MAX];
};

static struct {
	struct expected items[64];
	unsigned n;
} expected[FIXTURE_QUEUES];

static unsigned slot_of_line[GPIO_FIXTURE_LINES]; /* the event buffer that is held */

static void expect(unsigned ring, unsigned slot, const void *out, unsigned len)
{
	struct expected *item = &expected[ring].items[expected[ring].n++];

	MUST(expected[ring].n <= 64);
	item->slot = slot;
	item->len = len;
	memcpy(item->out, out, len);
}

/* As gpio_model_*() calls it. */
static void on_event(unsigned line, uint8_t status)
{
	expect(VIRTIO_GPIO_EVENTQ, slot_of_line[line], &status, 1);
}

static void check_returned(void)
{
	for (unsigned ring = 0; ring < FIXTURE_QUEUES; ring++) {
		struct driver_used used;
		unsigned at = 0;

		while (driver_take(ring, &used)) {
			const struct expected *item = &expected[ring].items[at++];

			if (at > expected[ring].n)
				FOUND("ring %u: slot %u came back too early", ring, used.slot);
			if (item->slot != used.slot || item->len != used.len ||
			    memcmp(item->out, used.out, used.len) != 0)
				FOUND("ring %u: slot %u len %u: %02x %02x, not slot %u len %u: %02x %02x", ring,
				      used.slot, used.len, used.out[0], used.out[1], item->slot, item->len,
				      item->out[0], item->out[1]);
		}
		if (at != expected[ring].n)
			FOUND("ring %u: %u of %u came back", ring, at, expected[ring].n);
		expected[ring].n = 0;
	}
}

/* -1: all are given. */
static int free_slot(unsigned ring)
{
	for (unsigned i = 0; i < driver_slots(); i++) {
		if (driver_slot_is_free(ring, i))
			return (int)i;
	}
	return -1;
}

static void give_request(struct input *in)
{
	uint16_t type = next_byte(in), gpio = next_byte(in);
	uint32_t value = next_byte(in);
	uint8_t out = next_byte(in), layout = next_byte(in), wire[8], response[DRIVER_OUT_MAX];
	unsigned in_len = out & 0x80 ? out >> 4 & 7 : 8, out_len = out % DRIVER_OUT_MAX;
	int slot = free_slot(VIRTIO_GPIO_REQUESTQ);

	if (value == UINT8_MAX)
		value = next_u32(in);
	if (type == UINT8_MAX)
		type = next_u16(in);
	if (gpio == UINT8_MAX)
		gpio = next_u16(in);
	if (slot < 0)
		return;
	memcpy(wire, &(struct le16){ htole16(type) }, 2);
	memcpy(wire + 2, &(struct le16){ htole16(gpio) }, 2);
	memcpy(wire + 4, &(struct le32){ htole32(value) }, 4);
	driver_give(VIRTIO_GPIO_REQUESTQ, (unsigned)slot, wire, in_len, out_len, layout);
	out_len = gpio_model_request(type, gpio, value, in_len, response, out_len);
	expect(VIRTIO_GPIO_REQUESTQ, (unsigned)slot, response, out_len);
}

static void op_requests(struct input *in)
{
	unsigned n = next_byte(in) % BATCH_MAX;

	for (unsigned i = 0; i <= n; i++)
		give_request(in);
	fixture_kick(VIRTIO_GPIO_REQUESTQ);
}

static void give_buffer(struct input *in)
{
	uint8_t gpio = next_byte(in), out = next_byte(in), layout = next_byte(in);
	const uint8_t wire[2] = { gpio, out >> 6 & 1 }, invalid = 0;
	unsigned in_len = out & 0x80 ? out >> 5 & 1 : 2, out_len = out & 3;
	int slot = free_slot(VIRTIO_GPIO_EVENTQ);

	if (slot < 0)
		return;
	driver_give(VIRTIO_GPIO_EVENTQ, (unsigned)slot, wire, in_len, out_len, layout);
	if (in_len < 2 || out_len == 0 || wire[1] || !gpio_model_takes_buffer(gpio)) {
		expect(VIRTIO_GPIO_EVENTQ, (unsigned)slot, &invalid, out_len ? 1 : 0);
		return;
	}
	slot_of_line[gpio] = (unsigned)slot;
	gpio_model_buffer(gpio);
}

static void op_buffers(struct input *in)
{
	unsigned n = next_byte(in) % BATCH_MAX;

	for (unsigned i = 0; i <= n; i++)
		give_buffer(in);
	fixture_kick(VIRTIO_GPIO_EVENTQ);
}

static void op_drive(struct input *in)
{
	unsigned line = next_byte(in) % GPIO_FIXTURE_LINES;
	bool level = next_byte(in) & 1;
	int wanted = gpio_model_drive(line, level);

	MUST(chip_outside_drive(gpio_fixture.chip, line, level) == wanted);
}

static void op_pull(struct input *in)
{
	unsigned line = next_byte(in) % GPIO_FIXTURE_LINES;
	bool up = next_byte(in) & 1;

	gpio_model_pull(line, up);
	MUST(chip_outside_pull(gpio_fixture.chip, line, up ? CHIP_PULL_UP : CHIP_PULL_DOWN) == 0);
}

static void op_restart(struct input *in)
{
	fixture_detach();
	fixture_attach();
}

static void op_pause(struct input *in)
{
	fixture_pause();
	fixture_go_on();
}

static void op_transfer(struct input *in)
{
	fixture_pause();
	fixture_state_save();
	fixture_state_load();
	fixture_go_on();
}

static void setup(struct input *in)
{
	driver_reset();
	fixture_setup(next_byte(in) & (uint8_t)~FIXTURE_IOMMU);
}

static void op_disconnect(struct input *in)
{
	fixture_reconnect();
	gpio_model_disconnect();
	setup(in);
}

static bool run_op(struct input *in)
{
	static void (*const ops[256])(struct input * in) = {
		['q'] = op_requests, ['e'] = op_buffers, ['l'] = op_drive,    ['p'] = op_pull,
		['r'] = op_restart,  ['z'] = op_pause,	 ['t'] = op_transfer, ['D'] = op_disconnect,
	};
	unsigned connections = fixture.connections;
	uint8_t op = next_byte(in);

	if (!ops[op])
		return false;
	ops[op](in);
	fixture_turns();
	MUST(fixture.connections == connections + (op == 'D'));
	check_returned();
	gpio_model_check();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	int n_ops = 0;

	memset(expected, 0, sizeof(expected));
	gpio_fixture_start();
	gpio_model_start(on_event);
	setup(&in);
	while (n_ops++ < OPS_MAX && run_op(&in))
		continue;
	gpio_fixture_end();
	return 0;
}
