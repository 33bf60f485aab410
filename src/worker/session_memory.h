/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The memory of one guest's session, as the supervisor has it: a sealed memfd, and what its form is. Not one byte of it
 * is read here.
 *
 * Memory that another program's workers left has their form. The first worker of ours gets that and new memory beside,
 * moves the session (worker/session_move.h), says so, and goes on when it has the answer. Until then the old one counts:
 * a worker that dies on the way leaves it to the next one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory_form.h"
#include "guest/guest.h"

struct session_memory {
	int fd; /* owned */
	size_t size;
	struct memory_form *form; /* owned; NULL: this program's, and nothing is kept behind it */
	bool other;		  /* of another program's form: a worker moves it before anything else */
	bool foreign; /* of one that this program cannot take: the session ends with the worker that serves it */
	/* While a worker moves it. */
	int next_fd;		       /* owned; -1: none does */
	struct memory_form *next_form; /* owned */
};

#define SESSION_MEMORY_NONE                                                                                            \
	(struct session_memory)                                                                                        \
	{                                                                                                              \
		.fd = -1, .next_fd = -1                                                                                \
	}

/* All zeros, for this guest, in place of what was there; -errno: there is none, session_memory_prepare() tries again. */
int session_memory_make(struct session_memory *memory, const struct guest *guest);
void session_memory_close(struct session_memory *memory);
/* What an earlier program left: fd is the memory's from now on, form becomes empty. */
void session_memory_take(struct session_memory *memory, int fd, size_t size, struct memory_form *form,
			 const struct guest *guest);
/* Its form, for the next program; -ENOMEM. The caller's. */
int session_memory_form(const struct session_memory *memory, const struct guest *guest, struct memory_form *form);

/* Before a worker starts: makes the memory, if there is none, or what it needs beside to move the session. -errno. */
int session_memory_prepare(struct session_memory *memory, const struct guest *guest);
/* The worker has moved it. False: there was nothing to move. */
bool session_memory_moved(struct session_memory *memory);
/* There is no worker: what one had begun is undone. */
void session_memory_settle(struct session_memory *memory);

/* All zeros from its start on, up to what lines know or all of it; what another program left to be kept goes as well. */
int session_memory_clear(struct session_memory *memory, bool lines, const struct guest *guest);
