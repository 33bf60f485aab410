/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process, as the supervisor sees it. */
#include "supervisor/control_process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/util.h"
#include "control/control.h"
#include "ipc/control_channel.h"
#include "loop/timer.h"

/* Until the feed is tried again. */
#define FEED_RETRY_NS (100ull * 1000 * 1000)

static const char *line_name(const void *ctx, unsigned line)
{
	const struct guest *guest = ctx;

	return guest->lines[line].name;
}

/* In the new process: the guests that there are now, and no fds but theirs. NULL: no memory. */
static struct control_guest *guests_take(const struct control_process *process)
{
	const struct guest_set *set = process->set;
	struct control_guest *guests = calloc(set->n + 1, sizeof(*guests));
	int *fds = malloc((SANDBOX_NAMESPACES + set->n + 2) * sizeof(*fds));
	size_t n_fds = 0;

	if (!guests || !fds) {
		free(guests);
		free(fds);
		return NULL;
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct worker_process *worker = &set->entries[i]->process;

		guests[i] = (struct control_guest){ .name = worker->guest.name,
						    .n_lines = worker->guest.n_lines,
						    .line_name = line_name,
						    .ctx = &worker->guest,
						    .fd = worker->control_fd };
		fds[n_fds++] = guests[i].fd;
	}
	for (size_t i = 0; i < SANDBOX_NAMESPACES; i++)
		fds[n_fds++] = set->sandbox->namespace_fds[i];
	fds[n_fds++] = process->listener.fd;
	fds[n_fds++] = process->feed_child_fd;
	child_keep_fds(fds, n_fds);
	free(fds);
	return guests;
}

static int control_life(struct child *child)
{
	const struct control_process *process = container_of(child, struct control_process, child);
	const struct sandbox_params params = { SANDBOX_CONTROL, child->tag, process->set->n };
	struct control_guest *guests = guests_take(process);
	size_t n_wires;
	struct control_channel_wire *wires = wire_service_list(process->wires, &n_wires);
	const struct control_start start = { .listen_fd = process->listener.fd,
					     .feed_fd = process->feed_child_fd,
					     .guests = guests,
					     .n_guests = process->set->n,
					     .wires = wires,
					     .n_wires = n_wires };
	int status = 1;

	if (guests && wires) {
		control_prepare();
		if (loop_prepare() == 0 && sandbox_enter(process->set->sandbox, &params) == 0)
			status = control_main(&start);
	}
	free(guests);
	free(wires);
	return status;
}

/*
 * The new process inherits all the channels that there are. That none is due is written before it is forked: it would keep
 * each page as it was before.
 */
static int control_prepare_feed(struct child *child)
{
	struct control_process *process = container_of(child, struct control_process, child);

	for (size_t i = 0; i < process->set->n; i++)
		process->set->entries[i]->process.control_due = false;
	return scm_pair(&process->feed_fd, &process->feed_child_fd);
}

static void feed_close(struct control_process *process)
{
	loop_timer_del(&process->feed_timer);
	loop_watch_del(&process->feed_watch);
	fd_close(&process->feed_fd);
}

/* It serves whoever may open its socket, and may be wrong: what it says is checked by the service. */
static void feed_asked(struct loop_watch *watch, uint32_t events)
{
	struct control_process *process = container_of(watch, struct control_process, feed_watch);
	struct {
		struct control_channel_wire request;
		char excess; /* so that a message that is too long shows */
	} in;
	struct control_channel_wired reply;
	ssize_t len = recv(watch->fd, &in, sizeof(in), MSG_DONTWAIT);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len == sizeof(in.request)) {
		wire_service_request(process->wires, &in.request, &reply);
		len = send(watch->fd, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	/* It is gone, breaks the rules, or does not read what it asked for: no more of it. */
	if (len <= 0)
		loop_watch_del(watch);
}

static void control_started(struct child *child)
{
	struct control_process *process = container_of(child, struct control_process, child);

	fd_close(&process->feed_child_fd);
	if (child->pid == 0)
		feed_close(process);
	else
		loop_watch_add(child->loop, &process->feed_watch, process->feed_fd, EPOLLIN, feed_asked);
}

static void control_ended(struct child *child, enum child_loop loop)
{
	feed_close(container_of(child, struct control_process, child));
}

static const struct child_ops control_ops = {
	.prepare = control_prepare_feed,
	.started = control_started,
	.main = control_life,
	.takes_signals = true,
	.ended = control_ended,
};

static int channel_send(const struct control_process *process, size_t guest)
{
	const struct control_channel_fed fed = { .guest = (uint32_t)guest };
	ssize_t len = scm_send(process->feed_fd, &fed, sizeof(fed), &process->set->entries[guest]->process.control_fd,
			       1, MSG_DONTWAIT);

	return len < 0 ? (int)len : 0;
}

static void feed_again(struct loop_timer *timer)
{
	struct control_process *process = container_of(timer, struct control_process, feed_timer);

	loop_timer_del(timer);
	control_process_feed(process);
}

/* Of a guest whose workers come and go while the control process does not read, the last one's channel waits, and no more. */
void control_process_feed(struct control_process *process)
{
	int ret = 0;

	for (size_t i = 0; i < process->set->n && process->feed_fd >= 0 && ret == 0; i++) {
		struct worker_process *worker = &process->set->entries[i]->process;

		if (worker->control_due && worker->control_fd >= 0)
			ret = channel_send(process, i);
		if (ret == 0)
			worker->control_due = false;
	}
	/* It does not read, or all fds that may be under way are (unix(7)). One that is gone needs no more. */
	if (ret == -EPIPE || ret == -ECONNRESET)
		feed_close(process);
	else if (ret < 0)
		loop_timer_set(process->set->loop, &process->feed_timer, FEED_RETRY_NS, 0, feed_again);
}

void control_process_init(struct control_process *process, const struct guest_set *set, struct wire_service *wires)
{
	*process = (struct control_process){
		.set = set, .wires = wires, .listener = LISTENER_NONE, .feed_fd = -1, .feed_child_fd = -1
	};
	process->child = (struct child){ .ops = &control_ops,
					 .loop = set->loop,
					 .tag = "control",
					 .process_name = "vgpio:control",
					 .signals_own = set->signals_own };
}

int control_process_open(struct control_process *process, const struct guest_socket *socket, struct why *why)
{
	int ret = listener_open(&process->listener, socket, why);

	return ret < 0 ? why_fail(-ret, why, "%s: %s", socket->path, why->text) : 0;
}

void control_process_adopt(struct control_process *process, const struct handover *before, const char *path)
{
	process->listener = before->control;
	if (strcmp(process->listener.socket.path, path) != 0)
		listener_close(&process->listener);
	if (before->control_pid > 0)
		child_adopt(&process->child, before->control_pid, true);
}

void control_process_start(struct control_process *process)
{
	if (process->child.pid > 0 && process->child.outdated)
		kill(process->child.pid, SIGTERM);
	else
		child_start(&process->child);
}

void control_process_restart(struct control_process *process)
{
	/* What is its guests' number is another's by now. */
	feed_close(process);
	child_restart(&process->child, SIGTERM);
}

void control_process_close(struct control_process *process)
{
	loop_timer_del(&process->child.pause);
	feed_close(process);
	listener_close(&process->listener);
}
