/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the supervisor sees it.
 *
 * A worker's death loses nothing: its successor gets the same session memory, listening socket, port and chip, and the
 * fds that the dead one had handed over. Only the keeper channel is new each time, so that what a dead worker sent and
 * what its successor sends are never mixed up. A guest whose worker keeps dying loses its session: the front-end sees
 * the connection end, and the next worker starts with empty hands.
 */
#include "supervisor/worker_process.h"

#include <errno.h>
#include <fcntl.h>
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
#include "process/async_close.h"
#include "service/inherited_fd.h"
#include "supervisor/line_broker.h"
#include "worker/session_layout.h"
#include "worker/worker.h"

/*
 * Messages of the keeper channel that one turn of the loop takes: other guests have their turn too. A question is the
 * last of its turn: a chip may be slow, and a worker asks no other before it has the answer.
 */
#define KEEPER_MESSAGES_PER_TURN 64

static struct guest_process *guest_process_of(struct child *child)
{
	return container_of(child, struct guest_process, child);
}

static void keeper_judge(struct guest_process *process, int ret)
{
	if (ret < 0 && ret != -EAGAIN)
		log_limited(&process->child.log_limit, LOG_LEVEL_ERROR, process->child.tag,
			    "worker broke the keeper protocol: %s", strerror(-ret));
}

