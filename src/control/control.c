/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process: clients on one side, guests on the other. */
#include "control/control.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "control/control_feed.h"
#include "control/request_run.h"
#include "control/wires/wire_client.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "service/accept.h"

#define CLIENTS_MAX 32

struct control {
	struct loop loop;
	struct loop_signals signals;
	struct loop_watch listen_watch;
	struct control_feed feed;
	struct log_limit accept_limit;
	struct worker_clients guests;
	struct wire_client wires;
	struct request_run *runs[CLIENTS_MAX]; /* owned; NULL: free */
	uint64_t n_connections;
};

/* The guests' callbacks have no other way to it: there is one control in its process. */
static struct control *control_of(const struct worker_client *guest)
{
	return guest->ctx;
}

bool control_supported(void)
{
	return true;
}

static void guest_changed(struct worker_client *guest, const struct control_channel_reply *reply,
			  enum control_edge edge)
{
	struct control *control = control_of(guest);

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (control->runs[i])
			monitor_tell_line(&control->runs[i]->monitor, guest, reply, edge);
	}
}

static void guest_itself_changed(struct worker_client *guest)
{
	struct control *control = control_of(guest);

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (control->runs[i])
			monitor_tell_guest(&control->runs[i]->monitor, guest);
	}
}

static void guest_dropped(struct worker_client *guest, uint32_t n)
{
	struct control *control = control_of(guest);

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (control->runs[i])
			monitor_tell_lost(&control->runs[i]->monitor, guest, n);
	}
}

static void feed_ended(struct control_feed *feed)
{
	loop_quit(&container_of(feed, struct control, feed)->loop, 0);
}

static const struct worker_client_ops guest_ops = {
	.changed = guest_changed,
	.guest_changed = guest_itself_changed,
	.dropped = guest_dropped,
};

/*
 * What waits for a client that does not read goes back to the system when the client goes. glibc would learn from large
 * blocks to keep them, and keeps what lies below any block that is still there: a few bad clients at a time, and the
 * process stays as large as it ever was.
 */
static void memory_prepare(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 64 * 1024);
#endif
}

static void memory_give_back(void)
{
#ifdef M_MMAP_THRESHOLD
	malloc_trim(0);
#endif
}

static void run_ended(struct request_run *run)
{
	struct control *control = container_of(run->guests, struct control, guests);

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (control->runs[i] == run)
			control->runs[i] = NULL;
	}
	request_run_deinit(run);
	free(run);
	memory_give_back();
}

static void client_refuse(int fd)
{
	static const char text[] = "{\"ok\":false,\"error\":\"too many clients\"}\n";

	(void)!send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* CLIENTS_MAX: there is none. */
static size_t slot_free(const struct control *control)
{
	size_t i = 0;

	while (i < CLIENTS_MAX && control->runs[i])
		i++;
	return i;
}

/* Whoever asks for nothing, or does not read the answers, keeps nobody out: the first of those to come gives way. */
static size_t slot_take_back(struct control *control)
{
	size_t found = CLIENTS_MAX;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct control_connection *connection = &control->runs[i]->connection;

		if ((!connection->has_asked || control_connection_waiting(connection) > 0) &&
		    (found == CLIENTS_MAX || control->runs[i]->number < control->runs[found]->number))
			found = i;
	}
	if (found < CLIENTS_MAX) {
		client_refuse(control->runs[found]->connection.fd);
		run_ended(control->runs[found]);
	}
	return found;
}

static void client_connected(struct control *control, int fd)
{
	size_t i = slot_free(control);
	struct request_run *run;

	if (i == CLIENTS_MAX)
		i = slot_take_back(control);
	run = i < CLIENTS_MAX ? calloc(1, sizeof(*run)) : NULL;
	if (!run) {
		client_refuse(fd);
		close(fd);
	} else if (request_run_init(run, &control->loop, fd, &control->guests, run_ended) < 0) {
		request_run_deinit(run);
		free(run);
	} else {
		run->number = control->n_connections++;
		control->runs[i] = run;
	}
}

static void listen_ready(struct loop_watch *watch, uint32_t events)
{
	struct control *control = container_of(watch, struct control, listen_watch);
	int fd = accept_throttled(watch->fd, SOCK_CLOEXEC | SOCK_NONBLOCK, &control->accept_limit, "control");

	if (fd >= 0)
		client_connected(control, fd);
}

static void signal_came(struct loop_signals *signals, int signo)
{
	loop_quit(&container_of(signals, struct control, signals)->loop, 0);
}

static int signals_take(struct control *control)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return loop_signals_add(&control->loop, &control->signals, &set, signal_came);
}

static int guests_open(struct control *control, const struct control_start *start)
{
	int ret = 0;

	control->guests.guests = calloc(start->n_guests, sizeof(*control->guests.guests));
	if (!control->guests.guests)
		return -ENOMEM;
	for (size_t i = 0; i < start->n_guests && ret == 0; i++) {
		ret = worker_client_init(&control->guests.guests[i], &control->loop, &start->guests[i], &guest_ops,
					 control);
		control->guests.n = i + 1;
	}
	return ret;
}

static int control_open(struct control *control, const struct control_start *start)
{
	int ret = loop_init(&control->loop);

	if (ret == 0)
		ret = signals_take(control);
	if (ret == 0)
		ret = guests_open(control, start);
	if (ret == 0)
		ret = wire_client_init(&control->wires, start->feed_fd, start->wires, start->n_wires);
	control->guests.wires = &control->wires;
	if (ret == 0)
		ret = control_feed_open(&control->feed, &control->loop, start->feed_fd, &control->guests, feed_ended);
	if (ret == 0)
		ret = loop_watch_add(&control->loop, &control->listen_watch, start->listen_fd, EPOLLIN, listen_ready);
	return ret;
}

static void control_close(struct control *control)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (control->runs[i])
			run_ended(control->runs[i]);
	}
	loop_watch_del(&control->listen_watch);
	control_feed_close(&control->feed);
	for (size_t i = 0; i < control->guests.n; i++)
		worker_client_deinit(&control->guests.guests[i]);
	free(control->guests.guests);
	wire_client_deinit(&control->wires);
	loop_signals_del(&control->signals);
	loop_deinit(&control->loop);
}

void control_prepare(void)
{
	/* Else the first object that is made reads /dev/urandom. */
	json_object_seed(0);
}

int control_main(const struct control_start *start)
{
	struct control control = { .loop.epoll_fd = -1 };
	int ret;

	memory_prepare();
	ret = control_open(&control, start);
	if (ret == 0)
		ret = loop_run(&control.loop);
	if (ret < 0)
		log_error("control", "%s", strerror(-ret));
	control_close(&control);
	return ret < 0 ? 1 : 0;
}
