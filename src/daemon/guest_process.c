/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the supervisor sees it.
 *
 * A worker's death loses nothing: its successor gets the same session memory, listening socket, port and chip, and the
 * fds that the dead one had handed over. Only the keeper channel is new each time, so that what a dead worker sent and
 * what its successor sends are never mixed up. A guest whose worker keeps dying loses its session: the front-end sees
 * the connection end, and the next worker starts with empty hands.
 */
#include "daemon/guest_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "daemon/worker.h"

/* Messages of the keeper channel that one turn of the loop takes: other guests have their turn too. */
#define KEEPER_MESSAGES_PER_TURN 64

static struct guest_process *guest_process_of(struct child *child)
{
	return container_of(child, struct guest_process, child);
}

/* Takes up to max messages. False: the channel is at its end, or the worker broke the protocol (logged). */
static bool keeper_take(struct guest_process *process, unsigned max)
{
	int ret = 1;

	for (unsigned i = 0; i < max && ret > 0; i++)
		ret = kept_receive(&process->kept, process->keeper_fd);
	if (ret < 0 && ret != -EAGAIN)
		log_error(process->child.tag, "worker broke the keeper protocol: %s", strerror(-ret));
	return ret > 0 || ret == -EAGAIN;
}

static void keeper_close(struct guest_process *process)
{
	loop_watch_del(&process->keeper_watch);
	fd_close(&process->keeper_fd);
}

static void keeper_ready(struct loop_watch *watch, uint32_t events)
{
	struct guest_process *process = container_of(watch, struct guest_process, keeper_watch);

	if (keeper_take(process, KEEPER_MESSAGES_PER_TURN))
		return;
	/* A worker without a keeper is of no use. One that is just dying is not changed by this. */
	keeper_close(process);
	if (process->child.pid > 0)
		kill(process->child.pid, SIGKILL);
}

static int worker_prepare(struct child *child)
{
	struct guest_process *process = guest_process_of(child);
	int fds[2];
	int ret;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	process->keeper_fd = fds[0];
	process->keeper_worker_fd = fds[1];
	ret = loop_watch_add(child->loop, &process->keeper_watch, process->keeper_fd, EPOLLIN, keeper_ready);
	if (ret < 0) {
		fd_close(&process->keeper_fd);
		fd_close(&process->keeper_worker_fd);
	}
	return ret;
}

static void worker_started(struct child *child)
{
	struct guest_process *process = guest_process_of(child);

	fd_close(&process->keeper_worker_fd);
	if (child->pid == 0)
		keeper_close(process);
}

static int worker_life(struct child *child)
{
	struct guest_process *process = guest_process_of(child);
	struct worker_start start = { .guest = process->guest,
				      .found = &process->found,
				      .listen_fd = process->listener.fd,
				      .keeper_fd = process->keeper_worker_fd,
				      .port_fd = process->port_fds[1],
				      .session_fd = process->session_fd,
				      .kept = &process->kept };
	const int fixed[] = { start.listen_fd, start.keeper_fd, start.port_fd, start.session_fd, process->found.fd };
	size_t n = 0;
	int *fds = malloc((ARRAY_SIZE(fixed) + process->kept.n) * sizeof(*fds));

	if (!fds)
		return 1;
	for (; n < ARRAY_SIZE(fixed); n++)
		fds[n] = fixed[n];
	for (size_t i = 0; i < process->kept.n; i++)
		fds[n++] = process->kept.fds[i].fd;
	child_keep_fds(fds, n);
	free(fds);
	return worker_main(&start);
}

/* All zero again; the seals let nobody change its size. */
static void session_clear(struct guest_process *process)
{
	if (fallocate(process->session_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      (off_t)process->session_size) < 0)
		log_error(process->child.tag, "cannot clear the session: %s", strerror(errno));
	kept_clear(&process->kept);
}

