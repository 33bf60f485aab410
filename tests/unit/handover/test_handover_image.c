/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image: what goes in comes out, and nothing else is taken for one. */
#include "rows.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handover/handover_image.h"

#define GUESTS	2
#define CHIPS	2
#define LINES	3
#define STORED	3
#define MUTANTS 200000

/* What the tests write down; they change it before. */
struct model {
	struct handover_daemon daemon;
	struct {
		struct handover_guest guest;
		struct handover_chip chips[CHIPS];
		struct handover_line lines[LINES];
		struct handover_stored_fd stored_fds[STORED];
	} guests[GUESTS];
};

static struct handover_guest guest_make(unsigned i)
{
	int32_t base = 100 * ((int32_t)i + 1);

	return (struct handover_guest){
		.name = { 'g', (char)('0' + i) },
		.socket_path = "/run/g",
		.socket_alias = "/run/h",
		.listener = { .fd = base,
			      .socket = { .path = "/run/g", .dev = 1, .ino = 2 },
			      .alias = { .path = "/run/h", .dev = 1, .ino = 3 } },
		.session_size = 4096,
		.session_layout = 77,
		.deaths_ns = { 5, 6 },
		.next_death = 2,
		.connected_fd = -1,
		.session_fd = base + 1,
		.channel_fd = base + 2,
		.pid = base + 3,
		.drops = 1,
		.n_chips = CHIPS,
		.n_lines = LINES,
		.n_stored_fds = STORED,
		.description_size = sizeof("text"),
	};
}

static void model_make(struct model *model)
{
	*model = (struct model){
		.daemon = { .n_guests = GUESTS,
			    .control_pid = 50,
			    .control = { .fd = 10, .socket = { .path = "ctl" } } },
	};
	for (unsigned i = 0; i < GUESTS; i++) {
		int32_t base = 100 * ((int32_t)i + 1) + 10;

		model->guests[i].guest = guest_make(i);
		model->guests[i].chips[0] =
			(struct handover_chip){ .path = "s8", .simulated = 1, .n_lines = 8, .fd = -1 };
		model->guests[i].chips[1] = (struct handover_chip){
			.path = "/dev/gpiochip0", .label = "l", .n_lines = 4, .fd = base, .rdev = 7
		};
		for (unsigned j = 0; j < LINES; j++)
			model->guests[i].lines[j] = (struct handover_line){
				.name = "n", .chip = (uint16_t)(j % 2), .offset = j, .init = LINE_IDLE_OUTPUT_HIGH
			};
		for (unsigned j = 0; j < STORED; j++)
			model->guests[i].stored_fds[j] = (struct handover_stored_fd){ 10 * j, base + 1 + (int32_t)j };
	}
}

static int model_write(const struct model *model, struct handover_writer *writer)
{
	*writer = (struct handover_writer){ .size = 0 };
	handover_put(writer, &model->daemon, sizeof(model->daemon));
	for (unsigned i = 0; i < GUESTS; i++) {
		handover_put(writer, &model->guests[i].guest, sizeof(model->guests[i].guest));
		handover_put(writer, model->guests[i].chips, sizeof(model->guests[i].chips));
		handover_put(writer, model->guests[i].lines, sizeof(model->guests[i].lines));
		handover_put(writer, model->guests[i].stored_fds, sizeof(model->guests[i].stored_fds));
		handover_put(writer, "text", sizeof("text"));
	}
	return handover_seal(writer);
}

/* All that a program does with an image. */
static int image_take(const void *bytes, size_t size, struct handover *handover)
{
	int ret = handover_open(handover, bytes, size);

	return ret < 0 ? ret : handover_decode(handover, bytes);
}

