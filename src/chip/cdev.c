/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A chip of the kernel: GPIO character device, uAPI v2 (Linux 5.10).
 *
 * Each line in use is a line request of its own, that is an fd: given back by closing it, reconfigured by one ioctl
 * without a gap, and read for edges. The broker makes it and stores a copy outside this process, so the kernel holds the
 * line, its level and its waiting events, when the process dies. The kernel gives a line back when the last copy is
 * closed: broker->drop_fd comes with each close that means that. The chip's own fd is not known here.
 */
#include "chip/cdev.h"

#include <errno.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/util.h"
#include "chip/cdev_found.h"
#include "chip/cdev_uapi.h"
#include "chip/chip_error.h"
#include "loop/loop.h"

struct cdev_line {
	struct cdev *cdev;
	uint32_t seqno;		 /* of the last event read, the kernel's numbers begin at 1 */
	bool seqno_known;	 /* false: an earlier process read some, nobody knows how many */
	int fd;			 /* the line request, owned; -1: not requested */
	struct loop_watch watch; /* while edges are asked for */
};

struct cdev {
	struct chip chip;
	bool unsettled; /* a line was released, and a copy of its fd may still be open */
	struct log_limit log_limit;
	struct cdev_line lines[];
};

static struct cdev *cdev_of(struct chip *chip)
{
	return container_of(chip, struct cdev, chip);
}

static struct cdev_line *cdev_line(struct chip *chip, unsigned offset)
{
	return &cdev_of(chip)->lines[offset];
}

static unsigned line_offset(const struct cdev_line *line)
{
	return (unsigned)(line - line->cdev->lines);
}

static int cdev_attach(const struct chip_spec *spec, const struct chip_found *found, void *state,
		       const struct chip_host *host, struct chip **chip)
{
	struct cdev *cdev = pool_alloc(1, sizeof(*cdev) + found->n_lines * sizeof(cdev->lines[0]));

	if (!cdev)
		return -ENOMEM;
	cdev->chip = (struct chip){ .driver = &cdev_driver, .host = *host, .n_lines = found->n_lines };
	for (unsigned i = 0; i < found->n_lines; i++)
		cdev->lines[i] = (struct cdev_line){ .cdev = cdev, .fd = -1 };
	*chip = &cdev->chip;
	return 0;
}

static void cdev_detach(struct chip *chip)
{
	struct cdev *cdev = cdev_of(chip);

	for (unsigned i = 0; i < chip->n_lines; i++) {
		loop_watch_del(&cdev->lines[i].watch);
		fd_close(&cdev->lines[i].fd);
	}
	pool_free(cdev);
}

static int cdev_line_info(struct chip *chip, unsigned offset, struct chip_line_info *info)
{
	return chip->host.broker.line_info(chip->host.broker.ctx, offset, info);
}

/* Edges */

/* Whatever the line's chip or its driver does, this fd is not waited for again: the loop would turn for ever. */
static void line_stop_edges(struct cdev_line *line, const char *reason)
{
	log_limited(&line->cdev->log_limit, LOG_LEVEL_WARNING, line->cdev->chip.host.tag,
		    "%s line %u: interrupts stopped: %s", line->cdev->chip.spec->path, line_offset(line), reason);
	loop_watch_del(&line->watch);
}

/* The kernel numbers a request's events: a gap is what its buffer had no space for. What is latched covers it. */
static void line_check_seqno(struct cdev_line *line, const struct gpio_v2_line_event *event)
{
	uint32_t dropped = event->line_seqno - line->seqno - 1;

	if (line->seqno_known && dropped != 0)
		log_limited(&line->cdev->log_limit, LOG_LEVEL_INFO, line->cdev->chip.host.tag,
			    "%s line %u: %u edges dropped: the kernel's event buffer was full",
			    line->cdev->chip.spec->path, line_offset(line), dropped);
	line->seqno = event->line_seqno;
	line->seqno_known = true;
}

static void batch_report(struct cdev_line *line, const struct gpio_v2_line_event *batch, size_t n)
{
	const struct chip_observer *observer = &line->cdev->chip.host.observer;

	for (size_t i = 0; i < n; i++) {
		bool level;
		enum chip_edge edge = cdev_edge_from_uapi(&batch[i], &level);

		line_check_seqno(line, &batch[i]);
		observer->fetch(observer->ctx, line_offset(line), n - i);
		if (edge != CHIP_EDGE_NONE)
			observer->edge(observer->ctx, line_offset(line), edge, level);
		if (!line->watch.loop)
			return; /* the callback disabled the edges, the rest of them are forgotten */
	}
}

/* One batch: when there are more, the fd stays ready for the next turn. */
static void line_ready(struct loop_watch *watch, uint32_t events)
{
	struct cdev_line *line = container_of(watch, struct cdev_line, watch);
	const struct chip_observer *observer = &line->cdev->chip.host.observer;
	struct gpio_v2_line_event batch[CDEV_EVENTS_MAX] UNINITIALIZED;
	ssize_t len;

	observer->fetch(observer->ctx, line_offset(line), CDEV_EVENTS_MAX);
	len = read(line->fd, batch, sizeof(batch));
	if (len > 0) {
		batch_report(line, batch, len / sizeof(batch[0]));
	} else {
		bool transient = len < 0 && (errno == EAGAIN || errno == EINTR);

		if (!transient || (events & (EPOLLERR | EPOLLHUP)))
			line_stop_edges(line, chip_strerror(transient || len == 0 ? -ENODEV : -errno));
	}
	observer->fetch(observer->ctx, line_offset(line), 0);
}

