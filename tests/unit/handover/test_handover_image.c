/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image: what goes in comes out, also of programs that know more or less, and nothing else is taken for one. */
#include "rows.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "chip/chip_spec.h"
#include "handover/handover_image.h"
#include "handover/handover_print.h"
#include "ipc/wire_channel.h"

#define GUESTS	2
#define CHIPS	2
#define LINES	3
#define STORED	3
#define MUTANTS 200000

/* What the tests write down; they change it before. */
struct model {
	struct handover handover;
	struct handover_guest guests[GUESTS];
	struct parts {
		struct guest_chip chips[CHIPS];
		struct line_rules lines[LINES];
		struct fd_store_entry stored[STORED];
		struct handover_death deaths[2];
	} parts[GUESTS];
	struct record_writer extra; /* records more, of guest 1 */
	struct wire wire;
	struct wire_memory memory;
	struct wire_bell bell;
};

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

static void model_make(struct model *model)
{
	*model = (struct model){ .handover = { .program = "0.2.0",
					       .control = { .fd = 10, .socket = { .path = "ctl" } },
					       .control_pid = 50,
					       .guests = model->guests,
					       .n_guests = GUESTS },
				 .extra = { .max = 4096 },
				 .wire = { { { "g0", 7 }, { "g1", 3 } }, true, WIRE_DELAY_MAX_US, true },
				 .memory = { "g0", 8, 90 },
				 .bell = { "g0", "g1", 91 } };
	for (unsigned i = 0; i < GUESTS; i++) {
		model->guests[i] = guest_make(i, &model->parts[i]);
		parts_make(&model->parts[i], 100 * ((int)i + 1) + 10);
	}
}

/* With a wire, and what it takes. */
static void model_wire(struct model *model)
{
	model->handover.board = (struct wire_board){ .list = { &model->wire, 1 },
						     .memories = &model->memory,
						     .n_memories = 1,
						     .bells = &model->bell,
						     .n_bells = 1 };
}

static int model_write(struct model *model, struct record_writer *image)
{
	model->guests[1].rest = (struct record_rest){ model->extra.bytes, model->extra.size };
	return handover_encode(&model->handover, image);
}

/* All that a program does with an image. handover is to be given to handover_deinit(). */
static int image_take(void *bytes, size_t size, struct handover *handover, struct why *why)
{
	struct handover_lists lists;
	int ret = handover_open(&lists, bytes, size);

	*handover = (struct handover){ .n_guests = 0 };
	return ret < 0 ? ret : handover_decode(&lists, NULL, handover, why);
}

static void check_guest(const struct handover_guest *got, const struct handover_guest *want)
{
	assert_string_equal(got->guest.name, want->guest.name);
	assert_string_equal(got->guest.socket.path, want->guest.socket.path);
	assert_string_equal(got->guest.socket.alias, want->guest.socket.alias);
	assert_int_equal(got->guest.socket.mode, want->guest.socket.mode);
	assert_int_equal(got->guest.socket.has_group, want->guest.socket.has_group);
	assert_int_equal(got->listener.fd, want->listener.fd);
	assert_memory_equal(&got->listener.alias, &want->listener.alias, sizeof(want->listener.alias));
	assert_int_equal(got->guest.settings.busy_poll_us, want->guest.settings.busy_poll_us);
	assert_int_equal(got->session_fd, want->session_fd);
	assert_int_equal(got->connected_fd, want->connected_fd);
	assert_int_equal(got->channel_fd, want->channel_fd);
	assert_int_equal(got->pid, want->pid);
	assert_true(got->session_form.n_parts == want->session_form.n_parts && got->session_size == want->session_size);
	assert_int_equal(got->n_deaths, want->n_deaths);
	assert_memory_equal(got->deaths, want->deaths, want->n_deaths * sizeof(*want->deaths));
	assert_int_equal(got->drops, want->drops);
	assert_string_equal(got->description, want->description);
	assert_int_equal(got->n_stored, want->n_stored);
	for (unsigned i = 0; i < want->n_stored; i++) {
		assert_int_equal(got->stored[i].key, want->stored[i].key);
		assert_int_equal(got->stored[i].fd, want->stored[i].fd);
	}
}

