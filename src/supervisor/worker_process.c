/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * One guest, as the supervisor sees it.
 *
 * A worker's death loses nothing: its successor gets the same session memory, listening socket and lines, and the fds
 * that the dead one had stored. Its channels, to supervisor and control process, are new each time, so that what a dead
 * worker sent or did to them and what its successor sends are never mixed up. A guest whose worker keeps dying without
 * getting on loses its rings, and if that does not help its session: the front-end sees the connection end, and the next
 * worker starts with nothing.
 */
#include "supervisor/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/scm.h"
#include "base/util.h"
#include "loop/timer.h"
#include "process/async_close.h"
#include "service/guest_socket.h"
#include "supervisor/worker_child.h"
#include "wires/wire_board.h"
#include "worker/session_layout.h"

static struct worker_process *worker_process_of(struct child *child)
{
	return container_of(child, struct worker_process, child);
}

static void channel_judge(struct worker_process *process, int ret)
{
	if (ret < 0 && ret != -EAGAIN)
		log_limited(&process->child.log_limit, LOG_LEVEL_ERROR, process->child.tag,
			    "invalid message from the worker: %s", strerror(-ret));
}

static void channel_close(struct worker_process *process)
{
	loop_watch_del(&process->channel_watch);
	fd_close(&process->channel_fd);
}

static void channel_ready(struct loop_watch *watch, uint32_t events)
{
	struct worker_process *process = container_of(watch, struct worker_process, channel_watch);
	int ret;

	stuck_watch_message(&process->watch);
	ret = guest_session_receive(&process->session, process->channel_fd);
	channel_judge(process, ret);
	if (ret > 0)
		return;
	channel_close(process);
	/* A worker without a supervisor is of no use. One that is just dying closes its end first, and is not to blame. */
	if (ret == 0)
		child_await_end(&process->child);
	else
		child_condemn(&process->child, NULL);
}

bool worker_process_is_connected(struct worker_process *process)
{
	if (process->channel_fd >= 0)
		channel_ready(&process->channel_watch, 0);
	return process->connected_fd >= 0 ||
	       fd_store_find(&process->session.store, session_layout_connection_key()) >= 0;
}

static struct stuck_watch_signs worker_signs(const struct stuck_watch *watch)
{
	const struct session_memory *memory = &container_of(watch, const struct worker_process, watch)->session.memory;

	return (struct stuck_watch_signs){ .accepts = session_layout_accepted(memory->fd, memory->form),
					   .progress = session_layout_progress(memory->fd, memory->form) };
}

/* Who is to end anyway has a time for it; an inherited socket is its owner's to make. */
static void stuck_end(struct stuck_watch *watch, enum stuck_watch_reason reason)
{
	static const char *const whys[STUCK_WATCH_REASONS] = {
		[STUCK_WATCH_WAITING] = "a front-end has waited to be accepted for seconds",
		[STUCK_WATCH_HUNG_UP] = "its front-end is gone for seconds, and it has not noticed",
		[STUCK_WATCH_SHUT] = "it shut down the listening socket",
	};
	struct worker_process *process = container_of(watch, struct worker_process, watch);
	struct child *child = &process->child;

	if (child->stopped || child->restarting || (reason == STUCK_WATCH_SHUT && !process->listener.socket.path[0]))
		return;
	child_condemn(child, whys[reason]);
}

static void stored_changed(struct fd_store *store, uint32_t key, int fd)
{
	if (key == session_layout_connection_key())
		stuck_watch_connection(&container_of(store, struct worker_process, session.store)->watch, fd);
}

static void watch_begin(struct worker_process *process)
{
	process->session.store.changed = stored_changed;
	stuck_watch_begin(&process->watch, process->child.loop, process->listener.fd,
			  fd_store_find(&process->session.store, session_layout_connection_key()));
}

/* The control channel, too, is nobody's any more, also not one's to whom the worker has given its end. */
static void control_end(struct worker_process *process)
{
	if (process->control_fd >= 0)
		shutdown(process->control_fd, SHUT_RDWR);
	fd_close(&process->control_fd);
}

static void channels_close(struct worker_process *process)
{
	channel_close(process);
	control_end(process);
	fd_close(&process->channel_worker_fd);
	fd_close(&process->control_worker_fd);
}

