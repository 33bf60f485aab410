/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A vhost device in this process: its life, its fd store, the connection to it. */
#include "fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scm.h"
#include "loss.h"

struct fixture fixture;
static bool is_busy; /* the turn of the loop had something to do */

int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);

#define FDS_MAX 512 /* this process has a few dozen */

/* In one system call: an execution is made of little else. */
static unsigned fds_count(void)
{
	static struct pollfd fds[FDS_MAX];
	unsigned n = 0;

	for (int i = 0; i < FDS_MAX; i++)
		fds[i].fd = i;
	MUST(poll(fds, FDS_MAX, 0) >= 0);
	for (int i = 0; i < FDS_MAX; i++)
		n += !(fds[i].revents & POLLNVAL);
	return n;
}

/* -1: nothing. */
static int kept_find(uint32_t key)
{
	for (unsigned i = 0; i < fixture.n_kept; i++) {
		if (fixture.kept[i].key == key)
			return (int)i;
	}
	return -1;
}

static void drop(void *ctx, uint32_t key)
{
	int i = kept_find(key);

	if (i < 0)
		return;
	fd_close(&fixture.kept[i].fd);
	fixture.kept[i] = fixture.kept[--fixture.n_kept];
}

/* An fd store in this process, so that a successor has something to take up. */
static int keep(void *ctx, uint32_t key, int fd)
{
	drop(ctx, key);
	MUST(fixture.n_kept < VHOST_FDS_MAX); /* it is a promise */
	fixture.kept[fixture.n_kept].key = key;
	fixture.kept[fixture.n_kept++].fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static int take(void *ctx, uint32_t key)
{
	int i = kept_find(key);

	return i < 0 ? -1 : fcntl(fixture.kept[i].fd, F_DUPFD_CLOEXEC, 0);
}

void fixture_attach(void)
{
	const struct vhost_fd_store store = { NULL, keep, drop, take };

	static struct loop loop;

	MUST(loop_init(&loop) == 0);
	fixture.loop = &loop;
	if (fixture.what->attach)
		fixture.what->attach();
	MUST(vhost_device_create(&fixture.device, fixture.loop, &fixture.ops, fixture.what->ctx, fixture.session,
				 &store, "fuzz") == 0);
}

void fixture_detach(void)
{
	vhost_device_free(fixture.device);
	loss_forget();
	if (fixture.what->detach)
		fixture.what->detach();
	loop_deinit(fixture.loop);
}

static void connect_to_device(void)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	fixture.front_fd = fds[0];
	MUST(vhost_device_connect(fixture.device, fds[1]) == 0);
}

void fixture_connect(void)
{
	if (fixture.session->connected)
		return;
	fd_close(&fixture.front_fd);
	fixture.connections++;
	fixture.connect();
}

/* What the device says is taken off, with its fds. */
static void listen_to(int fd, bool is_connection)
{
	uint8_t data[4096];
	ssize_t len;
	size_t n_fds;
	int fds[8];

	while (fd >= 0 && (len = scm_recv(fd, data, sizeof(data), fds, 8, &n_fds, MSG_DONTWAIT)) > 0) {
		for (size_t i = 0; i < n_fds; i++)
			fd_close(&fds[i]);
		if (is_connection && fixture.replies)
			fixture.replies(data, (size_t)len);
	}
}

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	int n = __real_epoll_wait(fd, events, max, timeout_ms);

	is_busy |= n > 0;
	return n;
}

/* Until one in which nothing happened: the next would be the same. */
static void turns_run(void)
{
	for (int i = 0; i < 4; i++) {
		is_busy = fixture.loop->defer_first;
		loop_turn(fixture.loop, 0);
		if (!is_busy)
			return;
	}
}

void fixture_turns(void)
{
	turns_run();
	listen_to(fixture.front_fd, true);
	listen_to(fixture.channel_fds[0], false);
	loss_check();
	if (fixture.check)
		fixture.check();
	fixture_connect();
}

void fixture_reconnect(void)
{
	if (fixture.session->connected) {
		shutdown(fixture.front_fd, SHUT_RDWR);
		for (int i = 0; i < 64 && fixture.session->connected; i++)
			loop_turn(fixture.loop, 0);
		MUST(!fixture.session->connected || fixture.damaged);
	}
	fixture_turns();
}

void fixture_send(const void *data, size_t len, const int *fds, size_t n_fds)
{
	scm_send(fixture.front_fd, data, len, fds, n_fds, MSG_DONTWAIT);
}

void fixture_memory_clear(void)
{
	MUST(fallocate(fixture.memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, FIXTURE_MEMORY_SIZE) == 0);
}

void fixture_front_open(void)
{
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	fixture = (struct fixture){ .front_fd = -1, .kick_fds = { -1, -1 }, .size = 1, .fds_before = fds_count() };
	fixture.memory_fd = memfd_create("guest", MFD_CLOEXEC);
	fixture.inflight_fd = memfd_create("inflight", MFD_CLOEXEC);
	fixture.state_fd = memfd_create("state", MFD_CLOEXEC);
	MUST(ftruncate(fixture.memory_fd, FIXTURE_MEMORY_SIZE) == 0 &&
	     ftruncate(fixture.inflight_fd, FIXTURE_INFLIGHT_SIZE) == 0 &&
	     socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fixture.channel_fds) == 0);
	fixture.memory = mmap(NULL, FIXTURE_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fixture.memory_fd, 0);
	MUST(fixture.memory != MAP_FAILED);
	loss_reset();
}

void fixture_front_close(void)
{
	munmap(fixture.memory, FIXTURE_MEMORY_SIZE);
	fd_close(&fixture.memory_fd);
	fd_close(&fixture.inflight_fd);
	fd_close(&fixture.state_fd);
	fd_close(&fixture.channel_fds[0]);
	fd_close(&fixture.channel_fds[1]);
	fd_close(&fixture.front_fd);
	fd_close(&fixture.kick_fds[0]);
	fd_close(&fixture.kick_fds[1]);
	if (fds_count() != fixture.fds_before)
		FOUND("%u fds, and %u before", fds_count(), fixture.fds_before);
}

void fixture_start(const struct fixture_device *what)
{
	fixture_front_open();
	fixture.what = what;
	fixture.connect = connect_to_device;
	fixture.check = what->check;
	fixture.ops = *what->ops;
	fixture.ops.iommu = true;
	fixture.session_size = vhost_session_size(what->ops->n_queues);
	fixture.session = mmap(NULL, fixture.session_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	MUST(fixture.session != MAP_FAILED);
	loss_restore_handler();
	MUST(vhost_contain_sigbus() == 0);
	fixture_attach();
	fixture_connect();
}

void fixture_end(void)
{
	if (vhost_device_is_connected(fixture.device))
		vhost_device_disconnect(fixture.device);
	if (fixture.n_kept > 0 && !fixture.damaged)
		FOUND("an ended session leaves an fd under 0x%x", fixture.kept[0].key);
	while (fixture.n_kept > 0)
		drop(NULL, fixture.kept[0].key);
	fixture_detach();
	munmap(fixture.session, fixture.session_size);
	fixture_front_close();
}
