/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* One guest of the soak: file descriptors of every kind, and rounds in which they are kicks, calls and errors. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "failure.h"
#include "gpio.h"
#include "soak_guest.h"

#define FDS_MAX	     7
#define REQUESTS_MAX 2 /* with each of them: what the smallest ring has room for */

/* No more can be written without waiting; whoever writes all the same may have to wait. */
static void fill(struct soak_guest *guest, int fd)
{
	static const char bytes[4096];
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, bytes, sizeof(bytes)) > 0 || write(fd, bytes, 1) > 0)
		;
	if (soak_chance(guest, 2))
		fcntl(fd, F_SETFL, flags);
}

/* One end of two, by chance full, by chance without the other. */
static struct soak_fd end_of(struct soak_guest *guest, const int *ends)
{
	unsigned which = soak_pick(guest, 2);
	struct soak_fd fd = { ends[which], ends[1 - which] };

	if (soak_chance(guest, 2))
		fill(guest, soak_chance(guest, 2) ? fd.fd : fd.other);
	if (soak_chance(guest, 3)) {
		close(fd.other);
		fd.other = -1;
	}
	fcntl(fd.other, F_SETFL, O_NONBLOCK);
	return fd;
}

static struct soak_fd eventfd_make(struct soak_guest *guest)
{
	static const int flags[] = { 0, EFD_NONBLOCK, EFD_SEMAPHORE };
	const uint64_t full = UINT64_MAX - 1;
	bool is_full = soak_chance(guest, 2);
	int fd = eventfd(is_full ? 0 : soak_pick(guest, 3), EFD_CLOEXEC | flags[soak_pick(guest, 3)]);

	if (is_full && write(fd, &full, sizeof(full)) != sizeof(full))
		failure("eventfd: %s", strerror(errno));
	return (struct soak_fd){ fd, -1 };
}

static struct soak_fd memfd_make(struct soak_guest *guest)
{
	int fd = memfd_create("soak", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, 4096 * soak_pick(guest, 64)) < 0)
		failure("memfd: %s", strerror(errno));
	return (struct soak_fd){ fd, -1 };
}

static struct soak_fd file_make(struct soak_guest *guest)
{
	static const struct {
		const char *path;
		int flags;
	} files[] = {
		{ "/dev/null", O_RDWR },	{ "/dev/zero", O_RDWR }, { "/dev/full", O_RDWR },
		{ "/proc/self/exe", O_RDONLY }, { "/", O_DIRECTORY },	 { "/", O_PATH },
	};
	unsigned which = soak_pick(guest, sizeof(files) / sizeof(files[0]));

	return (struct soak_fd){ open(files[which].path, files[which].flags | O_CLOEXEC), -1 };
}

static struct soak_fd socket_make(struct soak_guest *guest)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int ends[2];

	if (socketpair(AF_UNIX, types[soak_pick(guest, 3)] | SOCK_CLOEXEC, 0, ends) < 0)
		failure("socketpair: %s", strerror(errno));
	return end_of(guest, ends);
}

static struct soak_fd pipe_make(struct soak_guest *guest)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		failure("pipe: %s", strerror(errno));
	return end_of(guest, ends);
}

static struct soak_fd timer_make(struct soak_guest *guest)
{
	const struct itimerspec often = { { 0, 1000000 }, { 0, 1000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	timerfd_settime(fd, 0, &often, NULL);
	return (struct soak_fd){ fd, -1 };
}

/* An epoll fd that watches a socket that is always writable. */
static struct soak_fd epoll_make(struct soak_guest *guest)
{
	struct epoll_event event = { .events = EPOLLOUT };
	struct soak_fd fd = { epoll_create1(EPOLL_CLOEXEC), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };

	epoll_ctl(fd.fd, EPOLL_CTL_ADD, fd.other, &event);
	return fd;
}

struct soak_fd soak_fd_any(struct soak_guest *guest)
{
	static struct soak_fd (*const makes[])(struct soak_guest * guest) = {
		eventfd_make, memfd_make, file_make, socket_make, pipe_make, timer_make, epoll_make,
	};
	struct soak_fd fd = makes[soak_pick(guest, sizeof(makes) / sizeof(makes[0]))](guest);

	if (fd.fd < 0)
		failure("a file descriptor: %s", strerror(errno));
	return fd;
}

void soak_fd_close(struct soak_fd *fd)
{
	close(fd->fd);
	if (fd->other >= 0)
		close(fd->other);
}

/* One more fd for a ring, and traffic that it has to do with. False: the connection is over. */
static bool fd_try(struct soak_guest *guest, const struct soak_fd *fd)
{
	static const uint32_t ids[] = { VU_SET_VRING_KICK, VU_SET_VRING_CALL, VU_SET_VRING_ERR };
	unsigned index = soak_pick(guest, VMM_RINGS);
	struct ring *ring = &guest->vmm.rings[index];
	const uint64_t one = 1;

	if (message_send_vring_fd(&guest->vmm.connection, ids[soak_pick(guest, 3)], index, fd->fd) == OUTCOME_CLOSED)
		return false;
	guest->state->odd_fds++;
	/* O_NONBLOCK is ours, too. */
	if (soak_chance(guest, 2))
		fcntl(fd->fd, F_SETFL, 0);
	for (unsigned i = soak_pick(guest, REQUESTS_MAX + 1); i > 0; i--)
		gpio_send(&guest->vmm, GPIO_GET_DIRECTION, (uint16_t)soak_pick(guest, SOAK_LINES), 0);
	soak_kick(guest, ring);
	if (fd->other >= 0)
		(void)!write(fd->other, &one, sizeof(one));
	if (soak_chance(guest, 4))
		ring_make_bad(ring);
	soak_kick(guest, ring);
	soak_edges(guest);
	return true;
}

void soak_hostile_fds(struct soak_guest *guest)
{
	unsigned n = 1 + soak_pick(guest, FDS_MAX), n_made = 0;
	struct soak_fd fds[FDS_MAX];

	soak_start(guest);
	soak_arm(guest);
	do {
		fds[n_made] = soak_fd_any(guest);
	} while (fd_try(guest, &fds[n_made++]) && n_made < n);
	/* It answers, or has ended the connection: it does not wait for any of these. */
	message_sync(&guest->vmm.connection);
	soak_stop(guest);
	while (n_made > 0)
		soak_fd_close(&fds[--n_made]);
}
