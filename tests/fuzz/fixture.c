/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A vhost device in this process: its life, its keeper, the connection to it. */
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

struct bench bench;
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
	for (unsigned i = 0; i < bench.n_kept; i++) {
		if (bench.kept[i].key == key)
			return (int)i;
	}
	return -1;
}

static void drop(void *ctx, uint32_t key)
{
	int i = kept_find(key);

	if (i < 0)
		return;
	fd_close(&bench.kept[i].fd);
	bench.kept[i] = bench.kept[--bench.n_kept];
}

/* A keeper in this process, so that a successor has something to take up. */
static int keep(void *ctx, uint32_t key, int fd)
{
	drop(ctx, key);
	MUST(bench.n_kept < VHOST_FDS_MAX); /* it is a promise */
	bench.kept[bench.n_kept].key = key;
	bench.kept[bench.n_kept++].fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static int take(void *ctx, uint32_t key)
{
	int i = kept_find(key);

	return i < 0 ? -1 : fcntl(bench.kept[i].fd, F_DUPFD_CLOEXEC, 0);
}

void bench_attach(void)
{
	const struct vhost_fd_store keeper = { NULL, keep, drop, take };

	static struct loop loop;

	MUST(loop_init(&loop) == 0);
	bench.loop = &loop;
	if (bench.what->attach)
		bench.what->attach();
	MUST(vhost_device_create(&bench.device, bench.loop, &bench.ops, bench.what->ctx, bench.session, &keeper,
				 "fuzz") == 0);
}

void bench_detach(void)
{
	vhost_device_free(bench.device);
	loss_forget();
	if (bench.what->detach)
		bench.what->detach();
	loop_deinit(bench.loop);
}

static void connect_to_device(void)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	bench.front_fd = fds[0];
	MUST(vhost_device_connect(bench.device, fds[1]) == 0);
}

void bench_connect(void)
{
	if (bench.session->connected)
		return;
	fd_close(&bench.front_fd);
	bench.connections++;
	bench.connect();
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
		if (is_connection && bench.replies)
			bench.replies(data, (size_t)len);
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
		is_busy = bench.loop->defer_first;
		loop_turn(bench.loop, 0);
		if (!is_busy)
			return;
	}
}

void bench_turns(void)
{
	turns_run();
	listen_to(bench.front_fd, true);
	listen_to(bench.channel_fds[0], false);
	loss_check();
	if (bench.check)
		bench.check();
	bench_connect();
}

void bench_reconnect(void)
{
	if (bench.session->connected) {
		shutdown(bench.front_fd, SHUT_RDWR);
		for (int i = 0; i < 64 && bench.session->connected; i++)
			loop_turn(bench.loop, 0);
		MUST(!bench.session->connected || bench.damaged);
	}
	bench_turns();
}

void bench_send(const void *data, size_t len, const int *fds, size_t n_fds)
{
	scm_send(bench.front_fd, data, len, fds, n_fds, MSG_DONTWAIT);
}

void bench_memory_clear(void)
{
	MUST(fallocate(bench.memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, BENCH_MEMORY_SIZE) == 0);
}

void bench_front_open(void)
{
	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_LEVEL_ERROR);
	bench = (struct bench){ .front_fd = -1, .kick_fds = { -1, -1 }, .size = 1, .fds_before = fds_count() };
	bench.memory_fd = memfd_create("guest", MFD_CLOEXEC);
	bench.inflight_fd = memfd_create("inflight", MFD_CLOEXEC);
	bench.state_fd = memfd_create("state", MFD_CLOEXEC);
	MUST(ftruncate(bench.memory_fd, BENCH_MEMORY_SIZE) == 0 &&
	     ftruncate(bench.inflight_fd, BENCH_INFLIGHT_SIZE) == 0 &&
	     socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, bench.channel_fds) == 0);
	bench.memory = mmap(NULL, BENCH_MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, bench.memory_fd, 0);
	MUST(bench.memory != MAP_FAILED);
	loss_reset();
}

void bench_front_close(void)
{
	munmap(bench.memory, BENCH_MEMORY_SIZE);
	fd_close(&bench.memory_fd);
	fd_close(&bench.inflight_fd);
	fd_close(&bench.state_fd);
	fd_close(&bench.channel_fds[0]);
	fd_close(&bench.channel_fds[1]);
	fd_close(&bench.front_fd);
	fd_close(&bench.kick_fds[0]);
	fd_close(&bench.kick_fds[1]);
	if (fds_count() != bench.fds_before)
		FOUND("%u fds, and %u before", fds_count(), bench.fds_before);
}

void bench_start(const struct bench_device *what)
{
	bench_front_open();
	bench.what = what;
	bench.connect = connect_to_device;
	bench.check = what->check;
	bench.ops = *what->ops;
	bench.ops.iommu = true;
	bench.session_size = vhost_session_size(what->ops->n_queues);
	bench.session = mmap(NULL, bench.session_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	MUST(bench.session != MAP_FAILED);
	loss_restore_handler();
	MUST(vhost_contain_sigbus() == 0);
	bench_attach();
	bench_connect();
}

void bench_end(void)
{
	if (vhost_device_is_connected(bench.device))
		vhost_device_disconnect(bench.device);
	if (bench.n_kept > 0 && !bench.damaged)
		FOUND("an ended session leaves an fd under 0x%x", bench.kept[0].key);
	while (bench.n_kept > 0)
		drop(NULL, bench.kept[0].key);
	bench_detach();
	munmap(bench.session, bench.session_size);
	bench_front_close();
}
