/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The worker: attaches chip, lines, device and port to the session, and serves one front-end after the other.
 *
 * The session's memory is, in this order: the library's session, a struct line_state a line, the chip's own state.
 */
#include "daemon/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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
#include "daemon/line_names.h"
#include "daemon/port.h"
#include "gpio/virtio_gpio.h"
#include "loop/loop.h"

/* Keys of kept fds: the library's are below VHOST_FD_KIND_END << 16, those of line requests are here. */
#define KEY_LINE (0x100u << 16)

struct worker {
	const struct worker_start *start;
	const char *tag;
	char consumer[CHIP_NAME_MAX];
	struct loop loop;
	struct loop_signals signals;
	struct loop_watch keeper_watch, listen_watch;
	void *session;
	struct chip *chip;
	int chip_fd;		  /* owned: of the chip as it is now; -1: simulated */
	struct line_rules *rules; /* owned: one a line */
	struct lines lines;
	struct virtio_gpio gpio;
	struct vhost_device *device;
	struct port *port;
	bool stopping; /* the daemon ends, and the guest's session with it */
};

static size_t align_up(size_t size)
{
	return (size + 63) & ~(size_t)63;
}

static size_t lines_offset(void)
{
	return align_up(vhost_session_size(VIRTIO_GPIO_QUEUES));
}

static size_t chip_offset(const struct chip_found *found)
{
	return align_up(lines_offset() + found->n_lines * sizeof(struct line_state));
}

size_t worker_session_size(const struct chip_found *found)
{
	return chip_offset(found) + align_up(found->state_size);
}

size_t worker_kept_max(const struct chip_found *found)
{
	return VHOST_FDS_MAX + found->n_lines;
}

/* The supervisor is gone: nobody would start a successor, and nobody keeps our fds. */
static void keeper_lost(struct worker *worker, int error)
{
	log_error(worker->tag, "the supervisor is gone (%s): stopping", strerror(-error));
	loop_quit(&worker->loop, 0);
}

static void keep_fd(struct worker *worker, uint32_t key, int fd)
{
	int r = keeper_keep(worker->start->keeper_fd, key, fd);

	if (r < 0)
		keeper_lost(worker, r);
}

static void drop_fd(struct worker *worker, uint32_t key)
{
	int r = keeper_drop(worker->start->keeper_fd, key);

	if (r < 0)
		keeper_lost(worker, r);
}

static int take_fd(struct worker *worker, uint32_t key)
{
	int fd = kept_find(worker->start->kept, key);

	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void on_vhost_keep(void *ctx, uint32_t key, int fd)
{
	keep_fd(ctx, key, fd);
}

static void on_vhost_drop(void *ctx, uint32_t key)
{
	drop_fd(ctx, key);
}

static int on_vhost_take(void *ctx, uint32_t key)
{
	return take_fd(ctx, key);
}

static void on_chip_keep(void *ctx, unsigned offset, int fd)
{
	keep_fd(ctx, KEY_LINE | offset, fd);
}

static void on_chip_drop(void *ctx, unsigned offset)
{
	drop_fd(ctx, KEY_LINE | offset);
}

static void on_chip_settle(void *ctx)
{
	struct worker *worker = ctx;
	int r = keeper_settle(worker->start->keeper_fd);

	if (r < 0)
		log_warning(worker->tag, "released lines are not free yet: %s", strerror(-r));
}

static int on_lines_take(void *ctx, unsigned offset)
{
	return take_fd(ctx, KEY_LINE | offset);
}

static void on_chip_edge(void *ctx, unsigned offset, enum chip_edge edge, bool level)
{
	struct worker *worker = ctx;

	lines_edge(&worker->lines, offset, edge, level);
}

static void on_lines_changed(void *ctx, uint16_t line)
{
	struct worker *worker = ctx;

	if (worker->port)
		port_line_changed(worker->port, line);
}

static void on_chip_changed(void *ctx, unsigned offset)
{
	on_lines_changed(ctx, offset);
}

static void on_lines_irq(void *ctx, uint16_t line, enum irq_action action)
{
	struct worker *worker = ctx;

	virtio_gpio_irq(&worker->gpio, line, action);
}

static void on_front_end(struct loop_watch *watch, uint32_t events);

static void listen_again(struct worker *worker)
{
	int r = loop_watch_add(&worker->loop, &worker->listen_watch, worker->start->listen_fd, EPOLLIN, on_front_end);

	if (r < 0) {
		log_error(worker->tag, "can not wait for a front-end: %s", strerror(-r));
		loop_quit(&worker->loop, 1);
	}
}

/* One front-end at a time: the next one waits in the listening socket's queue. */
static void on_connected(void *ctx, bool connected)
{
	struct worker *worker = ctx;

	if (worker->port)
		port_set_connected(worker->port, connected);
	if (connected)
		loop_watch_del(&worker->listen_watch);
	else
		listen_again(worker);
}

static void on_front_end(struct loop_watch *watch, uint32_t events)
{
	struct worker *worker = container_of(watch, struct worker, listen_watch);
	int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
	int r;

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			log_warning(worker->tag, "accept: %s", strerror(errno));
		return;
	}
	r = vhost_device_connect(worker->device, fd);
	if (r < 0)
		log_warning(worker->tag, "can not serve the front-end: %s", strerror(-r));
	else
		log_info(worker->tag, "a front-end connected");
}