/* The edges that wait in the fd are forgotten. Bounded: the kernel's buffer is, a noisy line's edges are not. */
static void line_drain(struct cdev_line *line)
{
	struct gpio_v2_line_event batch[CDEV_EVENTS_MAX] UNINITIALIZED;

	for (int i = 0; i < 2; i++) {
		ssize_t len = read(line->fd, batch, sizeof(batch));

		if (len < (ssize_t)sizeof(batch[0]))
			break;
		line->seqno = batch[len / (ssize_t)sizeof(batch[0]) - 1].line_seqno;
		line->seqno_known = true;
	}
}

static int line_watch(struct cdev_line *line)
{
	return line->watch.loop
		       ? 0
		       : loop_watch_add(line->cdev->chip.host.loop, &line->watch, line->fd, EPOLLIN, line_ready);
}

/* Requesting */

static void line_close(struct cdev_line *line)
{
	const struct chip_broker *broker = &line->cdev->chip.host.broker;

	loop_watch_del(&line->watch);
	if (line->fd < 0)
		return;
	fd_close(&line->fd);
	broker->drop_fd(broker->ctx, line_offset(line));
	line->cdev->unsettled = true;
}

/* A new fd: ours, or one of an earlier process. */
static int line_open(struct cdev_line *line, int fd, const struct chip_line_config *config)
{
	int ret = fd_set_nonblock(fd);

	line->fd = fd;
	line->seqno = 0;
	line->seqno_known = true;
	if (ret == 0 && config->edges != CHIP_EDGE_NONE)
		ret = line_watch(line);
	if (ret < 0)
		line_close(line);
	return ret;
}

static int line_request(struct cdev_line *line, const struct chip_line_config *config)
{
	const struct chip_broker *broker = &line->cdev->chip.host.broker;
	int fd;
	int ret = broker->request_line(broker->ctx, line_offset(line), config, &fd);

	return ret < 0 ? ret : line_open(line, fd, config);
}

/*
 * Old edges are drained before the new configuration, since afterwards they could not be told from new ones; when no
 * new ones can come, once more afterwards. The watch is there before the first new edge.
 */
static int line_reconfigure(struct cdev_line *line, const struct chip_line_config *config)
{
	bool watched = line->watch.loop;
	int ret;

	if (watched)
		line_drain(line);
	if (config->edges != CHIP_EDGE_NONE) {
		ret = line_watch(line);
		if (ret < 0)
			return ret;
	}
	ret = cdev_reconfigure(line->fd, config);
	if (ret < 0) {
		if (!watched)
			loop_watch_del(&line->watch);
		return ret;
	}
	if (config->edges == CHIP_EDGE_NONE) {
		loop_watch_del(&line->watch);
		line_drain(line);
	}
	return 0;
}

static int cdev_configure(struct chip *chip, unsigned offset, const struct chip_line_config *config)
{
	struct cdev_line *line = cdev_line(chip, offset);

	return line->fd < 0 ? line_request(line, config) : line_reconfigure(line, config);
}

/* The earlier process may have died between an ioctl and its note of it, so the configuration is set once more. */
static int cdev_adopt(struct chip *chip, unsigned offset, const struct chip_line_config *config, int fd)
{
	struct cdev_line *line = cdev_line(chip, offset);
	int ret = line_open(line, fd, config);

	if (ret < 0)
		return ret;
	line->seqno_known = false;
	ret = cdev_reconfigure(line->fd, config);
	if (ret < 0)
		line_close(line);
	return ret;
}

static void cdev_release(struct chip *chip, unsigned offset)
{
	line_close(cdev_line(chip, offset));
}

static void cdev_settle(struct chip *chip)
{
	struct cdev *cdev = cdev_of(chip);

	if (cdev->unsettled)
		chip->host.broker.settle_fds(chip->host.broker.ctx);
	cdev->unsettled = false;
}

static void cdev_replugged(struct chip *chip)
{
	for (unsigned i = 0; i < chip->n_lines; i++)
		cdev_release(chip, i);
	/* In older kernels (seen: 6.1) an old request even takes the interrupt that the new one needs. */
	cdev_settle(chip);
}

/* Levels */

static int cdev_get(struct chip *chip, unsigned offset)
{
	struct gpio_v2_line_values values = { .mask = CDEV_LINE_BIT };
	const struct cdev_line *line = cdev_line(chip, offset);
	int ret;

	if (line->fd < 0)
		return -EPERM;
	ret = cdev_ioctl(line->fd, GPIO_V2_LINE_GET_VALUES_IOCTL, &values);
	return ret < 0 ? ret : (values.bits & CDEV_LINE_BIT) != 0;
}

static int cdev_set(struct chip *chip, unsigned offset, uint8_t value)
{
	struct gpio_v2_line_values values = { .mask = CDEV_LINE_BIT, .bits = value ? CDEV_LINE_BIT : 0 };
	const struct cdev_line *line = cdev_line(chip, offset);

	if (line->fd < 0)
		return -EPERM;
	return cdev_ioctl(line->fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values);
}

const struct chip_driver cdev_driver = {
	.name = "cdev",
	.probe = cdev_found_probe,
	.found_line_info = cdev_found_line_info,
	.request_line = cdev_found_request_line,
	.reconfigure_line = cdev_reconfigure,
	.try_settings = cdev_found_try_settings,
	.attach = cdev_attach,
	.detach = cdev_detach,
	.is_gone = cdev_found_is_gone,
	.replugged = cdev_replugged,
	.line_info = cdev_line_info,
	.configure = cdev_configure,
	.adopt = cdev_adopt,
	.release = cdev_release,
	.settle = cdev_settle,
	.get = cdev_get,
	.set = cdev_set,
};
