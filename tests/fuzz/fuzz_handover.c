/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fuzz target: a handover image, or its body. The first byte says what the rest is:
 *
 *   'i'   a whole image
 *   'p'   one that is printed
 *   else  a body, for which a frame is made; 'n': whose fds get other numbers
 *
 * What is taken can be used, and written down again: then it is the same, for ever.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chip/chip_spec.h"
#include "handover/handover_image.h"
#include "handover/handover_print.h"
#include "input.h"
#include "ipc/wire_channel.h"

#define FDS_MAX 64

static void check_guest(const struct handover_guest *guest)
{
	const struct guest *lines = &guest->guest;

	if (!lines->name[0] || strlen(lines->name) >= GUEST_NAME_MAX || !guest->description || guest->session_fd <= 2 ||
	    guest->session_size == 0 || lines->n_lines < 1 || guest->n_deaths > CHILD_DEATHS_MAX)
		abort();
	for (unsigned i = 0; i < lines->n_lines; i++) {
		const struct line_rules *line = &lines->lines[i];

		if (line->chip >= lines->n_chips || line->offset >= lines->chips[line->chip].found.n_lines ||
		    line->settings.bias > CHIP_BIAS_PULL_DOWN || line->on_disconnect > LINE_IDLE_HOLD)
			abort();
	}
	for (unsigned i = 0; i < lines->n_chips; i++) {
		if (chip_spec_is_sim(&lines->chips[i].spec) == (lines->chips[i].found.fd >= 0))
			abort();
	}
}

static void check_wires(const struct wire_board *board)
{
	for (unsigned i = 0; i < board->list.n; i++) {
		const struct wire *wire = &board->list.wires[i];

		if (!memchr(wire->ends[0].guest, 0, GUEST_NAME_MAX) ||
		    !memchr(wire->ends[1].guest, 0, GUEST_NAME_MAX) || wire->ends[0].line >= CHIP_LINES_MAX ||
		    wire->delay_us > WIRE_DELAY_MAX_US)
			abort();
	}
	for (unsigned i = 0; i < board->n_memories; i++) {
		if (board->memories[i].fd <= 2)
			abort();
	}
	for (unsigned i = 0; i < board->n_bells; i++) {
		if (board->bells[i].fd <= 2)
			abort();
	}
}

static int image_take(struct record_writer *image, const int *to, struct handover *handover)
{
	struct handover_lists lists;
	struct why why = { .text = "" };
	int ret = handover_open(&lists, image->bytes, image->size);

	*handover = (struct handover){ .n_guests = 0 };
	if (ret < 0)
		return ret;
	ret = handover_decode(&lists, to, handover, &why);
	if (ret < 0 && !why.text[0])
		abort(); /* a refusal says why */
	return ret;
}

/* Written, read and written: no byte is another one. */
static void check_round_trip(const struct handover *handover)
{
	struct record_writer first, second;
	struct handover again;

	if (handover_encode(handover, &first) < 0 || image_take(&first, NULL, &again) < 0 ||
	    handover_encode(&again, &second) < 0 || first.size != second.size ||
	    memcmp(first.bytes, second.bytes, first.size) != 0)
		abort();
	handover_deinit(&again);
	record_writer_deinit(&first);
	record_writer_deinit(&second);
}

static void image_try(struct record_writer *image, const int *to)
{
	struct handover handover;

	if (image_take(image, to, &handover) == 0) {
		for (unsigned i = 0; i < handover.n_guests; i++)
			check_guest(&handover.guests[i]);
		check_wires(&handover.board);
		check_round_trip(&handover);
	}
	handover_deinit(&handover);
}

static void image_print(const uint8_t *data, size_t size)
{
	int fd = memfd_create("image", 0);
	FILE *stream = fopen("/dev/null", "w");
	struct why why;
	char path[40];

	if (fd < 0 || !stream || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	handover_print(path, stream, NULL, &why);
	fclose(stream);
	close(fd);
}

struct list {
	uint8_t kind;
	uint32_t numbers[FDS_MAX];
	unsigned n;
};

/* Ascending, without what is there already. */
static int number_note(void *ctx, const struct record *record, unsigned depth)
{
	struct list *list = ctx;
	uint64_t number;
	unsigned at = list->n;

	if (record->kind != list->kind || !record_number(record, INT32_MAX, &number) || list->n == FDS_MAX)
		return 0;
	while (at > 0 && list->numbers[at - 1] > number)
		at--;
	if (at > 0 && list->numbers[at - 1] == number)
		return 0;
	memmove(list->numbers + at + 1, list->numbers + at, (list->n++ - at) * sizeof(list->numbers[0]));
	list->numbers[at] = (uint32_t)number;
	return 0;
}

static void pad(struct record_writer *image)
{
	record_put_whole(image, "\0\0\0\0\0\0\0", -image->size & 7);
}

static void image_make(struct record_writer *image, const uint8_t *body, size_t size)
{
	struct handover_frame frame = { .magic = le64_make(HANDOVER_MAGIC),
					.version = le32_make(HANDOVER_VERSION),
					.body_at = le64_make(sizeof(frame)),
					.body_size = le64_make(size) };
	struct list fds = { .kind = RECORD_FD }, pids = { .kind = RECORD_PID };

	record_walk(body, size, number_note, &fds);
	record_walk(body, size, number_note, &pids);
	record_put_whole(image, &frame, sizeof(frame));
	record_put_whole(image, body, size);
	pad(image);
	frame.fds_at = le64_make(image->size);
	frame.n_fds = le64_make(fds.n);
	for (unsigned i = 0; i < fds.n; i++)
		record_put_whole(image, &(struct handover_fd){ le32_make(fds.numbers[i]), { 0 } },
				 sizeof(struct handover_fd));
	frame.pids_at = le64_make(image->size);
	frame.n_pids = le64_make(pids.n);
	for (unsigned i = 0; i < pids.n; i++)
		record_put_whole(image, &(struct le32){ htole32(pids.numbers[i]) }, sizeof(struct le32));
	pad(image);
	frame.size = le64_make(image->size);
	memcpy(image->bytes, &frame, sizeof(frame));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_writer image = { .max = 1u << 20 };
	int to[FDS_MAX];

	for (int i = 0; i < FDS_MAX; i++)
		to[i] = 1000 - i;
	if (size == 0 || size > image.max / 2)
		return 0;
	if (data[0] == 'p') {
		image_print(data + 1, size - 1);
		return 0;
	}
	if (data[0] == 'i')
		record_put_whole(&image, data + 1, size - 1);
	else
		image_make(&image, data + 1, size - 1);
	if (image.size > 0)
		image_try(&image, data[0] == 'n' ? to : NULL);
	record_writer_deinit(&image);
	return 0;
}