static void check_chips_and_lines(const struct guest *got, const struct guest *want)
{
	assert_int_equal(got->n_chips, want->n_chips);
	for (unsigned i = 0; i < want->n_chips; i++) {
		assert_ptr_equal(got->chips[i].spec.driver, want->chips[i].spec.driver);
		assert_string_equal(got->chips[i].spec.path, want->chips[i].spec.path);
		assert_string_equal(got->chips[i].found.label, want->chips[i].found.label);
		assert_int_equal(got->chips[i].found.fd, want->chips[i].found.fd);
		assert_int_equal(got->chips[i].found.n_lines, want->chips[i].found.n_lines);
		assert_int_equal(got->chips[i].found.rdev, want->chips[i].found.rdev);
		assert_int_equal(got->chips[i].found.state_size,
				 chip_state_size(&want->chips[i].spec, want->chips[i].found.n_lines));
	}
	assert_int_equal(got->n_lines, want->n_lines);
	for (unsigned i = 0; i < want->n_lines; i++) {
		assert_string_equal(got->lines[i].name, want->lines[i].name);
		assert_int_equal(got->lines[i].chip, want->lines[i].chip);
		assert_int_equal(got->lines[i].offset, want->lines[i].offset);
		assert_int_equal(got->lines[i].init, want->lines[i].init);
		assert_int_equal(got->lines[i].settings.bias, want->lines[i].settings.bias);
		assert_int_equal(got->lines[i].settings.debounce_us, want->lines[i].settings.debounce_us);
	}
}

static void comes_back(void **state)
{
	struct record_writer image;
	struct handover handover;
	struct model model;
	struct why why;

	model_make(&model);
	model_wire(&model);
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(image_take(image.bytes, image.size, &handover, &why), 0);
	assert_string_equal(handover.program, "0.2.0");
	assert_int_equal(handover.control.fd, 10);
	assert_string_equal(handover.control.socket.path, "ctl");
	assert_int_equal(handover.control_pid, 50);
	assert_int_equal(handover.n_guests, GUESTS);
	for (unsigned i = 0; i < GUESTS; i++) {
		check_guest(&handover.guests[i], &model.guests[i]);
		check_chips_and_lines(&handover.guests[i].guest, &model.guests[i].guest);
	}
	assert_int_equal(handover.board.list.n, 1);
	assert_memory_equal(handover.board.list.wires, &model.wire, sizeof(model.wire));
	assert_int_equal(handover.board.n_memories, 1);
	assert_memory_equal(handover.board.memories, &model.memory, sizeof(model.memory));
	assert_int_equal(handover.board.n_bells, 1);
	assert_memory_equal(handover.board.bells, &model.bell, sizeof(model.bell));
	handover_deinit(&handover);
	record_writer_deinit(&image);
}

/* What another program said of a guest, and this one does not know, is there for the next one. */
static void unknown_is_carried_along(void **state)
{
	struct record_writer image, again;
	struct handover handover;
	struct model model;
	struct why why;

	model_make(&model);
	record_put_text(&model.extra, "mood", RECORD_TEXT, "fine");
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(image_take(image.bytes, image.size, &handover, &why), 0);
	assert_int_equal(handover.guests[1].rest.len, model.extra.size);
	assert_int_equal(handover_encode(&handover, &again), 0);
	assert_int_equal(again.size, image.size);
	assert_memory_equal(again.bytes, image.bytes, image.size);
	handover_deinit(&handover);
	record_writer_deinit(&again);
	record_writer_deinit(&image);
	record_writer_deinit(&model.extra);
}

static void lists_fds_and_processes(void **state)
{
	static const unsigned fds[] = { 10, 100, 101, 102, 110, 111, 112, 113, 200, 201, 202, 210, 211, 212, 213 };
	static const unsigned pids[] = { 50, 103, 203 };
	struct record_writer image;
	struct handover_lists lists;
	struct model model;

	model_make(&model);
	model.guests[1].inherited = true;
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(handover_open(&lists, image.bytes, image.size), 0);
	assert_int_equal(lists.n_fds, ARRAY_SIZE(fds));
	for (size_t i = 0; i < lists.n_fds; i++) {
		assert_int_equal(le32_get(lists.fds[i].fd), fds[i]);
		assert_int_equal(le32_get(lists.fds[i].inherited), fds[i] == 200);
	}
	assert_int_equal(lists.n_pids, ARRAY_SIZE(pids));
	for (size_t i = 0; i < lists.n_pids; i++)
		assert_int_equal(le32_get(lists.pids[i]), pids[i]);
	record_writer_deinit(&image);
}

