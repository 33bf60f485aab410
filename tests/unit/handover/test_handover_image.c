/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The handover image: what goes in comes out, also of programs that know more or less. */
#include "image_fixture.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(unknown_is_carried_along),
		cmocka_unit_test(lists_fds_and_processes),
		cmocka_unit_test(another_version),
		cmocka_unit_test(new_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
