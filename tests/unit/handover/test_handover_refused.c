/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What is no handover image, or no sound one, is not taken for one; nor is one written. */
#include "image_fixture.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUTANTS 200000

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_short),	       cmocka_unit_test(bad_guests),
		cmocka_unit_test(bad_wires),	       cmocka_unit_test(what_must_be_understood),
		cmocka_unit_test(bad_chips_and_lines), cmocka_unit_test(bad_fds),
		cmocka_unit_test(lists_that_disagree), cmocka_unit_test(mutants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
