/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The control process's end of its feed. */
#include "control/control_feed.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/scm.h"
#include "base/util.h"
#include "control/wires/wire_client.h"

/* Clients and workers have their turn, too. */
#define CHANNELS_PER_TURN 16

union from_supervisor {
	struct control_channel_fed fed;
	struct control_channel_wired wired;
};

static void channel_take(struct control_feed *feed, const struct control_channel_fed *fed, size_t len, int *fd)
{
	if (len == sizeof(*fed) && fed->guest < feed->guests->n && *fd >= 0)
		worker_client_renew(&feed->guests->guests[fed->guest], fd_steal(fd));
	fd_close(fd);
}

static void feed_ready(struct loop_watch *watch, uint32_t events)
{
	struct control_feed *feed = container_of(watch, struct control_feed, watch);
	union from_supervisor in;
	size_t n_fds;
	ssize_t len = 1;

	for (int i = 0; i < CHANNELS_PER_TURN && len > 0; i++) {
		int fd = -1;

		len = scm_recv(watch->fd, &in, sizeof(in), &fd, 1, &n_fds, MSG_DONTWAIT);
		if (len == sizeof(in.wired) && feed->guests->wires)
			wire_client_take(feed->guests->wires, &in.wired);
		if (len > 0)
			channel_take(feed, &in.fed, (size_t)len, &fd);
	}
	/* Without an fd for a channel, too: the next control process inherits all that there are. */
	if (len == 0 || (len < 0 && len != -EAGAIN)) {
		control_feed_close(feed);
		feed->ended(feed);
	}
}

int control_feed_open(struct control_feed *feed, struct loop *loop, int fd, struct worker_clients *guests,
		      void (*ended)(struct control_feed *feed))
{
	*feed = (struct control_feed){ .guests = guests, .ended = ended };
	return loop_watch_add(loop, &feed->watch, fd, EPOLLIN, feed_ready);
}

void control_feed_close(struct control_feed *feed)
{
	loop_watch_del(&feed->watch);
}