static void comes_back(void **state)
{
	struct handover_writer writer;
	struct handover handover;
	struct model model;

	model_make(&model);
	assert_int_equal(model_write(&model, &writer), 0);
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), 0);
	assert_memory_equal(handover.daemon, &model.daemon, sizeof(model.daemon));
	for (unsigned i = 0; i < GUESTS; i++) {
		const struct handover_guest_parts *parts = &handover.guests[i];

		assert_memory_equal(parts->guest, &model.guests[i].guest, sizeof(*parts->guest));
		assert_memory_equal(parts->chips, model.guests[i].chips, sizeof(model.guests[i].chips));
		assert_memory_equal(parts->lines, model.guests[i].lines, sizeof(model.guests[i].lines));
		assert_memory_equal(parts->stored_fds, model.guests[i].stored_fds, sizeof(model.guests[i].stored_fds));
		assert_string_equal(parts->description, "text");
	}
	handover_deinit(&handover);
	handover_writer_deinit(&writer);
}

static void lists_fds_and_processes(void **state)
{
	static const int32_t fds[] = { 10, 100, 101, 102, 110, 111, 112, 113, 200, 201, 202, 210, 211, 212, 213 };
	static const int32_t pids[] = { 50, 103, 203 };
	struct handover_writer writer;
	struct handover handover;
	struct model model;

	model_make(&model);
	model.guests[1].guest.inherited = 1;
	assert_int_equal(model_write(&model, &writer), 0);
	assert_int_equal(handover_open(&handover, writer.bytes, writer.size), 0);
	assert_int_equal(handover.n_fds, sizeof(fds) / sizeof(fds[0]));
	for (size_t i = 0; i < handover.n_fds; i++) {
		assert_int_equal(handover.fds[i].fd, fds[i]);
		assert_int_equal(handover.fds[i].inherited, fds[i] == 200);
	}
	assert_int_equal(handover.n_pids, sizeof(pids) / sizeof(pids[0]));
	for (size_t i = 0; i < handover.n_pids; i++)
		assert_int_equal(handover.pids[i], pids[i]);
	handover_writer_deinit(&writer);
}

/* The frame of another version is understood, its body left alone. */
static void another_version(void **state)
{
	struct handover_writer writer;
	struct handover handover;
	struct model model;

	model_make(&model);
	assert_int_equal(model_write(&model, &writer), 0);
	((struct handover_frame *)writer.bytes)->version++;
	memset(writer.bytes + sizeof(struct handover_frame), 0xff, 64);
	assert_int_equal(handover_open(&handover, writer.bytes, writer.size), -EPROTONOSUPPORT);
	assert_int_equal(handover.n_fds, 15);
	assert_int_equal(handover.n_pids, 3);
	assert_null(handover.guests);
	handover_writer_deinit(&writer);
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
	struct handover_writer writer;
	struct model model;

	model_make(&model);
	assert_int_equal(model_write(&model, &writer), 0);
	for (size_t size = 0; size < writer.size; size++) {
		struct handover handover;
		void *copy = copy_make(writer.bytes, size);

		assert_int_equal(image_take(copy, size, &handover), -EBADMSG);
		handover_deinit(&handover);
		/* And with a frame that knows no better. */
		if (size >= sizeof(struct handover_frame)) {
			((struct handover_frame *)copy)->size = size;
			assert_int_equal(image_take(copy, size, &handover), -EBADMSG);
			handover_deinit(&handover);
		}
		free(copy);
	}
	handover_writer_deinit(&writer);
}

/* One field of guest 1 each; the image of what is left is refused, at the latest by whoever takes it. */
static void check_refused(const struct model *model)
{
	struct handover_writer writer;

	assert_int_equal(model_write(model, &writer), -EINVAL);
	handover_writer_deinit(&writer);
}

#define REFUSED(statement)                                                                                             \
	do {                                                                                                           \
		struct model model;                                                                                    \
		model_make(&model);                                                                                    \
		struct handover_guest *guest = &model.guests[1].guest;                                                 \
		struct handover_chip *chip = &model.guests[1].chips[1];                                                \
		struct handover_line *line = &model.guests[1].lines[1];                                                \
		struct handover_stored_fd *stored_fds = model.guests[1].stored_fds;                                    \
		(void)guest, (void)chip, (void)line, (void)stored_fds;                                                 \
		statement;                                                                                             \
		check_refused(&model);                                                                                 \
	} while (0)

