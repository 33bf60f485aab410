/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Bells, and when to look.
 *
 * A bell is never read but at the start: it is listened to edge-triggered, where each ring shows, rung before or not. So
 * nothing waits for one, and a ring costs its listener no system call. A peer may have the bell that it rings full, or its
 * flags changed: that is the end of its own rings, until a next worker of either side takes what is in it.
 *
 * A peer that rings more often than lines change (bell_limit.h) is not listened to for BELL_PAUSE_NS; what it changed
 * meanwhile is looked at then. One whose own bell is full, which no number of rings makes it, has been at it: to write there
 * again may wait as long as timed_io lets it, so that is done seldom, and ever more so.
 *
 * What changes of our own lines goes out at the end of the turn, once for each peer.
 */
#include "worker/wires/wires.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/timed_io.h"
#include "base/util.h"
#include "chip/chip.h"
#include "loop/timer.h"
#include "worker/wires/bell_limit.h"
#include "worker/wires/wiring_make.h"

#define OURSELVES UINT64_C(1)

/* With the milliseconds of an alarm, what a peer changes is seen twice that late at most. */
#define BELL_PAUSE_NS	  (1000ull * 1000)
#define DEAF_PAUSE_NS	  (1000ull * 1000 * 1000)
#define DEAF_PAUSE_MAX_NS (64 * DEAF_PAUSE_NS)

struct peer {
	struct wires *wires;
	struct loop_watch watch; /* of its bell */
	int bell, ring;		 /* owned */
	struct bell_limit limit;
	struct loop_alarm quiet; /* until its bell is listened to again */
	struct loop_alarm deaf;	 /* until it is rung for again */
	uint64_t deaf_ns;	 /* how long, the next time */
	bool owed;		 /* a ring, then */
};

/* Made when the supervisor tells of wires: most guests have none. */
struct told {
	struct wire_intake intake;
	struct wiring wiring;
	struct peer peers[WIRE_PEERS_MAX + 1];
	unsigned n_peers;
};

struct wires {
	struct loop *loop;
	const char *tag;
	struct chip *chip; /* NULL: not yet */
	struct told *told; /* owned; NULL: nothing */
	struct loop_defer renew, tell;
	struct loop_timer timer; /* of delays */
	struct log_limit conflict_limit;
};

static void tell(struct loop_defer *defer);

static void tell_later(struct wires *wires)
{
	if (wires->told->wiring.told)
		loop_defer_add(wires->loop, &wires->tell, tell);
}

/* Delays */

static void delay_over(struct loop_timer *timer);

static void delays_wait(struct wires *wires, uint64_t now_ns)
{
	uint64_t due_ns = wiring_due_ns(&wires->told->wiring);

	if (due_ns != WIRING_NEVER)
		loop_timer_set(wires->loop, &wires->timer, due_ns > now_ns ? due_ns - now_ns : 0, 0, delay_over);
}

static void delay_over(struct loop_timer *timer)
{
	struct wires *wires = container_of(timer, struct wires, timer);
	uint64_t now_ns = clock_now_ns();

	wiring_settle(&wires->told->wiring, now_ns);
	delays_wait(wires, now_ns);
	tell_later(wires);
}

/* Bells */

static void look(struct wires *wires, uint64_t peers, uint64_t now_ns)
{
	wiring_look(&wires->told->wiring, peers, now_ns);
	delays_wait(wires, now_ns);
	tell_later(wires);
}

/* It rings at once, if it was rung. */
static void quiet_over(struct loop *loop, struct loop_alarm *alarm)
{
	if (loop_watch_modify(&container_of(alarm, struct peer, quiet)->watch, EPOLLIN | EPOLLET) < 0)
		loop_alarm_set(loop, alarm, clock_now_ns() + BELL_PAUSE_NS, quiet_over);
}

static void bell_rang(struct loop_watch *watch, uint32_t events)
{
	struct peer *peer = container_of(watch, struct peer, watch);
	uint64_t now_ns = clock_now_ns();

	/* One that is full is told of once more, muted or not. */
	if (peer->quiet.loop)
		return;
	if (bell_limit_take(&peer->limit, now_ns) || loop_watch_modify(watch, EPOLLET) < 0)
		look(peer->wires, UINT64_C(1) << (peer - peer->wires->told->peers), now_ns);
	else
		loop_alarm_set(watch->loop, &peer->quiet, now_ns + BELL_PAUSE_NS, quiet_over);
}

static void deaf_over(struct loop *loop, struct loop_alarm *alarm);

static void peer_ring(struct peer *peer)
{
	static const uint64_t once = 1;

	peer->owed = peer->deaf.loop || timed_write(peer->ring, &once, sizeof(once)) < 0;
	if (!peer->owed)
		peer->deaf_ns = 0;
	if (!peer->owed || peer->deaf.loop)
		return;
	peer->deaf_ns = peer->deaf_ns == 0 ? DEAF_PAUSE_NS : 2 * peer->deaf_ns;
	if (peer->deaf_ns > DEAF_PAUSE_MAX_NS)
		peer->deaf_ns = DEAF_PAUSE_MAX_NS;
	loop_alarm_set(peer->wires->loop, &peer->deaf, clock_now_ns() + peer->deaf_ns, deaf_over);
}

static void deaf_over(struct loop *loop, struct loop_alarm *alarm)
{
	struct peer *peer = container_of(alarm, struct peer, deaf);

	if (peer->owed)
		peer_ring(peer);
}

