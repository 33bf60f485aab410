/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The memory of a guest's session. */
#include "worker/session_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "worker/session_layout.h"

static void form_free(struct memory_form **form)
{
	if (*form)
		memory_form_deinit(*form);
	free(*form);
	*form = NULL;
}

/* A copy of its own, which owns what form owned; NULL. */
static struct memory_form *form_own(struct memory_form *form)
{
	struct memory_form *own = malloc(sizeof(*own));

	if (own)
		*own = *form;
	else
		memory_form_deinit(form);
	*form = (struct memory_form){ .size = 0 };
	return own;
}

/* A sealed memfd of zeros: nobody changes its size. -errno. */
static int memfd_make(size_t size)
{
	int fd = memfd_create("session", MFD_CLOEXEC | MFD_ALLOW_SEALING), ret;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0)
		return fd;
	ret = -errno;
	fd_close(&fd);
	return ret;
}

int session_memory_make(struct session_memory *memory, const struct guest *guest)
{
	int ret;

	session_memory_close(memory);
	memory->size = session_layout_size(guest);
	ret = memfd_make(memory->size);
	if (ret < 0)
		return ret;
	memory->fd = ret;
	return 0;
}

void session_memory_close(struct session_memory *memory)
{
	session_memory_settle(memory);
	fd_close(&memory->fd);
	form_free(&memory->form);
	memory->other = memory->foreign = false;
}

static bool form_keeps(const struct memory_form *form)
{
	return form->n_parts > 0 && form->parts[form->n_parts - 1].kept;
}

void session_memory_take(struct session_memory *memory, int fd, size_t size, struct memory_form *form,
			 const struct guest *guest)
{
	struct memory_form next = { .size = 0 };
	struct why why;
	int ret = session_layout_plan(guest, form, &next, &why);

	*memory = SESSION_MEMORY_NONE;
	memory->fd = fd;
	memory->size = size;
	memory->foreign = ret < 0;
	memory->other = ret != SESSION_LAYOUT_FITS;
	if (ret < 0)
		log_warning(guest->name, "cannot take over the session of the program before: %s: it ends", why.text);
	else if (ret != SESSION_LAYOUT_FITS)
		memory_form_deinit(&next);
	if (ret == SESSION_LAYOUT_FITS && !form_keeps(form)) {
		memory_form_deinit(form);
		return;
	}
	memory->form = form_own(form);
	memory->foreign |= !memory->form;
}

int session_memory_form(const struct session_memory *memory, const struct guest *guest, struct memory_form *form)
{
	return memory->form ? memory_form_copy(form, memory->form) : session_layout_form(guest, form);
}

int session_memory_prepare(struct session_memory *memory, const struct guest *guest)
{
	struct memory_form next;
	struct why why;
	int ret;

	session_memory_settle(memory);
	/* It could not be made when the one before was thrown away. */
	if (memory->fd < 0)
		return session_memory_make(memory, guest);
	if (!memory->other || memory->foreign)
		return 0;
	ret = session_layout_plan(guest, memory->form, &next, &why);
	if (ret < 0)
		return ret;
	if (ret > 0)
		log_warning(guest->name, "%s", why.text);
	memory->next_fd = memfd_make(next.size);
	memory->next_form = form_own(&next);
	ret = memory->next_fd < 0 ? memory->next_fd : memory->next_form ? 0 : -ENOMEM;
	if (ret < 0)
		log_error(guest->name, "cannot make another session: %s", strerror(-ret));
	return ret;
}

bool session_memory_moved(struct session_memory *memory)
{
	if (memory->next_fd < 0)
		return false;
	fd_close(&memory->fd);
	form_free(&memory->form);
	memory->fd = fd_steal(&memory->next_fd);
	memory->form = memory->next_form;
	memory->next_form = NULL;
	memory->other = false;
	memory->size = memory->form->size;
	if (!form_keeps(memory->form))
		form_free(&memory->form);
	return true;
}

void session_memory_settle(struct session_memory *memory)
{
	fd_close(&memory->next_fd);
	form_free(&memory->next_form);
}

static int hole_punch(int fd, size_t at, size_t size)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)size) < 0 ? -errno : 0;
}

int session_memory_clear(struct session_memory *memory, bool lines, const struct guest *guest)
{
	size_t own = session_layout_size(guest), size = lines ? own : session_layout_connection_size();
	int ret;

	/* Nobody has come to move it. */
	if (memory->other)
		return session_memory_make(memory, guest);
	form_free(&memory->form);
	ret = hole_punch(memory->fd, 0, size);
	return ret == 0 && memory->size > own ? hole_punch(memory->fd, own, memory->size - own) : ret;
}