static int worker_prepare(struct child *child)
{
	struct worker_process *process = worker_process_of(child);
	int ret = session_memory_prepare(&process->session.memory, &process->guest);

	if (ret == 0)
		ret = scm_pair(&process->channel_fd, &process->channel_worker_fd);
	if (ret == 0 && process->control.made)
		ret = scm_pair(&process->control_fd, &process->control_worker_fd);
	if (ret == 0)
		ret = loop_watch_add(child->loop, &process->channel_watch, process->channel_fd, EPOLLIN, channel_ready);
	if (ret < 0)
		channels_close(process);
	stuck_watch_prepare(&process->watch);
	process->session.store.lasting_ours = true; /* a worker of an earlier program's may have had its own requests */
	return ret;
}

static void worker_started(struct child *child)
{
	struct worker_process *process = worker_process_of(child);

	fd_close(&process->channel_worker_fd);
	fd_close(&process->control_worker_fd);
	if (child->pid == 0) {
		channels_close(process);
		return;
	}
	/* A first one finds a session without wires. */
	process->wires_told = process->session.lines_used ? WIRES_UNKNOWN : WIRES_NEVER;
	process->session.lines_used = true;
	process->control_due = process->control_fd >= 0;
	if (process->control_due)
		process->control.made(process->control.ctx);
	watch_begin(process);
	if (process->wires.came)
		process->wires.came(process->wires.ctx, process);
}

static int worker_life(struct child *child)
{
	struct worker_process *process = worker_process_of(child);
	const struct session_memory *memory = &process->session.memory;
	const bool moves = memory->next_fd >= 0;
	const struct worker_start start = { .guest = &process->guest,
					    .listen_fd = process->listener.fd,
					    .connected_fd = process->connected_fd,
					    .one_off = process->one_off,
					    .drops = process->session.drops,
					    .rings_broken = process->rings_broken,
					    .blameless = child->blameless,
					    .supervisor_fd = process->channel_worker_fd,
					    .control_fd = process->control_worker_fd,
					    .session_fd = moves ? memory->next_fd : memory->fd,
					    .move_fd = moves ? memory->fd : -1,
					    .move_from = memory->form,
					    .move_to = memory->next_form,
					    .store = &process->session.store };

	return worker_child_run(&start, process->sandbox);
}

/* It cannot be gone on with, nor can the connection that belongs to it. */
static void session_renew(struct worker_process *process)
{
	guest_session_renew(&process->session);
	async_close(&process->connected_fd);
}

/* This socket outlives a worker and is shared with it: what it did to it is undone before the next one has it. */
static void listener_mend(struct worker_process *process)
{
	struct why why;
	int ret = listener_renew(&process->listener, &process->guest.socket, &why);

	if (ret < 0)
		log_error(process->child.tag, "the worker shut down the listening socket: %s", why.text);
	else if (ret > 0)
		log_warning(process->child.tag, "the worker shut down the listening socket: there is another one");
	fd_set_nonblock(process->listener.fd);
}

static uint32_t worker_progress(const struct child *child)
{
	const struct session_memory *memory = &container_of(child, const struct worker_process, child)->session.memory;

	return session_layout_progress(memory->fd, memory->form);
}

/* What it sent is stored, although it is dead: the session says that it was sent. */
static void channel_end(struct worker_process *process)
{
	if (process->channel_fd >= 0)
		channel_judge(process, fd_store_receive_all(&process->session.store, process->channel_fd));
	channel_close(process);
}

/* Whether nobody goes on with the session. */
static bool session_is_over(const struct worker_process *process)
{
	return process->child.done || (process->child.stopped && !process->hands_over);
}

static void worker_stuck(struct child *child)
{
	struct worker_process *process = worker_process_of(child);

	if (!session_is_over(process))
		return;
	channel_end(process);
	guest_session_idle_lines(&process->session, &process->child.log_limit);
}

static void worker_ended(struct child *child, enum child_loop loop)
{
	struct worker_process *process = worker_process_of(child);

	stuck_watch_end(&process->watch);
	channel_end(process);
	control_end(process);
	if (session_is_over(process))
		guest_session_idle_lines(&process->session, &process->child.log_limit);
	session_memory_settle(&process->session.memory);
	if (process->session.memory.foreign)
		session_renew(process);
	else if (loop == CHILD_LOOP_AGAIN)
		guest_session_clear(&process->session);
	process->rings_broken = loop == CHILD_LOOP_FIRST;
	/*
	 * The session has no successor: the front-end is to see the end of the connection, and one that connects now is
	 * not to wait for ever. A front-end that was inherited does not connect again.
	 */
	if (child->done) {
		fd_store_close(&process->session.store);
		listener_close(&process->listener);
	}
	if (child->done || loop == CHILD_LOOP_AGAIN)
		async_close(&process->connected_fd);
	if (!child->done && !child->stopped)
		listener_mend(process);
}