static void on_signal(struct loop_signals *signals, int signo)
{
	struct worker *worker = container_of(signals, struct worker, signals);

	worker->stopping = true;
	loop_quit(&worker->loop, 0);
}

static void chip_came_back(struct worker *worker, int fd)
{
	log_info(worker->tag, "%s is back", chip_path(worker->chip));
	chip_replace_fd(worker->chip, fd);
	fd_close(&worker->chip_fd);
	worker->chip_fd = fd;
	lines_restore(&worker->lines, 0);
}

static void on_keeper(struct loop_watch *watch, uint32_t events)
{
	struct worker *worker = container_of(watch, struct worker, keeper_watch);
	int fd = keeper_receive_chip(watch->fd);

	if (fd >= 0) {
		chip_came_back(worker, fd);
	} else if (fd != -EAGAIN) {
		loop_watch_del(watch);
		keeper_lost(worker, fd);
	}
}

static int attach_loop(struct worker *worker)
{
	sigset_t set;
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = loop_init(&worker->loop);
	if (r < 0)
		return r;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	r = loop_signals_add(&worker->loop, &worker->signals, &set, on_signal);
	if (r < 0)
		return r;
	return loop_watch_add(&worker->loop, &worker->keeper_watch, worker->start->keeper_fd, EPOLLIN, on_keeper);
}

static int attach_session(struct worker *worker)
{
	size_t size = worker_session_size(worker->start->found);

	worker->session = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, worker->start->session_fd, 0);
	if (worker->session == MAP_FAILED) {
		worker->session = NULL;
		return -errno;
	}
	return 0;
}

/* Every line of the chip, in its order, under its own name and without a rule. */
static int attach_rules(struct worker *worker)
{
	unsigned n = worker->start->found->n_lines;
	char(*names)[CHIP_NAME_MAX] = calloc(n, sizeof(*names));
	unsigned dropped;

	worker->rules = calloc(n, sizeof(*worker->rules));
	if (!names || !worker->rules) {
		free(names);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++) {
		struct chip_line_info info;

		if (chip_line_info(worker->chip, i, &info) == 0)
			memcpy(names[i], info.name, sizeof(names[i]));
	}
	dropped = names_sanitize(names, n);
	if (dropped > 0)
		log_info(worker->tag, "%u line names are not shown to the guest: not plain ASCII, or not unique",
			 dropped);
	for (unsigned i = 0; i < n; i++) {
		worker->rules[i].offset = i;
		memcpy(worker->rules[i].name, names[i], sizeof(names[i]));
	}
	free(names);
	return 0;
}