/* The frame of another version is understood, its body left alone. */
static void another_version(void **state)
{
	struct record_writer image;
	struct handover_lists lists;
	struct handover handover;
	struct model model;
	struct why why;

	model_make(&model);
	assert_int_equal(model_write(&model, &image), 0);
	((struct handover_frame *)image.bytes)->version = le32_make(3);
	memset(image.bytes + sizeof(struct handover_frame), 0xff, 64);
	assert_int_equal(handover_open(&lists, image.bytes, image.size), 0);
	assert_int_equal(lists.n_fds, 15);
	assert_int_equal(lists.n_pids, 3);
	assert_int_equal(handover_decode(&lists, NULL, &handover, &why), -EPROTONOSUPPORT);
	assert_string_equal(why.text, "it has version 3, this program knows 2");
	assert_null(handover.guests);
	record_writer_deinit(&image);
}

/* In memory of exactly that size, for the sanitizer. */
static void *copy_make(const void *bytes, size_t size)
{
	void *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return copy;
}

static void cut_short(void **state)
{
	struct record_writer image;
	struct model model;
	struct why why;

	model_make(&model);
	assert_int_equal(model_write(&model, &image), 0);
	for (size_t size = 0; size < image.size; size++) {
		struct handover handover;
		void *copy = copy_make(image.bytes, size);

		assert_int_equal(image_take(copy, size, &handover, &why), -EBADMSG);
		handover_deinit(&handover);
		/* And with a frame that knows no better. */
		if (size >= sizeof(struct handover_frame)) {
			((struct handover_frame *)copy)->size = le64_make(size);
			assert_int_equal(image_take(copy, size, &handover, &why), -EBADMSG);
			handover_deinit(&handover);
		}
		free(copy);
	}
	record_writer_deinit(&image);
}

static void check_refused(struct model *model, int ret, const char *words)
{
	struct record_writer image;
	struct handover handover;
	struct why why = { .text = "" };

	assert_int_equal(model_write(model, &image), 0);
	assert_int_equal(image_take(image.bytes, image.size, &handover, &why), ret);
	assert_string_equal(why.text, words);
	handover_deinit(&handover);
	record_writer_deinit(&image);
	record_writer_deinit(&model->extra);
}

/* One thing of guest 1 each. */
#define REFUSED(words, statement)                                                                                      \
	do {                                                                                                           \
		struct model model;                                                                                    \
		model_make(&model);                                                                                    \
		struct handover_guest *guest = &model.guests[1];                                                       \
		struct guest_chip *chip = &model.parts[1].chips[1];                                                    \
		struct line_rules *line = &model.parts[1].lines[1];                                                    \
		struct fd_store_entry *stored = model.parts[1].stored;                                                 \
		(void)guest, (void)chip, (void)line, (void)stored;                                                     \
		statement;                                                                                             \
		check_refused(&model, -EBADMSG, words);                                                                \
	} while (0)

#define EXTRA(words, ret, NAME, KIND, NUMBER)                                                                          \
	do {                                                                                                           \
		struct model model;                                                                                    \
		model_make(&model);                                                                                    \
		record_put_number(&model.extra, NAME, KIND, NUMBER);                                                   \
		check_refused(&model, ret, words);                                                                     \
	} while (0)

/* One thing of the wire each, and of what it takes. */
#define WIRE_REFUSED(words, statement)                                                                                 \
	do {                                                                                                           \
		struct model model;                                                                                    \
		model_make(&model);                                                                                    \
		model_wire(&model);                                                                                    \
		statement;                                                                                             \
		check_refused(&model, -EBADMSG, words);                                                                \
	} while (0)

