/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A handover to be written down. */
#include "image_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "chip/chip_spec.h"

static char text[] = "[guest g]\nsim = 8\n";

static struct handover_guest guest_make(unsigned i, struct parts *parts)
{
	int base = 100 * ((int)i + 1);

	return (struct handover_guest){
		.guest = { .name = { 'g', (char)('0' + i) },
			   .socket = { .path = "/run/g", .alias = "/run/h", .fd = -1, .has_mode = true, .mode = 0660 },
			   .settings.busy_poll_us = 50,
			   .chips = parts->chips,
			   .n_chips = CHIPS,
			   .lines = parts->lines,
			   .n_lines = LINES },
		.listener = { .fd = base,
			      .socket = { .path = "/run/g", .dev = 1, .ino = 2 },
			      .alias = { .path = "/run/h", .dev = 1, .ino = 3 } },
		.session_size = 4096,
		.deaths = parts->deaths,
		.n_deaths = 2,
		.stored = parts->stored,
		.n_stored = STORED,
		.description = text,
		.connected_fd = -1,
		.session_fd = base + 1,
		.channel_fd = base + 2,
		.pid = base + 3,
		.drops = 1,
	};
}

static void parts_make(struct parts *parts, int base)
{
	chip_spec_sim(8, &parts->chips[0].spec);
	parts->chips[0].found = (struct chip_found){ .fd = -1, .n_lines = 8 };
	chip_spec_path("/dev/gpiochip0", &parts->chips[1].spec);
	parts->chips[1].found = (struct chip_found){ .fd = base, .n_lines = 4, .label = "l", .rdev = 7 };
	for (unsigned i = 0; i < LINES; i++)
		parts->lines[i] = (struct line_rules){ .name = "n",
						       .chip = (uint16_t)(i % 2),
						       .offset = i,
						       .init = LINE_IDLE_OUTPUT_HIGH,
						       .settings = { .bias = (uint8_t)i, .debounce_us = UINT32_MAX } };
	for (unsigned i = 0; i < STORED; i++)
		parts->stored[i] = (struct fd_store_entry){ 10 * i, base + 1 + (int)i };
	parts->deaths[0].at_ns = 5;
	parts->deaths[1].at_ns = 1ull << 40;
}

void model_make(struct model *model)
{
	*model = (struct model){ .handover = { .program = "0.2.0",
					       .control = { .fd = 10, .socket = { .path = "ctl" } },
					       .control_pid = 50,
					       .guests = model->guests,
					       .n_guests = GUESTS },
				 .extra = { .max = 4096 },
				 .wire = { { { "g0", 7 }, { "g1", 3 } }, true, WIRE_DELAY_MAX_US, true },
				 .memory = { "g0", 8, 90, false },
				 .bell = { "g0", "g1", 91, false } };
	for (unsigned i = 0; i < GUESTS; i++) {
		model->guests[i] = guest_make(i, &model->parts[i]);
		parts_make(&model->parts[i], 100 * ((int)i + 1) + 10);
	}
}

void model_wire(struct model *model)
{
	model->handover.board = (struct wire_board){ .list = { &model->wire, 1 },
						     .memories = &model->memory,
						     .n_memories = 1,
						     .bells = &model->bell,
						     .n_bells = 1 };
}

int model_write(struct model *model, struct record_writer *image)
{
	model->guests[1].rest = (struct record_rest){ model->extra.bytes, model->extra.size };
	return handover_encode(&model->handover, image);
}

int image_take(void *bytes, size_t size, struct handover *handover, struct why *why)
{
	struct handover_lists lists;
	int ret = handover_open(&lists, bytes, size);

	*handover = (struct handover){ .n_guests = 0 };
	return ret < 0 ? ret : handover_decode(&lists, NULL, handover, why);
}

void *copy_make(const void *bytes, size_t size)
{
	void *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return copy;
}
