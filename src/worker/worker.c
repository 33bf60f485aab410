/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The worker: attaches chip, lines and device to the session, and serves one front-end after the other. */
#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fd.h"
#include "base/lack.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/timed_io.h"
#include "base/util.h"
#include "chip/aggregate.h"
#include "gpio/idle_state.h"
#include "gpio/line_chip.h"
#include "gpio/lines.h"
#include "gpio/lines_attach.h"
#include "gpio/virtio_gpio.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "process/child.h"
#include "worker/control_server.h"
#include "worker/front_end_listener.h"
#include "worker/session_layout.h"
#include "worker/session_move.h"
#include "worker/supervisor_client.h"
#include "worker/wires/wires.h"

struct worker {
	const struct worker_start *start;
	const char *tag;
	char consumer[CHIP_NAME_MAX];
	struct loop loop;
	struct loop_signals signals;
	struct front_end_listener listener;
	struct supervisor_client supervisor;
	void *session;
	struct worker_state *state;
	struct chip *chip; /* the virtual one */
	struct wires *wires;
	struct lines lines;
	struct virtio_gpio gpio;
	struct vhost_ops ops; /* virtio_gpio_ops as this guest has them */
	struct vhost_device *device;
	struct control_server *control; /* NULL: there is no control process */
	bool over;			/* the work has ended */
	bool hands_over;		/* the session, to a successor */
};

static void work_end(struct worker *worker)
{
	worker->over = true;
	worker->hands_over = false;
	loop_quit(&worker->loop, 0);
}

static void on_supervisor_gone(void *ctx)
{
	work_end(ctx);
}

/*
 * Not a copy: what was left in the rings is served while the store is still there, and a line must be free then when it
 * is released.
 */
static int on_lines_take(void *ctx, unsigned offset)
{
	struct worker *worker = ctx;

	return fd_store_take(worker->start->store, session_layout_line_key(offset));
}

static void on_lines_changed(void *ctx, uint16_t line)
{
	struct worker *worker = ctx;

	control_server_line_changed(worker->control, line);
}

static void on_connected(void *ctx, bool connected)
{
	struct worker *worker = ctx;

	control_server_set_connected(worker->control, connected);
	if (!connected && worker->start->one_off &&
	    (worker->start->listen_fd < 0 || vhost_device_has_spoken(worker->device)))
		work_end(worker);
}

static void on_ready(void *ctx, bool ready)
{
	struct worker *worker = ctx;

	control_server_set_ready(worker->control, ready);
}

static void on_signal(struct loop_signals *signals, int signo)
{
	struct worker *worker = container_of(signals, struct worker, signals);

	/* A session that is over is not handed over. */
	worker->hands_over = (signo == SIGUSR1 || signo == SIGUSR2) && !worker->over;
	loop_quit(&worker->loop, 0);
}

static void on_chip_back(void *ctx, unsigned number)
{
	struct worker *worker = ctx;

	if (number >= worker->start->guest->n_chips)
		return;
	log_info(worker->tag, "%s is back", worker->start->guest->chips[number].spec.path);
	aggregate_replugged(worker->chip, number);
	line_chip_restore(&worker->lines, (uint16_t)number);
}

static void on_wire(void *ctx, uint32_t key, int fd)
{
	struct worker *worker = ctx;

	wires_message(worker->wires, key, fd);
}

static int attach_loop(struct worker *worker)
{
	sigset_t set;
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = vhost_contain_sigbus();
	if (r == 0)
		r = timed_io_init();
	if (r == 0)
		r = loop_init(&worker->loop);
	if (r < 0)
		return r;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	r = loop_signals_add(&worker->loop, &worker->signals, &set, on_signal);
	if (r < 0)
		return r;
	worker->wires = wires_new(&worker->loop, worker->tag);
	if (!worker->wires)
		return -ENOMEM;
	return supervisor_client_open(&worker->supervisor, &worker->loop, worker->start->supervisor_fd);
}