static void bad_wires(void **state)
{
	WIRE_REFUSED("wire 0: of no guest", model.wire.ends[0].guest[0] = '\0');
	WIRE_REFUSED("wire g0: to: not a text of its kind", model.wire.ends[1].guest[0] = '\n');
	WIRE_REFUSED("wire g0: from-line: not a number of its range", model.wire.ends[0].line = CHIP_LINES_MAX);
	WIRE_REFUSED("wire g0: delay-us: not a number of its range", model.wire.delay_us = WIRE_DELAY_MAX_US + 1);
	WIRE_REFUSED("wire-memory g0: lines: not a number of its range", model.memory.n_lines = CHIP_LINES_MAX + 1);
	WIRE_REFUSED("wire-memory g0: no lines", model.memory.n_lines = 0);
}

static void bad_guests(void **state)
{
	REFUSED("guest 1: name: empty", guest->guest.name[0] = '\0');
	REFUSED("guest 1: name: not a text of its kind", guest->guest.name[0] = '\n');
	REFUSED("two guests of one name", strcpy(guest->guest.name, "g0"));
	REFUSED("guest g1: listener: files without a socket", guest->listener.fd = -1);
	REFUSED("guest g1: session-size: 0", guest->session_size = 0);
	REFUSED("guest g1: session-size: not a number of its range", guest->session_size = SIZE_MAX);
	REFUSED("guest g1: a process that cannot be in such a state", guest->pid = 0);
	REFUSED("guest g1: a process that cannot be in such a state", guest->done = true);
	REFUSED("guest g1: no lines", guest->guest.n_lines = 0);
	REFUSED("guest g1: line 0: of no chip", guest->guest.n_chips = 0);
	REFUSED("guest g1: description: missing", guest->description = NULL);
	EXTRA("guest g1: one-off: not a number of its range", -EBADMSG, "one-off", RECORD_NUMBER, 2);
	EXTRA("guest g1: iommu: not a number of its range", -EBADMSG, "iommu", RECORD_NUMBER, 256);
	EXTRA("guest g1: iommu: of another kind", -EBADMSG, "iommu", RECORD_PID, 500);
	REFUSED("guest g1: busy-poll-us: not a number of its range",
		guest->guest.settings.busy_poll_us = BUSY_POLL_MAX_US + 1);
	EXTRA("guest g1: pid: there twice", -EBADMSG, "pid", RECORD_PID, 500);
	EXTRA("guest g1: name: there twice", -EBADMSG, "name", RECORD_TEXT, 'x');
	EXTRA("guest g1: chip: of another kind", -EBADMSG, "chip", RECORD_NUMBER, 1);
}

static void what_must_be_understood(void **state)
{
	EXTRA("guest g1: mood: not known here, and not to be left out", -EPROTONOSUPPORT, "mood",
	      RECORD_NUMBER | RECORD_MUST, 2);
	EXTRA("guest g1: mood-fd: not known here, and not to be left out", -EPROTONOSUPPORT, "mood-fd", RECORD_FD, 400);
	EXTRA("guest g1: mood-pid: not known here, and not to be left out", -EPROTONOSUPPORT, "mood-pid", RECORD_PID,
	      400);
}

static void bad_chips_and_lines(void **state)
{
	REFUSED("guest g1: chip /dev/gpiochip0: no lines", chip->found.n_lines = 0);
	REFUSED("guest g1: chip /dev/gpiochip0: lines: not a number of its range",
		chip->found.n_lines = CHIP_LINES_MAX + 1);
	REFUSED("guest g1: chip s8: simulated, but with a label", model.parts[1].chips[0].spec.by_label = true);
	REFUSED("guest g1: line 1: name: not a text of its kind", line->name[0] = '\x7f');
	REFUSED("guest g1: line 1: of no chip", line->chip = CHIPS);
	REFUSED("guest g1: line 1: of no chip", line->offset = 4);
	REFUSED("guest g1: line n: bias: not a number of its range", line->settings.bias = CHIP_BIAS_PULL_DOWN + 1);
	REFUSED("guest g1: line n: drive: not a number of its range",
		line->settings.drive = CHIP_DRIVE_OPEN_SOURCE + 1);
	REFUSED("guest g1: line n: init: not a number of its range", line->init = LINE_IDLE_HOLD);
	REFUSED("guest g1: line n: on-disconnect: not a number of its range", line->on_disconnect = LINE_IDLE_HOLD + 1);
}

static void check_not_written(struct model *model)
{
	struct record_writer image;

	assert_int_equal(model_write(model, &image), -EINVAL);
	record_writer_deinit(&image);
}