static void bad_guests(void **state)
{
	REFUSED(guest->name[0] = '\0');
	REFUSED(memset(guest->name, 'n', sizeof(guest->name)));
	REFUSED(guest->name[0] = '\n');
	REFUSED(strcpy(guest->name, model.guests[0].guest.name));
	REFUSED(memset(guest->socket_path, 'n', sizeof(guest->socket_path)));
	REFUSED(memset(guest->socket_path, 'n', 108));
	REFUSED(memset(guest->socket_alias, 'n', sizeof(guest->socket_alias)));
	REFUSED(memset(guest->listener.socket.path, 'n', 108));
	REFUSED(memset(guest->listener.alias.path, 'n', 108));
	REFUSED(guest->listener.fd = -1);
	REFUSED(guest->session_size = 0);
	REFUSED(guest->session_size = UINT64_MAX);
	REFUSED(guest->next_death = CHILD_DEATHS_MAX);
	REFUSED(guest->session_fd = -1);
	REFUSED(guest->connected_fd = -2);
	REFUSED(guest->pid = -1);
	REFUSED(guest->pid = 0);
	REFUSED(guest->done = 1);
	REFUSED(guest->n_chips = 0);
	REFUSED(guest->n_chips = UINT32_MAX);
	REFUSED(guest->n_lines = 0);
	REFUSED(guest->n_lines = UINT32_MAX);
	REFUSED(guest->n_stored_fds = UINT32_MAX);
	REFUSED(guest->description_size = 0);
	REFUSED(guest->description_size = 3);
	REFUSED(guest->description_size = UINT32_MAX);
	REFUSED(guest->one_off = 2);
	REFUSED(guest->iommu = 2);
	REFUSED(guest->has_end = 2);
	REFUSED(guest->restarting = 2);
	REFUSED(guest->inherited = 2);
	REFUSED(model.daemon.n_guests = 1);
	REFUSED(model.daemon.n_guests = 3);
	REFUSED(model.daemon.n_guests = UINT32_MAX);
	REFUSED(model.daemon.control_pid = -1);
	REFUSED(model.daemon.control.fd = -1);
}

static void bad_chips_and_lines(void **state)
{
	REFUSED(memset(chip->path, 'n', CHIP_PATH_MAX));
	REFUSED(memset(chip->label, 'n', sizeof(chip->label)));
	REFUSED(chip->by_label = 2);
	REFUSED(model.guests[1].chips[0].by_label = 1); /* simulated */
	REFUSED(chip->simulated = 1);
	REFUSED(chip->simulated = 2);
	REFUSED(chip->fd = -1);
	REFUSED(chip->n_lines = 0);
	REFUSED(chip->n_lines = CHIP_LINES_MAX + 1);
	REFUSED(memset(line->name, 'n', sizeof(line->name)));
	REFUSED(line->name[0] = '\x7f');
	REFUSED(line->chip = CHIPS);
	REFUSED(line->offset = 4);
	REFUSED(line->active_low = 2);
	REFUSED(line->bias = CHIP_BIAS_PULL_DOWN + 1);
	REFUSED(line->drive = CHIP_DRIVE_OPEN_SOURCE + 1);
	REFUSED(line->no_output = 2);
	REFUSED(line->no_input = 2);
	REFUSED(line->no_value = 2);
	REFUSED(line->no_irq = 2);
	REFUSED(line->init = LINE_IDLE_HOLD);
	REFUSED(line->on_disconnect = LINE_IDLE_HOLD + 1);
}

static void bad_fds(void **state)
{
	REFUSED(stored_fds[1].fd = -1);
	REFUSED(stored_fds[1].key = stored_fds[0].key);
	REFUSED(stored_fds[2].key = 5);
	/* Two owners would close it twice. */
	REFUSED(stored_fds[1].fd = stored_fds[0].fd);
	REFUSED(stored_fds[1].fd = guest->session_fd);
	REFUSED(guest->channel_fd = guest->listener.fd);
	REFUSED(guest->listener.fd = model.guests[0].guest.listener.fd);
	REFUSED(chip->fd = model.daemon.control.fd);
}

