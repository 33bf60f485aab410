/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The handover image: what one supervisor leaves to the next, which may be an older or a newer program.
 *
 * The frame is the same for ever: from it a program that does not know the body learns which fds it is to close and which
 * processes it is to end. The body is records (base/record.h); which, is in handover_tables.c. Integers are little-endian.
 *
 * An image comes from an earlier program of ours, but is input all the same: all of it is checked, so that whoever has
 * decoded it may use it as it is. What only the kernel knows (that an fd is open, and of which kind) is not known here.
 */
#pragma once

#include "base/le.h"
#include "base/memory_form.h"
#include "base/record_table.h"
#include "guest/guest.h"
#include "ipc/fd_store.h"
#include "process/child.h"
#include "service/listener.h"
#include "wires/wire_board.h"

/* Of the body: 2, records. No record that is added or left out changes it. (1 was structs, and never released.) */
#define HANDOVER_VERSION   2u
#define HANDOVER_IMAGE_MAX (256u << 20)
/* "vgpioimg" */
#define HANDOVER_MAGIC 0x676d696f69706776ull

/* The frame: at the start of the image. Offsets are from there; lists lie at multiples of 8, the body after the frame. */
struct handover_frame {
	struct le64 magic;
	struct le32 version;
	struct le32 reserved;
	struct le64 size; /* of the whole image */
	struct le64 body_at, body_size;
	struct le64 fds_at, n_fds;   /* struct handover_fd: every fd that the body names, each once, ascending */
	struct le64 pids_at, n_pids; /* struct le32: every process, each once, ascending */
};

struct handover_fd {
	struct le32 fd;
	struct le32 inherited; /* its number was chosen by whoever started the first of us: not to be closed */
};

/* What the frame says: pointers into the image. */
struct handover_lists {
	uint32_t version;
	const struct handover_fd *fds;
	size_t n_fds;
	const struct le32 *pids;
	size_t n_pids;
	unsigned char *body; /* NULL: there is none */
	size_t body_size;
};

struct handover_guest {
	struct guest guest; /* what was found, and is still held */
	struct listener listener;
	size_t session_size;
	struct memory_form session_form; /* owned: of the program whose worker wrote the session; no parts: not known */
	struct handover_death {
		uint64_t at_ns;
	} * deaths; /* owned: those of the row, the first first */
	unsigned n_deaths;
	struct fd_store_entry *stored; /* owned: by ascending keys */
	unsigned n_stored;
	char *description; /* owned: as the user wrote the guest */
	int connected_fd;  /* -1: none */
	int session_fd;
	int channel_fd; /* of a running worker; else -1 */
	pid_t pid;	/* 0: not running */
	uint32_t drops;
	bool one_off, has_end, done, restarting;
	bool inherited;		 /* its listening or connected socket was inherited, by number */
	struct record_rest rest; /* what another program had to say of it, which this one does not know */
};

/* What the body says. The fds are nobody's yet. */
struct handover {
	char program[32]; /* the version of the one that wrote it */
	struct listener control;
	pid_t control_pid;	       /* 0: none */
	struct handover_guest *guests; /* owned */
	unsigned n_guests;
	struct wire_board board; /* its arrays: owned */
};