#define NOT_WRITTEN(statement)                                                                                         \
	do {                                                                                                           \
		struct model model;                                                                                    \
		model_make(&model);                                                                                    \
		struct handover_guest *guest = &model.guests[1];                                                       \
		struct fd_store_entry *stored = model.parts[1].stored;                                                 \
		(void)guest, (void)stored;                                                                             \
		statement;                                                                                             \
		check_not_written(&model);                                                                             \
	} while (0)

static void bad_fds(void **state)
{
	REFUSED("guest g1: stored: keys in disorder", stored[1].key = stored[0].key);
	REFUSED("guest g1: stored: keys in disorder", stored[2].key = 5);
	/* Two owners would close it twice. */
	NOT_WRITTEN(stored[1].fd = stored[0].fd);
	NOT_WRITTEN(stored[1].fd = guest->session_fd);
	NOT_WRITTEN(stored[1].fd = -1);
	NOT_WRITTEN(guest->session_fd = -1);
	NOT_WRITTEN(guest->channel_fd = guest->listener.fd);
	NOT_WRITTEN(guest->listener.fd = model.guests[0].listener.fd);
	NOT_WRITTEN(model.parts[1].chips[1].found.fd = model.handover.control.fd);
	NOT_WRITTEN(guest->pid = model.handover.control_pid);
}

static int take_again(const struct record_writer *image)
{
	struct handover handover;
	struct why why;
	int ret = image_take(image->bytes, image->size, &handover, &why);

	handover_deinit(&handover);
	return ret;
}

/* The lists of the frame and the body must agree: what is closed by the one is what the other means. */
static void lists_that_disagree(void **state)
{
	struct record_writer image;
	struct handover_frame *frame;
	struct handover_fd *fds;
	struct le32 *pids;
	struct model model;

	model_make(&model);
	assert_int_equal(model_write(&model, &image), 0);
	frame = (struct handover_frame *)image.bytes;
	fds = (struct handover_fd *)(image.bytes + le64_get(frame->fds_at));
	pids = (struct le32 *)(image.bytes + le64_get(frame->pids_at));
	fds[14].fd = le32_make(214);
	assert_int_equal(take_again(&image), -EBADMSG);
	fds[14].fd = fds[13].fd;
	assert_int_equal(take_again(&image), -EBADMSG);
	fds[14].fd = le32_make(213);
	frame->n_fds = le64_make(14);
	assert_int_equal(take_again(&image), -EBADMSG);
	frame->n_fds = le64_make(15);
	fds[0].fd = le32_make(2);
	assert_int_equal(take_again(&image), -EBADMSG);
	fds[0].fd = le32_make(10);
	pids[0] = le32_make(UINT32_MAX); /* kill() takes it for everybody */
	assert_int_equal(take_again(&image), -EBADMSG);
	pids[0] = le32_make(50);
	assert_int_equal(take_again(&image), 0);
	record_writer_deinit(&image);
}

static void new_numbers(void **state)
{
	struct record_writer image;
	struct handover_lists lists;
	struct handover handover;
	struct model model;
	struct why why;
	int to[15];

	model_make(&model);
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(handover_open(&lists, image.bytes, image.size), 0);
	for (int i = 0; i < 15; i++)
		to[i] = 30000 - i;
	assert_int_equal(handover_decode(&lists, to, &handover, &why), 0);
	assert_int_equal(handover.control.fd, 30000);
	assert_int_equal(handover.guests[0].listener.fd, 29999);
	assert_int_equal(handover.guests[0].connected_fd, -1);
	assert_int_equal(handover.guests[0].guest.chips[0].found.fd, -1);
	assert_int_equal(handover.guests[0].guest.chips[1].found.fd, 29996);
	assert_int_equal(handover.guests[1].stored[2].fd, 29986);
	handover_deinit(&handover);
	record_writer_deinit(&image);
}

/* Whatever is taken can be used: strings end, counts are in range. */
static void use(const struct handover *handover)
{
	for (unsigned i = 0; i < handover->n_guests; i++) {
		const struct handover_guest *guest = &handover->guests[i];

		assert_in_range(strlen(guest->guest.name), 1, GUEST_NAME_MAX - 1);
		assert_non_null(guest->description);
		for (unsigned j = 0; j < guest->guest.n_lines; j++)
			assert_true(guest->guest.lines[j].offset <
				    guest->guest.chips[guest->guest.lines[j].chip].found.n_lines);
		for (unsigned j = 0; j < guest->n_stored; j++)
			assert_true(guest->stored[j].fd > 2);
	}
}