/* The lists of the frame and the body must agree: what is closed by the one is what the other means. */
static void lists_that_disagree(void **state)
{
	struct handover_writer writer;
	struct handover_frame *frame;
	struct handover_fd *fds;
	struct handover handover;
	struct model model;

	model_make(&model);
	assert_int_equal(model_write(&model, &writer), 0);
	frame = (struct handover_frame *)writer.bytes;
	fds = (struct handover_fd *)(writer.bytes + frame->fds_at);
	fds[14].fd++;
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), -EBADMSG);
	handover_deinit(&handover);
	fds[14].fd = fds[13].fd;
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), -EBADMSG);
	fds[14].fd = 213;
	frame->n_fds--;
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), -EBADMSG);
	handover_deinit(&handover);
	frame->n_fds++;
	fds[0].fd = 2;
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), -EBADMSG);
	fds[0].fd = 10;
	*(int32_t *)(writer.bytes + frame->pids_at) = -1; /* kill() takes it for everybody */
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), -EBADMSG);
	*(int32_t *)(writer.bytes + frame->pids_at) = 50;
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), 0);
	handover_deinit(&handover);
	handover_writer_deinit(&writer);
}

static void new_numbers(void **state)
{
	struct handover_writer writer;
	struct handover handover;
	struct model model;
	int to[15];

	model_make(&model);
	assert_int_equal(model_write(&model, &writer), 0);
	assert_int_equal(image_take(writer.bytes, writer.size, &handover), 0);
	for (int i = 0; i < 15; i++)
		to[i] = 30 - i;
	handover_renumber(&handover, to);
	assert_int_equal(handover.daemon->control.fd, 30);
	assert_int_equal(handover.guests[0].guest->listener.fd, 29);
	assert_int_equal(handover.guests[0].guest->connected_fd, -1);
	assert_int_equal(handover.guests[0].chips[0].fd, -1);
	assert_int_equal(handover.guests[0].chips[1].fd, 26);
	assert_int_equal(handover.guests[1].stored_fds[2].fd, 16);
	handover_deinit(&handover);
	handover_writer_deinit(&writer);
}

/* Whatever is taken can be used: strings end, counts are in range. */
static void use(const struct handover *handover)
{
	for (uint32_t i = 0; i < handover->daemon->n_guests; i++) {
		const struct handover_guest_parts *parts = &handover->guests[i];

		assert_in_range(strlen(parts->guest->name), 1, GUEST_NAME_MAX - 1);
		assert_int_equal(strlen(parts->description) + 1, parts->guest->description_size);
		for (uint32_t j = 0; j < parts->guest->n_lines; j++)
			assert_true(parts->lines[j].offset < parts->chips[parts->lines[j].chip].n_lines);
		for (uint32_t j = 0; j < parts->guest->n_stored_fds; j++)
			assert_true(parts->stored_fds[j].fd > 2);
	}
}

static void mutants(void **state)
{
	struct handover_writer writer;
	struct model model;
	unsigned random = 1, taken = 0;
	char *copy;

	model_make(&model);
	assert_int_equal(model_write(&model, &writer), 0);
	copy = copy_make(writer.bytes, writer.size);
	for (unsigned i = 0; i < MUTANTS; i++) {
		struct handover handover;
		size_t at;

		random = random * 1103515245 + 12345;
		at = (random >> 8) % writer.size;
		random = random * 1103515245 + 12345;
		if ((random >> 16) & 1)
			copy[at] = (char)(copy[at] ^ 1 << (random >> 20) % 8);
		else
			copy[at] = (char)(random >> 20);
		if (image_take(copy, writer.size, &handover) == 0) {
			use(&handover);
			taken++;
		}
		handover_deinit(&handover);
		copy[at] = writer.bytes[at];
	}
	/* Paths, times and the like may be anything. */
	assert_in_range(taken, MUTANTS / 20, MUTANTS / 10 * 9);
	free(copy);
	handover_writer_deinit(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),	   cmocka_unit_test(lists_fds_and_processes),
		cmocka_unit_test(another_version), cmocka_unit_test(cut_short),
		cmocka_unit_test(bad_guests),	   cmocka_unit_test(bad_chips_and_lines),
		cmocka_unit_test(bad_fds),	   cmocka_unit_test(lists_that_disagree),
		cmocka_unit_test(new_numbers),	   cmocka_unit_test(mutants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