/* Takes some messages. False: the channel is at its end, or the worker broke the protocol (logged). */
static bool keeper_take(struct guest_process *process)
{
	struct keeper_question question;
	int ret = KEPT_DONE;

	for (unsigned i = 0; i < KEEPER_MESSAGES_PER_TURN && ret == KEPT_DONE; i++)
		ret = kept_receive(&process->kept, process->keeper_fd, &question);
	if (ret == KEPT_ASKED) {
		ret = line_broker_answer(&process->guest, &process->kept, &question, process->keeper_fd);
		if (ret == 0)
			return true;
	}
	keeper_judge(process, ret);
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

	if (keeper_take(process))
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

/* Closes what is not this worker's: other guests' fds above all, and its own chips', which the supervisor asks for it. */
static int worker_keep_fds(struct guest_process *process, const struct worker_start *start)
{
	const int fixed[] = { start->listen_fd, start->connected_fd, start->keeper_fd, start->port_fd,
			      start->session_fd };
	struct guest *guest = &process->guest;
	size_t n = 0;
	int *fds = malloc((ARRAY_SIZE(fixed) + SANDBOX_ROOMS + process->kept.n) * sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	for (; n < ARRAY_SIZE(fixed); n++)
		fds[n] = fixed[n];
	for (unsigned i = 0; i < guest->n_chips; i++)
		fd_close(&guest->chips[i].found.fd);
	for (size_t i = 0; i < process->kept.n; i++)
		fds[n++] = process->kept.fds[i].fd;
	for (size_t i = 0; i < SANDBOX_ROOMS; i++)
		fds[n++] = process->sandbox->room_fds[i];
	child_keep_fds(fds, n);
	free(fds);
	return 0;
}

static int worker_life(struct child *child)
{
	struct guest_process *process = guest_process_of(child);
	struct worker_start start = { .guest = &process->guest,
				      .listen_fd = process->listener.fd,
				      .connected_fd = process->connected_fd,
				      .one_off = process->one_off,
				      .drops = process->drops,
				      .keeper_fd = process->keeper_worker_fd,
				      .port_fd = process->port_fds[1],
				      .session_fd = process->session_fd,
				      .kept = &process->kept };
	const struct sandbox_entrant entrant = { SANDBOX_WORKER, child->tag, guest_fds_needed(&process->guest) };

	if (worker_keep_fds(process, &start) < 0 || sandbox_enter(process->sandbox, &entrant) < 0)
		return 1;
	return worker_main(&start);
}

/*
 * All zero again; the seals let nobody change its size. What the lines know is kept for once, so that those that are to
 * hold can; when the workers go on dying it may be the reason.
 */
static void session_clear(struct guest_process *process)
{
	size_t size = process->drops == 0 ? worker_connection_size() : process->session_size;

	process->drops++;
	if (fallocate(process->session_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)size) < 0)
		log_error(process->child.tag, "cannot clear the session: %s", strerror(errno));
	kept_clear_session(&process->kept);
}

/* Its memory; -errno. */
static int session_make(struct guest_process *process)
{
	process->session_size = worker_session_size(&process->guest);
	process->session_fd = memfd_create("session", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (process->session_fd < 0 || ftruncate(process->session_fd, (off_t)process->session_size) < 0 ||
	    fcntl(process->session_fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

/* Nothing of it can be read: another one, as if the workers had died again and again. */
static void session_renew(struct guest_process *process)
{
	int ret;

	process->session_foreign = false;
	process->drops++;
	kept_clear_session(&process->kept);
	fd_close(&process->session_fd);
	closer_close(&process->connected_fd);
	ret = session_make(process);
	if (ret < 0)
		log_error(process->child.tag, "cannot make a session: %s", strerror(-ret));
}

static void worker_ended(struct child *child, bool crash_loop)
{
	struct guest_process *process = guest_process_of(child);

	/* What it sent is kept, although it is dead: the session says that it was sent. */
	if (process->keeper_fd >= 0)
		keeper_judge(process, kept_receive_rest(&process->kept, process->keeper_fd));
	keeper_close(process);
	if (process->session_foreign)
		session_renew(process);
	else if (crash_loop)
		session_clear(process);
	/*
	 * Nobody takes the session up: the front-end is to see the end of the connection, and who comes now is not to
	 * wait for ever. A front-end that came connected does not come again.
	 */
	if (child->done) {
		kept_end(&process->kept);
		listener_close(&process->listener);
	}
	if (child->done || crash_loop)
		closer_close(&process->connected_fd);
}

static const struct child_ops worker_ops = {
	.prepare = worker_prepare,
	.started = worker_started,
	.main = worker_life,
	.ended = worker_ended,
	.crash_loop_words = "session dropped, ",
};

void guest_process_init(struct guest_process *process, struct guest *guest, bool one_off, struct loop *loop,
			const sigset_t *signals_own)
{
	*process = (struct guest_process){ .guest = *guest,
					   .one_off = one_off,
					   .listener = LISTENER_NONE,
					   .connected_fd = -1,
					   .session_fd = -1,
					   .port_fds = { -1, -1 },
					   .keeper_fd = -1,
					   .keeper_worker_fd = -1 };
	*guest = (struct guest){ .socket.fd = -1 };
	snprintf(process->process_name, sizeof(process->process_name), "vgpio:%s", process->guest.name);
	process->child = (struct child){ .ops = &worker_ops,
					 .has_end = one_off,
					 .loop = loop,
					 .tag = process->guest.name,
					 .process_name = process->process_name,
					 .signals_own = signals_own };
	kept_init(&process->kept, 0, 0);
}

/* Lines that were requested ahead go to the first worker as if one before it had left them. */
static int claims_keep(struct guest_process *process)
{
	struct guest *guest = &process->guest;
	int ret = 0;

	for (unsigned i = 0; guest->reserved && i < guest->n_lines && ret == 0; i++) {
		if (guest->reserved[i] < 0)
			continue;
		ret = kept_put(&process->kept, worker_line_key(i), guest->reserved[i]);
		if (ret == 0)
			guest->reserved[i] = -1;
	}
	return ret;
}

/* A socket of our own, on a path. */
static int socket_make(struct guest_process *process, struct why *why)
{
	const struct guest_socket *socket = &process->guest.socket;
	const char *path = socket->path;
	int ret = listener_open_guest(&process->listener, socket, why);

	if (ret == 0 && socket->alias[0]) {
		path = socket->alias;
		ret = listener_add_alias(&process->listener, path, why);
	}
	return ret < 0 ? why_fail(-ret, why, "%s: %s", path, why->text) : 0;
}

/* A socket that was given to us. A front-end that is connected already is the one there will ever be. */
static int socket_take(struct guest_process *process, struct why *why)
{
	const struct guest_socket *socket = &process->guest.socket;
	enum given_fd_kind kind;
	int ret = given_fd_take(socket->fd, &kind, why);

	if (ret < 0)
		return why_fail(-ret, why, "%s: %s", process->guest.name, why->text);
	if (kind == GIVEN_FD_LISTENING) {
		listener_adopt(&process->listener, socket->fd);
	} else {
		process->connected_fd = socket->fd;
		process->one_off = process->child.has_end = true;
	}
	return 0;
}

static int socket_open(struct guest_process *process, struct why *why)
{
	const struct guest_socket *socket = &process->guest.socket;

	if (socket->fd >= 0)
		return socket_take(process, why);
	if (socket->path[0])
		return socket_make(process, why);
	return why_fail(EINVAL, why, "%s: no socket: it has no path and no fd, and socket activation gave none",
			process->guest.name);
}

int guest_process_open_port(struct guest_process *process)
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, process->port_fds) < 0 ? -errno : 0;
}

int guest_process_open(struct guest_process *process, bool with_port, struct why *why)
{
	int ret = socket_open(process, why);

	if (ret < 0)
		return ret;
	kept_init(&process->kept, worker_kept_max(), process->guest.n_lines);
	ret = claims_keep(process);
	if (ret == 0)
		ret = session_make(process);
	if (ret == 0 && with_port)
		ret = guest_process_open_port(process);
	return ret < 0 ? why_fail(-ret, why, "%s: cannot be served: %s", process->guest.name, strerror(-ret)) : 0;
}

int guest_process_adopt_worker(struct guest_process *process, pid_t pid, int keeper_fd, bool restarting)
{
	process->keeper_fd = keeper_fd;
	if (pid > 0)
		child_adopt(&process->child, pid, restarting);
	else if (process->session_foreign)
		session_renew(process);
	return keeper_fd < 0
		       ? 0
		       : loop_watch_add(process->child.loop, &process->keeper_watch, keeper_fd, EPOLLIN, keeper_ready);
}

void guest_process_replace(struct guest_process *process)
{
	/* Of a session that nobody can take up, the worker that knows it takes the lines to their resting state. */
	child_restart_by(&process->child, process->session_foreign ? SIGTERM : SIGUSR2);
}

void guest_process_start(struct guest_process *process)
{
	const struct guest *guest = &process->guest;

	for (unsigned i = 0; i < guest->n_chips; i++) {
		const struct guest_chip *chip = &guest->chips[i];

		log_info(guest->name, "%s (%u line%s)%s%s", chip->spec.path, chip->found.n_lines,
			 chip->found.n_lines == 1 ? "" : "s", guest->socket.path[0] ? " on " : "", guest->socket.path);
	}
	child_start(&process->child);
}

void guest_process_close(struct guest_process *process)
{
	loop_timer_del(&process->child.pause);
	keeper_close(process);
	kept_end(&process->kept);
	listener_close(&process->listener);
	fd_close(&process->session_fd);
	fd_close(&process->port_fds[0]);
	fd_close(&process->port_fds[1]);
	closer_close(&process->connected_fd);
	guest_deinit(&process->guest);
}