static void mutants(void **state)
{
	struct record_writer image;
	struct model model;
	unsigned random = 1, taken = 0;
	char *copy;

	model_make(&model);
	assert_int_equal(model_write(&model, &image), 0);
	copy = copy_make(image.bytes, image.size);
	for (unsigned i = 0; i < MUTANTS; i++) {
		struct handover handover;
		struct why why;
		size_t at;

		random = random * 1103515245 + 12345;
		at = (random >> 8) % image.size;
		random = random * 1103515245 + 12345;
		if ((random >> 16) & 1)
			copy[at] = (char)(copy[at] ^ 1 << (random >> 20) % 8);
		else
			copy[at] = (char)(random >> 20);
		if (image_take(copy, image.size, &handover, &why) == 0) {
			use(&handover);
			taken++;
		}
		handover_deinit(&handover);
		memcpy(copy, image.bytes, image.size);
	}
	/* Paths, times and the like may be anything. */
	assert_in_range(taken, MUTANTS / 20, MUTANTS / 10 * 9);
	free(copy);
	record_writer_deinit(&image);
}

/* As an operator sees it; *printed is the caller's. */
static int image_print(const void *bytes, size_t size, char **printed, struct why *why)
{
	char path[] = "handover-XXXXXX";
	int fd = mkstemp(path), ret;
	FILE *file = fdopen(fd, "w"), *stream;
	size_t len;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	stream = open_memstream(printed, &len);
	assert_non_null(stream);
	ret = handover_print(path, stream, NULL, why);
	fclose(stream);
	remove(path);
	return ret;
}

#define assert_line(printed, line) assert_non_null(strstr(printed, "\n" line "\n"))

static void printed(void **state)
{
	struct record_writer image;
	struct model model;
	struct why why;
	char *words;

	model_make(&model);
	record_put_text(&model.extra, "mood", RECORD_TEXT, "a\"b");
	record_put(&model.extra, "lamp", 0x70, "\0\377", 2);
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(image_print(image.bytes, image.size, &words, &why), 0);
	assert_line(words, "file descriptors: 10 100 101 102 110 111 112 113 200 201 202 210 211 212 213");
	assert_line(words, "processes: 50 103 203");
	assert_line(words, "  name! \"g1\"");
	assert_line(words, "    debounce-us! 4294967295");
	assert_line(words, "  description \"[guest g]\\x0asim = 8\\x0a\"");
	assert_line(words, "  mood \"a\\x22b\"");
	assert_line(words, "  lamp 00 ff");
	assert_line(words, "this program can take over");
	free(words);
	record_put_number(&model.extra, "hat", RECORD_NUMBER | RECORD_MUST, 5);
	record_writer_deinit(&image);
	assert_int_equal(model_write(&model, &image), 0);
	assert_int_equal(image_print(image.bytes, image.size, &words, &why), 0);
	assert_line(words, "  hat! 5");
	assert_line(words, "this program cannot take over: guest g1: hat: not known here, and not to be left out");
	free(words);
	((struct handover_frame *)image.bytes)->version = le32_make(3);
	assert_int_equal(image_print(image.bytes, image.size, &words, &why), 0);
	assert_line(words, "this program cannot take over: it has version 3, this program knows 2");
	free(words);
	assert_int_equal(image_print(image.bytes, image.size - 1, &words, &why), -EBADMSG);
	assert_non_null(strstr(why.text, ": not a handover image"));
	free(words);
	record_writer_deinit(&model.extra);
	record_writer_deinit(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(unknown_is_carried_along),
		cmocka_unit_test(lists_fds_and_processes),
		cmocka_unit_test(another_version),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(bad_guests),
		cmocka_unit_test(bad_wires),
		cmocka_unit_test(what_must_be_understood),
		cmocka_unit_test(bad_chips_and_lines),
		cmocka_unit_test(bad_fds),
		cmocka_unit_test(lists_that_disagree),
		cmocka_unit_test(new_numbers),
		cmocka_unit_test(mutants),
		cmocka_unit_test(printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