/* From another program's memory. Until the supervisor has heard of it nothing has happened. -ECANCELED: that is said. */
static int move_session(struct worker *worker)
{
	const struct worker_start *start = worker->start;
	struct why why;
	int ret = session_move(start->move_from, start->move_fd, start->move_to, start->session_fd, &why);

	if (ret < 0)
		log_error(worker->tag, "cannot take over the session of the program before: %s", why.text);
	fault_point(FAULT_SESSION_MOVED);
	ret = supervisor_client_moved(&worker->supervisor, ret == 0);
	fault_point(FAULT_SESSION_TOLD);
	return ret < 0 ? -ECANCELED : 0;
}

static int attach_session(struct worker *worker)
{
	size_t size = session_layout_size(worker->start->guest);
	int ret = worker->start->move_fd >= 0 ? move_session(worker) : 0;

	if (ret < 0)
		return ret;
	worker->session = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, worker->start->session_fd, 0);
	if (worker->session == MAP_FAILED) {
		worker->session = NULL;
		return -errno;
	}
	worker->state = session_layout_state(worker->session);
	return 0;
}

static int attach_chip(struct worker *worker)
{
	const struct guest *guest = worker->start->guest;
	const struct chip_host host = {
		.loop = &worker->loop,
		.tag = worker->tag,
		.consumer = worker->consumer,
		.observer = lines_observer(&worker->lines),
		.broker = supervisor_client_broker(&worker->supervisor),
		.wires = wires_of_chip(worker->wires),
	};
	struct aggregate_member *members = pool_alloc(guest->n_chips, sizeof(*members));
	struct aggregate_line *lines = pool_alloc(guest->n_lines, sizeof(*lines));
	int r = -ENOMEM;

	if (!members || !lines)
		goto out;
	for (unsigned i = 0; i < guest->n_lines; i++)
		lines[i] = (struct aggregate_line){ guest->lines[i].chip, guest->lines[i].offset };
	r = aggregate_attach(members, session_layout_members(guest, members), lines, guest->n_lines,
			     session_layout_chips(worker->session, guest), &host, &worker->chip);
	wires_attach(worker->wires, worker->chip);
out:
	pool_free(members);
	pool_free(lines);
	return r;
}

static int attach_lines(struct worker *worker)
{
	const struct lines_host host = {
		.irq = virtio_gpio_irq, .irq_ctx = &worker->gpio, .changed = on_lines_changed, .changed_ctx = worker
	};
	const unsigned drops = worker->start->drops;
	enum lines_begin begin = worker->state->begun ? LINES_BEGIN_RESUME
				 : drops > 0	      ? LINES_BEGIN_DROPPED
						      : LINES_BEGIN_FIRST;
	int r;

	r = lines_attach(&worker->lines, worker->chip, worker->tag, worker->start->guest->lines, begin,
			 session_layout_lines(worker->session), &host, on_lines_take, worker);
	if (r < 0)
		return r;
	/* The connection was thrown away, the lines still know what its guest made of them: what is to hold holds. */
	if (begin == LINES_BEGIN_RESUME && worker->state->drops != drops)
		idle_state_enter(&worker->lines);
	worker->state->drops = drops;
	worker->state->begun = 1;
	return 0;
}

static bool chip_is_there(struct worker *worker, uint16_t number)
{
	const struct guest *guest = worker->start->guest;
	struct chip_line_info info;
	unsigned line = 0;

	while (line < guest->n_lines && guest->lines[line].chip != number)
		line++;
	return line < guest->n_lines && chip_line_info(worker->chip, line, &info) != -ENODEV;
}

/* A chip came back, and the earlier worker died before it had made its requests anew. */
static void chips_restore(struct worker *worker)
{
	for (unsigned i = 0; i < worker->start->guest->n_chips; i++) {
		if (!line_chip_is_stale(&worker->lines, (uint16_t)i) || !chip_is_there(worker, (uint16_t)i))
			continue;
		chip_settle(worker->chip);
		line_chip_restore(&worker->lines, (uint16_t)i);
	}
}