static int attach_lines(struct worker *worker)
{
	const struct chip_found *found = worker->start->found;
	char *session = worker->session;
	const struct chip_host chip_host = {
		.loop = &worker->loop,
		.tag = worker->tag,
		.consumer = worker->consumer,
		.ctx = worker,
		.edge = on_chip_edge,
		.changed = on_chip_changed,
		.keep_fd = on_chip_keep,
		.drop_fd = on_chip_drop,
		.settle_fds = on_chip_settle,
	};
	const struct lines_host lines_host = { .ctx = worker, .irq = on_lines_irq, .changed = on_lines_changed };
	int r;

	r = chip_attach(&worker->start->guest->chip, found, session + chip_offset(found), &chip_host, &worker->chip);
	if (r < 0)
		return r;
	r = attach_rules(worker);
	if (r < 0)
		return r;
	/* An empty session says that every line is released, which is each line's init and fate here. */
	return lines_attach(&worker->lines, worker->chip, worker->tag, worker->rules, LINES_BEGIN_RESUME,
			    (struct line_state *)(session + lines_offset()), &lines_host, on_lines_take, worker);
}

static int attach_device(struct worker *worker)
{
	const struct vhost_keeper keeper = { worker, on_vhost_keep, on_vhost_drop, on_vhost_take };
	int r;

	r = virtio_gpio_init(&worker->gpio, &worker->lines, on_connected, worker);
	if (r < 0)
		return r;
	if (worker->start->port_fd >= 0) {
		r = port_attach(&worker->port, &worker->loop, worker->start->port_fd, &worker->lines, worker->tag);
		if (r < 0)
			return r;
	}
	listen_again(worker);
	r = vhost_device_attach(&worker->device, &worker->loop, &virtio_gpio_ops, &worker->gpio, worker->session,
				&keeper, worker->tag);
	/* Else a connection that ends later would stay open here, in the copy inherited from the supervisor. */
	kept_deinit(worker->start->kept);
	/* The chip came back, and the earlier worker died before it had made its requests anew. */
	if (r == 0 && lines_are_lost(&worker->lines, 0) &&
	    !chip_is_gone(&worker->start->guest->chip, worker->start->found)) {
		chip_settle(worker->chip);
		lines_restore(&worker->lines, 0);
	}
	return r;
}

static void detach(struct worker *worker)
{
	vhost_device_detach(worker->device);
	if (worker->port)
		port_detach(worker->port);
	virtio_gpio_deinit(&worker->gpio);
	lines_detach(&worker->lines);
	free(worker->rules);
	if (worker->chip)
		chip_detach(worker->chip);
	fd_close(&worker->chip_fd);
	if (worker->session)
		munmap(worker->session, worker_session_size(worker->start->found));
	loop_watch_del(&worker->listen_watch);
	loop_watch_del(&worker->keeper_watch);
	loop_signals_del(&worker->signals);
	loop_deinit(&worker->loop);
}

int worker_main(const struct worker_start *start)
{
	static int (*const steps[])(struct worker *) = { attach_loop, attach_session, attach_lines, attach_device };
	struct worker worker = { .start = start, .tag = start->guest->name, .chip_fd = start->found->fd };
	int r = 0;

	snprintf(worker.consumer, sizeof(worker.consumer), "vhost-device-gpio:%.13s", start->guest->name);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
		r = steps[i](&worker);
	if (r < 0) {
		log_error(worker.tag, "the worker can not start: %s", strerror(-r));
		r = 1;
	} else {
		r = loop_run(&worker.loop);
		if (r < 0)
			log_error(worker.tag, "waiting failed: %s", strerror(-r));
		/* Not before: what the guest asks for in the loop's last turn would undo it. */
		if (worker.stopping)
			lines_reset(&worker.lines);
	}
	detach(&worker);
	return r == 0 ? 0 : 1;
}