static void worker_ended(struct child *child, bool crash_loop)
{
	struct guest_process *process = guest_process_of(child);

	/* What it sent is kept, although it is dead: the session says that it was sent. */
	if (process->keeper_fd >= 0)
		keeper_take(process, UINT_MAX);
	keeper_close(process);
	if (crash_loop)
		session_clear(process);
}

static const struct child_ops worker_ops = {
	.prepare = worker_prepare,
	.started = worker_started,
	.main = worker_life,
	.ended = worker_ended,
	.crash_loop_words = "session dropped, ",
};

void guest_process_init(struct guest_process *process, const struct guest *guest, struct loop *loop,
			const sigset_t *signals_own)
{
	*process = (struct guest_process){ .guest = guest,
					   .found.fd = -1,
					   .listener = LISTENER_NONE,
					   .session_fd = -1,
					   .port_fds = { -1, -1 },
					   .keeper_fd = -1,
					   .keeper_worker_fd = -1 };
	snprintf(process->process_name, sizeof(process->process_name), "vgpio:%s", guest->name);
	process->child = (struct child){ .ops = &worker_ops,
					 .loop = loop,
					 .tag = guest->name,
					 .process_name = process->process_name,
					 .signals_own = signals_own };
	kept_init(&process->kept, 0);
}

int guest_process_probe(struct guest_process *process, char *why, size_t why_size)
{
	const struct chip_spec *chip = &process->guest->chip;
	char reason[160];
	int ret = chip_probe(chip, &process->found, reason, sizeof(reason));

	if (ret < 0) {
		process->found.fd = -1;
		snprintf(why, why_size, "%s: %s", chip->path, reason);
	}
	return ret;
}

static int session_open(struct guest_process *process)
{
	process->session_size = worker_session_size(&process->found);
	process->session_fd = memfd_create("session", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (process->session_fd < 0 || ftruncate(process->session_fd, (off_t)process->session_size) < 0 ||
	    fcntl(process->session_fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

int guest_process_open(struct guest_process *process, const char *alias_path, bool with_port, char *why,
		       size_t why_size)
{
	const char *path = process->guest->socket_path;
	char reason[160];
	int ret = listener_open(&process->listener, path, reason, sizeof(reason));

	if (ret == 0 && *alias_path) {
		path = alias_path;
		ret = listener_add_alias(&process->listener, alias_path, reason, sizeof(reason));
	}
	if (ret < 0) {
		snprintf(why, why_size, "%s: %s", path, reason);
		return ret;
	}
	kept_init(&process->kept, worker_kept_max(&process->found));
	ret = session_open(process);
	if (ret == 0 && with_port && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, process->port_fds) < 0)
		ret = -errno;
	if (ret < 0)
		snprintf(why, why_size, "%s: cannot be served: %s", process->guest->name, strerror(-ret));
	return ret;
}

bool guest_process_chip_appeared(struct guest_process *process, const char *path)
{
	const struct chip_spec *spec = &process->guest->chip;
	int fd, ret;

	if (!chip_is_gone(spec, &process->found) || chip_find_again(spec, &process->found, path, &fd) < 0)
		return false;
	fd_close(&process->found.fd);
	process->found.fd = fd;
	log_info(process->child.tag, "%s came back as %s", spec->path, path);
	/* A worker that dies now, or does not take it, is replaced by one that has it from the start. */
	ret = process->keeper_fd >= 0 ? keeper_send_chip(process->keeper_fd, fd) : 0;
	if (ret < 0 && process->child.pid > 0)
		kill(process->child.pid, SIGKILL);
	return true;
}

void guest_process_close(struct guest_process *process)
{
	loop_timer_del(&process->child.pause);
	keeper_close(process);
	kept_deinit(&process->kept);
	listener_close(&process->listener);
	fd_close(&process->session_fd);
	fd_close(&process->port_fds[0]);
	fd_close(&process->port_fds[1]);
	fd_close(&process->found.fd);
}
