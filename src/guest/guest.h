/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The description of one guest, as resolve.h makes it: the chips that were found, and each line of the virtual chip. */
#pragma once

#include "chip/chip.h"
#include "chip/line_rules.h"
#include "config/guest_settings.h"

#define GUEST_CHIPS_MAX 64

/* One of the chips that a guest's lines come from. */
struct guest_chip {
	struct chip_spec spec;
	struct chip_found found; /* its fd is the guest's */
	/* While it is gone: of the node that came last and looks like it; whether the log has said why it is not taken. */
	uint64_t came_rdev;
	bool doubted;
};

struct guest {
	char name[GUEST_NAME_MAX]; /* "guest0", "ivi": unique; the log's tag and the GUEST of GUEST.LINE */
	struct guest_socket socket;
	struct guest_settings settings;
	struct guest_chip *chips; /* owned */
	unsigned n_chips;
	struct line_rules *lines; /* owned: the virtual chip, 1 to CHIP_LINES_MAX of them */
	unsigned n_lines;
	int *reserved; /* owned, as are its fds: of lines that were requested ahead, -1 for the others; or NULL */
	char *text;    /* owned: as the user wrote it, to find out whether it changed; or NULL */
};

/* Closes the chips and the reserved lines too. Idempotent. */
void guest_deinit(struct guest *guest);

/* As whom this guest's lines are requested, for the kernel and whoever asks it: "vhost-device-gpio:ivi". */
void guest_consumer(const struct guest *guest, char consumer[CHIP_NAME_MAX]);

/* File descriptors that a process needs which holds every line of the guest: the supervisor does, beside FD_LIMIT_BASE. */
size_t guest_fds_needed(const struct guest *guest);

struct guests {
	struct guest *guests; /* owned */
	size_t n;
};

void guests_deinit(struct guests *guests);
