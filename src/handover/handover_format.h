/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The format of the handover image: what one supervisor hands over to the next, as bytes.
 *
 * The frame never changes, in any version: from it a program that does not know the body learns which fds it is to close
 * and which processes it is to end. The body belongs to the version, and is read by programs of that version only; any
 * change of a struct below counts HANDOVER_VERSION up. Native byte order: the image never leaves the machine.
 *
 * An image comes from an earlier program of ours, but is input all the same: every field is checked, so that whoever has
 * decoded it may use it as it is. What only the kernel knows (that an fd is open, and of which kind) is not known here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"
#include "guest/guest.h"
#include "process/child.h"

#ifndef HANDOVER_VERSION /* a test builds a program of another one */
#define HANDOVER_VERSION 1u
#endif

#define HANDOVER_IMAGE_MAX (256u << 20)
/* "vgpioimg" */
#define HANDOVER_MAGIC 0x676d696f69706776ull

/* The frame: at the start of the image of every version. Offsets are from there, multiples of 8. */
struct handover_frame {
	uint64_t magic;
	uint32_t version;
	uint32_t reserved;
	uint64_t size; /* of the whole image */
	uint64_t body_at, body_size;
	uint64_t fds_at, n_fds;	  /* struct handover_fd: every fd that the body names, each once, ascending */
	uint64_t pids_at, n_pids; /* int32_t: every process */
};

struct handover_fd {
	int32_t fd;
	uint32_t inherited; /* its number was chosen by whoever started the first of us: not to be closed */
};

/* What was made in the file system; path "": nothing. */
struct handover_file {
	char path[112]; /* a socket's path has at most 108 bytes */
	uint64_t dev, ino;
};

struct handover_listener {
	int32_t fd; /* -1: none */
	uint32_t reserved;
	struct handover_file socket, alias;
};

/* The body begins with it. */
struct handover_daemon {
	uint32_t n_guests;
	int32_t control_pid; /* 0: none */
	struct handover_listener control;
};

struct handover_chip {
	char path[112];
	char label[CHIP_NAME_MAX];
	uint32_t simulated;
	uint32_t n_lines;
	int32_t fd;	   /* -1: simulated */
	uint32_t by_label; /* was reserved, and 0 */
	uint64_t rdev;
};

struct handover_line {
	char name[CHIP_NAME_MAX];
	uint32_t debounce_us;
	uint32_t offset;
	uint16_t chip;
	uint8_t active_low, bias, drive;
	uint8_t no_output, no_input, no_value, no_irq;
	uint8_t init, on_disconnect;
	uint8_t reserved[5];
};

struct handover_stored_fd {
	uint32_t key;
	int32_t fd;
};

/* After the daemon's, one a guest; its chips, lines, stored fds (by ascending keys) and description follow it at once. */
struct handover_guest {
	char name[GUEST_NAME_MAX];
	char socket_path[112], socket_alias[112];
	struct handover_listener listener;
	uint64_t session_size;
	uint64_t session_layout; /* session_layout_id() of the program that wrote the session */
	uint64_t deaths_ns[CHILD_DEATHS_MAX];
	uint32_t next_death;
	int32_t connected_fd; /* -1: none */
	int32_t session_fd;
	int32_t channel_fd; /* of a running worker; else -1 */
	int32_t pid;	    /* 0: not running */
	uint32_t drops;
	uint32_t n_chips, n_lines, n_stored_fds;
	uint32_t description_size; /* with its NUL; padded to a multiple of 8 */
	uint8_t one_off, has_end, done, restarting;
	uint8_t inherited; /* its listening or connected socket was inherited, by number */
	uint8_t iommu;
	uint8_t reserved[2];
};

struct handover_guest_parts {
	const struct handover_guest *guest;
	const struct handover_chip *chips;
	const struct handover_line *lines;
	const struct handover_stored_fd *stored_fds;
	const char *description;
};

/* An image that was taken apart. */
struct handover {
	const struct handover_daemon *daemon;
	struct handover_guest_parts *guests; /* owned; the rest points into the image */
	const struct handover_fd *fds;
	size_t n_fds;
	const int32_t *pids;
	size_t n_pids;
};
