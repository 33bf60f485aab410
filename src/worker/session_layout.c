/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What lies where in a worker's session memory. */
#include "worker/session_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "gpio/virtio_gpio.h"
#include "ipc/supervisor_channel.h"

/*
 * To be counted up when the meaning of struct worker_state, struct line_state, of a chip's state, of the keys of
 * stored fds or of the session as a whole changes: then workers of two programs cannot follow each other.
 */
#ifndef SESSION_LAYOUT_VERSION /* a test builds a program of another one */
#define SESSION_LAYOUT_VERSION 1u
#endif

static size_t align_up(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

static size_t state_offset(void)
{
	return align_up(vhost_session_size(VIRTIO_GPIO_QUEUES));
}

static size_t lines_offset(void)
{
	return state_offset() + align_up(sizeof(struct worker_state));
}

_Static_assert(sizeof(struct worker_state) + sizeof(uint32_t) <= 64, "the number of accepts lies behind it");

static size_t chips_offset(const struct guest *guest)
{
	return align_up(lines_offset() + guest->n_lines * sizeof(struct line_state));
}

struct worker_state *session_layout_state(void *session)
{
	return (struct worker_state *)((char *)session + state_offset());
}

struct line_state *session_layout_lines(void *session)
{
	return (struct line_state *)((char *)session + lines_offset());
}

void *session_layout_chips(void *session, const struct guest *guest)
{
	return (char *)session + chips_offset(guest);
}

unsigned session_layout_members(const struct guest *guest, struct aggregate_member members[GUEST_CHIPS_MAX])
{
	for (unsigned i = 0; i < guest->n_chips; i++)
		members[i] = (struct aggregate_member){ &guest->chips[i].spec, &guest->chips[i].found };
	return guest->n_chips;
}

size_t session_layout_size(const struct guest *guest)
{
	struct aggregate_member members[GUEST_CHIPS_MAX];

	return chips_offset(guest) + align_up(aggregate_state_size(members, session_layout_members(guest, members)));
}

int session_layout_create(size_t size)
{
	int fd = memfd_create("session", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int ret = fd;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		ret = -errno;
	if (ret < 0)
		fd_close(&fd);
	return ret;
}

uint64_t session_layout_id(void)
{
	const uint32_t facts[] = { SESSION_LAYOUT_VERSION,	vhost_session_version(),   (uint32_t)state_offset(),
				   sizeof(struct worker_state), sizeof(struct line_state), VIRTIO_GPIO_QUEUES };
	uint64_t layout = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		layout = (layout ^ facts[i]) * 0x100000001b3;
	return layout;
}

static uint32_t number_at(int session_fd, size_t at)
{
	uint32_t number;

	return pread(session_fd, &number, sizeof(number), (off_t)at) == sizeof(number) ? number : 0;
}

uint32_t session_layout_progress(int session_fd)
{
	return number_at(session_fd, vhost_session_progress_at());
}

/* Behind struct worker_state, where padding was: no new layout. */
static size_t accepts_offset(void)
{
	return state_offset() + align_up(sizeof(struct worker_state)) - sizeof(uint32_t);
}

uint32_t *session_layout_accepts(void *session)
{
	return (uint32_t *)((char *)session + accepts_offset());
}

uint32_t session_layout_accepted(int session_fd)
{
	return number_at(session_fd, accepts_offset());
}

size_t session_layout_connection_size(void)
{
	return state_offset();
}

size_t session_layout_fds_max(void)
{
	return VHOST_FDS_MAX;
}

uint32_t session_layout_connection_key(void)
{
	return vhost_fd_key(VHOST_FD_CONNECTION, 0);
}

uint32_t session_layout_line_key(unsigned line)
{
	/* The library's keys are below VHOST_FD_KIND_END << 16. */
	return FD_KEY_LASTING | line;
}