static const struct child_ops worker_ops = {
	.prepare = worker_prepare,
	.started = worker_started,
	.main = worker_life,
	.takes_signals = true,
	.progress = worker_progress,
	.stuck = worker_stuck,
	.ended = worker_ended,
	.loop_words = { [CHILD_LOOP_FIRST] = "its rings are broken, ", [CHILD_LOOP_AGAIN] = "session dropped, " },
};

void worker_process_init(struct worker_process *process, struct guest *guest, bool one_off, struct loop *loop,
			 const sigset_t *signals_own)
{
	*process = (struct worker_process){ .guest = *guest,
					    .one_off = one_off,
					    .listener = LISTENER_NONE,
					    .connected_fd = -1,
					    .control_fd = -1,
					    .control_worker_fd = -1,
					    .channel_fd = -1,
					    .channel_worker_fd = -1,
					    .watch = { .signs = worker_signs, .stuck = stuck_end } };
	*guest = (struct guest){ .socket.fd = -1 };
	snprintf(process->process_name, sizeof(process->process_name), "vgpio:%s", process->guest.name);
	process->child = (struct child){ .ops = &worker_ops,
					 .has_end = one_off,
					 .loop = loop,
					 .tag = process->guest.name,
					 .process_name = process->process_name,
					 .signals_own = signals_own };
	guest_session_init(&process->session, &process->guest);
}

int worker_process_open(struct worker_process *process, struct why *why)
{
	int ret = guest_socket_open(&process->guest.socket, process->guest.name, &process->listener,
				    &process->connected_fd, why);

	if (ret < 0)
		return ret;
	if (process->connected_fd >= 0)
		process->one_off = process->child.has_end = true;
	ret = guest_session_open(&process->session);
	return ret < 0 ? why_fail(-ret, why, "%s: cannot be served: %s", process->guest.name, strerror(-ret)) : 0;
}

int worker_process_adopt(struct worker_process *process, pid_t pid, int channel_fd, bool restarting)
{
	process->channel_fd = channel_fd;
	process->session.lines_used = !process->child.done;
	if (pid > 0) {
		child_adopt(&process->child, pid, restarting);
		watch_begin(process);
	} else if (process->session.memory.foreign) {
		session_renew(process);
	}
	return channel_fd < 0 ? 0
			      : loop_watch_add(process->child.loop, &process->channel_watch, channel_fd, EPOLLIN,
					       channel_ready);
}

void worker_process_replace(struct worker_process *process)
{
	/* A session that no successor knows ends: the worker that knows it puts the lines into their idle state. */
	child_restart(&process->child, process->session.memory.foreign ? SIGTERM : SIGUSR2);
}

void worker_process_start(struct worker_process *process)
{
	const struct guest *guest = &process->guest;

	for (unsigned i = 0; i < guest->n_chips; i++) {
		const struct guest_chip *chip = &guest->chips[i];

		log_info(guest->name, "%s (%u line%s)%s%s", chip->spec.path, chip->found.n_lines,
			 chip->found.n_lines == 1 ? "" : "s", guest->socket.path[0] ? " on " : "", guest->socket.path);
	}
	child_start(&process->child);
}

void worker_process_stop(struct worker_process *process, int signo)
{
	process->hands_over |= signo == SIGUSR1;
	child_stop(&process->child, signo);
	if (!child_is_awaited(&process->child) && session_is_over(process))
		guest_session_idle_lines(&process->session, &process->child.log_limit);
}

void worker_process_forget(struct worker_process *process)
{
	process->session.lines_used = false;
	listener_forget_files(&process->listener);
}

void worker_process_close(struct worker_process *process)
{
	loop_timer_del(&process->child.pause);
	stuck_watch_end(&process->watch);
	channels_close(process);
	guest_session_idle_lines(&process->session, &process->child.log_limit);
	guest_session_close(&process->session);
	listener_close(&process->listener);
	async_close(&process->connected_fd);
	free(process->rest.bytes);
	process->rest = (struct record_rest){ .len = 0 };
	guest_deinit(&process->guest);
}