static void peers_ring(struct told *told)
{
	uint64_t peers = told->wiring.told;

	told->wiring.told = 0;
	for (unsigned i = 1; i < told->n_peers; i++) {
		if (peers & UINT64_C(1) << i)
			peer_ring(&told->peers[i]);
	}
}

/* What comes of our own looking at our own lines goes out in the next turn. */
static void tell(struct loop_defer *defer)
{
	struct wires *wires = container_of(defer, struct wires, tell);
	bool ourselves = wires->told->wiring.told & OURSELVES;

	peers_ring(wires->told);
	if (ourselves)
		look(wires, OURSELVES, clock_now_ns());
}

/* A table */

static void peers_close(struct told *told)
{
	for (unsigned i = 0; i < told->n_peers; i++) {
		loop_watch_del(&told->peers[i].watch);
		loop_alarm_del(&told->peers[i].quiet);
		loop_alarm_del(&told->peers[i].deaf);
		fd_close(&told->peers[i].bell);
		fd_close(&told->peers[i].ring);
	}
	told->n_peers = 0;
}

/* Whoever had a bell before may have filled it. */
static void bell_empty(int bell)
{
	uint64_t rings;

	fd_set_nonblock(bell);
	timed_read(bell, &rings, sizeof(rings));
}

static int peers_take(struct wires *wires)
{
	struct told *told = wires->told;
	int ret = 0;

	for (; told->n_peers < told->intake.n_peers; told->n_peers++) {
		struct wire_intake_peer *from = &told->intake.peers[told->n_peers];
		struct peer *peer = &told->peers[told->n_peers];

		*peer = (struct peer){ .wires = wires, .bell = fd_steal(&from->bell), .ring = fd_steal(&from->ring) };
		if (told->n_peers == 0)
			continue;
		bell_empty(peer->bell);
		fd_set_nonblock(peer->ring);
		if (ret == 0)
			ret = loop_watch_add(wires->loop, &peer->watch, peer->bell, EPOLLIN | EPOLLET, bell_rang);
	}
	return ret;
}

static void wiring_end(struct wires *wires)
{
	loop_timer_del(&wires->timer);
	loop_defer_del(&wires->tell);
	peers_close(wires->told);
	wiring_free(&wires->told->wiring);
}

/* Lines that have no wire any more, or whose session says so wrongly. */
static void others_let_go(const struct wires *wires)
{
	for (unsigned i = 0; i < chip_n_lines(wires->chip); i++) {
		if (!wires->told || !wiring_has(&wires->told->wiring, i))
			chip_wire(wires->chip, i, 0);
	}
}

static int wiring_renew(struct wires *wires)
{
	struct told *told = wires->told;
	struct wiring next = { .n_lines = 0 };
	uint64_t now_ns = clock_now_ns();
	int ret = 0;

	if (told->intake.n_peers > 0)
		ret = wiring_make(&next, &told->intake, wires->chip, wires->tag, &wires->conflict_limit);
	if (ret < 0)
		return ret;
	wiring_keep(&next, &told->wiring, now_ns);
	peers_ring(told);
	wiring_end(wires);
	told->wiring = next;
	ret = peers_take(wires);
	others_let_go(wires);
	wiring_begin(&told->wiring, now_ns);
	delays_wait(wires, now_ns);
	tell(&wires->tell); /* now: who asked for the wires is told that they are there */
	return ret;
}

static void renew(struct loop_defer *defer)
{
	struct wires *wires = container_of(defer, struct wires, renew);
	int ret = 0;

	if (wires->told) {
		ret = wiring_renew(wires);
		wire_intake_clear(&wires->told->intake);
	} else {
		others_let_go(wires);
	}
	if (ret < 0)
		log_error(wires->tag, "wires: not all of them can be had: %s", strerror(-ret));
}

void wires_message(struct wires *wires, uint32_t key, int fd)
{
	/* A new beginning before the last end was dealt with: that one is not looked at any more. */
	loop_defer_del(&wires->renew);
	if (!wires->told && WIRE_KEY_MESSAGE(key) != WIRE_NONE)
		wires->told = calloc(1, sizeof(*wires->told));
	if (!wires->told) {
		fd_close(&fd);
		loop_defer_add(wires->loop, &wires->renew, renew);
	} else if (wire_intake_take(&wires->told->intake, key, fd)) {
		loop_defer_add(wires->loop, &wires->renew, renew);
	}
}

/* The chip */

static void on_drives(void *ctx, unsigned offset)
{
	struct wires *wires = ctx;

	if (!wires->told)
		return;
	wiring_drives(&wires->told->wiring, offset);
	tell_later(wires);
}

struct chip_wires wires_of_chip(struct wires *wires)
{
	return (struct chip_wires){ wires, on_drives };
}

void wires_attach(struct wires *wires, struct chip *chip)
{
	wires->chip = chip;
}

struct wires *wires_new(struct loop *loop, const char *tag)
{
	struct wires *wires = pool_alloc(1, sizeof(*wires));

	if (wires)
		*wires = (struct wires){ .loop = loop, .tag = tag };
	return wires;
}

void wires_free(struct wires *wires)
{
	if (!wires)
		return;
	loop_defer_del(&wires->renew);
	if (wires->told) {
		peers_ring(wires->told);
		wiring_end(wires);
		wire_intake_clear(&wires->told->intake);
		free(wires->told);
	}
	pool_free(wires);
}