static int attach_device(struct worker *worker)
{
	const struct virtio_gpio_host host = { .ctx = worker, .connected = on_connected, .ready = on_ready };
	const struct vhost_fd_store store = supervisor_client_session_store(&worker->supervisor);
	int r;

	worker->ops = virtio_gpio_ops;
	worker->ops.iommu = worker->start->guest->settings.iommu;
	worker->ops.busy_poll_us = worker->start->guest->settings.busy_poll_us;
	worker->ops.restore_broken = worker->start->rings_broken;
	worker->ops.restore_blameless = worker->start->blameless;
	r = virtio_gpio_init(&worker->gpio, &worker->lines, &host);
	if (r < 0)
		return r;
	if (worker->start->control_fd >= 0) {
		r = control_server_attach(&worker->control, &worker->loop, worker->start->control_fd, &worker->lines,
					  worker->tag);
		if (r < 0)
			return r;
	}
	r = vhost_device_create(&worker->device, &worker->loop, &worker->ops, &worker->gpio, worker->session, &store,
				worker->tag);
	if (r == 0 && worker->start->listen_fd >= 0)
		r = front_end_listener_open(&worker->listener, &worker->loop, worker->start->listen_fd, worker->device,
					    &worker->state->accepts, worker->tag);
	/* Else a connection that ends later would stay open here, in the copy inherited from the supervisor. */
	fd_store_deinit(worker->start->store);
	if (r == 0)
		chips_restore(worker);
	if (r == 0 && worker->start->connected_fd >= 0 && !vhost_device_is_connected(worker->device))
		r = vhost_device_connect(worker->device, fcntl(worker->start->connected_fd, F_DUPFD_CLOEXEC, 0));
	/* The one front-end was dropped with the session: its lines were put into their idle state, and that is all. */
	if (worker->start->listen_fd < 0 && worker->start->connected_fd < 0)
		work_end(worker);
	return r;
}

static void detach(struct worker *worker)
{
	vhost_device_free(worker->device);
	control_server_detach(worker->control);
	wires_free(worker->wires);
	virtio_gpio_deinit(&worker->gpio);
	lines_detach(&worker->lines);
	if (worker->chip)
		chip_detach(worker->chip);
	if (worker->session)
		munmap(worker->session, session_layout_size(worker->start->guest));
	front_end_listener_close(&worker->listener);
	supervisor_client_close(&worker->supervisor);
	loop_signals_del(&worker->signals);
	loop_deinit(&worker->loop);
}

static int worker_run(struct worker *worker)
{
	static int (*const steps[])(struct worker *) = { attach_loop, attach_session, attach_chip, attach_lines,
							 attach_device };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
		r = steps[i](worker);
	if (r < 0) {
		if (r != -ECANCELED)
			log_error(worker->tag, "the worker cannot start: %s", strerror(-r));
		return is_lack(r) ? CHILD_LACKS : 1;
	}
	r = loop_run(&worker->loop);
	if (r < 0)
		log_error(worker->tag, "waiting failed: %s", strerror(-r));
	/* Else the session ends with this process: nobody takes it up. */
	if (!worker->hands_over)
		idle_state_enter(&worker->lines);
	return r != 0 ? 1 : 0;
}

int worker_main(const struct worker_start *start)
{
	struct worker *worker = pool_alloc(1, sizeof(*worker));
	int status;

	if (!worker)
		return CHILD_LACKS;
	*worker = (struct worker){ .start = start,
				   .tag = start->guest->name,
				   .supervisor = { .tag = start->guest->name,
						   .store = start->store,
						   .ctx = worker,
						   .supervisor_gone = on_supervisor_gone,
						   .chip_back = on_chip_back,
						   .wire = on_wire } };
	guest_consumer(start->guest, worker->consumer);
	status = worker_run(worker);
	detach(worker);
	if (status == 0 && worker->hands_over)
		status = CHILD_HANDED_OVER;
	pool_free(worker);
	return status;
}
