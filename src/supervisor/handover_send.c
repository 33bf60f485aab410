/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor hands over what it serves to the next program. */
#include "supervisor/handover_send.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "handover/handover.h"

#define TAG "upgrade"

int handover_send_image(const struct processes *processes, struct record_writer *image)
{
	struct handover handover = { .program = PROGRAM_VERSION,
				     .control = processes->control.listener,
				     .control_pid = processes->control.child.pid,
				     .board = processes->wires.board };
	int ret = guest_set_hand_over(&processes->set, &handover);

	*image = (struct record_writer){ .size = 0 };
	if (ret == 0)
		ret = handover_encode(&handover, image);
	for (unsigned i = 0; i < handover.n_guests; i++) {
		free(handover.guests[i].deaths);
		memory_form_deinit(&handover.guests[i].session_form);
	}
	free(handover.guests);
	return ret;
}

void handover_send_exec(const struct processes *processes, const struct program *program)
{
	struct record_writer image;
	int ret = handover_send_image(processes, &image);

	if (ret == 0) {
		log_info(TAG, "running %s", program->path);
		ret = upgrade_exec(program, &image);
	}
	record_writer_deinit(&image);
	log_error(TAG, "cannot run %s: %s: going on as before", program->path, strerror(-ret));
}

/* The image and all its fds, as one entry of the store. 0 or -errno. */
static int image_store(const struct record_writer *image, struct sd_notify *notify)
{
	int bundle = handover_store(image);
	int ret;

	if (bundle < 0)
		return bundle;
	ret = sd_notify_store(notify, HANDOVER_STORED_NAME, bundle);
	if (ret == 0)
		ret = sd_notify_barrier(notify);
	fd_close(&bundle);
	return ret;
}

void handover_send_store(struct processes *processes, struct sd_notify *notify)
{
	struct record_writer image;
	size_t n = processes->set.n;
	int ret = handover_send_image(processes, &image);

	if (ret == 0)
		ret = image_store(&image, notify);
	record_writer_deinit(&image);
	if (ret < 0) {
		log_error(TAG, "cannot store the guests with the service manager: %s; their sessions end",
			  strerror(-ret));
		return;
	}
	guest_set_forget(&processes->set);
	listener_forget_files(&processes->control.listener);
	log_info(TAG, "stored %zu guest%s with the service manager", n, n == 1 ? "" : "s");
}
